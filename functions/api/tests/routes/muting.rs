//! Endpoints of which nobody is notified for a time.

use http::StatusCode;
use serde_json::json;

use crate::bench::{Api, text};
use crate::callers::Who;

const ACME: Who = Who::Tenant("acme");
const AT: &str = "/endpoints/a.example.com/mute";
const UNTIL: &str = "2099-01-01T00:00:00Z";

#[tokio::test]
async fn a_mute_is_seen_by_everybody_and_ended_by_anybody_who_sees_it() {
    let api = Api::new();
    let id = api.registered(ACME, "a.example.com").await;
    let until = time::OffsetDateTime::now_utc() + time::Duration::days(2);
    let until = until.format(&time::format_description::well_known::Rfc3339).expect("a year of four digits");
    let muted = api.put_at(Who::Operator, AT, json!({"until": until, "reason": "They move."})).await;
    assert_eq!(muted.status, StatusCode::OK, "{}", muted.body);
    assert_eq!((&muted.body["mute"]["by"], &muted.body["mute"]["reason"]), (&json!("operator"), &json!("They move.")));
    let seen = api.get(ACME, "/endpoints/a.example.com").await;
    assert_eq!(seen.body["mute"], muted.body["mute"], "tenants see who no more exactly than this");

    let over = api.delete(ACME, AT).await;
    assert_eq!((over.status, &over.body["mute"]), (StatusCode::OK, &json!(null)));
    assert_eq!(api.delete(ACME, AT).await.status, StatusCode::OK, "again is fine");
    assert!(api.endpoint(&id).await.mute.is_none());
    let events = api.get(ACME, "/endpoints/a.example.com/events").await;
    let kinds: Vec<_> =
        events.body["events"].as_array().expect("a list").iter().map(|event| text(&event["kind"])).collect();
    for kind in ["muted", "unmuted"] {
        assert_eq!(kinds.iter().filter(|known| **known == kind).count(), 1, "{kinds:?}");
    }
}

#[tokio::test]
async fn an_invalid_mute_is_refused_with_its_field() {
    let api = Api::new();
    let id = api.registered(ACME, "a.example.com").await;
    for (body, field) in [
        (json!({"until": UNTIL, "reason": "known"}), "until"),
        (json!({"until": "2020-01-01T00:00:00Z", "reason": "known"}), "until"),
        (json!({"until": UNTIL, "reason": "   "}), "reason"),
        (json!({"until": UNTIL, "from": UNTIL, "reason": "known"}), "until"),
    ] {
        let refused = api.put_at(ACME, AT, body.clone()).await;
        assert_eq!(
            (refused.status, refused.field()),
            (StatusCode::UNPROCESSABLE_ENTITY, field),
            "{body}: {}",
            refused.body
        );
    }
    for body in [json!({"reason": "known"}), json!({"until": "tomorrow", "reason": "known"}), json!({})] {
        assert_eq!(api.put_at(ACME, AT, body.clone()).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    assert!(api.endpoint(&id).await.mute.is_none());
}
