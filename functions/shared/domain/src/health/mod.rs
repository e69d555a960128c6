//! Health checks: when an endpoint is checked, and how a check interprets what it saw.

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
