use super::*;
use diagnosis::report::{CheckSummary, Concern, RecordStatus, Serving, Severity};
use time::Duration;
use time::macros::datetime;
use vocabulary::acme::Reachability;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};

use crate::endpoint::failing::{Absence, Failing, UNPROVEN_PATIENCE};
use crate::endpoint::health::{Health, Symptom, SymptomKind};
use crate::endpoint::samples;
use crate::issues::OVERDUE;

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

fn certified() -> Endpoint {
    let mut endpoint = fresh();
    endpoint.due_at = Some(RENEW);
    endpoint.certificate = Some(samples::certificate(endpoint.names.iter().cloned(), NOW, END - NOW));
    endpoint
}

fn failing(mut endpoint: Endpoint, name: FailureName, actor: WaitingOn) -> Endpoint {
    let failure = Failure::new(name, actor, "what", "do this");
    endpoint.due_at = Some(NOW + Duration::MINUTE);
    endpoint.failing = Some(Failing::first(failure, NOW));
    endpoint
}

fn checked(mut endpoint: Endpoint, worst: Option<Severity>, serves_another: bool) -> Endpoint {
    let concern = |severity| Concern {
        check: "delegation-missing".into(),
        severity,
        guidance: Guidance::new(WaitingOn::DomainOwner, "it is gone.", "create it"),
    };
    endpoint.check = Some(CheckSummary {
        checked_at: NOW + Duration::HOUR,
        records: if worst == Some(Severity::Error) { RecordStatus::Missing } else { RecordStatus::Ok },
        worst: worst.map(concern),
        serves_another,
        over_dns: vec![],
        unreached: None,
    });
    endpoint
}

fn says(endpoint: &Endpoint, now: OffsetDateTime) -> (EndpointStatus, WaitingOn) {
    let report = status_of(endpoint, now);
    assert!(!report.guidance.summary.is_empty() && !report.guidance.next_step().is_empty());
    (report.status, report.guidance.waiting_on)
}

#[test]
fn the_state_of_a_certificate_follows_from_its_attempts_and_dates() {
    let state = |endpoint: &Endpoint, now| certificate_state(endpoint, now);
    assert_eq!(state(&fresh(), NOW), CertificateState::None);
    let mut running = fresh();
    running.lease_until = Some(NOW + Duration::HOUR);
    assert_eq!(state(&running, NOW), CertificateState::Issuing);
    let mut setting_up = failing(fresh(), FailureName::RecordsNotReady, WaitingOn::DomainOwner);
    assert_eq!(state(&setting_up, NOW), CertificateState::None, "set-up is no failure");
    setting_up.lease_until = Some(NOW + Duration::HOUR);
    assert_eq!(state(&setting_up, NOW), CertificateState::None, "nor is an attempt that checks the records issuance");
    setting_up.order = Some(samples::order());
    assert_eq!(state(&setting_up, NOW), CertificateState::Issuing);
    assert_eq!(says(&setting_up, NOW), (EndpointStatus::Issuing, WaitingOn::Nobody));
    let failed = failing(fresh(), FailureName::ChallengeFailed, WaitingOn::DomainOwner);
    assert_eq!(state(&failed, NOW), CertificateState::Failed);
    let tick = Duration::NANOSECOND;
    assert_eq!(state(&certified(), RENEW - tick), CertificateState::Active);
    assert_eq!(state(&certified(), RENEW), CertificateState::Expiring);
    assert_eq!(state(&certified(), END - tick), CertificateState::Expiring);
    assert_eq!(state(&certified(), END), CertificateState::Expired);
}

