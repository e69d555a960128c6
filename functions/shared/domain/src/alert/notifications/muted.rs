//! What a mute holds back, and what happens to it when the mute is over.

use time::{Duration, OffsetDateTime};
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::Origin;

use super::decide;
use super::properties::{certificate, failed, fresh, health_with};
use crate::alert::policy::NotificationPolicy;
use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::mute::Mute;
use crate::endpoint::notified::Severity;

const DAY: Duration = Duration::DAY;

/// An endpoint whose renewal fails, five days after its certificate was issued, and that time.
fn failing(owner: WaitingOn) -> (Endpoint, OffsetDateTime) {
    let mut endpoint = fresh();
    let now = endpoint.created_at + DAY * 5;
    endpoint.certificate = Some(certificate(&endpoint, 1, endpoint.created_at));
    endpoint.failing = Some(failed(FailureName::RecordsNotReady, owner, now));
    (endpoint, now)
}

fn muted(mut endpoint: Endpoint, from: OffsetDateTime, operator: bool) -> Endpoint {
    let by = Origin { who: "ann".into(), address: None, operator };
    endpoint.mute = Some(Mute { from, until: from + DAY, reason: "known".into(), by });
    endpoint
}

/// What people read at `now`; the endpoint stores the decision.
fn told(endpoint: &mut Endpoint, now: OffsetDateTime) -> Vec<(AlertKind, Severity)> {
    let decision = decide(endpoint, now, &NotificationPolicy::default());
    endpoint.told = decision.notifications;
    decision.alerts.iter().map(|alert| (alert.kind, alert.severity)).collect()
}

#[test]
fn an_issue_that_lasts_is_notified_when_the_mute_is_over_and_only_then() {
    let (endpoint, now) = failing(WaitingOn::DomainOwner);
    let mut endpoint = muted(endpoint, now, false);
    assert_eq!(told(&mut endpoint, now), []);
    assert_eq!(told(&mut endpoint, now + DAY - Duration::SECOND), []);
    let after = told(&mut endpoint, now + DAY);
    assert_eq!(after.len(), 1, "{after:?}");
    assert_eq!(told(&mut endpoint, now + DAY), [], "once");
}

#[test]
fn an_issue_that_came_and_went_during_the_mute_is_not_notified() {
    let (endpoint, now) = failing(WaitingOn::DomainOwner);
    let mut endpoint = muted(endpoint, now, false);
    assert_eq!(told(&mut endpoint, now), []);
    endpoint.failing = None;
    assert_eq!(told(&mut endpoint, now + DAY / 2), []);
    assert_eq!(told(&mut endpoint, now + DAY * 2), []);
}

#[test]
fn the_recovery_of_an_issue_from_before_the_mute_is_notified_after_it() {
    let (mut endpoint, now) = failing(WaitingOn::DomainOwner);
    assert_eq!(told(&mut endpoint, now).len(), 1);
    let mut endpoint = muted(endpoint, now, false);
    endpoint.failing = None;
    assert_eq!(told(&mut endpoint, now + DAY / 2), []);
    let after = told(&mut endpoint, now + DAY);
    assert_eq!(after.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [AlertKind::Recovered]);
}

#[test]
fn a_mute_that_has_not_begun_suppresses_nothing() {
    let (endpoint, now) = failing(WaitingOn::DomainOwner);
    let mut endpoint = muted(endpoint, now + DAY, true);
    assert_eq!(told(&mut endpoint, now).len(), 1);
}

#[test]
fn a_certificate_that_is_about_to_expire_is_notified_despite_a_mute() {
    let (endpoint, _) = failing(WaitingOn::DomainOwner);
    let end = endpoint.expires_at().expect("it has one");
    let mut endpoint = muted(endpoint, end - DAY * 2, true);
    let severities: Vec<_> = told(&mut endpoint, end - DAY - Duration::HOUR).into_iter().map(|(_, s)| s).collect();
    assert_eq!(severities, [Severity::Page]);
}

#[test]
fn no_tenant_mutes_an_issue_of_the_operator() {
    let (endpoint, now) = failing(WaitingOn::Operator);
    // Of this endpoint alone: shared causes are notified once for all endpoints.
    let health = Some(health_with(None, true, now));
    let endpoint = Endpoint { failing: None, health, ..endpoint };
    for (operator, count) in [(false, 1), (true, 0)] {
        let mut endpoint = muted(endpoint.clone(), now, operator);
        assert_eq!(told(&mut endpoint, now).len(), count, "by the operator: {operator}");
    }
}

#[test]
fn while_muted_an_issued_certificate_is_notified_to_programs_only() {
    let (endpoint, now) = failing(WaitingOn::DomainOwner);
    let endpoint = muted(Endpoint { failing: None, ..endpoint }, now, false);
    let quiet = |at| decide(&endpoint, at, &NotificationPolicy::default()).quiet_certificate;
    assert_eq!([now, now + DAY].map(quiet), [true, false]);
}
