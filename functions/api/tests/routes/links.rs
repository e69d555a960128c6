use http::{Method, StatusCode};
use serde_json::json;

use crate::bench::{Api, text};
use crate::callers::Who;

const OPERATOR: Who = Who::Operator;
const LINKS: &str = "/endpoints/a.example.com/shares";

#[tokio::test]
async fn a_link_is_made_listed_and_revoked_and_its_secret_is_shown_once() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    let made = api.call(OPERATOR, Method::POST, LINKS, None).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let token = text(&made.body["url"]).strip_prefix("https://api.example/records/").expect("the customer's page");
    assert!(token.starts_with(&format!("{id}.")) && token.len() == id.as_str().len() + 1 + 43);
    assert_eq!(text(&made.body["id"]).len(), 64);

    let listed = api.get(OPERATOR, LINKS).await;
    assert_eq!(listed.body["shares"][0]["id"], made.body["id"]);
    assert_eq!(listed.body["shares"][0]["created_by"]["who"], "arn:aws:iam::123456789012:user/olga");
    let seen_by_tenant = api.get(Who::Tenant("default"), LINKS).await;
    assert_eq!(
        seen_by_tenant.status,
        StatusCode::FORBIDDEN,
        "the tenant of operators' own endpoints is nobody's claim"
    );
    let secret = token.split_once('.').expect("two parts").1;
    let events = api.get(OPERATOR, "/endpoints/a.example.com/events").await;
    for shown in [&listed.body, &events.body] {
        assert!(!shown.to_string().contains(secret));
    }

    let path = format!("{LINKS}/{}", text(&made.body["id"]));
    let revoked = api.delete(OPERATOR, &path).await;
    assert_eq!((revoked.status, revoked.body), (StatusCode::NO_CONTENT, json!(null)));
    let again = api.delete(OPERATOR, &path).await;
    assert_eq!((again.status, again.problem()), (StatusCode::NOT_FOUND, "link-not-found"));
    assert_eq!(api.get(OPERATOR, LINKS).await.body["shares"], json!([]));
}

#[tokio::test]
async fn a_link_is_valid_for_as_long_as_requested_within_bounds() {
    let api = Api::new();
    api.registered(OPERATOR, "a.example.com").await;
    for (wish, days) in [(json!({}), 30), (json!({"expires_in_days": 1}), 1), (json!({"expires_in_days": 365}), 365)] {
        let made = api.post(OPERATOR, LINKS, wish).await;
        let at = |field: &str| {
            time::OffsetDateTime::parse(text(&made.body[field]), &time::format_description::well_known::Rfc3339)
                .expect("a time")
        };
        assert_eq!(at("expires_at") - at("created_at"), time::Duration::days(days));
    }
    for bad in [json!(0), json!(366), json!(-1), json!(70_000), json!(1.5), json!("7")] {
        let answer = api.post(OPERATOR, LINKS, json!({"expires_in_days": bad})).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "expires_in_days"), "{bad}");
    }
    assert_eq!(api.post(OPERATOR, LINKS, json!({"forever": true})).await.field(), "forever");
}

#[tokio::test]
async fn an_endpoint_has_so_many_open_links_and_no_more() {
    let api = Api::new();
    api.registered(OPERATOR, "a.example.com").await;
    for _ in 0..50 {
        assert_eq!(api.post(OPERATOR, LINKS, json!({})).await.status, StatusCode::CREATED);
    }
    let answer = api.post(OPERATOR, LINKS, json!({})).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "too-many-links"));
}

#[tokio::test]
async fn a_malformed_link_id_is_not_found() {
    let api = Api::new();
    api.registered(OPERATOR, "a.example.com").await;
    for bad in ["x", &"g".repeat(64), &"A".repeat(64), "%00", "%2e%2e"] {
        let answer = api.delete(OPERATOR, &format!("{LINKS}/{bad}")).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::NOT_FOUND, "link-not-found"), "{bad}");
    }
}

#[tokio::test]
async fn a_tenant_sees_an_operators_links_without_the_operator() {
    let api = Api::new();
    api.registered(Who::Tenant("acme"), "a.example.com").await;
    for who in [OPERATOR, Who::OperatorByRole, Who::Tenant("acme")] {
        assert_eq!(api.post(who, LINKS, json!({})).await.status, StatusCode::CREATED);
    }
    let makers = async |who| {
        let listed = api.get(who, LINKS).await.body["shares"].clone();
        let mut makers: Vec<_> =
            listed.as_array().expect("a list").iter().map(|link| link["created_by"].clone()).collect();
        makers.sort_by_key(|maker| text(&maker["who"]).to_owned());
        makers
    };
    let by_ann = json!({"who": "acme-ann", "address": "192.0.2.7"});
    assert_eq!(
        makers(Who::Tenant("acme")).await,
        [by_ann.clone(), json!({"who": "operator"}), json!({"who": "operator"})]
    );
    let (olga, otto) = ("arn:aws:iam::123456789012:user/olga", "otto");
    let of = |who: &str| json!({"who": who, "address": "192.0.2.7"});
    assert_eq!(makers(OPERATOR).await, [by_ann, of(olga), of(otto)]);
}