#[test]
fn what_is_wrong_decides_who_is_waited_on() {
    use FailureName::*;
    let cases = [
        (
            failing(fresh(), RecordsNotReady, WaitingOn::DomainOwner),
            EndpointStatus::WaitingForDns,
            WaitingOn::DomainOwner,
        ),
        (
            failing(fresh(), ChallengeFailed, WaitingOn::DomainOwner),
            EndpointStatus::ActionRequired,
            WaitingOn::DomainOwner,
        ),
        (failing(fresh(), RecordsNotReady, WaitingOn::Operator), EndpointStatus::ActionRequired, WaitingOn::Operator),
        (checked(fresh(), Some(Severity::Error), false), EndpointStatus::WaitingForDns, WaitingOn::DomainOwner),
        (checked(fresh(), Some(Severity::Warning), false), EndpointStatus::Issuing, WaitingOn::Nobody),
        (
            failing(certified(), RecordsNotReady, WaitingOn::DomainOwner),
            EndpointStatus::ActionRequired,
            WaitingOn::DomainOwner,
        ),
        (failing(fresh(), Misconfigured, WaitingOn::Operator), EndpointStatus::ActionRequired, WaitingOn::Operator),
        (failing(certified(), Misconfigured, WaitingOn::Operator), EndpointStatus::Degraded, WaitingOn::Operator),
        (failing(certified(), Throttled, WaitingOn::Operator), EndpointStatus::Retrying, WaitingOn::Nobody),
        (failing(fresh(), RateLimited, WaitingOn::Ca), EndpointStatus::Retrying, WaitingOn::Ca),
        (checked(certified(), Some(Severity::Error), false), EndpointStatus::Degraded, WaitingOn::DomainOwner),
        (checked(certified(), Some(Severity::Notice), false), EndpointStatus::Ready, WaitingOn::Nobody),
        // It continues without the delegation, and says so.
        (checked(certified(), Some(Severity::Warning), false), EndpointStatus::Degraded, WaitingOn::DomainOwner),
        (checked(certified(), None, true), EndpointStatus::Degraded, WaitingOn::Operator),
        (checked(certified(), None, false), EndpointStatus::Ready, WaitingOn::Nobody),
        (certified(), EndpointStatus::Ready, WaitingOn::Nobody),
        (fresh(), EndpointStatus::Issuing, WaitingOn::Nobody),
    ];
    for (endpoint, status, mover) in cases {
        assert_eq!(says(&endpoint, NOW), (status, mover), "{:?} {:?}", endpoint.failing, endpoint.check);
    }
}

#[test]
fn a_service_that_fails_is_retried_at_first_and_waits_on_the_operator_when_it_lasts() {
    let failed = failing(certified(), FailureName::Throttled, WaitingOn::Operator);
    let lasts = NOW + crate::issues::attempts::RETRIED;
    assert_eq!(says(&failed, lasts - Duration::SECOND), (EndpointStatus::Retrying, WaitingOn::Nobody));
    assert_eq!(says(&failed, lasts), (EndpointStatus::Degraded, WaitingOn::Operator));
    let other = Failure::new(FailureName::Unavailable, WaitingOn::Operator, "what", "do this");
    let mut then = failed.clone();
    then.failing = Some(Failing::after(failed.failing.as_ref(), other, None, UNPROVEN_PATIENCE, lasts));
    assert_eq!(says(&then, lasts), (EndpointStatus::Retrying, WaitingOn::Nobody), "another service, another beginning");
}

#[test]
fn a_domain_owner_who_has_fixed_the_records_is_not_waited_on_again() {
    let told = failing(fresh(), FailureName::RecordsNotReady, WaitingOn::DomainOwner);
    for worst in [None, Some(Severity::Warning)] {
        let fixed = checked(told.clone(), worst, false);
        assert_eq!(says(&fixed, NOW), (EndpointStatus::Issuing, WaitingOn::Nobody), "{worst:?}");
    }
    let mut older = checked(told, None, false);
    older.failing.as_mut().expect("failing").failed_at = Some(NOW + Duration::DAY);
    assert_eq!(says(&older, NOW), (EndpointStatus::WaitingForDns, WaitingOn::DomainOwner));
}

/// The newest information wins, whoever it waits on: but no check of records overrides what the CA or AWS has said.
#[test]
fn a_newer_check_says_who_is_waited_on_where_records_were_why_an_attempt_failed() {
    use FailureName::*;
    use WaitingOn::*;
    for (failure, waited_on, found, status, waiting_on) in [
        (RecordsNotReady, DomainOwner, Operator, EndpointStatus::ActionRequired, Operator),
        (RecordsNotReady, DomainOwner, DomainOwner, EndpointStatus::WaitingForDns, DomainOwner),
        (Unavailable, Nobody, DomainOwner, EndpointStatus::ActionRequired, DomainOwner),
        (RateLimited, Ca, DomainOwner, EndpointStatus::Retrying, Ca),
        (Misconfigured, Operator, DomainOwner, EndpointStatus::ActionRequired, Operator),
    ] {
        let failed = failing(fresh(), failure, waited_on);
        let mut seen = checked(failed.clone(), Some(Severity::Error), false);
        let worst = seen.check.as_mut().and_then(|check| check.worst.as_mut()).expect("an error");
        worst.guidance.waiting_on = found;
        assert_eq!(says(&seen, NOW), (status, waiting_on), "{failure}, then {found:?}");
        let is_newer = status_of(&seen, NOW).guidance.summary == "it is gone.";
        assert_eq!(is_newer, !matches!(waited_on, Ca | Operator), "{failure}, then {found:?}");
    }
}

