use domain::installation::{AcmUse, Capacity};
use domain::ports::CapacityLog;
use http::StatusCode;
use serde_json::{Value, json};
use time::OffsetDateTime;
use vocabulary::certificate::{AcmQuotas, Target};

use crate::bench::{Answer, Api, internal, text};
use crate::callers::Who;

const ACME: Who = Who::Tenant("acme");
const GLOBEX: Who = Who::Tenant("globex");

async fn register(api: &Api, who: Who, number: u32) -> Answer {
    api.post(who, "/endpoints", internal(&format!("host-{number}.example.com"))).await
}

/// Refused for now, with when it may be asked again.
fn too_many(answer: &Answer) {
    assert_eq!((answer.status, answer.problem()), (StatusCode::TOO_MANY_REQUESTS, "too-many-requests"));
    let seconds: u32 = answer.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=3600).contains(&seconds), "{seconds}");
    assert!(text(&answer.body["detail"]).contains("Tenant acme may ask for"), "{}", answer.body);
}

#[tokio::test]
async fn a_tenant_that_registers_too_much_waits_and_nobody_else_does() {
    let api = Api::with_limits("registrations=2/1h");
    for number in 0..2 {
        assert_eq!(register(&api, ACME, number).await.status, StatusCode::CREATED);
    }
    too_many(&register(&api, ACME, 2).await);
    assert_eq!(
        api.get(ACME, "/endpoints/host-2.example.com").await.status,
        StatusCode::NOT_FOUND,
        "nothing is written"
    );
    assert_eq!(register(&api, GLOBEX, 2).await.status, StatusCode::CREATED);
    for number in 3..9 {
        assert_eq!(
            register(&api, Who::Operator, number).await.status,
            StatusCode::CREATED,
            "operators are not limited"
        );
    }
}

