//! The REST API: endpoints and what is known about them; and the pages that show the same to people.
//!
//! The API's authorizers (see `template.yaml`) identify the caller, and `http::caller` reads the result; for pages, the
//! session of [`sign_in`] identifies the caller. This crate decides whose endpoints the caller may see.

mod application;
pub mod dashboard;
mod http;
mod installation;
pub mod parameters;
mod routes;
mod service;
pub mod sign_in;
pub mod views;

pub use application::{Surroundings, application};
pub use installation::{Brand, Export, Installation, OrderLimit};
pub use routes::router;
pub use service::{Outside, Ports, Service, Store};

pub use self::http::base::{Base, BaseError};
pub use self::http::problem::Problem;
pub use self::sign_in::claims::ClaimNames;
