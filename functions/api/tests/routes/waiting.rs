//! No more attempts run at once than the account carries, whoever starts them.

use domain::ports::{DUE_SHARDS, DueIndex, FaultKind, Place, Room, ServiceFault};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::contracts::whole_second;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use vocabulary::names::EndpointId;

use crate::bench::{Api, internal, text};
use crate::callers::Who;

const OPERATOR: Who = Who::Operator;

fn time(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(text(value), &Rfc3339).expect("a time")
}

/// What a scan would find, the longest due first.
async fn due(api: &Api) -> Vec<EndpointId> {
    let mut entries = Vec::new();
    for shard in 0..DUE_SHARDS {
        entries.extend(api.store.due(shard, OffsetDateTime::now_utc(), 100).await.expect("in memory"));
    }
    entries.sort_by_key(|entry| entry.due_at);
    entries.into_iter().map(|entry| entry.endpoint).collect()
}

#[tokio::test]
async fn registrations_that_come_together_start_as_many_attempts_as_there_is_room_for_and_the_others_are_due() {
    let api = Api::with_room(3);
    let mut answers = Vec::new();
    for n in 0..7 {
        let answer = api.post(OPERATOR, "/endpoints", internal(&format!("n{n}.example.com"))).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answers.push(answer.body);
    }
    assert_eq!(api.flows.take().len(), 3);
    let now = OffsetDateTime::now_utc();
    for (n, endpoint) in answers.iter().enumerate().skip(3) {
        assert_eq!((&endpoint["attempt"], &endpoint["status"]), (&json!(0), &json!("issuing")), "{endpoint}");
        let expected = time(&endpoint["next_attempt_at"]);
        let rounds = i32::try_from((n - 3) / 3 + 1).expect("small");
        assert!((expected - now - Duration::MINUTE * rounds).abs() < Duration::seconds(20), "{n}: {expected}");
        let reason = text(&endpoint["reason"]);
        assert!(reason.contains("waits until others have ended") && reason.contains("UTC"), "{reason}");
    }
    let waiting: Vec<EndpointId> = answers[3..].iter().map(|one| text(&one["id"]).parse().expect("an id")).collect();
    let mut found = due(&api).await;
    found.sort();
    let mut expected = waiting.clone();
    expected.sort();
    assert_eq!(found, expected, "a scan finds them");
    // All three have ended, and the scan has not come yet.
    let late = api.post(OPERATOR, "/endpoints", internal("late.example.com")).await.body;
    assert_eq!((api.flows.take().len(), &late["attempt"]), (0, &json!(0)), "who comes later does not overtake them");
    // The scan takes them all.
    api.flows.take_room(0, Place::First, now).await.expect("in memory");
    api.registered(OPERATOR, "free.example.com").await;
    assert_eq!(api.flows.take().len(), 1, "nobody waits any more");
}

#[tokio::test]
async fn a_renewal_without_room_is_the_next_attempt_and_asking_again_changes_nothing() {
    let api = Api::with_room(1);
    let id = api.registered(OPERATOR, "a.example.com").await;
    api.issued(&id).await;
    api.flows.take();
    api.registered(OPERATOR, "b.example.com").await;
    let renew = async || api.post(OPERATOR, "/endpoints/a.example.com/renew", json!({})).await;
    let first = renew().await;
    assert_eq!((first.status, &first.body["attempt"]), (StatusCode::ACCEPTED, &json!(2)), "{}", first.body);
    let expected = time(&first.body["expected_at"]);
    assert!(expected > OffsetDateTime::now_utc());
    let endpoint = api.endpoint(&id).await;
    let place = endpoint.due_at.expect("due");
    assert!(place <= OffsetDateTime::now_utc() && endpoint.attempt == 1);
    let again = renew().await;
    assert_eq!((again.status, &again.body), (StatusCode::ACCEPTED, &first.body));
    assert_eq!(api.endpoint(&id).await.due_at, Some(place), "it keeps its place");
    let shown = api.get(OPERATOR, "/endpoints/a.example.com").await.body;
    assert_eq!(time(&shown["next_attempt_at"]), expected);
    assert!(text(&shown["reason"]).contains("waits until others have ended"), "{shown}");
    assert_eq!(api.flows.take().len(), 1, "that of the other endpoint");
}

#[tokio::test]
async fn where_the_room_cannot_be_counted_the_next_scan_starts_the_attempt() {
    let api = Api::new();
    let fault =
        ServiceFault { operation: "states:ListExecutions", kind: FaultKind::Throttled, detail: "slow down".into() };
    api.flows.refuse_room(Some(fault));
    let answer = api.post(OPERATOR, "/endpoints", internal("a.example.com")).await;
    assert_eq!((answer.status, api.flows.take().len()), (StatusCode::CREATED, 0));
    assert_eq!(due(&api).await.len(), 1);
    let within = time(&answer.body["next_attempt_at"]) - whole_second();
    assert!(within <= Duration::seconds(62), "{within}");
    let renewed = api.post(OPERATOR, "/endpoints/a.example.com/renew", json!({})).await;
    assert_eq!((renewed.status, &renewed.body["attempt"]), (StatusCode::ACCEPTED, &json!(1)));
    api.flows.refuse_room(None);
}
