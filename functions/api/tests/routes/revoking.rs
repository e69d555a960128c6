//! Certificates that are revoked at their CA.

use http::StatusCode;
use serde_json::json;

use crate::bench::{Api, text};
use crate::callers::Who;

const ACME: Who = Who::Tenant("acme");
const AT: &str = "/endpoints/a.example.com/revoke";

#[tokio::test]
async fn a_revocation_starts_the_attempt_that_brings_another_certificate_first() {
    let api = Api::new();
    let id = api.registered(ACME, "a.example.com").await;
    api.issued_by_ca(&id).await;
    api.flows.take();
    let answer = api.post(ACME, AT, json!({"reason": "key-compromise"})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    assert_eq!(
        (&answer.body["revocation"]["serial"], &answer.body["revocation"]["reason"]),
        (&json!("0AB1"), &json!("key-compromise"))
    );
    assert_eq!(api.flows.take().len(), 1, "the attempt is started");
    let events = api.get(ACME, "/endpoints/a.example.com/events").await;
    let asked =
        events.body["events"].as_array().expect("a list").iter().find(|event| event["kind"] == "revocation_requested");
    let asked = asked.expect("it is in the trail");
    assert!(text(&asked["summary"]).contains("0AB1") && asked["by"]["who"] == "acme-ann", "{asked}");
}

#[tokio::test]
async fn what_cannot_be_revoked_is_refused_with_the_reason_and_changes_nothing() {
    let api = Api::new();
    let id = api.registered(ACME, "a.example.com").await;
    let problem = async |body: serde_json::Value| {
        let answer = api.post(ACME, AT, body).await;
        (answer.status, answer.problem().to_owned())
    };
    let reason = || json!({"reason": "superseded"});
    let conflict = |name: &str| (StatusCode::CONFLICT, name.to_owned());
    assert_eq!(problem(reason()).await, conflict("attempt-running"));
    api.failed(&id, vocabulary::failure::FailureName::RecordsNotReady, vocabulary::guidance::WaitingOn::DomainOwner)
        .await;
    assert_eq!(problem(reason()).await, conflict("no-certificate"));
    assert_eq!(problem(json!({"reason": "because"})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(api.endpoint(&id).await.revocation.is_none());

    let api = Api::new();
    let id = api.registered(ACME, "a.example.com").await;
    api.issued(&id).await;
    let answer = api.post(ACME, AT, reason()).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "certificate-not-kept"));
    assert!(text(&answer.body["action"]).contains("managed-https renew"), "{}", answer.body);
    let answer = api.delete(ACME, "/endpoints/a.example.com?revoke=superseded").await;
    assert_eq!(answer.problem(), "certificate-not-kept", "a removal that cannot revoke does not begin");
    assert!(!api.endpoint(&id).await.removing);
}

#[tokio::test]
async fn a_removal_may_revoke_before_it_deletes() {
    let api = Api::new();
    let id = api.registered(ACME, "a.example.com").await;
    api.issued_by_ca(&id).await;
    let answer = api.delete(ACME, "/endpoints/a.example.com?revoke=cessation-of-operation").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let going = api.endpoint(&id).await;
    assert!(going.removing && going.revocation.is_some_and(|revocation| revocation.serial == "0AB1"));
    let again = api.post(ACME, AT, json!({"reason": "superseded"})).await;
    assert_eq!((again.status, again.problem()), (StatusCode::CONFLICT, "being-removed"));
}
