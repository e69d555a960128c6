//! Why a domain does not validate: observed facts go in, findings come out.
//!
//! Pure. A port of the domain observes the facts; the [`catalogue`] has the texts of findings.

pub mod catalogue;
pub mod checks;
pub mod facts;
pub mod gate;
pub mod http01;
pub mod judge;
#[cfg(test)]
pub(crate) mod properties;
pub mod report;
pub mod subject;
pub mod to_failure;
#[cfg(test)]
pub(crate) mod worlds;
