//! Signing in and out: the code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636, RFC 9700).

use adapters::oidc::{AuthorizationRequest, ExchangeError, VerifyError};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, REFERRER_POLICY, SET_COOKIE};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::http::base::Base;
use crate::sign_in::identity::{Identity, Refusal, cookie, sealed, session_cookie};
use crate::sign_in::pages::Page;
use crate::sign_in::session::refuse_cross_site;

/// How long somebody may take at the provider.
const PATIENCE: Duration = Duration::minutes(10);
const CALLBACK: &str = "/sign-in/callback";
/// A longer return address is not worth a cookie.
const LONGEST_DESTINATION: usize = 512;

/// `GET /sign-in`, `GET /sign-in/callback`, `POST /sign-out`.
pub fn router(identity: Identity) -> Router {
    Router::new()
        .route("/sign-in", get(begin))
        .route(CALLBACK, get(finish))
        .route("/sign-out", post(leave).layer(middleware::from_fn(refuse_cross_site)))
        .with_state(identity)
}

#[derive(Deserialize)]
struct Begin {
    /// Where to go afterwards: a page of the dashboard.
    to: Option<String>,
}

async fn begin(State(identity): State<Identity>, base: Base, query: Result<Query<Begin>, QueryRejection>) -> Response {
    let attempt = Attempt::new(query.ok().and_then(|Query(begin)| begin.to).as_deref());
    let redirect_uri = base.url(CALLBACK);
    let Attempt { state, nonce, verifier, .. } = &attempt;
    let request = AuthorizationRequest { redirect_uri: &redirect_uri, state, nonce, verifier };
    match identity.provider().authorization_url(request, OffsetDateTime::now_utc()).await {
        Ok(url) => {
            let cookie = sealed(Attempt::cookie_name(state, &base), attempt.to_cookie(), PATIENCE, &base);
            (AppendHeaders([(SET_COOKIE, cookie.to_string())]), away(url.as_str())).into_response()
        }
        Err(fault) => Page::refusal(Refusal::IssuerSilent(fault.to_string()), &identity, &base).into_response(),
    }
}

/// What the provider sends the browser back with (OpenID Connect Core 1.0 §3.1.2.5, RFC 9207).
#[derive(Deserialize)]
struct Finish {
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

async fn finish(
    State(identity): State<Identity>,
    base: Base,
    query: Result<Query<Finish>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Query(answer)) = query else { return Page::unknown_sign_in(&base).into_response() };
    // The cookie is named by the state: only the browser that began this sign-in has it, and several may be under way.
    let name = Attempt::cookie_name(&answer.state, &base);
    let known = cookie(&headers, &name).and_then(|value| Attempt::of_cookie(&answer.state, &value));
    let Some(attempt) = known else { return Page::unknown_sign_in(&base).into_response() };
    let spent = sealed(name, String::new(), Duration::ZERO, &base);
    match accept(&identity, answer, &attempt, &base).await {
        Ok(session) => {
            let cookies = [spent, session].map(|cookie| (SET_COOKIE, cookie.to_string()));
            (AppendHeaders(cookies), away(&base.link(&attempt.destination))).into_response()
        }
        Err(page) => (AppendHeaders([(SET_COOKIE, spent.to_string())]), *page).into_response(),
    }
}

/// The session cookie for a provider's answer, if everything about it is as it must be.
async fn accept(
    identity: &Identity,
    answer: Finish,
    attempt: &Attempt,
    base: &Base,
) -> Result<cookie::Cookie<'static>, Box<Page>> {
    let provider = identity.provider();
    let silent = |why: String| Box::new(Page::refusal(Refusal::IssuerSilent(why), identity, base));
    // Of two providers, the other one's code must not end up at ours (RFC 9207 §2.4).
    if answer.iss.is_some_and(|issuer| issuer != provider.issuer()) {
        return Err(Page::unknown_sign_in(base).into());
    }
    if let Some(error) = answer.error {
        let why = format!("{error} {}", answer.error_description.unwrap_or_default());
        return Err(Page::provider_refused(why.trim(), base).into());
    }
    let Some(code) = answer.code else { return Err(Page::unknown_sign_in(base).into()) };
    let now = OffsetDateTime::now_utc();
    let token = match provider.exchange(&code, &base.url(CALLBACK), &attempt.verifier, now).await {
        Ok(token) => token,
        Err(ExchangeError::Refused(why)) => {
            tracing::warn!(why, "the provider refused a code");
            return Err(Page::provider_refused(&why, base).into());
        }
        Err(ExchangeError::Fault(fault)) => return Err(silent(fault.to_string())),
    };
    let claims = match provider.verify(&token, Some(&attempt.nonce), now).await {
        Ok(claims) => claims,
        Err(VerifyError::Rejected(why)) => {
            tracing::warn!(%why, "the provider's token was rejected");
            return Err(Page::provider_refused(&format!("a token, but {why}"), base).into());
        }
        Err(VerifyError::Fault(fault)) => return Err(silent(fault.to_string())),
    };
    if identity.claims().scope(&claims.all).is_none() {
        return Err(Page::refusal(Refusal::NotEntitled { who: claims.subject }, identity, base).into());
    }
    tracing::info!(who = claims.subject, "signed in");
    session_cookie(&token, claims.expires, base, now).ok_or_else(|| Page::token_too_long(token.len(), base).into())
}

