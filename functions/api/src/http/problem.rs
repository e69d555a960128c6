use std::num::NonZeroU32;

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::ports::{FaultKind, ServiceFault};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use vocabulary::names::{EndpointId, Refusal};
use vocabulary::text::{counted, grouped, printable};

/// Why a request was not done: what happened, which field, and the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable; `urn:managed-https:problem:` and a name.
    pub kind: String,
    pub title: &'static str,
    pub status: StatusCode,
    pub detail: String,
    /// The input field at fault, as in the request: `also[1]`.
    pub field: Option<Box<str>>,
    /// The caller's own endpoint that is in the way.
    // In boxes, as every fallible function returns a problem.
    pub endpoint: Option<Box<EndpointId>>,
    /// What to do.
    pub remedy: String,
    /// In how many seconds the same request may be done, where that is known.
    pub retry_after: Option<NonZeroU32>,
}

impl Problem {
    pub fn new(status: StatusCode, name: &str, title: &'static str, detail: impl AsRef<str>, remedy: &str) -> Self {
        Self {
            kind: format!("urn:managed-https:problem:{name}"),
            title,
            status,
            detail: printable(detail.as_ref(), 500),
            field: None,
            endpoint: None,
            remedy: remedy.to_owned(),
            retry_after: None,
        }
    }

    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into().into_boxed_str());
        self
    }

    pub fn with_endpoint(mut self, endpoint: Option<EndpointId>) -> Self {
        self.endpoint = endpoint.map(Box::new);
        self
    }

    pub fn invalid(detail: impl AsRef<str>) -> Self {
        let remedy = "Correct the request and send it again.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid", detail, remedy)
    }

    /// As [`Problem::invalid`], by the fault of one field.
    pub fn invalid_field(field: impl Into<String>, detail: impl AsRef<str>) -> Self {
        Self::invalid(detail).with_field(field)
    }

    /// No certificate can come for the name in this field.
    pub fn refused_name(field: impl Into<String>, refusal: &Refusal) -> Self {
        let (title, detail) = ("The request is not valid", format!("{refusal}."));
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", title, detail, refusal.next_step())
            .with_field(field)
    }

    /// `own`: the platform's name that `name` is, or is above or below.
    pub fn reserved_name(field: impl Into<String>, name: &str, own: &str) -> Self {
        let detail = match name == own {
            true => format!("{name} is a name of the platform itself."),
            false => format!("{name} is above or below {own}, which is a name of the platform itself."),
        };
        let (title, remedy) =
            ("The name is the platform's own", "Use another name, or ask the operator to register it.");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "reserved-name", title, detail, remedy).with_field(field)
    }

    /// The installation offers no persistent records, or does not know yet what to write into them.
    pub fn no_persistent_records() -> Self {
        let detail = "This installation does not offer persistent validation records (dns-persist-01).";
        let remedy = "Leave the challenge out to use the delegation (dns-01); or have the operator deploy with PersistentRecords=enabled, \
                      CaaIdentities and CaaAccountUri.";
        let title = "The request is not valid";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", title, detail, remedy).with_field("challenge")
    }

    pub fn not_json() -> Self {
        let (title, detail) = ("The body is not JSON", "The body must come as application/json.");
        let remedy = "Send the header `content-type: application/json`.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", title, detail, remedy)
    }

    pub fn invalid_cursor() -> Self {
        let detail = "The cursor is not one that was handed out for this list in this order.";
        let remedy = "Begin again without a cursor.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-cursor", "The cursor is not valid", detail, remedy)
            .with_field("cursor")
    }

    pub fn key_reused() -> Self {
        let title = "The idempotency key is in use";
        let detail = "Within the last 24 hours another request was sent under this key.";
        let remedy = "Send this request under a key of its own.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", title, detail, remedy)
            .with_field("Idempotency-Key")
    }

    /// The request under this key was done, and its endpoint has been removed since.
    pub fn gone_since() -> Self {
        let detail = "The request under this key registered an endpoint that has been removed since.";
        let remedy = "To register it again, send the request under a new key.";
        Self::conflict("removed-since", "The endpoint has been removed since", detail, remedy)
    }

    /// `within`: `300 registrations within 1 hour`.
    pub fn too_many_requests(tenant: &str, within: &str, seconds: u64) -> Self {
        let detail = format!("Tenant {tenant} may ask for {within}, and has done so.");
        let remedy =
            format!("Send the request again in {}. Other tenants are not affected.", counted(seconds, "second"));
        let title = "Too many requests of this tenant";
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", title, detail, &remedy);
        Self { retry_after: u32::try_from(seconds).ok().and_then(NonZeroU32::new), ..problem }
    }

    /// `what`: `endpoint` or `name`.
    pub fn quota_reached(tenant: &str, what: &str, has: u64, most: u64) -> Self {
        let detail = format!("Tenant {tenant} has {}, and may have {}.", counted(has, what), grouped(most));
        let remedy = "Remove what is no longer used, or ask the operator for more (TenantLimits, AcmQuotas).";
        Self::conflict("quota-reached", "A quota of this tenant is reached", detail, remedy)
    }

    pub fn unknown_link() -> Self {
        let detail = "The link has expired, was revoked or never existed.";
        let remedy = "Ask whoever sent the link for a new one.";
        Self::new(StatusCode::NOT_FOUND, "link-not-found", "This link does not work", detail, remedy)
    }

    pub fn operators_only() -> Self {
        let detail = "It concerns the installation as a whole.";
        Self::new(StatusCode::FORBIDDEN, "operators-only", "Only an operator may do that", detail, "Ask the operator.")
    }

    /// Listeners, regions and roles are the installation's.
    pub fn operators_choose_places() -> Self {
        let detail = "Only operators can set listeners, regions and roles.";
        let remedy = "Leave it out, and ask the operator to add it.";
        Self::new(StatusCode::FORBIDDEN, "operators-only", "Only an operator may do that", detail, remedy)
    }

    /// A label that is brought along is a proof: a tenant that could set it could take another's.
    pub fn operators_set_labels() -> Self {
        let detail = "Only operators can set the label of a delegation.";
        let remedy = "Leave it out, and ask the operator to register the domain with it.";
        Self::new(StatusCode::FORBIDDEN, "operators-only", "Only an operator may do that", detail, remedy)
    }

    /// It is not known who asks.
    pub fn unidentified() -> Self {
        let detail = "The request has no identity that this path accepts.";
        let remedy = "Sign it with AWS Signature Version 4, or send a token of the configured issuer to /bearer/v1.";
        Self::new(StatusCode::UNAUTHORIZED, "unidentified", "Not authenticated", detail, remedy)
    }

    /// It is known who asks, and nothing here belongs to them.
    pub fn not_entitled() -> Self {
        let detail = "The token names neither a tenant nor an operator's role.";
        let remedy = "Ask the operator which claims a token must have.";
        Self::new(StatusCode::FORBIDDEN, "not-entitled", "This token has no access", detail, remedy)
    }

    pub fn unknown_endpoint(reference: &str) -> Self {
        let detail = format!("There is no endpoint “{}”.", printable(reference, 80));
        let remedy = "Check the spelling, or run: managed-https list";
        Self::new(StatusCode::NOT_FOUND, "endpoint-not-found", "No such endpoint", detail, remedy)
    }

    pub fn unknown_path(path: &str) -> Self {
        let detail = format!("There is nothing at {path}.");
        let remedy = "The paths are in /v1/openapi.json and in docs/reference/api.md.";
        Self::new(StatusCode::NOT_FOUND, "not-found", "No such path", detail, remedy)
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
                "Send the request again in a minute.",
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
        let Self { kind, title, status, detail, field, endpoint, remedy, retry_after } = self;
        let (title, field) = (title.to_owned(), field.map(String::from));
        let endpoint = endpoint.map(|id| id.to_string());
        let told = wire::Problem { kind, title, status: status.as_u16(), detail, field, endpoint, remedy };
        let mut response = (status, Json(told)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.get()));
        }
        response
    }
}
