//! Only operators see where in AWS the platform is.

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{Caller, Origin, Scope};

use crate::bench::{ACCOUNT, Api, ROLE, text};
use crate::callers::Who;

const ACME: Who = Who::Tenant("acme");
const THERE: &str = "444455556666";
const DOMAIN: &str = "a.example.com";

/// Two endpoints of a tenant's whose certificates an operator sends to another account, which has then refused them: they are
/// one line of an overview.
async fn refused_over_there() -> Api {
    let api = Api::new();
    let listener = format!("arn:aws:elasticloadbalancing:eu-west-1:{THERE}:listener/app/edge/50dc6c495c0c9188/f2f7");
    for domain in [DOMAIN, "b.example.com"] {
        let body = json!({"domain": domain, "reachability": "internal", "tenant": "acme", "listeners": [listener],
            "regions": ["us-east-1"], "role": ROLE});
        let registered = api.post(Who::Operator, "/endpoints", body).await;
        let id = text(&registered.body["id"]).parse().expect("an id");
        api.issued(&id).await;
        let renewed = api.post(ACME, &format!("/endpoints/{domain}/renew"), json!({})).await;
        assert_eq!(renewed.status, StatusCode::ACCEPTED);
        let summary = format!("The role {ROLE} of account {THERE} may not be assumed from {ACCOUNT}: AccessDenied.");
        let action = format!("Let it trust the account {ACCOUNT}, and allow elasticloadbalancing on {listener}.");
        let failure = Failure::new(FailureName::DestinationRefused, WaitingOn::Operator, summary, action);
        api.failed_by(&id, failure.at(listener.clone())).await;
    }
    api
}

fn names_the_platform(text: &str) -> bool {
    ["arn:aws:", "arn%3Aaws", THERE, ACCOUNT].iter().any(|part| text.contains(part))
}

const PATHS: [&str; 5] = [
    "/endpoints",
    "/endpoints/a.example.com",
    "/endpoints/a.example.com/attempts",
    "/endpoints/a.example.com/events",
    "/overview",
];

#[tokio::test]
async fn a_tenant_reads_no_arn_and_no_account_of_the_platform_in_any_answer() {
    let api = refused_over_there().await;
    for path in PATHS {
        let theirs = api.get(ACME, path).await;
        assert_eq!(theirs.status, StatusCode::OK, "{path}");
        assert!(!names_the_platform(&theirs.body.to_string()), "{path}: {}", theirs.body);
        let operators = api.get(Who::Operator, path).await.body.to_string();
        assert!(names_the_platform(&operators), "{path} shows operators all: {operators}");
    }
    let shown = api.get(ACME, "/endpoints/a.example.com").await.body;
    assert_eq!(shown["deployment"]["listeners"][0]["arn"], "(shown to operators)");
    assert_eq!(shown["deployment"]["listeners"][0]["wanted"], Value::Bool(true), "what is not secret stays");
    assert_eq!(
        shown["failure"]["summary"],
        "The role (shown to operators) of account (shown to operators) may not be assumed from (shown to operators): AccessDenied."
    );
}

/// What a page shows to `caller`; by a link there is none.
async fn page(api: &Api, path: &str, caller: Option<Caller>) -> String {
    let mut request = Request::get(path);
    if let Some(caller) = caller {
        request = request.extension(caller);
    }
    let answer = api.pages.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("infallible");
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn no_page_shows_arns_or_accounts_of_the_platform_to_a_tenant_or_a_domain_owner() {
    let api = refused_over_there().await;
    let caller = |scope| Caller { scope, origin: Origin { who: "ann".into(), address: None, operator: false } };
    let ann = || caller(Scope::Tenant("acme".parse().expect("a tenant")));
    for path in ["/dashboard", "/dashboard/endpoints/a.example.com", "/dashboard/endpoints/a.example.com/live"] {
        let theirs = page(&api, path, Some(ann())).await;
        assert!(!names_the_platform(&theirs), "{path}: {theirs}");
        let operators = page(&api, path, Some(caller(Scope::Everything))).await;
        assert!(names_the_platform(&operators), "{path} shows operators all: {operators}");
    }
    let made = api.post(ACME, "/endpoints/a.example.com/shares", json!({})).await;
    let token = text(&made.body["url"]).rsplit('/').next().expect("a token").to_owned();
    let theirs = page(&api, &format!("/records/{token}"), None).await;
    assert!(theirs.contains(DOMAIN) && !names_the_platform(&theirs), "{theirs}");
}
