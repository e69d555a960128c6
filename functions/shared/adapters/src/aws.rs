//! What all AWS services have in common: how they say no.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::ports::{FaultKind, ServiceFault};
use vocabulary::text::printable;

/// Classifies the SDK's error by what the caller can do about it, after the SDK's own retries.
pub(crate) fn fault<E, R>(operation: &'static str, error: SdkError<E, R>) -> ServiceFault
where
    E: ProvideErrorMetadata + std::error::Error,
    R: std::fmt::Debug,
{
    let kind = match &error {
        SdkError::ServiceError(service) => classify(service.err().code().unwrap_or_default()),
        SdkError::ConstructionFailure(_) => FaultKind::Refused,
        _ => FaultKind::Unavailable,
    };
    let detail = match &error {
        SdkError::ServiceError(service) => {
            let error = service.err();
            format!("{}: {}", error.code().unwrap_or("no code"), error.message().unwrap_or("no message"))
        }
        other => other.to_string(),
    };
    ServiceFault { operation, kind, detail: printable(&detail, 500) }
}

/// What came of a conditional write: `None` if its condition did not hold.
pub(crate) fn conditional<T, E, R>(
    operation: &'static str,
    result: Result<T, SdkError<E, R>>,
) -> Result<Option<T>, ServiceFault>
where
    E: ProvideErrorMetadata + std::error::Error,
    R: std::fmt::Debug,
{
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
        Err(error) => Err(fault(operation, error)),
    }
}

/// A transaction that met another one at the same items: sending it again is all it takes.
pub(crate) fn conflict(operation: &'static str) -> ServiceFault {
    let detail = "another change of the same items is under way".into();
    ServiceFault { operation, kind: FaultKind::Throttled, detail }
}

pub(crate) fn classify(code: &str) -> FaultKind {
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "RequestThrottled"
        | "PriorRequestNotComplete"
        | "ExecutionLimitExceeded"
        | "TransactionInProgressException" => FaultKind::Throttled,
        "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "InternalServiceError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "KMSInternalException"
        | "DependencyTimeoutException"
        | "TransactionConflictException"
        | "" => FaultKind::Unavailable,
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthorizationError"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "DisabledException"
        | "NotFoundException" => FaultKind::Denied,
        _ => FaultKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_to_wait_for_is_told_from_one_to_act_on() {
        assert_eq!(classify("PriorRequestNotComplete"), FaultKind::Throttled);
        assert_eq!(classify("InternalServerError"), FaultKind::Unavailable);
        assert_eq!(classify("AccessDeniedException"), FaultKind::Denied);
        assert_eq!(classify("InvalidChangeBatch"), FaultKind::Refused);
    }
}
