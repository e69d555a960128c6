//! How an attempt fails, and the CA's problem documents.

#[expect(clippy::module_inception, reason = "the file of the type that the folder is named for")]
pub(crate) mod failure;
pub mod problem;
pub mod service_fault;

pub use self::failure::{Failure, FailureName};
pub use self::problem::{LONGEST_DETAIL, Problem, Subproblem};
pub use self::service_fault::{FaultKind, FencedError, ServiceFault};
