//! An OpenID provider for tests and the local cloud: real tokens, no passwords.
//!
//! What a platform's own provider does for this product, by the same standards: OpenID Connect Core 1.0 (code flow),
//! Discovery 1.0, RFC 7636 (PKCE, S256 only), RFC 9207 (`iss` in the answer). It has one public client, and whoever
//! opens its page may be any of its people.

mod codes;
mod key;
mod pages;
mod server;

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use codes::Codes;
pub use key::{KeyRejected, SigningKey};
pub use server::AuthorizationRequest;

/// How long a token is good for.
pub const TOKEN_LIFE: Duration = Duration::HOUR;

/// Somebody who can sign in.
#[derive(Clone, Debug)]
pub struct Person {
    /// `sub` of their tokens.
    pub subject: String,
    /// What the page calls them.
    pub label: String,
    /// Claims beside the standard ones. They win over those, so that a test can spoil a token.
    pub claims: Map<String, Value>,
}

impl Person {
    /// `claims` is an object.
    pub fn new(subject: &str, label: &str, claims: Value) -> Self {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        Self { subject: subject.to_owned(), label: label.to_owned(), claims }
    }
}

/// The provider. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Issuer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Its URL, without a slash at the end.
    url: String,
    client: Client,
    key: SigningKey,
    people: Vec<Person>,
    codes: Mutex<Codes>,
}

/// The one program that people sign in to.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    /// Where browsers may be sent back to, compared exactly (RFC 9700 §2.1).
    pub redirect_uri: String,
}

impl Issuer {
    pub fn new(url: &str, client: Client, key: SigningKey, people: Vec<Person>) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self(Arc::new(Inner { url, client, key, people, codes: Mutex::default() }))
    }

    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// A token of somebody, without a browser.
    pub fn token(&self, person: &Person, now: OffsetDateTime) -> String {
        self.token_for(person, None, now)
    }

    /// A token with any header and claims, signed with the provider's key.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.0.key.sign(header, claims)
    }

    /// The header that its tokens have.
    pub fn header(&self) -> Value {
        json!({"alg": self.0.key.algorithm(), "typ": "JWT", "kid": self.0.key.id()})
    }

    fn token_for(&self, person: &Person, nonce: Option<&str>, now: OffsetDateTime) -> String {
        let mut claims = json!({
            "iss": self.0.url,
            "aud": self.0.client.id,
            "sub": person.subject,
            "iat": now.unix_timestamp(),
            "exp": (now + TOKEN_LIFE).unix_timestamp(),
        });
        let all = claims.as_object_mut().expect("an object");
        if let Some(nonce) = nonce {
            all.insert("nonce".into(), nonce.into());
        }
        all.extend(person.claims.clone());
        self.sign(&self.header(), &claims)
    }
}

/// Unguessable, and fit for a URL.
fn random() -> String {
    use base64::Engine;
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
