//! A tenant sees its own endpoints, and no others exist for it.

use domain::health::{FailingCheck, InstallationState};
use domain::ports::{InstallationLog, RateLimits};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;
use tower::ServiceExt;
use vocabulary::acme::BucketId;
use vocabulary::names::NamePolicy;

use crate::bench::{Api, DIRECTORY, ORDERS, text};
use crate::callers::Who;

const ACME: Who = Who::Tenant("acme");
const OTHER: Who = Who::Tenant("other");

/// Every operation of the document: method, path, and a body that it takes.
async fn operations(api: &Api) -> Vec<(Method, String, Option<Value>)> {
    let document = api.get(ACME, "/openapi.json").await.body;
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("an object") {
        for (method, operation) in item.as_object().expect("an object") {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let takes_body = operation.get("requestBody").is_some();
            let body = takes_body.then(|| match operation["operationId"].as_str() {
                Some("change_endpoint") => json!({"also": ["stolen.example.com"]}),
                Some("create_link") => json!({}),
                Some("mute_endpoint") => json!({"until": "2099-01-01T00:00:00Z", "reason": "known"}),
                Some("revoke_certificate") => json!({"reason": "key-compromise"}),
                _ => json!({"domain": "new.example.com", "reachability": "internal"}),
            });
            all.push((method, path.clone(), body));
        }
    }
    all
}

#[tokio::test]
async fn another_tenants_endpoint_is_not_there_by_id_or_by_name_in_any_operation() {
    let api = Api::new();
    let id = api.registered(ACME, "a.example.com").await;
    api.issued(&id).await;
    let link = text(&api.post(ACME, "/endpoints/a.example.com/shares", json!({})).await.body["id"]).to_owned();
    let before = api.endpoint(&id).await;
    let mut seen = 0;
    for (method, path, body) in operations(&api).await {
        if !path.contains("{endpoint}") {
            continue;
        }
        seen += 1;
        for reference in [id.as_str(), "a.example.com", "*.a.example.com", "A.EXAMPLE.COM."] {
            let at = path.replace("{endpoint}", reference).replace("{link}", &link);
            let refused = api.call(OTHER, method.clone(), &at, body.clone()).await;
            assert_eq!(
                (refused.status, refused.problem()),
                (StatusCode::NOT_FOUND, "endpoint-not-found"),
                "{method} {at}"
            );
            // Word for word as if there were none, but for the name that was asked for.
            let at = path.replace("{endpoint}", "nobody.example.com").replace("{link}", &link);
            let none = api.call(OTHER, method.clone(), &at, body.clone()).await;
            let (refused, none) = (refused.body.to_string(), none.body.to_string());
            assert_eq!(refused.replace(reference, "nobody.example.com"), none, "{method} {at}");
        }
    }
    assert!(seen >= 11, "operations on an endpoint: {seen}");
    assert_eq!(api.endpoint(&id).await, before, "nothing was changed");
    assert_eq!(api.get(ACME, "/endpoints/a.example.com/shares").await.body["shares"][0]["id"], link.as_str());
    assert!(api.prober.take().is_empty(), "nothing was checked");
}

#[tokio::test]
async fn a_tenant_lists_and_counts_only_its_own_endpoints() {
    let api = Api::new();
    api.registered(ACME, "a.example.com").await;
    api.registered(OTHER, "b.example.com").await;
    for (who, expected) in
        [(ACME, vec!["a.example.com"]), (OTHER, vec!["b.example.com"]), (Who::Tenant("third"), vec![])]
    {
        for query in ["", "?sort=attention", "?q=example"] {
            assert_eq!(api.get(who, &format!("/endpoints{query}")).await.domains(), expected, "{who:?}{query}");
        }
        let overview = api.get(who, "/overview").await.body;
        assert_eq!(overview["total"], expected.len());
    }
    for who in [Who::Operator, Who::OperatorByRole] {
        assert_eq!(api.get(who, "/endpoints").await.domains(), ["a.example.com", "b.example.com"]);
        assert_eq!(api.get(who, "/endpoints?tenant=other").await.domains(), ["b.example.com"]);
        assert_eq!(api.get(who, "/endpoints/a.example.com").await.status, StatusCode::OK);
    }
    let asked = api.get(OTHER, "/endpoints?tenant=acme").await;
    assert_eq!((asked.status, asked.field()), (StatusCode::UNPROCESSABLE_ENTITY, "tenant"));
}

