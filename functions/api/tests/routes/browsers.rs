//! What answers say to a browser, and what another site's page can make it do.

use axum::body::Body;
use http::{Method, Request, Response, StatusCode};
use tower::ServiceExt;
use vocabulary::names::{Caller, Origin, Scope};

use crate::bench::{Api, text};
use crate::callers::Who;

const SAME_SITE: (&str, &str) = ("sec-fetch-site", "same-origin");
const OTHER_SITE: (&str, &str) = ("sec-fetch-site", "cross-site");
const CHECK: &str = "/dashboard/register/check";

fn ann() -> Caller {
    let origin = Origin { who: "acme-ann".into(), address: None, operator: false };
    Caller { scope: Scope::Tenant("acme".parse().expect("a tenant")), origin }
}

/// A request of somebody who has signed in.
async fn request(api: &Api, method: Method, path: &str, header: (&str, &str), form: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(path).header(header.0, header.1).extension(ann());
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(Body::from(form.to_owned())).expect("a request");
    api.pages.clone().oneshot(request).await.expect("infallible")
}

#[tokio::test]
async fn every_answer_keeps_browsers_on_tls() {
    let api = Api::new();
    for (method, path, status) in [
        (Method::GET, "/", StatusCode::SEE_OTHER),
        (Method::GET, "/health", StatusCode::OK),
        (Method::GET, "/dashboard", StatusCode::OK),
        (Method::GET, "/dashboard/nothing", StatusCode::NOT_FOUND),
        (Method::GET, "/records/ep-nothing.x", StatusCode::NOT_FOUND),
        (Method::GET, "/assets/nothing.css", StatusCode::NOT_FOUND),
        (Method::GET, "/v1/endpoints", StatusCode::UNAUTHORIZED),
        (Method::GET, "/nothing", StatusCode::NOT_FOUND),
        (Method::PUT, "/health", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = request(&api, method.clone(), path, SAME_SITE, "").await;
        assert_eq!(answer.status(), status, "{method} {path}");
        let policy = answer.headers().get("strict-transport-security").and_then(|policy| policy.to_str().ok());
        assert_eq!(policy, Some("max-age=31536000"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_page_that_is_opened_by_a_link_checks_nothing() {
    let api = Api::new();
    let form = "domain=shop.example.com&reachability=internal";
    let opened = request(&api, Method::GET, &format!("/dashboard/register?{form}"), OTHER_SITE, "").await;
    assert_eq!(opened.status(), StatusCode::OK);
    let opened = request(&api, Method::GET, &format!("{CHECK}?{form}"), OTHER_SITE, "").await;
    assert_eq!(opened.status(), StatusCode::METHOD_NOT_ALLOWED);
    let sent = request(&api, Method::POST, CHECK, OTHER_SITE, form).await;
    assert_eq!(sent.status(), StatusCode::FORBIDDEN);
    assert!(api.prober.take().is_empty(), "nothing was checked");
    let sent = request(&api, Method::POST, CHECK, SAME_SITE, form).await;
    assert_eq!((sent.status(), api.prober.take().len()), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_check_by_a_domain_owners_link_needs_a_post_from_its_page() {
    let api = Api::new();
    api.registered(Who::Tenant("acme"), "a.example.com").await;
    let made = api.call(Who::Tenant("acme"), Method::POST, "/endpoints/a.example.com/shares", None).await;
    let token = text(&made.body["url"]).rsplit('/').next().expect("a token").to_owned();
    let page = format!("/records/{token}");
    let check = format!("{page}/check");
    assert_eq!(
        request(&api, Method::GET, &page, OTHER_SITE, "").await.status(),
        StatusCode::OK,
        "a link in a mail opens it"
    );
    assert_eq!(request(&api, Method::GET, &check, SAME_SITE, "").await.status(), StatusCode::METHOD_NOT_ALLOWED);
    for other in [OTHER_SITE, ("sec-fetch-site", "same-site"), ("origin", "https://other.example"), ("x", "")] {
        assert_eq!(request(&api, Method::POST, &check, other, "").await.status(), StatusCode::FORBIDDEN, "{other:?}");
    }
    assert!(api.prober.take().is_empty(), "nothing was checked");
    assert_eq!(request(&api, Method::POST, &check, SAME_SITE, "").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(api.prober.take().len(), 1);
}
