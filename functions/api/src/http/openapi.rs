//! What the OpenAPI document says of all operations alike. The operations themselves are documented where they are.

use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, Responses};
use utoipa::{IntoResponses, Modify};
use wire::Problem;

/// Any operation may answer so.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only their document is used")]
pub(crate) enum Always {
    /// `unidentified`: the caller is unknown.
    #[response(status = 401, content_type = "application/problem+json")]
    Unidentified(Problem),
    /// `not-entitled`, `operators-only`: the caller is known, and lacks the permission. From the gateway without a
    /// type.
    #[response(status = 403, content_type = "application/problem+json")]
    NotEntitled(Problem),
    /// `invalid-request`, `invalid-cursor`, `idempotency-key-reused`, `reserved-name`: an input is invalid; the member
    /// field names it, if it is one field.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
    /// `misconfigured`: a permission or a resource of the installation is wrong.
    #[response(status = 500, content_type = "application/problem+json")]
    Misconfigured(Problem),
    /// `temporarily-unavailable`: send it again in a minute.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// An operation on an endpoint may answer so.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only their document is used")]
pub(crate) enum OfEndpoint {
    /// `endpoint-not-found`, `link-not-found`: it does not exist, or belongs to another tenant.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// `name-ambiguous`: several tenants have registered the name, and none has proven it.
    #[response(status = 409, content_type = "application/problem+json")]
    Ambiguous(Problem),
}

/// An operation that takes a body may answer so.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only their document is used")]
pub(crate) enum WithBody {
    /// `too-large`: the body is over 64 KiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// `not-json`: the content type of the body is not application/json.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(Problem),
}

/// An operation that is counted for each tenant may answer so.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only their document is used")]
pub(crate) enum CountedForTenants {
    /// `too-many-requests`: a rate limit of the tenant is reached; the header Retry-After says when to retry. The
    /// gateway answers 429, too, in its own words.
    #[response(status = 429, content_type = "application/problem+json")]
    TooManyRequests(Problem),
}

/// An operation that depends on the state of the endpoint may answer so.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only their document is used")]
pub(crate) enum Conflicts {
    /// `name-taken`, `name-ambiguous`, `label-taken`, `removed-since`, `attempt-running`, `being-removed`, `import-unfinished`,
    /// `role-in-use`, `too-many-links`, `quota-reached`, `pool-full`, `no-certificate`, `certificate-not-kept`.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
}

/// How requests say who they are from, and what the gateway answers to all of them.
pub(crate) struct Common;

/// Statuses that the gateway answers with in its own words; it has no route for a path that it cannot read.
const OF_THE_GATEWAY: [&str; 6] = ["401", "403", "404", "429", "500", "503"];

impl Modify for Common {
    fn modify(&self, document: &mut OpenApi) {
        let signed = "AWS Signature Version 4 for the service execute-api. Under /v1: operators, and the CLI.";
        let iam = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Authorization", signed)));
        let verified =
            "A token of the configured issuer, for its client id. Under /bearer/v1: tenants, and operators by role.";
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(Some(verified));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("iam", iam);
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        let either = ["iam", "bearer"].map(|name| SecurityRequirement::new(name, Vec::<String>::new()));
        document.security = Some(either.into());
        let items = document.paths.paths.values_mut();
        let operations = items.flat_map(|item| {
            [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete]
                .into_iter()
                .filter_map(Option::as_mut)
        });
        operations.for_each(|operation| with_gateway(&mut operation.responses));
    }
}

fn of_the_gateway(status: &str) -> &'static str {
    match status {
        "429" => "Too many requests: more than 50 a second, with bursts of 100.",
        _ => "There is no route for this path.",
    }
}

fn with_gateway(responses: &mut Responses) {
    // A part of a path that is decoded before it is routed may end the path early.
    let mut elsewhere = Response::new("`method-not-allowed`: the path, as decoded, has no such method.");
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    elsewhere.content.insert("application/problem+json".to_owned(), RefOr::T(problem));
    responses.responses.entry("405".to_owned()).or_insert(RefOr::T(elsewhere));
    for status in OF_THE_GATEWAY {
        let response = responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(Response::new(of_the_gateway(status))));
        if let RefOr::T(response) = response {
            let message = Content::new(Some(Ref::from_schema_name("GatewayMessage")));
            response.content.insert("application/json".to_owned(), RefOr::T(message));
        }
    }
}
