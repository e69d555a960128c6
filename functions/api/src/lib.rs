//! The REST API: endpoints and what is known of them; and the pages that show the same to people.
//!
//! Who asks is established in front of it, by the API's authorizers (see `template.yaml`), and read in `http::caller`; for
//! pages, by the session of [`sign_in`]. Whose endpoints that one may see is decided here.

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
