//! Requests as RFC 8555 §6 has them: flattened JWS, ES256, each nonce once, the URL in it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Problem;
use crate::state::State;

#[derive(Deserialize)]
struct Jws {
    protected: String,
    payload: String,
    signature: String,
}

#[derive(Deserialize)]
struct Protected {
    alg: String,
    nonce: String,
    url: String,
    jwk: Option<Value>,
    kid: Option<String>,
}

/// Who signed, and what.
pub(crate) struct Signed {
    pub(crate) by: Signer,
    pub(crate) payload: Vec<u8>,
}

pub(crate) enum Signer {
    Key { point: Vec<u8>, thumbprint: String },
    Account(u64),
}

fn malformed(detail: &str) -> Problem {
    Problem::new(400, "malformed", detail)
}

/// wfe2 `validPOSTForAccount`, `validSelfAuthenticatedPOST`, in their order.
pub(crate) fn verify(state: &mut State, url: &str, body: &[u8]) -> Result<Signed, Problem> {
    let jws: Jws = serde_json::from_slice(body).map_err(|_| malformed("Parse error reading JWS"))?;
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed("Parse error reading JWS"));
    let protected: Protected =
        serde_json::from_slice(&decode(&jws.protected)?).map_err(|_| malformed("Parse error reading JWS"))?;
    if protected.alg != "ES256" {
        return Err(Problem::new(400, "badSignatureAlgorithm", "JWS signature header contains unsupported algorithm"));
    }
    if !state.nonces.remove(&protected.nonce) {
        let detail = format!("Unable to validate JWS :: JWS has an invalid anti-replay nonce: \"{}\"", protected.nonce);
        return Err(Problem::new(400, "badNonce", detail));
    }
    if protected.url != url {
        return Err(malformed(&format!(
            "JWS header parameter 'url' incorrect. Expected \"{url}\" got \"{}\"",
            protected.url
        )));
    }
    let (by, point) = match (protected.jwk, protected.kid) {
        (Some(jwk), None) => {
            let (point, thumbprint) = key(&jwk).ok_or_else(|| malformed("Parse error reading JWS"))?;
            (Signer::Key { point: point.clone(), thumbprint }, point)
        }
        (None, Some(kid)) => {
            let id = kid.rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
            let account = state.accounts.iter().find(|account| Some(account.id) == id);
            let account = account
                .ok_or_else(|| Problem::new(400, "accountDoesNotExist", format!("Account \"{kid}\" not found")))?;
            if account.status != "valid" {
                let detail = format!("Account is not valid, has status \"{}\"", account.status);
                return Err(Problem::new(403, "unauthorized", detail));
            }
            (Signer::Account(account.id), account.point.clone())
        }
        _ => return Err(malformed("jwk and kid header fields are mutually exclusive")),
    };
    let public = [&[4], point.as_slice()].concat();
    let signed = format!("{}.{}", jws.protected, jws.payload);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
        .verify(signed.as_bytes(), &decode(&jws.signature)?)
        .map_err(|_| malformed("JWS verification error"))?;
    if matches!(by, Signer::Account(_)) && state.knobs.new_terms {
        let mut problem = Problem::new(403, "userActionRequired", "Terms of service have changed");
        problem.terms = Some("https://letsencrypt.org/documents/new-terms.pdf".into());
        return Err(problem);
    }
    Ok(Signed { by, payload: decode(&jws.payload)? })
}

/// The point of a P-256 JWK, and its thumbprint (RFC 7638).
fn key(jwk: &Value) -> Option<(Vec<u8>, String)> {
    let part = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok();
    let point = [part("x")?, part("y")?].concat();
    let canonical = json!({"crv": "P-256", "kty": "EC", "x": jwk["x"], "y": jwk["y"]}).to_string();
    let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
    Some((point, thumbprint))
}
