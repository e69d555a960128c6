//! How a request to the API fails, and the error that people see.

use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use wire::{GatewayMessage, Problem};

use crate::terminal::error::CliError;
use crate::terminal::output::{disarm, harmless};

#[derive(Debug)]
pub(crate) enum ApiError {
    /// The API answered and said no.
    Refused {
        address: String,
        /// Whether the request carried a token rather than a signature.
        by_token: bool,
        status: StatusCode,
        /// The gateway's name for the request.
        request_id: Option<String>,
        /// When the same request may be taken (RFC 9110 §10.2.3).
        retry_after: Option<Duration>,
        said: Said,
    },
    /// No answer came.
    Unreachable {
        address: String,
        cause: reqwest::Error,
    },
    /// An answer came that is not the API's.
    Unreadable {
        address: String,
        cause: serde_json::Error,
    },
    NoRegion,
    NoCredentials(String),
    /// AWS_PROFILE names a profile that no file has.
    NoSuchProfile {
        profile: String,
        known: Vec<String>,
    },
    NotSigned(String),
    /// The address is one where others could read the token.
    TokenInClear(String),
    TokenMalformed,
}

/// What the body of a refusal says.
#[derive(Debug)]
pub(crate) enum Said {
    ByTheApi(Box<Problem>),
    /// API Gateway, in its own name.
    ByTheGateway(GatewayMessage),
    /// Something else answered.
    Nothing,
}

impl Said {
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut json: Value = serde_json::from_slice(body).unwrap_or_default();
        disarm(&mut json);
        if let Ok(problem) = Problem::deserialize(&json) {
            return Self::ByTheApi(problem.into());
        }
        GatewayMessage::deserialize(&json).map_or(Self::Nothing, Self::ByTheGateway)
    }
}

impl ApiError {
    /// The endpoint is not there.
    pub(crate) fn is_gone(&self) -> bool {
        // A 404 without a problem document is a wrong address, and says nothing of the endpoint.
        matches!(self, Self::Refused { status: StatusCode::NOT_FOUND, said: Said::ByTheApi(_), .. })
    }

    /// The request conflicts with the current state.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::CONFLICT, .. })
    }

    /// The caller's own endpoint that has the name already, by its id.
    pub(crate) fn endpoint_there(&self) -> Option<&str> {
        match self {
            Self::Refused { status: StatusCode::CONFLICT, said: Said::ByTheApi(problem), .. } => {
                problem.endpoint.as_deref()
            }
            _ => None,
        }
    }

    /// The API refused this request itself; another may be accepted.
    pub(crate) fn is_of_the_request(&self) -> bool {
        let of_all = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
        matches!(self, Self::Refused { status, said: Said::ByTheApi(_), .. }
            if status.is_client_error() && !of_all.contains(status))
    }

    /// Too many requests were sent, and how long to wait, where the answer says so.
    pub(crate) fn too_many(&self) -> Option<Option<Duration>> {
        match self {
            Self::Refused { status: StatusCode::TOO_MANY_REQUESTS, retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// A retry may succeed soon.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Refused { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Self::Unreachable { .. } => true,
            _ => false,
        }
    }
}

impl From<ApiError> for CliError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Refused { address, by_token, status, request_id, said, .. } => {
                refusal(&address, by_token, status, request_id, said)
            }
            ApiError::Unreachable { address, cause } => CliError::new(
                format!(
                    "The API at {address} {}.",
                    if cause.is_timeout() { "did not answer in time" } else { "cannot be reached" }
                ),
                causes(&cause.without_url()),
                "Compare the address (--api, MANAGED_HTTPS_API) with the stack's output ApiUrl, and check that this machine reaches it; `make up` starts a local cloud.",
            ),
            ApiError::Unreadable { address, cause } => CliError::new(
                format!("The answer from {address} is not the API's."),
                cause.to_string(),
                "Compare the address (--api, MANAGED_HTTPS_API) with the stack's output ApiUrl, and `managed-https --version` with the stack's version.",
            ),
            ApiError::NoRegion => CliError::new(
                "The request cannot be signed.",
                "The AWS region is unknown: the API's address does not contain it, and no region is configured.",
                "Set AWS_DEFAULT_REGION or AWS_PROFILE, then run the command again.",
            ),
            ApiError::NoCredentials(why) => CliError::new(
                "The request cannot be signed: no AWS credentials were found.",
                why,
                "Set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; after `aws sso login` or `aws login`: eval \"$(aws configure export-credentials --format env)\"",
            ),
            ApiError::NoSuchProfile { profile, known } => CliError::new(
                "The request cannot be signed.",
                format!("There is no AWS profile “{profile}” (AWS_PROFILE) in ~/.aws/config or ~/.aws/credentials."),
                match known.as_slice() {
                    [] => "Unset AWS_PROFILE, or create the profile: aws configure --profile NAME".to_owned(),
                    known => format!("Set AWS_PROFILE to one of: {}", known.join(", ")),
                },
            ),
            ApiError::NotSigned(why) => CliError::new(
                "The request cannot be signed.",
                why,
                "Check the credentials for stray characters, then run the command again.",
            ),
            ApiError::TokenInClear(address) => CliError::new(
                "The token was not sent.",
                format!("{address} is not encrypted: others could read the token on its way."),
                "Give an https:// address (--api, MANAGED_HTTPS_API).",
            ),
            ApiError::TokenMalformed => CliError::new(
                "The token was not sent: it is not a bearer token.",
                "It has characters that no token has (RFC 6750 §2.1).",
                "Give the token alone, without “Bearer” or quotes (--token, MANAGED_HTTPS_TOKEN).",
            ),
        }
    }
}

