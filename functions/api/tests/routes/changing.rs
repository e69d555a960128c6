use domain::ports::Registry;
use http::StatusCode;
use serde_json::json;
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::NamePolicy;

use crate::bench::{Api, internal, text};
use crate::callers::Who;

const OPERATOR: Who = Who::Operator;

#[tokio::test]
async fn a_change_of_names_starts_the_next_attempt_at_once() {
    let api = Api::new();
    let body = json!({"domain": "a.example.com", "also": ["b.example.com"], "reachability": "internal"});
    let id = text(&api.post(OPERATOR, "/endpoints", body).await.body["id"]).parse().expect("an id");
    api.issued(&id).await;
    api.flows.take();

    let wish = json!({"also": ["c.example.com", "*.a.example.com"], "reachability": "external"});
    let answer = api.patch(OPERATOR, "/endpoints/a.example.com", wish).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.body["names"], json!(["a.example.com", "c.example.com", "*.a.example.com"]));
    assert_eq!((&answer.body["reachability"], &answer.body["status"]), (&json!("external"), &json!("issuing")));
    assert_eq!(answer.body["certificate"]["names"], json!(["a.example.com", "b.example.com"]), "until the next one");
    let attempt = answer.body["attempt"].as_u64().expect("a number");
    assert_eq!(api.flows.take(), [(id.clone(), attempt)]);

    let tenant = api.endpoint(&id).await.tenant;
    let holder =
        async |name: &str| api.store.registered_by(&tenant, &name.parse().expect("a name")).await.expect("in memory");
    assert_eq!(holder("c.example.com").await, Some(id));
    assert_eq!(holder("b.example.com").await, None, "what is given back is free");
    api.registered(Who::Tenant("other"), "b.example.com").await;
    let events = api.get(OPERATOR, "/endpoints/a.example.com/events").await;
    let changed = events.body["events"].as_array().expect("a list").iter().find(|event| event["kind"] == "changed");
    let changed = changed.expect("it is in the trail");
    assert_eq!(
        changed["summary"],
        "Changed: added c.example.com, *.a.example.com; dropped b.example.com; now external."
    );
    assert_eq!(changed["by"], json!({"who": "arn:aws:iam::123456789012:user/olga", "address": "192.0.2.7"}));
}

#[tokio::test]
async fn a_change_to_the_present_state_does_nothing_even_while_an_attempt_runs() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    for wish in [json!({}), json!({"also": []}), json!({"also": ["A.example.com."], "reachability": "internal"})] {
        let answer = api.patch(OPERATOR, "/endpoints/a.example.com", wish).await;
        assert_eq!((answer.status, answer.body["attempt"].as_u64()), (StatusCode::OK, Some(1)));
    }
    assert_eq!(api.endpoint(&id).await.attempt, 1);
}

#[tokio::test]
async fn nothing_is_changed_while_an_attempt_runs_nor_once_it_is_being_removed() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    let wish = json!({"also": ["b.example.com"]});
    let answer = api.patch(OPERATOR, "/endpoints/a.example.com", wish.clone()).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "attempt-running"));
    api.delete(OPERATOR, "/endpoints/a.example.com").await;
    let answer = api.patch(OPERATOR, "/endpoints/a.example.com", wish).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "being-removed"));
    assert_eq!(api.endpoint(&id).await.names.len(), 1);
}

#[tokio::test]
async fn a_change_that_is_refused_names_its_field_and_changes_nothing() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    api.issued(&id).await;
    api.registered(OPERATOR, "taken.example.com").await;
    let before = api.endpoint(&id).await;
    for (wish, status, field) in [
        (json!({"also": ["free.example.com", "*.taken.example.com"]}), StatusCode::CONFLICT, "also[1]"),
        (json!({"also": ["not a name"]}), StatusCode::UNPROCESSABLE_ENTITY, "also[0]"),
        (json!({"domain": "z.example.com"}), StatusCode::UNPROCESSABLE_ENTITY, "domain"),
        (json!({"tenant": "acme"}), StatusCode::UNPROCESSABLE_ENTITY, "tenant"),
        (json!({"reachability": "sideways"}), StatusCode::UNPROCESSABLE_ENTITY, "reachability"),
        (json!({"also": ["*.example.com"]}), StatusCode::UNPROCESSABLE_ENTITY, "domain"),
    ] {
        let answer = api.patch(OPERATOR, "/endpoints/a.example.com", wish.clone()).await;
        assert_eq!((answer.status, answer.field()), (status, field), "{wish}");
    }
    assert_eq!(api.endpoint(&id).await, before);
    let free = "free.example.com".parse().expect("a name");
    assert_eq!(api.store.registered_by(&before.tenant, &free).await.expect("in memory"), None);
}

#[tokio::test]
async fn a_name_that_is_added_must_be_one_that_the_ca_issues_for_and_one_that_is_there_already_need_not() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    api.issued(&id).await;
    for (wish, field) in [
        (json!({"also": ["b.example.com", "printer.local"]}), "also[1]"),
        (json!({"also": ["ab--cd.example.com"]}), "also[0]"),
        (json!({"also": [format!("{0}.{0}.{0}.{1}.com", "a".repeat(63), "b".repeat(42))]}), "also[0]"),
        (json!({"also": ["b.example.com, c.example.com"]}), "also[0]"),
    ] {
        let answer = api.patch(OPERATOR, "/endpoints/a.example.com", wish.clone()).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, field), "{wish}");
    }

    // Registered before there was the rule.
    api.put("default", "old.shop.test").await;
    let answer = api.patch(OPERATOR, "/endpoints/old.shop.test", json!({"also": [" c.example.org"]})).await;
    assert_eq!((answer.status, &answer.body["names"]), (StatusCode::OK, &json!(["old.shop.test", "c.example.org"])));
}