/// The token stays good until it expires, for whoever has it; the browser forgets it.
async fn leave(base: Base) -> Response {
    let gone = sealed(base.cookie_name("session"), String::new(), Duration::ZERO, &base);
    (AppendHeaders([(SET_COOKIE, gone.to_string())]), Page::signed_out(&base)).into_response()
}

/// State and code must neither be cached nor reach the next page.
fn away(location: &str) -> impl IntoResponse + use<> {
    ([(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")], Redirect::to(location))
}

/// One sign-in under way, as the browser keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Attempt {
    state: String,
    nonce: String,
    verifier: String,
    /// A path of the dashboard, with its query.
    destination: String,
}

impl Attempt {
    fn new(to: Option<&str>) -> Self {
        Self { state: random::<16>(), nonce: random::<16>(), verifier: random::<32>(), destination: destination(to) }
    }

    fn cookie_name(state: &str, base: &Base) -> String {
        base.cookie_name(&format!("sign-in-{state}"))
    }

    fn to_cookie(&self) -> String {
        format!("{}.{}.{}", self.nonce, self.verifier, BASE64_URL_SAFE_NO_PAD.encode(&self.destination))
    }

    fn of_cookie(state: &str, value: &str) -> Option<Self> {
        let mut parts = value.split('.');
        let (nonce, verifier, to) = (parts.next()?, parts.next()?, parts.next()?);
        let to = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(to).ok()?).ok()?;
        (!nonce.is_empty() && !verifier.is_empty() && parts.next().is_none()).then(|| Self {
            state: state.to_owned(),
            nonce: nonce.to_owned(),
            verifier: verifier.to_owned(),
            destination: destination(Some(&to)),
        })
    }
}

/// `to` if it is a page of the dashboard, else the first one: no redirect leads elsewhere.
///
/// Parsed as browsers parse it, so that no spelling means one thing here and another there.
fn destination(to: Option<&str>) -> String {
    let here: Url = "https://here.invalid".parse().expect("a URL");
    let url = to.filter(|to| to.starts_with('/') && to.len() <= LONGEST_DESTINATION).and_then(|to| here.join(to).ok());
    let is_page = |url: &Url| url.path() == "/dashboard" || url.path().starts_with("/dashboard/");
    match url.filter(|url| url.origin() == here.origin() && url.username().is_empty() && is_page(url)) {
        Some(url) => format!("{}{}", url.path(), url.query().map(|query| format!("?{query}")).unwrap_or_default()),
        None => "/dashboard".to_owned(),
    }
}

/// `N` random bytes in base64url: 32 of them are a PKCE verifier (RFC 7636 §4.1).
fn random<const N: usize>() -> String {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_returns_to_a_page_of_the_dashboard_or_to_the_first() {
        for page in ["/dashboard", "/dashboard/endpoints/a.example.com", "/dashboard?status=ready&q=a%20b"] {
            assert_eq!(destination(Some(page)), page);
        }
        for elsewhere in [
            "",
            "dashboard",
            "https://evil.example/dashboard",
            "//evil.example/dashboard",
            "/\\evil.example/dashboard",
            "\\\\evil.example/dashboard",
            "/\t/evil.example/dashboard",
            "/dashboard/../sign-out",
            "/dashboard/%2e%2e/x",
            "/dashboards",
            "/v1/endpoints",
            "javascript:alert(1)",
            "/dashboard/..//evil.example",
        ] {
            assert_eq!(destination(Some(elsewhere)), "/dashboard", "{elsewhere}");
        }
        assert_eq!(destination(None), "/dashboard");
        assert_eq!(destination(Some(&format!("/dashboard?q={}", "x".repeat(600)))), "/dashboard");
    }

    #[test]
    fn a_sign_in_round_trips_through_its_cookie_and_a_corrupt_cookie_is_ignored() {
        let attempt = Attempt::new(Some("/dashboard/register"));
        assert_eq!(Attempt::of_cookie(&attempt.state, &attempt.to_cookie()), Some(attempt.clone()));
        assert_eq!(attempt.verifier.len(), 43);
        for spoilt in ["", "a.b", "a.b.c.d", "..", "a.b.!", ".b.L2Rhc2hib2FyZA"] {
            assert_eq!(Attempt::of_cookie("state", spoilt), None, "{spoilt}");
        }
    }
}
