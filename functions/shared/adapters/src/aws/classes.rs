//! What an error's code and HTTP status say that the caller can do.
//!
//! `errors.tsv` beside this file has every error that AWS's models declare for the operations that are called here, and what it
//! is taken for. The gate's tests compare it with the models, the tests below with this file.

use domain::ports::FaultKind;

/// By the code alone, where a service tells it in an answer that is a success.
pub(crate) fn classify(code: &str) -> FaultKind {
    classify_answer(code, None)
}

/// What asks for patience, whatever its status: the SDK's own lists (`aws_runtime::retries::classifiers`), and what the
/// services' models describe so. `LimitExceededException` is in the SDK's list, and is a quota here.
const SLOW_DOWN: [&str; 19] = [
    "Throttling",
    "Throttled",
    "RequestThrottled",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "TooManyRequests",
    "ProvisionedThroughputExceeded",
    "PriorRequestNotComplete",
    "ExecutionLimitExceeded",
    "TransactionInProgress",
    "EC2Throttled",
    "KMSThrottling",
    "KmsThrottled",
    "Conflict",
    "ResourceConflict",
    "OperationAborted",
    "ReplicatedWriteConflict",
    "OverLimit",
];

/// What passes when it is asked again.
const PASSES: [&str; 12] = [
    "IDPCommunicationError",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "Service",
    "ServiceUnavailable",
    "TransactionConflict",
    "RequestTimeout",
    "RequestInProgress",
    "SnapStartNotReady",
    "",
];

/// What our role, or a key that it needs, does not allow.
const DENIED: [&str; 18] = [
    "RegionDisabled",
    "AccessDenied",
    "EC2AccessDenied",
    "AuthorizationError",
    "NotAuthorized",
    "UnauthorizedOperation",
    "UnrecognizedClient",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "KMSAccessDenied",
    "KMSDisabled",
    "KMSInvalidState",
    "KMSNotFound",
    "KMSOptInRequired",
    "Disabled",
    "OptInRequired",
];

/// Of a key that is gone. SNS writes `NotFound` of a topic.
const NO_SUCH_KEY: &str = "NotFoundException";

pub(crate) fn classify_answer(code: &str, status: Option<u16>) -> FaultKind {
    // Some services write the namespace before it: `com.amazonaws.kms#KeyUnavailableException`.
    let code = code.rsplit(['#', '.']).next().unwrap_or(code);
    // They differ in this, and in how they spell KMS: `KMSThrottling`, `KmsThrottlingException`.
    let short = code.strip_suffix("Exception").unwrap_or(code);
    let is_one_of = |codes: &[&str]| codes.iter().any(|one| one.eq_ignore_ascii_case(short));
    match status {
        _ if is_one_of(&SLOW_DOWN) => FaultKind::Throttled,
        Some(429) => FaultKind::Throttled,
        _ if is_one_of(&DENIED) || code == NO_SUCH_KEY => FaultKind::Denied,
        _ if is_one_of(&PASSES) && status.is_none_or(|status| ![401, 403].contains(&status)) => FaultKind::Unavailable,
        Some(401 | 403) => FaultKind::Denied,
        Some(408 | 500..=599) => FaultKind::Unavailable,
        _ => FaultKind::Refused,
    }
}

#[cfg(test)]
mod tests;
