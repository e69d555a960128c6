//! Why a domain does not validate: facts that were observed go in, findings come out.
//!
//! Pure. Who observes is a port of the domain; what a finding says is in the [`catalogue`].

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