#[tokio::test]
async fn a_name_too_long_for_the_record_of_the_other_challenge_cannot_change_to_it() {
    let api = Api::with_name_policy(NamePolicy::LetsEncrypt);
    let long = format!("{0}.{0}.{0}.{1}.com", "a".repeat(63), "b".repeat(40));
    assert_eq!(long.len(), 236);
    let id = api.registered(OPERATOR, &long).await;
    api.issued(&id).await;
    let answer = api.patch(OPERATOR, &format!("/endpoints/{id}"), json!({"challenge": "dns-persist-01"})).await;
    assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "challenge"));
    assert!(text(&answer.body["detail"]).contains("_validation-persist."), "{}", answer.body);
}

#[tokio::test]
async fn a_renewal_is_started_and_a_second_one_meanwhile_is_a_conflict() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    let answer = api.post(OPERATOR, "/endpoints/a.example.com/renew", json!({})).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "attempt-running"));
    api.issued(&id).await;
    api.flows.take();
    let answer = api.call(OPERATOR, http::Method::POST, "/endpoints/a.example.com/renew", None).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.body, json!({"endpoint": id, "attempt": 2}));
    assert_eq!(api.flows.take(), [(id.clone(), 2)]);
    assert!(!api.endpoint(&id).await.is_current(time::OffsetDateTime::now_utc()), "the attempt will not find it good");
}

#[tokio::test]
async fn a_paused_endpoint_says_who_is_waited_on_and_a_renewal_resumes_it() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    api.paused(&id).await;
    let shown = api.get(OPERATOR, "/endpoints/a.example.com").await.body;
    assert_eq!((&shown["status"], &shown["actor"]), (&json!("paused"), &json!("customer")));
    assert!(text(&shown["reason"]).starts_with("Paused: ") && text(&shown["next_step"]).starts_with("Make it so."));
    assert!(!shown["failure"]["paused_since"].is_null());
    let listed = api.get(OPERATOR, "/endpoints?status=paused&actor=customer").await;
    assert_eq!(listed.domains(), ["a.example.com"]);

    api.flows.take();
    let renewed = api.call(OPERATOR, http::Method::POST, "/endpoints/a.example.com/renew", None).await;
    assert_eq!(renewed.status, StatusCode::ACCEPTED);
    assert_eq!(api.flows.take(), [(id.clone(), 2)]);
    let woken = api.get(OPERATOR, "/endpoints/a.example.com").await.body;
    assert_eq!((&woken["status"], &woken["failure"]["paused_since"]), (&json!("waiting_for_dns"), &json!(null)));
}

#[tokio::test]
async fn a_removal_is_accepted_shown_and_repeated() {
    let api = Api::new();
    api.registered(OPERATOR, "a.example.com").await;
    for _ in 0..2 {
        let going = api.delete(OPERATOR, "/endpoints/a.example.com").await;
        assert_eq!((going.status, &going.body["status"]), (StatusCode::ACCEPTED, &json!("paused")));
    }
    let events = api.get(OPERATOR, "/endpoints/a.example.com/events").await;
    let asked = events.body["events"].as_array().expect("a list").iter();
    assert_eq!(asked.filter(|event| event["kind"] == "removal_requested").count(), 1);
    let renewed = api.post(OPERATOR, "/endpoints/a.example.com/renew", json!({})).await;
    assert_eq!(renewed.problem(), "being-removed");
}

#[tokio::test]
async fn an_idle_endpoint_that_is_removed_is_cleaned_up_at_once() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    api.failed(&id, FailureName::RecordsNotReady, WaitingOn::DomainOwner).await;
    api.flows.take();
    api.delete(OPERATOR, "/endpoints/a.example.com").await;
    assert_eq!(api.flows.take(), [(id, 2)]);
    assert_eq!(api.post(OPERATOR, "/endpoints", internal("a.example.com")).await.problem(), "name-taken", "still held");
}

#[tokio::test]
async fn an_endpoint_switches_to_a_persistent_record_only_where_they_are_enabled() {
    let api = Api::with_persistent_records(true);
    let id = api.registered(OPERATOR, "a.example.com").await;
    api.issued(&id).await;
    let wish = |method: &str| json!({"challenge": method});
    let answer = api.patch(OPERATOR, "/endpoints/a.example.com", wish("dns-persist-01")).await;
    assert_eq!((answer.status, &answer.body["challenge"]), (StatusCode::OK, &json!("dns-persist-01")));
    assert_eq!(answer.body["dns"]["records"][0]["type"], "TXT");
    let events = api.get(OPERATOR, "/endpoints/a.example.com/events").await;
    let told = |events: &serde_json::Value| events["events"].to_string();
    assert!(told(&events.body).contains("now validated by a persistent record"), "{}", events.body);

    let none = Api::new();
    let id = none.registered(OPERATOR, "a.example.com").await;
    none.issued(&id).await;
    let answer = none.patch(OPERATOR, "/endpoints/a.example.com", wish("dns-persist-01")).await;
    assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "challenge"));
    assert_eq!(none.patch(OPERATOR, "/endpoints/a.example.com", wish("dns-01")).await.status, StatusCode::OK);
}
