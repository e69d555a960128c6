//! Who asks, from what API Gateway established: it is believed, and nothing else is.

use std::collections::HashMap;
use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::caller::{Caller, Origin, Scope};
use domain::failure::printable;
use http::header::WWW_AUTHENTICATE;
use http::{Extensions, HeaderValue};
use lambda_http::request::RequestContext;

use crate::problem::Problem;
use crate::session_claims::ClaimNames;

/// Lets requests through that IAM has signed off, with their [`Caller`].
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
    let Some(claims) = token_claims(request.extensions()) else {
        return challenged(Problem::unidentified(), "Bearer");
    };
    match by_token(claims, &names, source_address(request.extensions())) {
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
    let origin = Origin { who: printable(arn, 200), address: source_address(extensions) };
    Some(Caller { scope: Scope::Everything, origin })
}

fn token_claims(extensions: &Extensions) -> Option<&HashMap<String, String>> {
    let RequestContext::ApiGatewayV2(context) = extensions.get::<RequestContext>()? else { return None };
    let claims = &context.authorizer.as_ref()?.jwt.as_ref()?.claims;
    claims.get("sub").filter(|subject| !subject.is_empty())?;
    Some(claims)
}

/// An operator by role, else a tenant by claim, else nobody.
fn by_token(claims: &HashMap<String, String>, names: &ClaimNames, address: Option<String>) -> Option<Caller> {
    let is_operator = claims.get(&names.roles).is_some_and(|roles| has(roles, &names.operator_role));
    let scope = match is_operator {
        true => Scope::Everything,
        false => Scope::Tenant(claims.get(&names.tenant)?.parse().ok()?),
    };
    Some(Caller { scope, origin: Origin { who: printable(claims.get("sub")?, 200), address } })
}

/// Whether a claim is `wanted`, or a list that has it.
///
/// API Gateway hands a list over as `[a b]`. In that, one entry `a b` looks like two: a role that an operator's
/// token must have should not be a word of another role.
fn has(claim: &str, wanted: &str) -> bool {
    match claim.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(list) => list.split(' ').any(|entry| entry == wanted),
        None => claim == wanted,
    }
}

/// Where the request came from. The gateway's word, not a header's.
pub(crate) fn source_address(extensions: &Extensions) -> Option<String> {
    let RequestContext::ApiGatewayV2(context) = extensions.get::<RequestContext>()? else { return None };
    let address: IpAddr = context.http.source_ip.as_ref()?.parse().ok()?;
    Some(address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> ClaimNames {
        ClaimNames { tenant: "tenant".into(), roles: "roles".into(), operator_role: "operator".into() }
    }

    fn scope(claims: &[(&str, &str)]) -> Option<Scope> {
        let claims = claims.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        by_token(&claims, &names(), None).map(|caller| caller.scope)
    }

    #[test]
    fn a_role_makes_an_operator_and_else_the_claim_says_which_tenant() {
        let acme = Some(Scope::Tenant("acme".parse().expect("valid")));
        assert_eq!(scope(&[("sub", "ann"), ("roles", "operator"), ("tenant", "acme")]), Some(Scope::Everything));
        assert_eq!(scope(&[("sub", "ann"), ("roles", "[reader operator]")]), Some(Scope::Everything));
        assert_eq!(scope(&[("sub", "ann"), ("roles", "[operator]")]), Some(Scope::Everything));
        assert_eq!(scope(&[("sub", "ann"), ("roles", "[reader]"), ("tenant", "acme")]), acme);
        assert_eq!(scope(&[("sub", "ann"), ("tenant", "acme")]), acme);
    }

    #[test]
    fn a_part_of_a_role_or_a_malformed_tenant_entitles_to_nothing() {
        for claims in [
            [("roles", "operators"), ("tenant", "")],
            [("roles", "[operators co-operator]"), ("tenant", "[acme]")],
            [("roles", "reader operator"), ("tenant", "ac me")],
            [("roles", ""), ("Tenant", "acme")],
            [("roles", "Operator"), ("tenant", "acme/../other")],
        ] {
            assert_eq!(scope(&[("sub", "ann"), claims[0], claims[1]]), None, "{claims:?}");
        }
        assert_eq!(scope(&[("roles", "operator")]), None, "a token without a subject is nobody's");
    }
}
