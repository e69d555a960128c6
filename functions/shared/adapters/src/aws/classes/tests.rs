//! How errors are classified, compared with AWS's models and the SDK's own lists.

use super::*;
use FaultKind::{Denied, Refused, Throttled, Unavailable};

/// An error that a model declares; see the head of the table.
#[derive(Debug)]
struct Declared {
    service: &'static str,
    code: &'static str,
    status: Option<u16>,
    server: bool,
    retry: bool,
    class: &'static str,
    why: &'static str,
}

fn declared() -> Vec<Declared> {
    let rows = include_str!("../errors.tsv").lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        Declared {
            service: cells[0],
            code: cells[1],
            status: cells[2].parse().ok(),
            server: cells[3] == "server",
            retry: cells[4] != "-",
            class: cells[6],
            why: cells.get(7).copied().unwrap_or_default(),
        }
    });
    rows.collect()
}

impl Declared {
    /// What follows from the model alone.
    fn by_model(&self) -> &'static str {
        let says = |words: &[&str]| words.iter().any(|word| self.code.to_lowercase().contains(word));
        match self.status {
            _ if self.retry || self.server || says(&["throttl", "toomanyrequests"]) => "again",
            Some(408 | 429 | 500..) => "again",
            Some(401 | 403) => "denied",
            _ if says(&["accessdenied"]) => "denied",
            Some(404) => "gone",
            _ if says(&["notfound", "nosuch", "doesnotexist"]) => "gone",
            _ => "ours",
        }
    }

    /// Its HTTP status; where the model has none, the default of the protocols.
    fn sent_as(&self) -> u16 {
        self.status.unwrap_or(if self.server { 500 } else { 400 })
    }
}

/// The sources of the adapter that handles a service's errors before they are classified, and of code that reads their text.
fn handling(service: &str) -> &'static str {
    match service {
        "acm" => include_str!("../../acm.rs"),
        "dynamodb" => concat!(include_str!("../../aws.rs"), include_str!("../../dynamodb/mod.rs")),
        "elasticloadbalancing" => {
            concat!(include_str!("../../elb.rs"), include_str!("../../../../domain/src/acts/attach_listeners.rs"))
        }
        "route53" => include_str!("../../route53.rs"),
        "s3" => include_str!("../../s3.rs"),
        "secretsmanager" => concat!(include_str!("../../secrets_manager.rs"), include_str!("../../key_export.rs")),
        "servicequotas" => include_str!("../../service_quotas.rs"),
        "states" => include_str!("../../step_functions.rs"),
        _ => "",
    }
}

/// `ExecutionAlreadyExists`: `is_execution_already_exists`
fn predicate(code: &str) -> String {
    let letters = code.chars().flat_map(|letter| {
        let parts = if letter.is_uppercase() { ['_', letter.to_ascii_lowercase()] } else { ['\0', letter] };
        parts.into_iter().filter(|part| *part != '\0')
    });
    format!("is{}", letters.collect::<String>())
}

#[test]
fn every_error_that_aws_declares_for_our_calls_is_classified() {
    for error in declared() {
        let kind = classify_answer(error.code, Some(error.sent_as()));
        let agrees = match error.class {
            "again" => matches!(kind, Throttled | Unavailable),
            "denied" => kind == Denied,
            // The adapter handles it. If it does not, the operator must.
            "gone" | "handled" => {
                let adapter = handling(error.service);
                let named = adapter.contains(error.code) || adapter.contains(&predicate(error.code));
                assert!(named, "no adapter deals with {error:?}");
                kind == Refused
            }
            "ours" => kind == Refused,
            _ => panic!("classify it in errors.tsv, as again, denied, gone, handled or ours: {error:?}"),
        };
        assert!(agrees, "{error:?} is taken for {kind:?}");
        let exception = error.class != error.by_model();
        assert_eq!(exception, !error.why.is_empty(), "the model says {}: {error:?}", error.by_model());
    }
    assert!(declared().len() > 150);
}

#[test]
fn what_the_model_calls_throttling_slows_down() {
    for error in declared().iter().filter(|error| error.status == Some(429) || error.code.contains("hrottl")) {
        assert_eq!(classify_answer(error.code, Some(error.sent_as())), Throttled, "{error:?}");
    }
}

/// Codes that no model declares for an operation, and statuses that the protocols give.
#[test]
fn a_refusal_to_wait_for_is_distinguished_from_one_to_act_on() {
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
fn errors_that_the_sdk_retries_are_retried_here() {
    use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
    for code in THROTTLING_ERRORS.iter().filter(|code| **code != "LimitExceededException") {
        assert_eq!(classify(code), Throttled, "{code}");
    }
    for code in TRANSIENT_ERRORS {
        assert_eq!(classify(code), Unavailable, "{code}");
    }
}