fn refusal(address: &str, by_token: bool, status: StatusCode, request_id: Option<String>, said: Said) -> CliError {
    let refused = || format!("The API refused the request: {status}.");
    let (what, mut why, field, remedy) = match said {
        Said::ByTheApi(problem) => (sentence(problem.title), problem.detail, problem.field, problem.remedy),
        Said::ByTheGateway(GatewayMessage { message }) => (refused(), message, None, String::new()),
        Said::Nothing => (refused(), String::new(), None, String::new()),
    };
    if let Some(field) = field {
        let _ = write!(why, " (field: {field})");
    }
    let mut next = if remedy.is_empty() { step_after(address, by_token, status) } else { remedy };
    if status == StatusCode::NOT_FOUND && !next.contains("managed-https list") {
        next += " To show all endpoints: managed-https list";
    }
    if status.is_server_error() {
        if let Some(id) = request_id {
            let _ = write!(why, " (request id: {id})");
        }
        next = format!("{} To check the installation: managed-https doctor", sentence(next));
    }
    CliError::new(what, why.trim().to_owned(), next)
}

/// The next step where the answer names none: it then comes from API Gateway or something before it.
fn step_after(address: &str, by_token: bool, status: StatusCode) -> String {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if by_token => {
            "Get a fresh token from the installation's token issuer, and set MANAGED_HTTPS_TOKEN to it; to use AWS credentials instead, unset it.".into()
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "Run `aws sts get-caller-identity`: is it the expected identity, does it have the permission execute-api:Invoke for this API, is this machine's clock right?".into()
        }
        StatusCode::NOT_FOUND if by_token => {
            "Ask the operator whether the installation accepts tokens (its parameter OidcIssuer); if not, leave out --token, unset MANAGED_HTTPS_TOKEN, and use AWS credentials.".into()
        }
        StatusCode::NOT_FOUND => {
            format!("Compare the address {address} (--api, MANAGED_HTTPS_API) with the stack's output ApiUrl.")
        }
        StatusCode::TOO_MANY_REQUESTS => "Wait a minute, then run the command again.".into(),
        status if status.is_server_error() => {
            "Run the command again in a minute; if it fails again, read the log of the stack's ApiFunction.".into()
        }
        _ => "Compare the command with `managed-https --help`.".into(),
    }
}

fn sentence(title: String) -> String {
    if title.ends_with(['.', '!', '?']) { title } else { title + "." }
}

/// An error and its causes in one line; a cause that the text before has named already is left out.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut text = harmless(&error.to_string());
    let mut next = error.source();
    while let Some(cause) = next {
        let words = harmless(&cause.to_string());
        if !text.contains(&words) {
            let _ = write!(text, ": {words}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> ApiError {
        let status = StatusCode::from_u16(status).expect("a status");
        ApiError::Refused {
            address: "https://api.example".into(),
            by_token: false,
            status,
            request_id: Some("Abc-1=".into()),
            retry_after: None,
            said: Said::read(body.as_bytes()),
        }
    }

    #[test]
    fn a_problem_document_is_shown_as_what_why_and_next_step() {
        let body = r#"{"type":"t","title":"Already registered","status":409,"detail":"a.example is ep-1","field":"domain","remedy":"managed-https show a.example","new":1}"#;
        let told = CliError::from(refused(409, body));
        assert_eq!(
            told,
            CliError::new("Already registered.", "a.example is ep-1 (field: domain)", "managed-https show a.example")
        );
    }

    #[test]
    fn a_missing_endpoint_leads_to_the_list_and_a_wrong_address_is_not_one() {
        let missing = refused(404, r#"{"title":"No such endpoint"}"#);
        assert!(missing.is_gone());
        assert!(format!("{:?}", CliError::from(missing)).contains("managed-https list"));
        assert!(!refused(404, r#"{"message":"Not Found"}"#).is_gone());
    }

    #[test]
    fn an_answer_that_is_not_the_apis_still_gets_a_next_step() {
        for (status, body) in [(403, r#"{"message":"Forbidden"}"#), (502, "<html>"), (429, ""), (301, "[]"), (404, "x")]
        {
            let told = format!("{:?}", CliError::from(refused(status, body)));
            assert!(told.contains(&status.to_string()), "{told}");
            assert!(!told.contains("next: \"\""), "{told}");
        }
    }

    #[test]
    fn a_fault_of_the_server_has_its_request_id_and_leads_to_doctor() {
        for body in
            ["<html>", r#"{"title":"The installation is not in order","detail":"s3 failed.","remedy":"Read the log."}"#]
        {
            let told = CliError::from(refused(500, body));
            assert!(told.why().ends_with("(request id: Abc-1=)"), "{told:?}");
            assert!(told.next().ends_with(" To check the installation: managed-https doctor"), "{told:?}");
        }
        let refused = CliError::from(refused(409, r#"{"title":"Already registered","remedy":"Show it"}"#));
        assert!(!refused.why().contains("request id") && !refused.next().contains("doctor"));
    }

    #[test]
    fn a_profile_that_is_not_there_is_named_with_those_that_are() {
        let error = ApiError::NoSuchProfile { profile: "prod".into(), known: vec!["default".into(), "stage".into()] };
        let told = CliError::from(error);
        assert!(told.why().contains("“prod”") && told.next().ends_with("default, stage"), "{told:?}");
    }

    #[test]
    fn only_transient_refusals_are_retried() {
        assert!(refused(503, "").is_passing() && refused(429, "").is_passing());
        assert!(!refused(403, "").is_passing() && !refused(404, "").is_passing() && !refused(409, "").is_passing());
    }
}
