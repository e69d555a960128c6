//! Public cases, met on the way that a resolver goes: from a root of the test's own to name servers and hosts with one fault
//! each. Needs no cloud.

mod caa;
mod hosts;
mod http;
mod internet;
mod query_limits;
mod records;
mod renewals;
mod servers;
