//! A year of an installation, minute by minute, without AWS, a CA or a clock.
//!
//! Real: the scan with its order of starts, the claims' rules, the room for attempts, when renewal opens, what becomes of a
//! CA's suggested window, the buckets of the CA's limits, when a failed attempt is repeated, and the pace of imports.
//! A model: how long an attempt takes ([`Around`]), the CA's windows as Let's Encrypt has them, and that every validation
//! succeeds. Nothing is written or sent; what a million endpoints cost DynamoDB is in docs/reference/costs.md.

mod around;
mod chance;
mod installation;
mod year;

pub use around::{Around, Outage, Revocation};
pub use year::{Outcome, simulate};
