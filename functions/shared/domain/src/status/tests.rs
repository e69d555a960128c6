use super::*;
use diagnosis::report::{CheckSummary, Serving};
use time::macros::datetime;
use vocabulary::acme::Reachability;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::failure::FailureName;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};

use crate::endpoint::failing::{Absence, Failing};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

const RENEW: OffsetDateTime = datetime!(2027-01-23 12:00 UTC);

const END: OffsetDateTime = datetime!(2027-02-22 12:00 UTC);

fn fresh() -> Endpoint {
    Endpoint::register(
        EndpointId::from_random([1; 16]),
        TenantId::fallback(),
        EndpointNames::parse("www.example.com", &[], 9).expect("valid"),
        Reachability::External,
        DelegationLabel::from_random([2; 16]),
        NOW,
    )
}

fn held() -> Endpoint {
    let mut endpoint = fresh();
    endpoint.due_at = Some(RENEW);
    endpoint.certificate = Some(InstalledCertificate {
        arn: "arn".into(),
        serial: "1".into(),
        issuer: "CN=CA".into(),
        names: endpoint.names.iter().cloned().collect(),
        not_before: NOW,
        not_after: END,
        imported_at: NOW,
        renew_at: RENEW,
        directory: None,
        renewal_id: None,
        advice: None,
        generation: 1,
        renewal: false,
        announced: true,
        copies: vec![],
        listeners: vec![],
    });
    endpoint
}

fn failing(mut endpoint: Endpoint, name: FailureName, actor: Actor) -> Endpoint {
    let failure = Failure::new(name, actor, "what", "do this");
    endpoint.due_at = Some(NOW + Duration::MINUTE);
    endpoint.failing = Some(Failing::first(failure, NOW));
    endpoint
}

fn checked(mut endpoint: Endpoint, worst: Option<Severity>, serves_another: bool) -> Endpoint {
    let concern = |severity| Concern {
        check: "delegation-missing".into(),
        severity,
        actor: Actor::Customer,
        summary: "it is gone.".into(),
        remedy: "create it".into(),
        record: None,
    };
    endpoint.check = Some(CheckSummary {
        checked_at: NOW + Duration::HOUR,
        records: if worst == Some(Severity::Error) { RecordStatus::Missing } else { RecordStatus::Ok },
        worst: worst.map(concern),
        serves_another,
    });
    endpoint
}

fn says(endpoint: &Endpoint, now: OffsetDateTime) -> (Verdict, Mover) {
    let judgement = judge(endpoint, now);
    assert!(!judgement.reason.is_empty() && !judgement.next_step.is_empty());
    (judgement.verdict, judgement.mover)
}

#[test]
fn a_certificate_is_named_by_its_place_in_its_life() {
    let state = |endpoint: &Endpoint, now| certificate_state(endpoint, now);
    assert_eq!(state(&fresh(), NOW), CertificateState::None);
    let mut running = fresh();
    running.lease_until = Some(NOW + Duration::HOUR);
    assert_eq!(state(&running, NOW), CertificateState::Issuing);
    let failed = failing(fresh(), FailureName::RecordsNotReady, Actor::Customer);
    assert_eq!(state(&failed, NOW), CertificateState::Failed);
    let tick = Duration::NANOSECOND;
    assert_eq!(state(&held(), RENEW - tick), CertificateState::Active);
    assert_eq!(state(&held(), RENEW), CertificateState::Expiring);
    assert_eq!(state(&held(), END - tick), CertificateState::Expiring);
    assert_eq!(state(&held(), END), CertificateState::Expired);
}

#[test]
fn what_is_wrong_decides_whose_move_it_is() {
    use FailureName::*;
    let cases = [
        (failing(fresh(), RecordsNotReady, Actor::Customer), Verdict::ActionRequired, Mover::Customer),
        (failing(held(), RecordsNotReady, Actor::Customer), Verdict::ActionRequired, Mover::Customer),
        (failing(fresh(), Misconfigured, Actor::Operator), Verdict::ActionRequired, Mover::Operator),
        (failing(held(), Misconfigured, Actor::Operator), Verdict::Degraded, Mover::Operator),
        (failing(held(), Throttled, Actor::Operator), Verdict::Retrying, Mover::Nobody),
        (failing(fresh(), RateLimited, Actor::Ca), Verdict::Retrying, Mover::Ca),
        (checked(held(), Some(Severity::Error), false), Verdict::Degraded, Mover::Customer),
        (checked(held(), Some(Severity::Warning), false), Verdict::Ready, Mover::Nobody),
        (checked(held(), None, true), Verdict::Degraded, Mover::Operator),
        (checked(held(), None, false), Verdict::Ready, Mover::Nobody),
        (held(), Verdict::Ready, Mover::Nobody),
        (fresh(), Verdict::Issuing, Mover::Nobody),
    ];
    for (endpoint, verdict, mover) in cases {
        assert_eq!(says(&endpoint, NOW), (verdict, mover), "{:?} {:?}", endpoint.failing, endpoint.check);
    }
}

#[test]
fn a_customer_who_has_mended_the_records_is_not_told_to_act_again() {
    let told = failing(fresh(), FailureName::RecordsNotReady, Actor::Customer);
    assert_eq!(says(&checked(told.clone(), None, false), NOW), (Verdict::Issuing, Mover::Nobody));
    let mut older = checked(told, None, false);
    older.failing.as_mut().expect("failing").failed_at = Some(NOW + Duration::DAY);
    assert_eq!(says(&older, NOW), (Verdict::ActionRequired, Mover::Customer));
}

