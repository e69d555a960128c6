//! What all pages share: their frame and their response headers.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use vocabulary::text::printable;

use super::assets::ASSETS;
use super::assets::Assets;
use super::words;
use crate::http::base::Base;
use crate::http::problem::Problem;

/// Only our own files, and no framing by other pages.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// No script in an answer runs, no style is written into the page, and the browser keeps no page.
const HTMX: &str = r##"{"allowEval":false,"allowScriptTags":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,
"historyEnabled":false,"historyCacheSize":0,"timeout":25000,"responseHandling":[{"code":"204","swap":false},
{"code":"[23]..","swap":true},{"code":"...","swap":true,"error":true,"target":"#notice","swapOverride":"innerHTML"}]}"##;

/// The name of the product.
const BRAND: &str = "Managed HTTPS";

/// Which page of the navigation is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Register,
    Figures,
    Installation,
    Elsewhere,
}

/// Who reads the page.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) who: String,
    pub(crate) operator: bool,
}

/// The frame around a page.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) base: String,
    pub(crate) title: String,
    /// What the page is called at its top.
    pub(crate) brand: String,
    pub(crate) place: Place,
    /// Nobody on the domain owner's page, and where a sign-in is needed.
    pub(crate) reader: Option<Reader>,
    pub(crate) assets: &'static Assets,
    pub(crate) htmx: &'static str,
}

impl Frame {
    pub(crate) fn new(base: &Base, title: impl Into<String>, place: Place, reader: Option<Reader>) -> Self {
        let (base, brand) = (base.path().to_owned(), BRAND.to_owned());
        Self { base, title: title.into(), brand, place, reader, assets: &ASSETS, htmx: HTMX }
    }

    /// By the platform's own name: owners of domains know no other.
    pub(crate) fn branded(self, name: Option<&str>) -> Self {
        match name {
            Some(name) => Self { brand: printable(name, 80), ..self },
            None => self,
        }
    }
}

/// A page as a response.
pub(crate) fn shown(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Sends the browser on after a form was taken, so that a reload does not send it again.
pub(crate) fn see_other(path: &str) -> Response {
    match HeaderValue::try_from(path) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Sets the headers that restrict a page. Pages show what only their reader may see, so nothing caches them.
pub(crate) async fn guard(response: Response) -> Response {
    guarded(response)
}

pub(crate) fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Why something was not done, as a page of its own.
#[derive(Debug, Template)]
#[template(path = "refusal.html")]
pub(crate) struct Refusal {
    pub(crate) frame: Frame,
    pub(crate) problem: Problem,
    /// Where to go next; without one, the overview for those who are signed in.
    pub(crate) next: Option<Next>,
}

/// A link that leads on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) label: &'static str,
    pub(crate) href: String,
}

/// The same, for the notice area of the page.
#[derive(Debug, Template)]
#[template(
    ext = "html",
    source = r#"<div class="notice bad"><p><strong>{{ problem.title }}.</strong> {{ problem.detail }}</p><p>{{ problem.remedy }}</p></div>"#
)]
pub(crate) struct Notice<'a> {
    problem: &'a Problem,
}

/// Why a request was refused: a part of the page for htmx, else a page.
pub(crate) fn refused(problem: Problem, frame: Frame, partial: bool) -> Response {
    let status = problem.status;
    if partial {
        return shown(status, &Notice { problem: &problem });
    }
    shown(status, &Refusal { frame, problem, next: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_page_forbids_the_browser_to_run_or_frame_anything_else() {
        let guarded = guard(StatusCode::OK.into_response()).await;
        let policy = guarded.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("  "), "{policy}");
        assert_eq!(guarded.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(guarded.headers()[REFERRER_POLICY], "no-referrer");
    }

    #[test]
    fn the_configuration_of_htmx_is_json() {
        let told: serde_json::Value = serde_json::from_str(HTMX).expect("JSON");
        assert_eq!((&told["allowEval"], &told["includeIndicatorStyles"]), (&false.into(), &false.into()));
    }

    #[test]
    fn an_accepted_form_redirects_to_a_get() {
        let response = see_other("/dashboard");
        assert_eq!(
            (response.status(), &response.headers()[LOCATION]),
            (StatusCode::SEE_OTHER, &HeaderValue::from_static("/dashboard"))
        );
        assert_eq!(see_other("/a\r\nset-cookie: x").status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn a_refusal_is_a_page_or_a_part_of_one_and_escaped_in_both() {
        let problem = Problem::unknown_endpoint("<b>x</b>");
        let base: Base = "https://a.example/base".parse().expect("a base");
        let frame = Frame::new(&base, problem.title, Place::Elsewhere, None);
        let page = Refusal { frame, problem: problem.clone(), next: None }.render().expect("a page");
        let part = Notice { problem: &problem }.render().expect("a part");
        assert!(page.starts_with("<!doctype html>") && part.starts_with("<div"));
        assert!(!page.contains("<b>x") && !part.contains("<b>x"));
        assert!(page.contains("/base/assets/style."), "{page}");
    }
}
