//! Health checks: when an endpoint is checked, and what a check makes of what it saw.

pub mod follow;
pub mod installation;
pub mod pace;
pub mod rules;
pub mod seen;
#[cfg(test)]
pub(crate) mod tests;

pub use self::installation::{FailingCheck, InstallationState};
pub use self::pace::{ASK_AGAIN, DEFAULT_INTERVAL};
pub use self::seen::{AtListener, CertificateUse, InAcm, Seen};
