use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

#[derive(Debug, thiserror::Error)]
#[error("not an RSA key of at least 2048 bits in PKCS#1 DER: {0}")]
pub struct KeyRejected(ring::error::KeyRejected);

/// The key that tokens are signed with.
#[derive(Debug)]
pub struct SigningKey {
    id: String,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// RS256, which every verifier knows; API Gateway knows no other. PKCS#1 DER: `ring` makes no RSA keys itself.
    pub fn rsa(der: &[u8]) -> Result<Self, KeyRejected> {
        let pair = RsaKeyPair::from_der(der).map_err(KeyRejected)?;
        Ok(Self { id: fingerprint(pair.public_key().as_ref()), pair: Pair::Rsa(Box::new(pair)) })
    }

    /// ES256, a new key.
    pub fn generate() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("randomness");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random);
        let pair = pair.expect("it was just made");
        Self { id: fingerprint(pair.public_key().as_ref()), pair: Pair::P256(Box::new(pair)) }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
        }
    }

    /// The public half (RFC 7517, RFC 7518 §6).
    pub(crate) fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kid": self.id, "use": "sig", "alg": "RS256", "kty": "RSA", "n": encode(public.n), "e": encode(public.e)})
            }
            Pair::P256(pair) => {
                // SEC 1 §2.3.3: 04, then both coordinates.
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kid": self.id, "use": "sig", "alg": "ES256", "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)})
            }
        }
    }

    /// A JWS in compact form (RFC 7515 §7.1), whatever the header says.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).expect("the length is right");
                signature
            }
            Pair::P256(pair) => pair.sign(&random, message.as_bytes()).expect("randomness").as_ref().to_vec(),
        };
        format!("{message}.{}", encode(signature))
    }
}

fn fingerprint(public: &[u8]) -> String {
    encode(&digest(&SHA256, public).as_ref()[..8])
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
