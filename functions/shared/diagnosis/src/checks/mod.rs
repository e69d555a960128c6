//! The checks, by what they are about.

pub mod answers;
mod appended;
pub mod caa;
pub mod cdn;
pub mod certificate_authority;
pub mod delegation;
pub mod host;
pub mod host_record;
pub mod http;
pub(crate) mod need;
pub mod persistent_record;
pub mod serving;
pub mod surroundings;
pub mod zone;

pub use self::cdn::Cdn;
