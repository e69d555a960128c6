//! What all AWS services have in common: how they say no.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::ports::{FaultKind, ServiceFault};
use vocabulary::text::printable;

/// Classifies the SDK's error by what the caller can do about it, after the SDK's own retries.
pub(crate) fn fault<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> ServiceFault
where
    E: ProvideErrorMetadata + std::error::Error,
{
    let kind = match &error {
        SdkError::ServiceError(service) => {
            classify_answer(service.err().code().unwrap_or_default(), Some(service.raw().status().as_u16()))
        }
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

/// The name in a function's ARN, whatever version or alias comes after it; `None` of any other text.
pub(crate) fn function_name(text: &str) -> Option<String> {
    let (_, rest) = text.strip_prefix("arn:")?.split_once(":function:")?;
    rest.split(':').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// What came of a conditional write: `None` if its condition did not hold.
pub(crate) fn conditional<T, E>(
    operation: &'static str,
    result: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, ServiceFault>
where
    E: ProvideErrorMetadata + std::error::Error,
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

/// By the code alone, where a service tells it in an answer that is a success.
pub(crate) fn classify(code: &str) -> FaultKind {
    classify_answer(code, None)
}

/// What asks for patience, whatever its status: the SDK's own lists (`aws_runtime::retries::classifiers`), and what the
/// services' models describe so. `LimitExceededException` is in the SDK's list, and is a quota here.
const SLOW_DOWN: [&str; 23] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "Throttled",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "PriorRequestNotComplete",
    "ExecutionLimitExceeded",
    "TransactionInProgressException",
    "EC2ThrottledException",
    "KMSThrottling",
    "KMSThrottlingException",
    "KmsThrottled",
    "ConflictException",
    "ResourceConflictException",
    "OperationAborted",
    "ReplicatedWriteConflictException",
    "ConcurrentModification",
];

/// What passes when it is asked again.
const PASSES: [&str; 21] = [
    "IDPCommunicationError",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "InternalServiceErrorException",
    "InternalErrorException",
    "ServiceException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "KMSInternalException",
    "KeyUnavailableException",
    "DependencyTimeoutException",
    "TransactionConflictException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ENINotReadyException",
    "ResourceNotReadyException",
    "EFSMountTimeoutException",
    "SnapStartNotReadyException",
    "",
];

/// What our role, or a key that it needs, does not allow.
const DENIED: [&str; 20] = [
    "RegionDisabledException",
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "ExpiredTokenException",
    "KMSAccessDenied",
    "KMSAccessDeniedException",
    "KMSDisabled",
    "KMSInvalidState",
    "KMSOptInRequired",
    "DisabledException",
    "NotFoundException",
];

pub(crate) fn classify_answer(code: &str, status: Option<u16>) -> FaultKind {
    // Some services write the namespace before it: `com.amazonaws.kms#KeyUnavailableException`.
    let code = code.rsplit(['#', '.']).next().unwrap_or(code);
    let is_one_of = |codes: &[&str]| codes.contains(&code);
    match status {
        _ if is_one_of(&SLOW_DOWN) => FaultKind::Throttled,
        Some(429) => FaultKind::Throttled,
        _ if is_one_of(&DENIED) => FaultKind::Denied,
        Some(401 | 403) if code.is_empty() => FaultKind::Denied,
        _ if is_one_of(&PASSES) => FaultKind::Unavailable,
        Some(500..=599) => FaultKind::Unavailable,
        _ => FaultKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FaultKind::{Denied, Refused, Throttled, Unavailable};

    /// Codes and statuses as the services' models have them.
    #[test]
    fn the_name_of_a_function_is_found_in_its_arn_alone() {
        let name = |text: &str| function_name(text);
        let issued = Some("managed-https-OpenOrderFunction-1AbC".to_owned());
        assert_eq!(
            name("arn:aws:lambda:eu-central-1:111122223333:function:managed-https-OpenOrderFunction-1AbC"),
            issued
        );
        assert_eq!(name("arn:aws-cn:lambda:cn-north-1:1:function:managed-https-OpenOrderFunction-1AbC:live"), issued);
        assert_eq!(name("arn:aws:states:::sqs:sendMessage.waitForTaskToken"), None);
        assert_eq!(name("OpenOrder"), None);
    }

    #[test]
    fn a_refusal_to_wait_for_is_told_from_one_to_act_on() {
        for (service, code, status, kind) in [
            ("acm", "ConflictException", 400, Throttled),
            ("acm", "ThrottlingException", 400, Throttled),
            ("acm", "LimitExceededException", 400, Refused),
            ("acm", "InvalidParameterException", 400, Refused),
            ("acm", "AccessDeniedException", 400, Denied),
            ("kms", "KeyUnavailableException", 500, Unavailable),
            ("kms", "KMSInternalException", 500, Unavailable),
            ("kms", "DependencyTimeoutException", 503, Unavailable),
            ("kms", "DisabledException", 409, Denied),
            ("kms", "com.amazonaws.kms#KMSInternalException", 500, Unavailable),
            ("sns", "KMSThrottling", 400, Throttled),
            ("sns", "KMSAccessDenied", 400, Denied),
            ("sns", "KMSDisabled", 400, Denied),
            ("sns", "AuthorizationError", 403, Denied),
            ("sns", "Throttled", 429, Throttled),
            ("sns", "InternalError", 500, Unavailable),
            ("sqs", "KmsThrottled", 400, Throttled),
            ("lambda", "ServiceException", 500, Unavailable),
            ("lambda", "ResourceConflictException", 409, Throttled),
            ("lambda", "EC2ThrottledException", 502, Throttled),
            ("lambda", "ENINotReadyException", 502, Unavailable),
            ("lambda", "ResourceNotReadyException", 502, Unavailable),
            ("lambda", "TooManyRequestsException", 429, Throttled),
            ("lambda", "KMSAccessDeniedException", 502, Denied),
            ("dynamodb", "ReplicatedWriteConflictException", 400, Throttled),
            ("dynamodb", "ProvisionedThroughputExceededException", 400, Throttled),
            ("dynamodb", "RequestLimitExceeded", 400, Throttled),
            ("dynamodb", "TransactionInProgressException", 400, Throttled),
            ("dynamodb", "TransactionConflictException", 400, Unavailable),
            ("dynamodb", "InternalServerError", 500, Unavailable),
            ("dynamodb", "ValidationException", 400, Refused),
            ("route53", "PriorRequestNotComplete", 400, Throttled),
            ("route53", "InvalidChangeBatch", 400, Refused),
            ("s3", "SlowDown", 503, Throttled),
            ("s3", "OperationAborted", 409, Throttled),
            ("s3", "", 503, Unavailable),
            ("s3", "", 403, Denied),
            ("sfn", "ExecutionLimitExceeded", 400, Throttled),
            ("events", "InternalException", 500, Unavailable),
            ("elb", "TooManyCertificates", 400, Refused),
            ("any", "SomethingNew", 500, Unavailable),
            ("any", "SomethingNew", 429, Throttled),
            ("any", "SomethingNew", 400, Refused),
        ] {
            assert_eq!(classify_answer(code, Some(status)), kind, "{service} {code} {status}");
        }
        assert_eq!(classify("AccessDeniedException"), Denied, "of an entry that was not taken");
        assert_eq!(classify("ThrottlingException"), Throttled);
    }

    #[test]
    fn what_the_sdk_tries_again_is_tried_again_here() {
        use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
        for code in THROTTLING_ERRORS.iter().filter(|code| **code != "LimitExceededException") {
            assert_eq!(classify(code), Throttled, "{code}");
        }
        for code in TRANSIENT_ERRORS {
            assert_eq!(classify(code), Unavailable, "{code}");
        }
    }
}
