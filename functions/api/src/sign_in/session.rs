//! Whose a browser's request is. The session is the provider's own ID token, in a cookie: nothing is kept here, and
//! each request is verified anew.

use std::sync::Arc;

use adapters::oidc::{OpenIdProvider, VerifyError};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cookie::{Cookie, SameSite};
use http::header::{COOKIE, ORIGIN};
use http::{Extensions, HeaderMap, HeaderValue};
use lambda_http::request::RequestContext;
use time::{Duration, OffsetDateTime};
use vocabulary::names::{Caller, Origin};

use crate::http::base::Base;
use crate::sign_in::claims::ClaimNames;
use crate::sign_in::pages::Page;

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

/// Why a request is nobody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody has signed in, or it is too long ago.
    NotSignedIn,
    /// Somebody has, to whom nothing here belongs.
    NotEntitled { who: String },
    /// It cannot be known at the moment; the reason is for the log.
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
            Some(scope) => Ok(Caller { scope, origin: Origin { who: claims.subject, address } }),
            None => Err(Refusal::NotEntitled { who: claims.subject }),
        }
    }
}

/// What [`recognise`] needs to know.
#[derive(Clone, Debug)]
pub struct Recognition {
    /// Without one nobody is recognised, and nobody can sign in.
    pub identity: Option<Identity>,
    /// As configured; without one, that of the host that was asked.
    pub base: Option<Base>,
}

/// Whether people can sign in here: in the extensions of a request where an issuer is configured.
#[derive(Clone, Copy, Debug)]
pub struct SignInOffered;

/// Puts the [`Base`], [`SignInOffered`] and, for somebody who has signed in, the [`Caller`] into the extensions.
///
/// Lets a request without a session through: whether that matters is the page's to say. Somebody who has a session
/// but nothing here is told what is missing.
pub async fn recognise(State(recognition): State<Recognition>, mut request: Request, next: Next) -> Response {
    let Recognition { identity, base } = recognition;
    if let Some(base) = base {
        request.extensions_mut().insert(base);
    }
    let Some(identity) = identity else { return next.run(request).await };
    request.extensions_mut().insert(SignInOffered);
    let (mut parts, body) = request.into_parts();
    let base = match <Base as axum::extract::FromRequestParts<()>>::from_request_parts(&mut parts, &()).await {
        Ok(base) => base,
        Err(status) => return status.into_response(),
    };
    let address = source_address(&parts.extensions);
    match identity.caller(&parts.headers, &base, address, OffsetDateTime::now_utc()).await {
        Ok(caller) => drop(parts.extensions.insert(caller)),
        Err(Refusal::NotSignedIn) => {}
        Err(refusal) => return Page::refusal(refusal, &identity, &base).into_response(),
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Refuses what changes something unless the browser says that a page of ours asked for it.
///
/// By `Sec-Fetch-Site`, which pages cannot set; where a browser does not send it, by `Origin`. One that sends neither
/// is older than both.
pub async fn refuse_cross_site(base: Base, request: Request, next: Next) -> Response {
    if request.method().is_safe() || comes_from_us(request.headers(), &base) {
        next.run(request).await
    } else {
        Page::cross_site(&base).into_response()
    }
}

fn comes_from_us(headers: &HeaderMap, base: &Base) -> bool {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        // "none": typed, or opened from a bookmark.
        Some(site) => site == b"same-origin" || site == b"none",
        None => headers.get(ORIGIN).is_some_and(|origin| origin == base.origin()),
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

/// A cookie that no script reads and no other site's request carries, but a link that is followed.
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

/// Where the request came from, as API Gateway saw it.
pub(crate) fn source_address(extensions: &Extensions) -> Option<String> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.clone(),
        _ => None,
    }
}
