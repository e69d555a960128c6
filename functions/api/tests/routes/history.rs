use http::{Method, StatusCode};
use serde_json::{Value, json};
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;

use crate::bench::{Api, text};
use crate::callers::Who;

const OPERATOR: Who = Who::Operator;

fn kinds(body: &Value) -> Vec<&str> {
    body["events"].as_array().expect("a list").iter().map(|event| text(&event["kind"])).collect()
}

#[tokio::test]
async fn the_history_has_attempts_and_requests_with_who_made_them_from_where() {
    let api = Api::new();
    let id = api.registered(Who::Tenant("acme"), "a.example.com").await;
    api.failed(&id, FailureName::RecordsNotReady, WaitingOn::DomainOwner).await;
    api.call(OPERATOR, Method::POST, "/endpoints/a.example.com/renew", None).await;
    let events = api.get(Who::Tenant("acme"), "/endpoints/a.example.com/events").await;
    assert_eq!(events.status, StatusCode::OK);
    let mut found = kinds(&events.body);
    found.sort_unstable();
    assert_eq!(found, ["attempt_failed", "attempt_started", "registered", "renewal_requested"]);
    let by = |kind: &str| {
        let events = events.body["events"].as_array().expect("a list");
        events.iter().find(|event| event["kind"] == kind).expect("it happened")["by"].clone()
    };
    assert_eq!(by("registered"), json!({"who": "acme-ann", "address": "192.0.2.7"}));
    assert_eq!(
        by("renewal_requested"),
        json!({"who": "operator"}),
        "a tenant learns no operator's identity or address"
    );
    let events = api.get(OPERATOR, "/endpoints/a.example.com/events").await.body["events"].clone();
    let events = events.as_array().expect("a list");
    let renewal = events.iter().find(|event| event["kind"] == "renewal_requested").expect("it happened");
    assert_eq!(renewal["by"], json!({"who": "arn:aws:iam::123456789012:user/olga", "address": "192.0.2.7"}));
    assert_eq!(by("attempt_failed"), json!({"who": "managed-https"}));
    let set_up = |events: &Value| {
        let events = events.as_array().expect("a list").clone();
        events
            .into_iter()
            .filter(|event| event["set_up"] == true)
            .map(|event| text(&event["kind"]).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(set_up(&json!(events)), ["attempt_failed"], "no certificate yet: its records are waited for");
    let all = api.get(OPERATOR, "/events").await.body["events"].clone();
    assert_eq!(set_up(&all), ["attempt_failed"]);

    let attempts = api.get(OPERATOR, "/endpoints/a.example.com/attempts").await;
    assert_eq!(attempts.body["attempts"][0]["outcome"], "failed");
}

#[tokio::test]
async fn reading_on_from_an_event_skips_none() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    for _ in 0..6 {
        api.failed(&id, FailureName::RecordsNotReady, WaitingOn::DomainOwner).await;
        api.call(OPERATOR, Method::POST, "/endpoints/a.example.com/renew", None).await;
    }
    let ids = |body: &Value| -> Vec<String> {
        body["events"].as_array().expect("a list").iter().map(|event| text(&event["id"]).to_owned()).collect()
    };
    let path = "/endpoints/a.example.com/events";
    let all = ids(&api.get(OPERATOR, path).await.body);
    assert_eq!(all.len(), 1 + 6 * 3, "a registration; and a start, an end and a request, six times");
    assert!(all.is_sorted_by(|a, b| a > b), "newest first, each once");
    assert_eq!(ids(&api.get(OPERATOR, &format!("{path}?limit=3")).await.body), all[..3]);

    let mut read = vec![all.last().expect("there are some").clone()];
    loop {
        let after = read.last().expect("it began with one");
        let mut next = ids(&api.get(OPERATOR, &format!("{path}?limit=2&after={after}")).await.body);
        if next.is_empty() {
            break;
        }
        assert!(next.len() <= 2);
        next.reverse();
        read.extend(next);
    }
    read.reverse();
    assert_eq!(read, all);
}

#[tokio::test]
async fn a_bad_parameter_of_the_event_list_is_refused_by_name() {
    let api = Api::new();
    api.registered(OPERATOR, "a.example.com").await;
    for (query, field) in [
        ("after=x", "after"),
        ("after=", "after"),
        ("after=001795521600000-~", "after"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=1&limit=2", "limit"),
        ("kind=changed", "kind"),
    ] {
        let answer = api.get(OPERATOR, &format!("/endpoints/a.example.com/events?{query}")).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, field), "{query}");
    }
}

