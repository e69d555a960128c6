use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::failure::printable;
use domain::ports::{FaultKind, ServiceFault};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// Why a request was not done (RFC 9457): what happened, which field, and the next step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable; `urn:managed-https:problem:` and a name.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    #[serde(serialize_with = "as_number")]
    pub status: StatusCode,
    pub detail: String,
    /// The input field at fault, as in the request: `also[1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What to do.
    pub remedy: String,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    pub fn new(status: StatusCode, name: &str, title: &'static str, detail: impl AsRef<str>, remedy: &str) -> Self {
        Self {
            kind: format!("urn:managed-https:problem:{name}"),
            title,
            status,
            detail: printable(detail.as_ref(), 500),
            field: None,
            remedy: remedy.to_owned(),
        }
    }

    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    pub fn invalid(detail: impl AsRef<str>) -> Self {
        let remedy = "Correct the request and send it again.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid", detail, remedy)
    }

    pub fn unknown_endpoint(reference: &str) -> Self {
        let detail = format!("There is no endpoint “{}”.", printable(reference, 80));
        let remedy = "List the endpoints, and use one's domain or id.";
        Self::new(StatusCode::NOT_FOUND, "endpoint-not-found", "No such endpoint", detail, remedy)
    }

    pub fn conflict(name: &str, title: &'static str, detail: impl AsRef<str>, remedy: &str) -> Self {
        Self::new(StatusCode::CONFLICT, name, title, detail, remedy)
    }
}

impl From<ServiceFault> for Problem {
    fn from(fault: ServiceFault) -> Self {
        tracing::error!(operation = fault.operation, detail = fault.detail, "a service call failed");
        let (status, name, title, remedy) = match fault.kind {
            FaultKind::Throttled | FaultKind::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily-unavailable",
                "A service did not answer as it should",
                "Send the request again in a moment.",
            ),
            FaultKind::Refused if fault.operation == "dynamodb:Query" => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-cursor",
                "The cursor is not valid",
                "Begin again without a cursor.",
            ),
            _ => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "misconfigured",
                "The installation is not in order",
                "The operator finds the reason in the log of the API's function.",
            ),
        };
        // The service's own words are for the log: they can name resources of the installation.
        Self::new(status, name, title, format!("{} failed.", fault.operation), remedy)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}
