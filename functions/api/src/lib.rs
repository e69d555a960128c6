//! The REST API: endpoints and what is known of them.
//!
//! Who asks is established in front of it, by the API's authorizers (see `template.yaml`), and read in [`caller`];
//! whose endpoints that one may see is decided here.

#[allow(dead_code, reason = "cookies come with the sign-in")]
mod base;
mod body;
mod caller;
pub mod dashboard;
mod interim;
mod openapi;
mod parameters;
mod problem;
mod query;
mod routes;
mod service;
#[allow(dead_code, reason = "the scope of a whole token comes with the sign-in")]
mod session_claims;
pub mod views;

pub use base::{Base, BaseError};
pub use interim::{DelegationLook, NoInspection};
pub use problem::Problem;
pub use routes::router;
pub use service::{Installation, Outside, Ports, Service, Store};
pub use session_claims::ClaimNames;
