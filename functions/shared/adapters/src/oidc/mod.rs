//! The platform's own OpenID provider: signing in, and verifying whose a token is.
//!
//! The code flow with PKCE as a public client: OpenID Connect Core 1.0 §3.1, Discovery 1.0, RFC 7636.

mod fetch;
mod keys;
mod provider;
mod token;

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;
use url::Url;
use vocabulary::text::printable;

use fetch::Fetcher;
pub use fetch::ProviderFault;
use keys::KeyCache;
pub use token::{CLOCK_SKEW, Claims, TokenRejected};
use token::{Expected, verify};

/// If a provider moves its endpoints, we follow within this time.
const METADATA_LIFE: Duration = Duration::HOUR;

/// One issuer, and this installation as its client.
///
/// What the issuer publishes is fetched at first use and kept: a warm process sends no requests to the issuer.
#[derive(Clone, Debug)]
pub struct OpenIdProvider(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    issuer: String,
    client_id: String,
    fetcher: Fetcher,
    metadata: Mutex<Option<(OffsetDateTime, Metadata)>>,
    keys: KeyCache,
}

/// The part of the discovery document that is used (OpenID Connect Discovery 1.0 §3).
#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
}

/// What ties a response of the provider to the browser that made the request.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationRequest<'a> {
    /// Where the provider sends the browser back to; registered with it.
    pub redirect_uri: &'a str,
    /// Comes back in the redirect.
    pub state: &'a str,
    /// Comes back in the token.
    pub nonce: &'a str,
    /// The PKCE code verifier: 43 to 128 unreserved characters (RFC 7636 §4.1).
    pub verifier: &'a str,
}

#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The code is used, too old, or not this client's; or the client is not registered correctly.
    #[error("the provider refused the code: {0}")]
    Refused(String),
    #[error(transparent)]
    Fault(#[from] ProviderFault),
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Rejected(#[from] TokenRejected),
    /// Nothing is known about the token: the issuer's keys were not available.
    #[error(transparent)]
    Fault(#[from] ProviderFault),
}

impl OpenIdProvider {
    /// # Errors
    ///
    /// [`ProviderFault::Insecure`]: `issuer` is neither https nor on this machine.
    pub fn new(issuer: &str, client_id: &str) -> Result<Self, ProviderFault> {
        provider::install();
        let fetcher = Fetcher::new(issuer)?;
        Ok(Self(Arc::new(Inner {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            fetcher,
            metadata: Mutex::default(),
            keys: KeyCache::default(),
        })))
    }

    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The URL where a person signs in.
    pub async fn authorization_url(
        &self,
        request: AuthorizationRequest<'_>,
        now: OffsetDateTime,
    ) -> Result<Url, ProviderFault> {
        let mut url = self.metadata(now).await?.authorization_endpoint;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, request.verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.0.client_id)
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("scope", "openid")
            .append_pair("state", request.state)
            .append_pair("nonce", request.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Exchanges an authorization code for the ID token, which is not verified yet.
    pub async fn exchange(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
        now: OffsetDateTime,
    ) -> Result<String, ExchangeError> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
        }
        #[derive(Default, Deserialize)]
        struct Refusal {
            #[serde(default)]
            error: String,
            #[serde(default)]
            error_description: String,
        }
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("client_id", &self.0.client_id)
            .append_pair("code_verifier", verifier)
            .finish();
        let endpoint = self.metadata(now).await?.token_endpoint;
        let (status, body) = self.0.fetcher.post_form(&endpoint, form).await?;
        // RFC 6749 §5.2: 400, or 401 for a client that must authenticate.
        if status.is_client_error() {
            let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
            let reason = format!("{} {}", refusal.error, refusal.error_description);
            return Err(ExchangeError::Refused(printable(reason.trim(), 300)));
        }
        if !status.is_success() {
            return Err(ProviderFault::Status(endpoint.to_string(), status.as_u16()).into());
        }
        let tokens: Tokens =
            serde_json::from_slice(&body).map_err(|_| ProviderFault::Malformed(endpoint.to_string()))?;
        Ok(tokens.id_token)
    }

    /// Whose token this is, if the issuer made it for this client and it is valid at `now`.
    ///
    /// `nonce`, if given, must be in the token: then the token answers exactly one request.
    pub async fn verify(&self, token: &str, nonce: Option<&str>, now: OffsetDateTime) -> Result<Claims, VerifyError> {
        let kid = token::key_id(token)?;
        let inner = &self.0;
        let key = inner
            .keys
            .find(&kid, now, async || {
                let uri = self.metadata(now).await?.jwks_uri;
                inner.fetcher.get_json(&uri).await
            })
            .await?
            .ok_or(TokenRejected::UnknownKey)?;
        let expected = Expected { issuer: &inner.issuer, client_id: &inner.client_id, nonce };
        Ok(verify(token, &key, expected, now)?)
    }

    /// Whether the issuer's metadata and keys are available for signing in.
    pub async fn describe(&self, now: OffsetDateTime) -> Result<(), ProviderFault> {
        let uri = self.metadata(now).await?.jwks_uri;
        let keys: keys::KeyDocument = self.0.fetcher.get_json(&uri).await?;
        if keys.has_usable() { Ok(()) } else { Err(ProviderFault::Malformed(uri.to_string())) }
    }

    async fn metadata(&self, now: OffsetDateTime) -> Result<Metadata, ProviderFault> {
        // The lock is kept while fetching: concurrent callers wait for the one request.
        let mut known = self.0.metadata.lock().await;
        if let Some((fetched, metadata)) = &*known
            && now < *fetched + METADATA_LIFE
        {
            return Ok(metadata.clone());
        }
        let document = format!("{}/.well-known/openid-configuration", self.0.issuer.trim_end_matches('/'));
        let url: Url = document.parse().map_err(|_| ProviderFault::Malformed(document.clone()))?;
        let metadata: Metadata = self.0.fetcher.get_json(&url).await?;
        // Discovery 1.0 §4.3: exactly equal, or another provider's document would speak for this one.
        if metadata.issuer != self.0.issuer {
            return Err(ProviderFault::OtherIssuer { expected: self.0.issuer.clone(), found: metadata.issuer });
        }
        for url in [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri] {
            self.0.fetcher.expect_secure(url)?;
        }
        *known = Some((now, metadata.clone()));
        Ok(metadata)
    }
}

#[cfg(test)]
mod tests;
