//! What the API shows: the domain's values as the wire has them, and what requests say as the domain has it.

mod check;
mod connect;
mod deployment;
mod endpoint;
mod figures;
mod history;
mod installation;
mod message;
mod watch;
mod words;

pub use endpoint::endpoint_view;
pub use figures::tenant_figures;
pub use installation::caller_view;
pub use message::message;
pub use words::{FromWire, ToWire};