#[test]
fn a_paused_endpoint_says_who_is_waited_on_until_its_records_are_correct() {
    let mut paused = failing(fresh(), FailureName::RecordsNotReady, WaitingOn::DomainOwner);
    let absence = Absence { since: NOW, checks: 99, paused_since: Some(NOW) };
    paused.failing.as_mut().expect("failing").absence = Some(absence);
    assert_eq!(says(&paused, NOW), (EndpointStatus::Paused, WaitingOn::DomainOwner));
    let report = status_of(&paused, NOW);
    assert!(
        report.guidance.summary.starts_with("Paused: ") && report.guidance.next_step().starts_with("do this"),
        "{report:?}"
    );
    assert_eq!(says(&checked(paused.clone(), None, false), NOW), (EndpointStatus::Issuing, WaitingOn::Nobody));
    paused.failing.as_mut().expect("failing").failure.guidance.waiting_on = WaitingOn::Operator;
    assert_eq!(says(&paused, NOW), (EndpointStatus::ActionRequired, WaitingOn::Operator), "ours to fix first");
}

#[test]
fn an_installation_that_has_stopped_shows_in_overdue_renewals() {
    assert_eq!(says(&certified(), RENEW + OVERDUE), (EndpointStatus::Issuing, WaitingOn::Nobody));
    assert_eq!(says(&certified(), RENEW + OVERDUE + Duration::SECOND), (EndpointStatus::Degraded, WaitingOn::Operator));
    assert_eq!(says(&certified(), END), (EndpointStatus::ActionRequired, WaitingOn::Operator));
}

#[test]
fn an_attempt_that_waits_for_room_says_until_when_and_is_not_late_before_that() {
    let expected = NOW + Duration::hours(3);
    for endpoint in [fresh(), certified()] {
        let due = endpoint.certificate.as_ref().map_or(NOW, |held| held.renew_at);
        let until = due + Duration::hours(3);
        let waiting = Endpoint { due_at: Some(due), expected_at: Some(until), ..endpoint };
        let report = status_of(&waiting, until - Duration::SECOND);
        assert_eq!((report.status, report.guidance.waiting_on), (EndpointStatus::Issuing, WaitingOn::Nobody));
        assert!(report.guidance.summary.contains("waits until others have ended"), "{report:?}");
        assert!(report.guidance.summary.contains(&vocabulary::times::exact(until)), "{report:?}");
        assert_eq!(waiting.next_attempt_at(until - Duration::SECOND), Some(until));
        assert_eq!(waiting.next_attempt_at(until), Some(due), "what is over is not said");
        assert!(!status_of(&waiting, until).guidance.summary.contains("waits"), "{report:?}");
        assert_ne!(says(&waiting, until + OVERDUE).1, WaitingOn::Operator);
        assert_eq!(says(&waiting, until + OVERDUE + Duration::SECOND).1, WaitingOn::Operator, "then nothing starts it");
    }
    let leased = Endpoint { lease_until: Some(expected), due_at: Some(NOW), expected_at: Some(expected), ..fresh() };
    assert_eq!(leased.awaits_room_until(NOW), None, "it runs");
    let later = Endpoint { due_at: Some(expected), expected_at: Some(expected), ..fresh() };
    assert_eq!(later.awaits_room_until(NOW), None, "it is not due");
}

#[test]
fn the_status_of_an_issue_says_when_it_will_break() {
    assert_eq!(status_of(&certified(), NOW).breaks_at, None);
    assert_eq!(status_of(&checked(certified(), Some(Severity::Error), false), NOW).breaks_at, Some(END));
    let failed = failing(certified(), FailureName::RecordsNotReady, WaitingOn::DomainOwner);
    assert_eq!(status_of(&failed, NOW).breaks_at, Some(END));
}