#[tokio::test]
async fn an_endpoint_that_was_removed_keeps_its_history_under_its_id() {
    let api = Api::new();
    let id = api.registered(Who::Tenant("acme"), "a.example.com").await;
    api.issued(&id).await;
    api.erased(&id).await;
    assert_eq!(api.get(OPERATOR, &format!("/endpoints/{id}")).await.status, StatusCode::NOT_FOUND);
    let acme = Who::Tenant("acme");
    for who in [OPERATOR, acme] {
        let events = api.get(who, &format!("/endpoints/{id}/events")).await;
        assert_eq!(events.status, StatusCode::OK);
        let kinds = kinds(&events.body);
        assert!(kinds.contains(&"registered") && kinds.contains(&"removed"), "{}", events.body);
        let attempts = api.get(who, &format!("/endpoints/{id}/attempts")).await;
        assert_eq!(attempts.body["attempts"].as_array().map(Vec::len), Some(2));
    }
    // Nobody else's; and a domain is free for another registration.
    let nobodys = [
        (Who::Tenant("other"), id.as_str()),
        (acme, "a.example.com"),
        (acme, "ep-nothing"),
        (OPERATOR, "a.example.com"),
        (OPERATOR, "ep-nothing"),
    ];
    for (who, reference) in nobodys {
        for part in ["events", "attempts"] {
            let answer = api.get(who, &format!("/endpoints/{reference}/{part}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{reference} {part}");
        }
    }
    assert_eq!(api.get(OPERATOR, &format!("/endpoints/{id}/shares")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn operator_and_tenant_see_who_removed_an_endpoint_after_it_is_gone() {
    let (api, acme) = (Api::new(), Who::Tenant("acme"));
    for (domain, remover) in [("own.example.com", acme), ("theirs.example.com", OPERATOR)] {
        let id = api.registered(acme, domain).await;
        api.issued(&id).await;
        assert_eq!(api.delete(remover, &format!("/endpoints/{domain}")).await.status, StatusCode::ACCEPTED);
        api.erased(&id).await;
        let by = async |reader: Who| {
            let events = api.get(reader, &format!("/endpoints/{id}/events")).await;
            let events = events.body["events"].as_array().cloned().expect("a list");
            let asked = events.iter().find(|event| event["kind"] == "removal_requested");
            text(&asked.expect("the history says who asked for it")["by"]["who"]).to_owned()
        };
        let (to_operator, to_tenant) = (by(OPERATOR).await, by(acme).await);
        match remover {
            Who::Tenant(_) => assert_eq!(to_operator, to_tenant, "the subject of its token"),
            _ => assert!(to_operator.starts_with("arn:aws:") && to_tenant == "operator", "{to_operator} {to_tenant}"),
        }
        // And among all events, by the name that it had.
        let all = api.get(OPERATOR, "/events").await;
        let told = all.body["events"].as_array().expect("a list").iter();
        let told = told.filter(|event| event["kind"] == "removal_requested" && event["domain"] == domain);
        assert_eq!(told.count(), 1, "{}", all.body);
    }
}

#[tokio::test]
async fn operators_read_the_events_of_all_endpoints() {
    let api = Api::new();
    let kept = api.registered(Who::Tenant("acme"), "a.example.com").await;
    let removed = api.registered(Who::Tenant("other"), "b.example.com").await;
    api.erased(&removed).await;
    let all = api.get(OPERATOR, "/events").await;
    assert_eq!(all.status, StatusCode::OK);
    let events = all.body["events"].as_array().expect("a list");
    let of = |id: &str| events.iter().filter(|event| event["endpoint"] == id).collect::<Vec<_>>();
    assert!(of(kept.as_str()).iter().all(|event| event["domain"] == "a.example.com"), "{}", all.body);
    assert!(of(removed.as_str()).iter().all(|event| event["domain"] == "b.example.com"), "{}", all.body);
    assert!(of(kept.as_str()).len() == 1 && of(removed.as_str()).len() == 4, "{}", all.body);
    let ids: Vec<_> = events.iter().map(|event| text(&event["id"])).collect();
    let after = api.get(OPERATOR, &format!("/events?after={}&limit=1", ids[2])).await;
    assert_eq!(after.body["events"][0]["id"], ids[1], "the next one, so that none is passed over");
    assert_eq!(api.get(OPERATOR, "/events?after=x").await.field(), "after");
    let refused = api.get(Who::Tenant("acme"), "/events").await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "operators-only"));
}
