use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request failed (RFC 9457): what happened, which field, and the next step.
// What has no title is no such document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:managed-https:problem:invalid-request",
    "title": "The request is not valid",
    "status": 422,
    "detail": "“b.a.test” is covered by “*.a.test” already, and the CA refuses both in one certificate; leave it out",
    "field": "also[0]",
    "action": "Correct the request and send it again.",
    "remedy": "Correct the request and send it again."
}))]
pub struct Problem {
    /// `urn:managed-https:problem:` and a name. Stable.
    #[serde(rename = "type", default)]
    #[schema(required = true)]
    pub kind: String,
    pub title: String,
    #[serde(default)]
    #[schema(required = true)]
    pub status: u16,
    #[serde(default)]
    #[schema(required = true)]
    pub detail: String,
    /// The input field at fault, as in the request: `also[1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Id of the caller's own endpoint that conflicts with the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(flatten, with = "crate::renamed::remedy_if_any")]
    #[schema(value_type = crate::renamed::ActionFields)]
    pub remedy: String,
}

/// An answer of API Gateway itself, before the request reaches the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GatewayMessage {
    #[schema(example = "Forbidden")]
    pub message: String,
}
