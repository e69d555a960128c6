//! HTTP-01 as the CA fetches it (RFC 8555 §8.3): its rules, what a fetch by them received, and the platform's mark.
//!
//! Let's Encrypt's server is the model; each rule names its source in `github.com/letsencrypt/boulder` as of August 2026.

pub mod mark;
pub mod observation;
pub mod reserved;
pub mod rules;

pub use self::mark::Mark;
pub use self::observation::{HttpObservation, ProbeAnswer, ProbeFault, Redirect};
pub use self::rules::Refused;
