//! ACME resources, converted between instant-acme's types and the domain's.

use domain::ports::CaError;
use instant_acme::{AuthorizationHandle, ChallengeType};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use vocabulary::acme::{Authorization, AuthorizationStatus, ChallengeKind, Challenges, OpenOrder, OrderStatus, order};
use vocabulary::failure::{Problem, Subproblem};
use vocabulary::names::CertificateName;
use vocabulary::text::printable;

use super::kind_of;

pub(super) fn order_status(status: instant_acme::OrderStatus) -> OrderStatus {
    match status {
        instant_acme::OrderStatus::Pending => OrderStatus::Pending,
        instant_acme::OrderStatus::Ready => OrderStatus::Ready,
        instant_acme::OrderStatus::Processing => OrderStatus::Processing,
        instant_acme::OrderStatus::Valid => OrderStatus::Valid,
        instant_acme::OrderStatus::Invalid => OrderStatus::Invalid,
    }
}

fn authorization_status(status: instant_acme::AuthorizationStatus) -> AuthorizationStatus {
    match status {
        instant_acme::AuthorizationStatus::Pending => AuthorizationStatus::Pending,
        instant_acme::AuthorizationStatus::Valid => AuthorizationStatus::Valid,
        instant_acme::AuthorizationStatus::Invalid => AuthorizationStatus::Invalid,
        instant_acme::AuthorizationStatus::Revoked => AuthorizationStatus::Revoked,
        instant_acme::AuthorizationStatus::Expired => AuthorizationStatus::Expired,
        instant_acme::AuthorizationStatus::Deactivated => AuthorizationStatus::Deactivated,
    }
}

pub(super) fn challenge_type(kind: ChallengeKind) -> ChallengeType {
    match kind {
        ChallengeKind::Http01 => ChallengeType::Http01,
        ChallengeKind::Dns01 => ChallengeType::Dns01,
        ChallengeKind::DnsPersist01 => ChallengeType::Unknown(kind.as_str().to_owned()),
    }
}

/// `expires` of an order (RFC 8555 §7.1.3), which instant-acme does not expose.
pub(super) fn expires(body: &[u8]) -> Option<OffsetDateTime> {
    #[derive(Deserialize)]
    struct Expires {
        #[serde(with = "time::serde::rfc3339")]
        expires: OffsetDateTime,
    }
    serde_json::from_slice(body).ok().map(|order: Expires| order.expires)
}

/// Chooses a challenge while the authorization is pending.
pub(super) fn authorization<'a>(
    handle: &'a mut AuthorizationHandle<'a>,
    challenges: &Challenges,
) -> Result<Authorization, CaError> {
    let status = authorization_status(handle.status);
    let url = handle.url().to_owned();
    let text = handle.identifier().to_string();
    let refused = |detail: String| CaError::Refused { refusal: Problem::new("malformed", &detail).into() };
    let name: CertificateName =
        text.parse().map_err(|_| refused(format!("the CA asks about “{}”", printable(&text, 80))))?;
    let challenge = match status {
        AuthorizationStatus::Pending => {
            let kind = challenges.of(&name);
            let offered = handle.challenge(challenge_type(kind));
            let offered = offered.ok_or_else(|| CaError::MethodNotOffered { method: kind, name: name.to_string() })?;
            let token = match kind {
                // Nothing is published for it, so it needs no token.
                ChallengeKind::DnsPersist01 => String::new(),
                _ if is_token(&offered.token) => offered.token.clone(),
                _ => return Err(refused("the CA's token is not base64url".into())),
            };
            let response = match kind {
                ChallengeKind::Http01 => offered.key_authorization().as_str().to_owned(),
                ChallengeKind::Dns01 => offered.key_authorization().dns_value(),
                ChallengeKind::DnsPersist01 => String::new(),
            };
            Some(order::Challenge { kind, url: offered.url.clone(), token, response })
        }
        _ => None,
    };
    Ok(Authorization { url, name, status, challenge })
}

/// RFC 8555 §8.1: base64url characters only. We do not trust the CA with our object keys.
fn is_token(token: &str) -> bool {
    (1..=128).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// An order resource with what we last knew.
pub(super) fn order_body(order: &OpenOrder) -> String {
    let urls: Vec<&str> = order.authorizations.iter().map(|authorization| authorization.url.as_str()).collect();
    json!({"status": order.status, "authorizations": urls, "finalize": order.finalize_url}).to_string()
}

/// An order resource with one authorization.
pub(super) fn order_of(authorization: &str) -> String {
    json!({"status": "pending", "authorizations": [authorization], "finalize": authorization}).to_string()
}

/// An authorization resource with what we last knew.
pub(super) fn authorization_body(authorization: &Authorization) -> String {
    let challenges: Vec<_> = authorization
        .challenge
        .iter()
        .map(|chosen| json!({"type": chosen.kind, "url": chosen.url, "token": chosen.token, "status": "pending"}))
        .collect();
    json!({
        "identifier": {"type": "dns", "value": authorization.name.base},
        "status": authorization.status,
        "wildcard": authorization.name.wildcard,
        "challenges": challenges,
    })
    .to_string()
}

pub(super) fn problem(problem: &instant_acme::Problem) -> Problem {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let subproblems = problem.subproblems.iter().map(|sub| Subproblem {
        name: sub.identifier.as_ref().map(|name| printable(&name.authorized(false).to_string(), 260)),
        kind: kind_of(&text(&sub.r#type)),
        detail: printable(&text(&sub.detail), 300),
    });
    Problem::new(&kind_of(&text(&problem.r#type)), &text(&problem.detail)).with_subproblems(subproblems.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_expiry_of_an_order_is_read_where_there_is_one() {
        let at = datetime!(2026-12-01 12:00 UTC);
        assert_eq!(expires(br#"{"status": "pending", "expires": "2026-12-01T12:00:00Z"}"#), Some(at));
        assert_eq!(expires(b"{}"), None);
    }

    #[test]
    fn a_token_with_a_path_in_it_is_refused() {
        assert!(is_token("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"));
        for bad in ["", "../x", "a/b", "a b", &"x".repeat(129)] {
            assert!(!is_token(bad), "{bad}");
        }
    }
}
