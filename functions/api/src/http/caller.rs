//! Who asks, as API Gateway established it: nothing else is trusted.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{Extensions, HeaderMap, HeaderValue};
use lambda_http::request::RequestContext;
use serde_json::{Map, Value};
use vocabulary::names::{Caller, Origin, Scope};
use vocabulary::text::printable;

use crate::http::problem::Problem;
use crate::sign_in::claims::ClaimNames;

/// Lets requests through that IAM has authorized, with their [`Caller`].
pub(crate) async fn identify_by_iam(mut request: Request, next: Next) -> Response {
    match by_iam(request.extensions()) {
        Some(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        None => challenged(Problem::unidentified(), "AWS4-HMAC-SHA256"),
    }
}

/// Lets requests through whose token the gateway has verified, with their [`Caller`].
pub(crate) async fn identify_by_token(State(names): State<ClaimNames>, mut request: Request, next: Next) -> Response {
    let Some(claims) = token_claims(request.headers(), request.extensions()) else {
        return challenged(Problem::unidentified(), "Bearer");
    };
    match by_token(&claims, &names, source_address(request.extensions())) {
        Some(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        None => Problem::not_entitled().into_response(),
    }
}

fn challenged(problem: Problem, scheme: &'static str) -> Response {
    let mut response = problem.into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    response
}

fn by_iam(extensions: &Extensions) -> Option<Caller> {
    let RequestContext::ApiGatewayV2(context) = extensions.get::<RequestContext>()? else { return None };
    let arn = context.authorizer.as_ref()?.iam.as_ref()?.user_arn.as_ref().filter(|arn| !arn.is_empty())?;
    let origin = Origin { who: printable(arn, 200), address: source_address(extensions), operator: true };
    Some(Caller { scope: Scope::Everything, origin })
}

/// The claims of the token that the gateway has verified, read from the token itself.
///
/// The gateway passes them on too, but flattened: a list becomes `[a b]`, where one role named `a operator` cannot be
/// distinguished from two. The subject shows that this is the token that the gateway verified: both must have the same.
fn token_claims(headers: &HeaderMap, extensions: &Extensions) -> Option<Map<String, Value>> {
    let RequestContext::ApiGatewayV2(context) = extensions.get::<RequestContext>()? else { return None };
    let verified = &context.authorizer.as_ref()?.jwt.as_ref()?.claims;
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let token = match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None => header,
    };
    let [_, payload, _] = token.split('.').collect::<Vec<_>>()[..] else { return None };
    let claims: Map<String, Value> = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty())?;
    (verified.get("sub").map(String::as_str) == Some(subject)).then_some(claims)
}

/// An operator by role, else a tenant by claim, else nobody.
fn by_token(claims: &Map<String, Value>, names: &ClaimNames, address: Option<String>) -> Option<Caller> {
    let who = printable(claims.get("sub")?.as_str()?, 200);
    let scope = names.scope(claims)?;
    Some(Caller { origin: Origin { who, address, operator: scope == Scope::Everything }, scope })
}

/// The request's source address, from the gateway, not from a header.
pub(crate) fn source_address(extensions: &Extensions) -> Option<String> {
    let RequestContext::ApiGatewayV2(context) = extensions.get::<RequestContext>()? else { return None };
    let address: IpAddr = context.http.source_ip.as_ref()?.parse().ok()?;
    Some(address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The claims read from a request with this header; `verified` is the subject of the token that the gateway verified.
    fn claims(header: &str, verified: Option<&str>) -> Option<Map<String, Value>> {
        let authorizer = verified.map(|subject| json!({"jwt": {"claims": {"sub": subject}, "scopes": null}}));
        let context = serde_json::from_value(json!({
            "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "t"},
            "authorizer": authorizer, "timeEpoch": 0,
        }));
        let mut extensions = Extensions::new();
        extensions.insert(RequestContext::ApiGatewayV2(context.expect("a context")));
        let headers = [(AUTHORIZATION, HeaderValue::from_str(header).expect("text"))].into_iter().collect();
        token_claims(&headers, &extensions)
    }

    #[test]
    fn claims_are_read_from_the_token_that_the_gateway_verified_and_no_other() {
        let token = format!("x.{}.y", BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"ann","roles":["reader operator"]}"#));
        let roles = claims(&format!("Bearer {token}"), Some("ann")).expect("verified")["roles"].clone();
        assert_eq!(roles, json!(["reader operator"]), "one role, not two");
        assert!(claims(&format!("bearer  {token}"), Some("ann")).is_some() && claims(&token, Some("ann")).is_some());
        for (header, verified) in [
            (format!("Bearer {token}"), None),
            (format!("Bearer {token}"), Some("bob")),
            (format!("Basic {token}"), Some("ann")),
            (format!("Bearer {token},Bearer {token}"), Some("ann")),
            (format!("Bearer x.{}.y", BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":""}"#)), Some("")),
            ("Bearer x.y".into(), Some("ann")),
            (String::new(), Some("ann")),
        ] {
            assert_eq!(claims(&header, verified), None, "{header} {verified:?}");
        }
    }

    /// The gateway verifies signatures; the content of a token is still whatever its issuer wrote.
    #[test]
    fn fuzz_tokens_in_headers() {
        testkit::fuzz::fuzz("bearer-tokens", |input| {
            let Ok(header) = HeaderValue::from_bytes(input) else { return };
            let Ok(text) = header.to_str() else { return };
            let Some(claims) = claims(text, Some("ann")) else { return };
            assert_eq!(claims["sub"], "ann", "of another subject than the gateway has verified");
            let names = ClaimNames { tenant: "tenant".into(), roles: "roles".into(), operator_role: "operator".into() };
            if let Some(caller) = by_token(&claims, &names, None) {
                assert_eq!(caller.origin.operator, caller.is_operator());
            }
        });
    }
}
