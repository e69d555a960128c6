//! The issuer's keys (RFC 7517), fetched when a token names an unknown one.

use std::collections::HashMap;
use std::future::Future;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use super::fetch::ProviderFault;

/// Tokens with invented key ids must not make us flood the issuer.
pub(super) const SHORTEST_INTERVAL: Duration = Duration::seconds(30);
/// How long a key that the issuer has withdrawn is accepted while the issuer answers.
pub(super) const LIFE: Duration = Duration::HOUR;
/// … and while it does not answer: its outage must not become ours at once.
pub(super) const STALE: Duration = Duration::DAY;

/// A public key, and the only algorithm that it is for.
///
/// The algorithm follows from the key, never from a token, so a public key cannot be used as a secret.
#[derive(Clone)]
pub(super) struct VerificationKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

#[derive(Deserialize)]
pub(super) struct KeyDocument {
    keys: Vec<Value>,
}

impl KeyDocument {
    /// Whether the set has a key that can verify tokens.
    pub(super) fn has_usable(self) -> bool {
        !usable(self).is_empty()
    }
}

#[derive(Default)]
pub(super) struct KeyCache(Mutex<Known>);

#[derive(Default)]
struct Known {
    fetched: Option<OffsetDateTime>,
    keys: HashMap<String, VerificationKey>,
}

impl std::fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyCache")
    }
}

impl KeyCache {
    /// The key `kid`, with `fetch` if it is unknown or the set is old. `None`: the issuer has no such key.
    pub(super) async fn find<F>(
        &self,
        kid: &str,
        now: OffsetDateTime,
        fetch: impl FnOnce() -> F,
    ) -> Result<Option<VerificationKey>, ProviderFault>
    where
        F: Future<Output = Result<KeyDocument, ProviderFault>>,
    {
        // The lock is kept while fetching: concurrent callers wait for the one request.
        let mut known = self.0.lock().await;
        let age = known.fetched.map(|fetched| now - fetched);
        let found = known.keys.get(kid).cloned();
        let wanted = match age {
            None => true,
            Some(age) if age < SHORTEST_INTERVAL => false,
            Some(age) => found.is_none() || age >= LIFE,
        };
        if !wanted {
            return Ok(found);
        }
        match fetch().await {
            Ok(document) => {
                *known = Known { fetched: Some(now), keys: usable(document) };
                Ok(known.keys.get(kid).cloned())
            }
            Err(_) if found.is_some() && age.is_some_and(|age| age < STALE) => Ok(found),
            Err(fault) => Err(fault),
        }
    }
}

/// The keys of the set that tokens are accepted from. Other keys, for encryption or with unknown algorithms, are ignored and do
/// not make the set unreadable.
fn usable(document: KeyDocument) -> HashMap<String, VerificationKey> {
    let keys = document.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    keys.filter_map(|jwk| Some((jwk.common.key_id.clone()?, read(&jwk)?))).collect()
}

fn read(jwk: &Jwk) -> Option<VerificationKey> {
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(okp) if okp.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    let is_for_signatures = !matches!(&jwk.common.public_key_use, Some(other) if *other != PublicKeyUse::Signature);
    let is_for_the_algorithm = jwk.common.key_algorithm.is_none_or(|own| own == named);
    let key = DecodingKey::from_jwk(jwk).ok()?;
    (is_for_signatures && is_for_the_algorithm).then_some(VerificationKey { algorithm, key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn key(kid: &str, more: Value) -> Value {
        let mut key =
            json!({"kid": kid, "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        key.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        key
    }

    fn document(keys: Vec<Value>) -> KeyDocument {
        KeyDocument { keys }
    }

    async fn found(cache: &KeyCache, kid: &str, now: OffsetDateTime, published: Option<&str>) -> (bool, bool) {
        let mut asked = false;
        let key = cache.find(kid, now, async || {
            asked = true;
            match published {
                Some(kid) => Ok(document(vec![key(kid, json!({}))])),
                None => Err(ProviderFault::Malformed("keys".into())),
            }
        });
        let found = key.await.is_ok_and(|key| key.is_some());
        (found, asked)
    }

    #[tokio::test]
    async fn an_unknown_key_is_fetched_at_most_once_in_thirty_seconds() {
        let cache = KeyCache::default();
        assert_eq!(found(&cache, "one", NOW, Some("one")).await, (true, true));
        assert_eq!(found(&cache, "one", NOW + Duration::MINUTE, Some("one")).await, (true, false), "known");
        let soon = NOW + SHORTEST_INTERVAL - Duration::SECOND;
        assert_eq!(found(&cache, "two", soon, Some("two")).await, (false, false));
        assert_eq!(found(&cache, "two", NOW + SHORTEST_INTERVAL, Some("two")).await, (true, true));
    }

    #[tokio::test]
    async fn a_withdrawn_key_is_forgotten_within_the_hour_or_within_a_day_of_silence() {
        let cache = KeyCache::default();
        found(&cache, "old", NOW, Some("old")).await;
        assert_eq!(found(&cache, "old", NOW + LIFE - Duration::SECOND, Some("new")).await, (true, false));
        assert_eq!(found(&cache, "old", NOW + STALE - Duration::SECOND, None).await, (true, true));
        assert_eq!(found(&cache, "old", NOW + STALE, None).await, (false, true));
        assert_eq!(found(&cache, "old", NOW + LIFE, Some("new")).await, (false, true));
    }

    #[test]
    fn only_keys_for_signatures_of_an_allowed_algorithm_are_taken() {
        let p384 = json!({"kid": "p384", "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"});
        let secret = json!({"kid": "secret", "kty": "oct", "k": "AAAA"});
        let unnamed = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let set = usable(document(vec![
            key("good", json!({"use": "sig", "alg": "EdDSA"})),
            key("encryption", json!({"use": "enc"})),
            key("other", json!({"alg": "ES256"})),
            json!({"kid": "new", "kty": "invented later"}),
            p384,
            secret,
            unnamed,
        ]));
        assert_eq!(set.keys().collect::<Vec<_>>(), ["good"]);
    }
}
