//! A failed call to a service, and what follows for the attempt.

use crate::failure::failure::{Failure, FailureName};
use crate::guidance::WaitingOn;

/// What a service's error means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Slow down and repeat.
    Throttled,
    /// It failed on its side, or could not be reached: repeat.
    Unavailable,
    /// Our role or configuration is wrong: repeating does not help.
    Denied,
    /// It understood the request, but refuses it: repeating does not help.
    Refused,
}

/// A failed call to a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} failed: {detail}")]
pub struct ServiceFault {
    /// As AWS writes it: `dynamodb:UpdateItem`.
    pub operation: &'static str,
    pub kind: FaultKind,
    /// The service's own words. Never a secret.
    pub detail: String,
}

impl From<ServiceFault> for Failure {
    fn from(fault: ServiceFault) -> Self {
        let summary = fault.to_string();
        let failure = match fault.kind {
            FaultKind::Throttled => Failure::new(
                FailureName::Throttled,
                WaitingOn::Operator,
                summary,
                "Retried automatically. If it lasts, ask AWS for a higher quota of the service.",
            ),
            FaultKind::Unavailable => Failure::unavailable(summary),
            FaultKind::Denied | FaultKind::Refused => Failure::misconfigured(summary),
        };
        // The service's text may name the endpoint, or the request.
        failure.at(fault.operation)
    }
}

/// A write that only the current attempt may make was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FencedError {
    #[error("a newer attempt owns the endpoint, or it is gone")]
    Superseded,
    #[error(transparent)]
    Fault(#[from] ServiceFault),
}

impl From<FencedError> for Failure {
    fn from(error: FencedError) -> Self {
        match error {
            FencedError::Superseded => Failure::superseded(),
            FencedError::Fault(fault) => fault.into(),
        }
    }
}
