//! Registers an account for a key that is already stored (RFC 8555 §7.3).
//!
//! With an external binding or a contact, instant-acme would create the key itself; a crash before that key is stored would
//! orphan the account, and use up a binding that some CAs accept only once. With the key stored first, repeating the request
//! finds the same account.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, Request, Response};
use instant_acme::Error;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use super::transport::Transport;
use crate::secrets_manager::ExternalAccount;

/// What a registration sends about us.
pub(super) struct Registration<'a> {
    /// PKCS#8 of the account key.
    pub key: &'a [u8],
    pub contact: Option<&'a str>,
    pub binding: Option<&'a ExternalAccount>,
}

/// A fresh P-256 account key, PKCS#8.
pub(super) fn generate_key() -> Vec<u8> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    key.expect("the system has randomness").as_ref().to_vec()
}

/// Registers an account, or finds the one registered with the same key; returns the account URL.
pub(super) async fn register(
    transport: &Transport,
    directory: &str,
    registration: Registration<'_>,
) -> Result<String, Error> {
    let directory: Value = serde_json::from_str(directory)?;
    let url = |name: &str| directory[name].as_str().map(str::to_owned).ok_or(Error::Str("incomplete directory"));
    let (new_nonce, new_account) = (url("newNonce")?, url("newAccount")?);
    let rng = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, registration.key, &rng)
        .map_err(|_| Error::KeyRejected)?;
    let jwk = public_jwk(&key);

    let mut payload = json!({"termsOfServiceAgreed": true});
    if let Some(contact) = registration.contact {
        payload["contact"] = json!([format!("mailto:{contact}")]);
    }
    if let Some(binding) = registration.binding {
        payload["externalAccountBinding"] = bind(binding, &jwk, &new_account)?;
    }

    let signer = Signer { key: &key, by: json!({"jwk": jwk}), new_nonce: &new_nonce };
    let response = signer.post(transport, &new_account, &serde_json::to_vec(&payload)?).await?;
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    location.map(str::to_owned).ok_or(Error::Str("no account URL found"))
}

/// Signs requests with one key, which the CA identifies by the account (`kid`) or by the key itself (`jwk`).
pub(super) struct Signer<'a> {
    pub key: &'a EcdsaKeyPair,
    pub by: Value,
    /// URL of the CA's newNonce.
    pub new_nonce: &'a str,
}

impl Signer<'_> {
    /// Posts `payload`; an empty one is a POST-as-GET (RFC 8555 §6.3). A response that is not a success is an error; the
    /// transport keeps the CA's words.
    pub(super) async fn post(
        &self,
        transport: &Transport,
        url: &str,
        payload: &[u8],
    ) -> Result<Response<Bytes>, Error> {
        let rng = SystemRandom::new();
        // A bad nonce can happen by chance (RFC 8555 §6.5): the refusal carries a good one.
        for _ in 0..4 {
            let nonce = match transport.take_nonce() {
                Some(nonce) => nonce,
                None => {
                    let request = Request::builder().method(Method::HEAD).uri(self.new_nonce).body(Bytes::new())?;
                    transport.send(request).await?;
                    transport.take_nonce().ok_or(Error::Str("no nonce found in newNonce response"))?
                }
            };
            let mut protected = self.by.clone();
            protected["alg"] = json!("ES256");
            protected["nonce"] = json!(nonce);
            protected["url"] = json!(url);
            let body = sign(&protected, payload, |input| {
                self.key.sign(&rng, input).map(|signature| signature.as_ref().to_vec()).map_err(|_| Error::Crypto)
            })?;
            let request = Request::builder()
                .method(Method::POST)
                .uri(url)
                .header(CONTENT_TYPE, "application/jose+json")
                .body(Bytes::from(serde_json::to_vec(&body)?))?;
            let response = transport.send(request).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            let problem = transport.refusal().and_then(|refusal| refusal.problem).unwrap_or_default();
            if !problem.r#type.ends_with(":badNonce") {
                return Err(Error::Str("the CA refuses what the account asks"));
            }
        }
        Err(Error::Str("the CA refuses every nonce"))
    }
}

/// RFC 8555 §7.3.4: the account's public key, signed with the key that the CA issued for the binding.
fn bind(binding: &ExternalAccount, jwk: &Value, new_account: &str) -> Result<Value, Error> {
    let secret = BASE64_URL_SAFE_NO_PAD
        .decode(binding.hmac_key.trim_end_matches('='))
        .map_err(|_| Error::Str("the external account's hmac_key is not base64url"))?;
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
    let protected = json!({"alg": "HS256", "kid": binding.kid, "url": new_account});
    sign(&protected, &serde_json::to_vec(jwk)?, |input| Ok(ring::hmac::sign(&key, input).as_ref().to_vec()))
}

/// A JWS in flattened JSON (RFC 7515 §7.2.2).
fn sign(protected: &Value, payload: &[u8], sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Error>) -> Result<Value, Error> {
    let protected = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(protected)?);
    let payload = BASE64_URL_SAFE_NO_PAD.encode(payload);
    let signature = sign(format!("{protected}.{payload}").as_bytes())?;
    Ok(json!({"protected": protected, "payload": payload, "signature": BASE64_URL_SAFE_NO_PAD.encode(signature)}))
}

/// RFC 7517; the point is uncompressed: a 4, then x and y of 32 octets each.
fn public_jwk(key: &EcdsaKeyPair) -> Value {
    let (x, y) = key.public_key().as_ref()[1..].split_at(32);
    let encode = |part| BASE64_URL_SAFE_NO_PAD.encode(part);
    json!({"crv": "P-256", "kty": "EC", "x": encode(x), "y": encode(y)})
}
