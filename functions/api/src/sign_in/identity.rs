//! Who people are, by their session cookie or their token, and what that entitles them to.

use std::sync::Arc;

use adapters::oidc::{OpenIdProvider, VerifyError};
use cookie::{Cookie, SameSite};
use http::HeaderMap;
use http::header::COOKIE;
use time::{Duration, OffsetDateTime};
use vocabulary::names::{Caller, Origin, Scope};

use crate::http::base::Base;
use crate::sign_in::claims::ClaimNames;

/// A browser keeps no cookie that is longer, name and value together (RFC 6265bis §5.6).
const LARGEST_COOKIE: usize = 4096;

/// Who people are, and what that entitles them to.
#[derive(Clone, Debug)]
pub struct Identity(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    provider: OpenIdProvider,
    claims: ClaimNames,
}

/// Why a request has no caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody has signed in, or it is too long ago.
    NotSignedIn,
    /// Somebody has, but is entitled to nothing here.
    NotEntitled { who: String },
    /// The caller cannot be determined now; the reason is for the log.
    IssuerSilent(String),
}

impl Identity {
    pub fn new(provider: OpenIdProvider, claims: ClaimNames) -> Self {
        Self(Arc::new(Inner { provider, claims }))
    }

    pub(crate) fn provider(&self) -> &OpenIdProvider {
        &self.0.provider
    }

    pub(crate) fn claims(&self) -> &ClaimNames {
        &self.0.claims
    }

    /// The caller by the session cookie among `headers`.
    pub async fn caller(
        &self,
        headers: &HeaderMap,
        base: &Base,
        address: Option<String>,
        now: OffsetDateTime,
    ) -> Result<Caller, Refusal> {
        let token = cookie(headers, &base.cookie_name("session")).ok_or(Refusal::NotSignedIn)?;
        self.bearer(&token, address, now).await
    }

    /// The caller by a token, as it stands after `Authorization: Bearer`.
    pub async fn bearer(&self, token: &str, address: Option<String>, now: OffsetDateTime) -> Result<Caller, Refusal> {
        let claims = self.0.provider.verify(token, None, now).await.map_err(|error| match error {
            VerifyError::Rejected(why) => {
                tracing::debug!(%why, "a token was rejected");
                Refusal::NotSignedIn
            }
            VerifyError::Fault(fault) => Refusal::IssuerSilent(fault.to_string()),
        })?;
        match self.0.claims.scope(&claims.all) {
            Some(scope) => {
                let operator = scope == Scope::Everything;
                Ok(Caller { scope, origin: Origin { who: claims.subject, address, operator } })
            }
            None => Err(Refusal::NotEntitled { who: claims.subject }),
        }
    }
}

/// The session cookie of a verified token, for as long as it is good. `None`: no browser would keep it.
pub(crate) fn session_cookie(
    token: &str,
    expires: OffsetDateTime,
    base: &Base,
    now: OffsetDateTime,
) -> Option<Cookie<'static>> {
    let name = base.cookie_name("session");
    let fits = name.len() + token.len() <= LARGEST_COOKIE;
    fits.then(|| sealed(name, token.to_owned(), expires - now, base))
}

/// A cookie that no script reads and no other site's request carries, except for a link that is followed.
pub(crate) fn sealed(name: String, value: String, life: Duration, base: &Base) -> Cookie<'static> {
    Cookie::build((name, value))
        .path(base.cookie_path().to_owned())
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(life.max(Duration::ZERO))
        .build()
}

pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
}
