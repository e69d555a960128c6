//! One registration over its life: what is stored of it, what is wrong with it, and what is done about it.
//!
//! Pure: no AWS, no HTTP, no tokio. Time and randomness are passed in; what the outside world must do is
//! stated as [`ports`], and the [`acts`] drive them.

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
