//! The REST API: endpoints and what is known of them; and the pages that show the same to people.
//!
//! Who asks is established in front of it, by the API's authorizers (see `template.yaml`), and read in `caller`; for
//! pages, by the session of [`sign_in`]. Whose endpoints that one may see is decided here.

mod application;
mod base;
mod body;
mod caller;
pub mod dashboard;
mod openapi;
mod parameters;
mod problem;
mod query;
mod routes;
mod service;
pub mod session;
mod session_claims;
pub mod sign_in;
mod sign_in_pages;
pub mod views;

pub use application::{Surroundings, application};
pub use base::{Base, BaseError};
pub use problem::Problem;
pub use routes::router;
pub use service::{Installation, Outside, Ports, Service, Store};
pub use session_claims::ClaimNames;
