//! How an attempt fails, and what a CA said was wrong.

pub(crate) mod failure;
pub mod problem;

pub use self::failure::{Actor, Failure, FailureName};
pub use self::problem::{LONGEST_DETAIL, Problem, Subproblem};