#[tokio::test]
async fn a_cursor_of_one_tenant_shows_another_nothing() {
    let api = Api::new();
    for i in 0..3 {
        api.registered(ACME, &format!("a{i}.example.com")).await;
        api.registered(OTHER, &format!("b{i}.example.com")).await;
    }
    for sort in ["", "&sort=attention"] {
        let page = api.get(ACME, &format!("/endpoints?limit=1{sort}")).await;
        let cursor = text(&page.body["next_cursor"]);
        let taken = api.get(OTHER, &format!("/endpoints?cursor={cursor}{sort}")).await;
        assert!(taken.domains().iter().all(|domain| domain.starts_with('b')), "{:?}", taken.domains());
    }
}

#[tokio::test]
async fn each_caller_reads_who_they_are() {
    let api = Api::new();
    let caller = async |who| api.get(who, "/caller").await.body;
    assert_eq!(
        caller(Who::Operator).await,
        json!({"who": "arn:aws:iam::123456789012:user/olga", "operator": true, "tenant": null})
    );
    assert_eq!(caller(ACME).await, json!({"who": "acme-ann", "operator": false, "tenant": "acme"}));
    assert_eq!(caller(Who::OperatorByRole).await, json!({"who": "otto", "operator": true, "tenant": null}));
}

#[tokio::test]
async fn only_operators_see_the_checks_of_the_installation() {
    let api = Api::new();
    let answer = api.get(ACME, "/installation").await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::FORBIDDEN, "operators-only"));
    let checks = api.get(Who::Operator, "/installation").await;
    assert_eq!(checks.body["checks"][0]["name"], "zone-delegation");
    assert_eq!(checks.body["checks"][0]["status"], "ok");
}

#[tokio::test]
async fn only_operators_register_the_platforms_own_names() {
    let api = Api::with_name_policy(NamePolicy::Private);
    api.registered(ACME, "a.example.com").await;
    for name in ["edge.platform.example", "platform.example", "*.edge.platform.example", "x.acme.platform.example"] {
        for path in ["/endpoints", "/checks"] {
            let body = json!({"domain": name, "reachability": "internal"});
            let refused = api.post(ACME, path, body).await;
            assert_eq!(
                (refused.status, refused.problem()),
                (StatusCode::UNPROCESSABLE_ENTITY, "reserved-name"),
                "{name}"
            );
            assert_eq!(text(&refused.body["field"]), "domain");
        }
        let added = json!({"also": ["b.example.com", name]});
        let refused = api.call(ACME, Method::PATCH, "/endpoints/a.example.com", Some(added)).await;
        assert_eq!((refused.problem(), text(&refused.body["field"])), ("reserved-name", "also[1]"), "{name}");
    }
    let body = json!({"domain": "edge.platform.example", "reachability": "internal"});
    let checked = api.post(Who::Operator, "/checks", body.clone()).await;
    assert_eq!(checked.status, StatusCode::OK, "{}", checked.body);
    assert_eq!(api.post(Who::Operator, "/endpoints", body).await.status, StatusCode::CREATED);
    api.registered(ACME, "www.platform.example").await;
}

#[tokio::test]
async fn a_check_that_fails_says_since_when() {
    let api = Api::new();
    let since = datetime!(2026-11-24 12:00 UTC);
    let failing = ["zone-delegation", "schedule"].map(|check| FailingCheck { check: check.into(), since, checks: 3 });
    let known = InstallationState { failing: failing.into(), ..InstallationState::default() };
    assert_eq!(api.store.save_installation(&InstallationState::default(), &known).await, Ok(true));
    let checks = api.get(Who::Operator, "/installation").await.body["checks"].clone();
    assert_eq!(checks[1]["since"], "2026-11-24T12:00:00Z");
    assert!(checks[0]["since"].is_null(), "it passes by now: {checks}");
}

#[tokio::test]
async fn the_check_of_the_account_says_how_many_of_its_orders_are_used() {
    let api = Api::new();
    let used = async || {
        let checks = api.get(Who::Operator, "/installation").await.body["checks"].clone();
        assert!(checks[0]["used"].is_null(), "of other checks nothing: {checks}");
        checks[2]["used"].clone()
    };
    assert_eq!(used().await, json!([{"of": "new-orders", "percent": 0}]));
    let account = BucketId::Account { directory: DIRECTORY.to_owned() };
    assert_eq!(api.store.take_now(account, ORDERS, OffsetDateTime::now_utc()).await, Ok(None));
    assert_eq!(used().await, json!([{"of": "new-orders", "percent": 20}]));
}

#[tokio::test]
async fn the_address_alone_leads_to_the_dashboard() {
    let api = Api::new();
    let request = http::Request::get("/").body(axum::body::Body::empty()).expect("a request");
    let response = api.pages.clone().oneshot(request).await.expect("infallible");
    assert_eq!(
        (response.status(), &response.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/below/dashboard".parse().expect("text"))
    );
}
