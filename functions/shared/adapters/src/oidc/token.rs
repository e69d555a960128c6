//! What makes a token valid: from the issuer, for us, now (RFC 7519; OpenID Connect Core 1.0 §3.1.3.7).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::Validation;
use jsonwebtoken::errors::ErrorKind;
use serde::Deserialize;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::keys::VerificationKey;

/// How far the issuer's clock may differ from ours.
pub const CLOCK_SKEW: Duration = Duration::seconds(60);

/// Why a token is rejected. The variant helps whoever configures the provider; callers treat all alike.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRejected {
    #[error("it is not a signed token")]
    Malformed,
    #[error("it is signed by a key that the issuer does not publish")]
    UnknownKey,
    #[error("its signature is not good")]
    Signature,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for another client")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYetValid,
    #[error("it was not made for this sign-in")]
    Nonce,
    #[error("its claim `{0}` is missing or malformed")]
    Claim(&'static str),
}

/// Whose a token is, until when, and all its claims.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// The person or program, unique and stable at the issuer.
    pub subject: String,
    pub expires: OffsetDateTime,
    pub all: Map<String, Value>,
}

pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: Option<&'a str>,
}

/// The key id in the header of a token that is not verified yet.
pub(super) fn key_id(token: &str) -> Result<String, TokenRejected> {
    #[derive(Deserialize)]
    struct Header {
        kid: String,
        // An extension that must be understood; none is supported (RFC 7515 §4.1.11).
        crit: Option<Value>,
    }
    let header = token.split('.').next().unwrap_or_default();
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenRejected::Malformed)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| TokenRejected::Malformed)?;
    if header.crit.is_some() {
        return Err(TokenRejected::Malformed);
    }
    Ok(header.kid)
}

/// Accepts until the instant before `exp` + [`CLOCK_SKEW`], and from `nbf` − [`CLOCK_SKEW`] on.
pub(super) fn verify(
    token: &str,
    key: &VerificationKey,
    expected: Expected<'_>,
    now: OffsetDateTime,
) -> Result<Claims, TokenRejected> {
    // The only algorithm is the key's: "none" and HS256 fail before a signature is checked.
    let mut validation = Validation::new(key.algorithm);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // Times are compared below, with a clock that is passed in.
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key.key, &validation).map_err(rejected)?.claims;

    // One issuer, as text (RFC 7519 §4.1.1). A list that contains it would pass above.
    if claims.get("iss").and_then(Value::as_str) != Some(expected.issuer) {
        return Err(TokenRejected::Claim("iss"));
    }
    let expires = instant(&claims, "exp")?.ok_or(TokenRejected::Claim("exp"))?;
    if now >= expires.saturating_add(CLOCK_SKEW) {
        return Err(TokenRejected::Expired);
    }
    if instant(&claims, "nbf")?.is_some_and(|from| now < from.saturating_sub(CLOCK_SKEW)) {
        return Err(TokenRejected::NotYetValid);
    }
    // With several audiences, the client that it was issued to.
    if claims.get("azp").is_some_and(|party| party != expected.client_id) {
        return Err(TokenRejected::Audience);
    }
    if let Some(nonce) = expected.nonce
        && claims.get("nonce").and_then(Value::as_str) != Some(nonce)
    {
        return Err(TokenRejected::Nonce);
    }
    let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty());
    let subject = subject.ok_or(TokenRejected::Claim("sub"))?.to_owned();
    Ok(Claims { subject, expires, all: claims })
}

/// A NumericDate, which may have a fraction (RFC 7519 §2).
fn instant(claims: &Map<String, Value>, name: &'static str) -> Result<Option<OffsetDateTime>, TokenRejected> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_f64().ok_or(TokenRejected::Claim(name))?;
    OffsetDateTime::from_unix_timestamp(seconds as i64).map(Some).map_err(|_| TokenRejected::Claim(name))
}

fn rejected(error: jsonwebtoken::errors::Error) -> TokenRejected {
    match error.kind() {
        ErrorKind::InvalidIssuer => TokenRejected::Issuer,
        ErrorKind::InvalidAudience => TokenRejected::Audience,
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            TokenRejected::Signature
        }
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            let known = ["iss", "aud", "sub", "exp"].into_iter().find(|known| known == claim);
            TokenRejected::Claim(known.unwrap_or("?"))
        }
        _ => TokenRejected::Malformed,
    }
}