#[tokio::test]
async fn the_share_of_acm_is_one_of_what_service_quotas_has_granted() {
    let api = Api::new();
    let now = OffsetDateTime::now_utc();
    let granted = async |certificates: u32| {
        let home = AcmUse {
            target: Target { region: "eu-central-1".parse().expect("a region"), role: None },
            forecast: None,
            quotas: AcmQuotas { certificates, imports: 5000 },
            quotas_unknown: None,
            as_of: Some(now),
            tried_at: now,
            fault: None,
        };
        let kept = api.store.capacity().await.expect("read");
        assert_eq!(api.store.save_capacity(&Capacity { acm: vec![home], ..kept }).await, Ok(true));
    };
    granted(4).await;
    for number in 0..2 {
        assert_eq!(register(&api, ACME, number).await.status, StatusCode::CREATED);
    }
    let full = register(&api, ACME, 2).await;
    assert_eq!((full.status, full.problem()), (StatusCode::CONFLICT, "quota-reached"), "half of four");
    granted(6).await;
    assert_eq!(register(&api, ACME, 2).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_tenant_that_checks_or_renews_too_much_waits() {
    let api = Api::with_limits("checks=1/1h,renewals=1/1h");
    let id = api.registered(ACME, "a.example.com").await;
    api.issued(&id).await;
    let preflight = json!({"domain": "b.example.com", "reachability": "internal"});
    assert_eq!(api.post(ACME, "/checks", preflight.clone()).await.status, StatusCode::OK);
    too_many(&api.post(ACME, "/checks", preflight.clone()).await);
    too_many(&api.post(ACME, "/endpoints/a.example.com/check", json!({})).await);
    assert_eq!(api.post(GLOBEX, "/checks", preflight).await.status, StatusCode::OK);
    assert_eq!(api.post(ACME, "/endpoints/a.example.com/renew", json!({})).await.status, StatusCode::ACCEPTED);
    api.issued(&id).await;
    too_many(&api.post(ACME, "/endpoints/a.example.com/renew", json!({})).await);
    assert_eq!(api.post(Who::Operator, "/endpoints/a.example.com/renew", json!({})).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn whatever_starts_an_attempt_counts_as_a_renewal() {
    let api = Api::with_limits("renewals=1/1h");
    let id = api.registered(ACME, "a.example.com").await;
    api.issued(&id).await;
    let change = |reachability: &str| json!({"reachability": reachability});
    assert_eq!(api.patch(ACME, "/endpoints/a.example.com", change("external")).await.status, StatusCode::OK);
    api.issued(&id).await;
    too_many(&api.patch(ACME, "/endpoints/a.example.com", change("internal")).await);
    too_many(&api.post(ACME, "/endpoints/a.example.com/revoke", json!({"reason": "superseded"})).await);
    let same = api.patch(ACME, "/endpoints/a.example.com", change("external")).await;
    assert_eq!(same.status, StatusCode::OK, "nothing comes of it: {}", same.body);
    let by_operator = api.patch(Who::Operator, "/endpoints/a.example.com", change("internal")).await;
    assert_eq!(by_operator.status, StatusCode::OK);
}

#[tokio::test]
async fn a_check_of_many_names_counts_as_several_or_is_refused_and_counts_as_none() {
    let api = Api::with_limits("checks=3/1h");
    let also: Vec<String> = (0..24).map(|number| format!("n{number}.example.com")).collect();
    let many = json!({"domain": "a.example.com", "also": also, "reachability": "internal"});
    let id = text(&api.post(ACME, "/endpoints", many).await.body["id"]).to_owned();
    let check = async || api.post(ACME, &format!("/endpoints/{id}/check"), json!({})).await;
    assert_eq!(check().await.status, StatusCode::OK, "three");
    too_many(&check().await);

    let api = Api::with_limits("checks=4/1h");
    let also: Vec<String> = (0..24).map(|number| format!("n{number}.example.com")).collect();
    let many = json!({"domain": "a.example.com", "also": also, "reachability": "internal"});
    let id = text(&api.post(ACME, "/endpoints", many).await.body["id"]).to_owned();
    assert_eq!(api.post(ACME, &format!("/endpoints/{id}/check"), json!({})).await.status, StatusCode::OK);
    too_many(&api.post(ACME, &format!("/endpoints/{id}/check"), json!({})).await);
    let one = json!({"domain": "b.example.com", "reachability": "internal"});
    assert_eq!(api.post(ACME, "/checks", one).await.status, StatusCode::OK, "the one that is left");
}

#[tokio::test]
async fn a_tenant_has_so_many_endpoints_and_names_and_what_it_removes_is_free_again() {
    let api = Api::with_limits("endpoints=1,names=2");
    let id = api.registered(ACME, "host-0.example.com").await;
    let refused = register(&api, ACME, 1).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::CONFLICT, "quota-reached"));
    assert!(text(&refused.body["detail"]).contains("has 1 endpoint, and may have 1"), "{}", refused.body);
    let again = register(&api, ACME, 0).await;
    assert_eq!((again.status, again.problem()), (StatusCode::CONFLICT, "name-taken"), "it is there: {}", again.body);
    assert_eq!(text(&again.body["endpoint"]), id.to_string());
    api.issued(&id).await;
    let wish = |also: Value| json!({"also": also});
    let two = wish(json!(["b.example.com"]));
    assert_eq!(api.patch(ACME, "/endpoints/host-0.example.com", two).await.status, StatusCode::OK);
    api.issued(&id).await;
    let three = wish(json!(["b.example.com", "c.example.com"]));
    assert_eq!(api.patch(ACME, "/endpoints/host-0.example.com", three).await.problem(), "quota-reached");
    assert_eq!(register(&api, GLOBEX, 1).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_repeated_registration_gets_the_same_answer_and_takes_no_token() {
    for limits in ["endpoints=1", "names=1", "registrations=1/1h", "acm=100,registrations=1/1h"] {
        let api = Api::with_limits(limits);
        let first = api.register_under("key", ACME, &internal("a.example.com")).await;
        for _ in 0..2 {
            let again = api.register_under("key", ACME, &internal("a.example.com")).await;
            assert_eq!((again.status, &again.body["id"]), (StatusCode::CREATED, &first.body["id"]), "{limits}");
        }
        let other = api.register_under("another", ACME, &internal("b.example.com")).await;
        assert!(matches!(other.problem(), "quota-reached" | "too-many-requests"), "{limits}: {}", other.body);
    }
    let api = Api::with_limits("registrations=2/1h");
    for _ in 0..9 {
        api.register_under("key", ACME, &internal("a.example.com")).await;
    }
    let second = api.register_under("another", ACME, &internal("b.example.com")).await;
    assert_eq!(second.status, StatusCode::CREATED, "the repeats took no token");
}

#[tokio::test]
async fn a_tenant_has_a_share_of_acms_quotas() {
    // One percent of 2,500 certificates.
    let api = Api::with_limits("acm=1");
    for number in 0..25 {
        assert_eq!(register(&api, ACME, number).await.status, StatusCode::CREATED);
    }
    assert_eq!(register(&api, ACME, 25).await.problem(), "quota-reached");
}

#[tokio::test]
async fn limits_are_shown_to_the_tenant_and_those_of_all_to_operators() {
    let api = Api::with_limits("registrations=5/1h,renewals=unlimited");
    api.registered(ACME, "a.example.com").await;
    let of = |answer: &Answer, what: &str| {
        let limits = answer.body["limits"].as_array().expect("a list");
        limits.iter().find(|limit| limit["of"] == what).cloned()
    };
    for (who, path) in [(ACME, "/limits"), (ACME, "/limits?tenant=acme"), (Who::Operator, "/limits?tenant=acme")] {
        let shown = api.get(who, path).await;
        assert_eq!((shown.status, &shown.body["tenant"]), (StatusCode::OK, &json!("acme")));
        let registrations = json!({"of": "registrations", "used": 1, "limit": 5, "within_seconds": 3600});
        assert_eq!(of(&shown, "registrations"), Some(registrations));
        assert_eq!(of(&shown, "endpoints"), Some(json!({"of": "endpoints", "used": 1, "limit": 1250})));
        assert_eq!(of(&shown, "renewals"), None, "what is not limited is left out");
    }
    assert_eq!(api.get(ACME, "/limits?tenant=globex").await.status, StatusCode::FORBIDDEN);
    assert_eq!(of(&api.get(GLOBEX, "/limits").await, "endpoints").expect("limited")["used"], 0);
    assert_eq!(api.get(Who::Operator, "/limits").await.body["tenant"], "default");
}
