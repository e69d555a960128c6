//! Who manages an endpoint as code.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A resource of a CloudFormation stack, for which an endpoint was registered.
///
/// The stack's ARN ends in its own id: a stack of the same name, created after this one was deleted, is a different one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackResource {
    /// ARN of the stack.
    pub stack: String,
    /// Name of the resource in the template (its logical id).
    pub resource: String,
}

impl fmt::Display for StackResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.stack, self.resource)
    }
}
