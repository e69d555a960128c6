//! What the caller can do about an error, by its code and HTTP status.
//!
//! `errors.tsv` beside this file lists every error that AWS's models declare for the operations used here, and its class. The
//! gate's tests compare it with the models, the tests below with this file.

use domain::ports::FaultKind;

/// By the code alone, where a service reports it in a successful response.
pub(crate) fn classify(code: &str) -> FaultKind {
    classify_answer(code, None)
}

/// Errors to slow down for, whatever their status: the SDK's own lists (`aws_runtime::retries::classifiers`), and errors that
/// the services' models describe so. `LimitExceededException` is in the SDK's list, but here it is a quota.
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

/// Errors that pass when the request is repeated.
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

/// Denied to our role, or by a KMS key that it needs.
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

/// For a deleted key. SNS writes `NotFound` for a topic.
const NO_SUCH_KEY: &str = "NotFoundException";

pub(crate) fn classify_answer(code: &str, status: Option<u16>) -> FaultKind {
    // Some services put the namespace first: `com.amazonaws.kms#KeyUnavailableException`.
    let code = code.rsplit(['#', '.']).next().unwrap_or(code);
    // Services differ in this suffix, and in how they spell KMS: `KMSThrottling`, `KmsThrottlingException`.
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
