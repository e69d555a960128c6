//! Who requests a page, and the answer to those who are not signed in.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use vocabulary::names::Caller;
use vocabulary::text::printable;

use super::page::{Frame, Next, Place, Reader, Refusal, refused, see_other, shown};
use crate::http::base::Base;
use crate::http::problem::Problem;
use crate::sign_in::session::SignInOffered;

/// A request of a signed-in caller: [`recognise`](crate::sign_in::session::recognise) has put the caller into the extensions.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) caller: Caller,
    pub(crate) base: Base,
    /// Whether htmx asks, for a part of a page.
    pub(crate) partial: bool,
}

impl Visit {
    pub(crate) fn reader(&self) -> Reader {
        Reader { who: printable(&self.caller.origin.who, 80), operator: self.caller.is_operator() }
    }

    pub(crate) fn frame(&self, title: impl Into<String>, place: Place) -> Frame {
        Frame::new(&self.base, title, place, Some(self.reader()))
    }

    pub(crate) fn refuse(&self, problem: Problem) -> Response {
        let frame = self.frame(problem.title, Place::Elsewhere);
        refused(problem, frame, self.partial)
    }

    pub(crate) fn see_endpoint(&self, id: &str, place: &str) -> Response {
        see_other(&self.base.link(&format!("/dashboard/endpoints/{id}{place}")))
    }
}

pub(crate) fn is_partial(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let base = Base::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let partial = is_partial(&parts.headers);
        match parts.extensions.get::<Caller>() {
            Some(caller) => Ok(Self { caller: caller.clone(), base, partial }),
            // The browser requests the whole page again, which then says that a sign-in is needed.
            None if partial => Err((
                StatusCode::UNAUTHORIZED,
                [(HeaderName::from_static("hx-refresh"), HeaderValue::from_static("true"))],
            )
                .into_response()),
            None => Err(sign_in_needed(&base, parts.extensions.get::<SignInOffered>().is_some(), parts.uri.path())),
        }
    }
}

fn sign_in_needed(base: &Base, can_sign_in: bool, path: &str) -> Response {
    let (detail, remedy) = if can_sign_in {
        ("You are not signed in, or your session has ended.", "Sign in, and you come back to this page.")
    } else {
        (
            "This installation has no token issuer, so nobody can sign in to its pages.",
            "Deploy with the parameters OidcIssuer and OidcClientId, or use the command line: managed-https list",
        )
    };
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "sign-in-needed", "Please sign in", detail, remedy);
    let back: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    let next = can_sign_in.then(|| Next { label: "Sign in", href: base.link(&format!("/sign-in?to={back}")) });
    let frame = Frame::new(base, problem.title, Place::Elsewhere, None);
    shown(StatusCode::UNAUTHORIZED, &Refusal { frame, problem, next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::Request;
    use vocabulary::names::{Origin, Scope};

    async fn visit(request: http::request::Builder, caller: bool) -> Result<Visit, Response> {
        let mut request: Request = request
            .uri("/dashboard/endpoints/a.example")
            .header("host", "app.example.net")
            .body(axum::body::Body::empty())
            .expect("a request");
        if caller {
            let origin = Origin { who: "ann".into(), address: None, operator: true };
            request.extensions_mut().insert(Caller { scope: Scope::Everything, origin });
        }
        let (mut parts, _) = request.into_parts();
        <Visit as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn a_request_without_a_session_is_refused_and_a_part_of_a_page_reloads_the_whole() {
        let refused = visit(Request::builder(), false).await.expect_err("no session");
        assert_eq!((refused.status(), refused.headers().contains_key("hx-refresh")), (StatusCode::UNAUTHORIZED, false));
        let refused = visit(Request::builder().header("hx-request", "true"), false).await.expect_err("no session");
        assert_eq!(
            (refused.status(), &refused.headers()["hx-refresh"]),
            (StatusCode::UNAUTHORIZED, &HeaderValue::from_static("true"))
        );
    }

    #[tokio::test]
    async fn pages_are_at_the_root_of_the_host_by_default() {
        let visit = visit(Request::builder(), true).await.expect("a session");
        assert_eq!(visit.base.url("/x"), "https://app.example.net/x");
    }
}
