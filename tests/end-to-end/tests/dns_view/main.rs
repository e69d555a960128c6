//! Public cases, met on the way that a resolver goes: from a root of the test's own to name servers with one fault each.
//! Needs no cloud.

mod budget;
mod internet;
mod records;
mod servers;
