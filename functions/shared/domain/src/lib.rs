//! One registration over its life: what is stored about it, what is wrong with it, and what is done about it.
//!
//! Pure: no AWS, no HTTP, no tokio. Time and randomness are passed in; what the outside world must do is declared as [`ports`],
//! and the [`acts`] use them.

pub mod acts;
pub mod alert;
pub mod endpoint;
pub mod flow;
pub mod health;
pub mod installation;
pub mod issues;
pub mod overview;
pub mod ports;
pub mod status;

pub use self::endpoint::Endpoint;
