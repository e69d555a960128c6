//! The REST API: endpoints and what is known of them.
//!
//! Who may call it is decided in front of it, by the API's authorizer; see `template.yaml`.

mod body;
mod problem;
mod routes;
mod service;
mod views;

pub use problem::Problem;
pub use routes::router;
pub use service::{Installation, Service};