/// With a health in which `kind` is wrong, seen in `checks` consecutive checks.
fn watched(mut endpoint: Endpoint, kind: SymptomKind, checks: u32) -> Endpoint {
    let guidance = Guidance::new(WaitingOn::Operator, "it is so.", "do this");
    endpoint.health = Some(Health {
        checked_at: NOW + Duration::HOUR,
        dns_good_at: Some(NOW),
        symptoms: vec![Symptom { kind, since: NOW, checks, guidance, check: None }],
        served: Serving::NotChecked,
        used_by: vec![],
    });
    endpoint
}

#[test]
fn a_symptom_that_two_health_checks_have_seen_counts() {
    let cases = [
        (SymptomKind::CertificateMissing, EndpointStatus::ActionRequired),
        (SymptomKind::AnotherHeld, EndpointStatus::ActionRequired),
        (SymptomKind::ChainIncomplete, EndpointStatus::Degraded),
        (SymptomKind::AnotherServed, EndpointStatus::Degraded),
        (SymptomKind::Unused, EndpointStatus::Ready),
    ];
    for (kind, status) in cases {
        let report = status_of(&watched(certified(), kind, 2), NOW);
        assert_eq!(report.status, status, "{kind:?}");
        assert_eq!(status_of(&watched(certified(), kind, 1), NOW).status, EndpointStatus::Ready, "{kind:?}, seen once");
    }
    let mut renewed = watched(certified(), SymptomKind::CertificateMissing, 2);
    renewed.certificate.as_mut().expect("held").imported_at = NOW + Duration::HOUR + Duration::SECOND;
    assert_eq!(status_of(&renewed, NOW).status, EndpointStatus::Ready, "it was the certificate before that was gone");
    let mut anew = watched(checked(certified(), None, false), SymptomKind::AnotherServed, 2);
    anew.check.as_mut().expect("checked").checked_at += Duration::SECOND;
    assert_eq!(status_of(&anew, NOW).status, EndpointStatus::Ready, "somebody has checked again, and it is well");
}

#[test]
fn a_dns_issue_says_when_dns_was_last_correct_and_when_the_certificate_expires() {
    let mut broken = checked(certified(), Some(Severity::Error), false);
    broken.health = watched(certified(), SymptomKind::DnsBroken, 2).health;
    let reason = status_of(&broken, NOW).guidance.summary;
    assert!(reason.contains(". DNS was last correct on 2026-11-24 12:00 UTC. "), "{reason}");
    assert!(reason.contains("expires 2027-02-22 12:00 UTC."), "{reason}");
    let late = NOW + Duration::days(100);
    let reasons: Vec<_> = issues(&broken, late).into_iter().map(|issue| issue.guidance.summary).collect();
    assert!(reasons.iter().any(|reason| reason.contains("expired 2027-02-22 12:00 UTC.")), "{reasons:?}");
    assert!(!reasons.iter().any(|reason| reason.contains("expires 2027")), "{reasons:?}");
}

#[test]
fn a_host_that_has_not_changed_over_yet_has_no_issue_at_first() {
    let mut fresh = checked(certified(), None, true);
    fresh.check.as_mut().expect("checked").checked_at = NOW + Duration::minutes(59);
    assert_eq!(says(&fresh, NOW), (EndpointStatus::Ready, WaitingOn::Nobody));
}

#[test]
fn an_endpoint_whose_certificate_has_other_names_is_issuing() {
    let mut changed = certified();
    changed.names = EndpointNames::parse("www.example.com", &["new.example.com".into()], 9).expect("valid");
    changed.due_at = Some(NOW);
    assert_eq!(says(&changed, NOW), (EndpointStatus::Issuing, WaitingOn::Nobody));
}

#[test]
fn an_endpoint_that_is_being_removed_waits_on_nobody() {
    let mut going = failing(certified(), FailureName::Misconfigured, WaitingOn::Operator);
    going.removing = true;
    assert_eq!(says(&going, NOW), (EndpointStatus::Paused, WaitingOn::Nobody));
}