#[test]
fn a_parked_endpoint_says_who_can_wake_it_until_its_records_are_right() {
    let mut parked = failing(fresh(), FailureName::RecordsNotReady, Actor::Customer);
    let absence = Absence { since: NOW, looks: 99, parked_since: Some(NOW) };
    parked.failing.as_mut().expect("failing").absence = Some(absence);
    assert_eq!(says(&parked, NOW), (Verdict::Paused, Mover::Customer));
    let judgement = judge(&parked, NOW);
    assert!(judgement.reason.starts_with("Parked") && judgement.next_step.starts_with("do this"), "{judgement:?}");
    assert_eq!(says(&checked(parked.clone(), None, false), NOW), (Verdict::Issuing, Mover::Nobody));
    parked.failing.as_mut().expect("failing").failure.actor = Actor::Operator;
    assert_eq!(says(&parked, NOW), (Verdict::ActionRequired, Mover::Operator), "ours to mend first");
}

#[test]
fn an_engine_that_has_stopped_is_seen_by_what_it_leaves_undone() {
    assert_eq!(says(&held(), RENEW + OVERDUE), (Verdict::Issuing, Mover::Nobody));
    assert_eq!(says(&held(), RENEW + OVERDUE + Duration::SECOND), (Verdict::Degraded, Mover::Operator));
    assert_eq!(says(&held(), END), (Verdict::ActionRequired, Mover::Operator));
}

#[test]
fn it_is_said_when_it_will_break() {
    assert_eq!(judge(&held(), NOW).breaks_at, None);
    assert_eq!(judge(&checked(held(), Some(Severity::Error), false), NOW).breaks_at, Some(END));
    let failed = failing(held(), FailureName::RecordsNotReady, Actor::Customer);
    assert_eq!(judge(&failed, NOW).breaks_at, Some(END));
}

/// With a health of which `kind` is wrong, seen at so many looks.
fn watched(mut endpoint: Endpoint, kind: SymptomKind, looks: u32) -> Endpoint {
    let (summary, remedy) = ("it is so.".to_owned(), "do this".to_owned());
    endpoint.health = Some(Health {
        looked_at: NOW + Duration::HOUR,
        dns_good_at: Some(NOW),
        symptoms: vec![Symptom { kind, since: NOW, looks, actor: Actor::Operator, summary, remedy, record: None }],
        served: Serving::NotChecked,
        used_by: vec![],
    });
    endpoint
}

#[test]
fn what_the_schedule_has_seen_twice_counts() {
    let cases = [
        (SymptomKind::CertificateMissing, Verdict::ActionRequired),
        (SymptomKind::AnotherHeld, Verdict::ActionRequired),
        (SymptomKind::ChainIncomplete, Verdict::Degraded),
        (SymptomKind::AnotherServed, Verdict::Degraded),
        (SymptomKind::Unused, Verdict::Ready),
    ];
    for (kind, verdict) in cases {
        let judgement = judge(&watched(held(), kind, 2), NOW);
        assert_eq!(judgement.verdict, verdict, "{kind:?}");
        assert_eq!(judge(&watched(held(), kind, 1), NOW).verdict, Verdict::Ready, "{kind:?}, seen once");
    }
    let mut renewed = watched(held(), SymptomKind::CertificateMissing, 2);
    renewed.certificate.as_mut().expect("held").imported_at = NOW + Duration::HOUR + Duration::SECOND;
    assert_eq!(judge(&renewed, NOW).verdict, Verdict::Ready, "it was the certificate before that was gone");
    let mut anew = watched(checked(held(), None, false), SymptomKind::AnotherServed, 2);
    anew.check.as_mut().expect("checked").checked_at += Duration::SECOND;
    assert_eq!(judge(&anew, NOW).verdict, Verdict::Ready, "somebody has looked again, and it is well");
}

#[test]
fn a_break_says_when_it_was_last_right_and_when_the_certificate_ends() {
    let mut broken = checked(held(), Some(Severity::Error), false);
    broken.health = watched(held(), SymptomKind::DnsBroken, 2).health;
    let reason = judge(&broken, NOW).reason;
    assert!(reason.contains(". It was right when it was looked at on 2026-11-24 12:00 UTC. "), "{reason}");
    assert!(reason.contains("ends 2027-02-22 12:00 UTC."), "{reason}");
}

#[test]
fn a_host_that_has_not_changed_over_yet_is_given_the_time() {
    let mut fresh = checked(held(), None, true);
    fresh.check.as_mut().expect("checked").checked_at = NOW + Duration::minutes(59);
    assert_eq!(says(&fresh, NOW), (Verdict::Ready, Mover::Nobody));
}

#[test]
fn a_certificate_for_other_names_is_not_the_end_of_it() {
    let mut changed = held();
    changed.names = EndpointNames::parse("www.example.com", &["new.example.com".into()], 9).expect("valid");
    changed.due_at = Some(NOW);
    assert_eq!(says(&changed, NOW), (Verdict::Issuing, Mover::Nobody));
}

#[test]
fn a_removal_ends_all_questions() {
    let mut going = failing(held(), FailureName::Misconfigured, Actor::Operator);
    going.removing = true;
    assert_eq!(says(&going, NOW), (Verdict::Paused, Mover::Nobody));
}
