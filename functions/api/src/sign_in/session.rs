//! Identifies the caller of a browser's request. The session is the provider's own ID token, in a cookie: nothing is stored
//! here, and each request is verified again.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::ORIGIN;
use http::{Extensions, HeaderMap, HeaderValue};
use lambda_http::request::RequestContext;
use time::OffsetDateTime;
use vocabulary::names::Caller;

use crate::http::base::Base;
use crate::sign_in::identity::{Identity, Refusal};
use crate::sign_in::pages::Page;

/// What [`recognise`] needs to know.
#[derive(Clone, Debug)]
pub struct Recognition {
    /// Without one nobody is recognised, and nobody can sign in.
    pub identity: Option<Identity>,
    /// As configured; without one, that of the request's host.
    pub base: Option<Base>,
}

/// Whether people can sign in here: in the extensions of a request where an issuer is configured.
#[derive(Clone, Copy, Debug)]
pub struct SignInOffered;

/// Puts the [`Base`], [`SignInOffered`] and, for somebody who has signed in, the [`Caller`] into the extensions.
///
/// Lets a request without a session through: the page decides whether that matters. Somebody with a session but no access
/// gets a page that says what is missing.
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
        Ok(caller) => {
            note(&caller, &parts.extensions);
            parts.extensions.insert(caller);
        }
        Err(Refusal::NotSignedIn) => {}
        Err(refusal) => return Page::refusal(refusal, &identity, &base).into_response(),
    }
    next.run(Request::from_parts(parts, body)).await
}

/// API Gateway knows no sessions: its access log has the request's id, and this line the caller.
fn note(caller: &Caller, extensions: &Extensions) {
    let request_id = match extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.as_deref().unwrap_or_default(),
        _ => "",
    };
    tracing::info!(request_id, subject = caller.origin.who, operator = caller.is_operator(), "a session's request");
}

/// Refuses a request that changes something unless the browser says that a page of ours sent it.
///
/// By `Sec-Fetch-Site`, which pages cannot set; where a browser does not send it, by `Origin`. A browser that sends neither
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

/// Where the request came from, as API Gateway saw it.
pub(crate) fn source_address(extensions: &Extensions) -> Option<String> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.clone(),
        _ => None,
    }
}
