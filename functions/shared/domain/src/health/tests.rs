use diagnosis::report::{CheckReport, Finding, Serving, Severity, Unreached};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Reachability;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};
use vocabulary::record::DnsRecord;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::health::{Health, LONGEST_SETTLING, SymptomKind, settles_at};
use crate::endpoint::samples;
use crate::health::seen::{CertificateUse, InAcm, Seen};

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

pub(crate) fn endpoint() -> Endpoint {
    let names = EndpointNames::parse("www.example.com", &[], 9).expect("valid");
    let (id, label) = (EndpointId::from_random([1; 16]), DelegationLabel::from_random([2; 16]));
    Endpoint::register(id, TenantId::fallback(), names, Reachability::External, label, NOW)
}

pub(crate) fn certificate(endpoint: &Endpoint, lifetime: Duration) -> InstalledCertificate {
    samples::certificate(endpoint.names.iter().cloned(), NOW, lifetime)
}

fn finding(check: &str, severity: Severity) -> Finding {
    Finding {
        check: check.into(),
        severity,
        subject: "_acme-challenge.www.example.com".into(),
        expected: "a CNAME".into(),
        explanation: "why".into(),
        guidance: Guidance::new(WaitingOn::DomainOwner, "nothing", "Create it.").with_record(Some(&DnsRecord {
            name: "_acme-challenge.www.example.com".into(),
            kind: "CNAME".into(),
            value: "x.acme.example".into(),
            purpose: "p".into(),
        })),
        command: None,
    }
}

fn report(findings: Vec<Finding>, serving: Serving, at: OffsetDateTime) -> CheckReport {
    CheckReport {
        checked_at: at,
        records: vec![],
        findings,
        provider: None,
        serving,
        over_dns: vec![],
        unreached: None,
        connect: vec![],
    }
}

fn presented(ours: bool, chain_complete: bool) -> Serving {
    Serving::Presented {
        host: "www.example.com".into(),
        serial: if ours { "AB" } else { "01" }.into(),
        issuer: "CN=CA".into(),
        not_after: NOW + Duration::days(30),
        ours,
        name_matches: true,
        chain_complete,
    }
}

fn there(serial: &str, used_by: &[&str]) -> InAcm {
    let used_by = used_by.iter().map(|arn| (*arn).to_owned()).collect();
    InAcm::There(CertificateUse { serial: serial.into(), used_by })
}

/// A check at `now` that finds everything correct except what is passed in.
fn checked(
    before: Option<&Health>,
    findings: Vec<Finding>,
    serving: Serving,
    acm: &InAcm,
    now: OffsetDateTime,
) -> Health {
    let endpoint = endpoint();
    let held = certificate(&endpoint, Duration::days(90));
    let report = report(findings, serving, now);
    Health::follow(before, &endpoint, &held, &Seen { report: &report, acm, copies: &[], listeners: &[] }, now)
}

#[test]
fn an_issue_stays_as_it_was_while_name_servers_cannot_be_queried() {
    let endpoint = endpoint();
    let held = certificate(&endpoint, Duration::days(90));
    let before = ailing(NOW, 3);
    let unreached = Unreached { since: LATER, checks: 1, known: None };
    let report = CheckReport { unreached: Some(unreached), ..report(vec![], presented(true, true), LATER) };
    let acm = there("AB", &["lb"]);
    let seen = Seen { report: &report, acm: &acm, copies: &[], listeners: &[] };
    let after = Health::follow(Some(&before), &endpoint, &held, &seen, LATER);
    assert_eq!(after.symptom(SymptomKind::DnsBroken), before.symptom(SymptomKind::DnsBroken));
    assert_eq!(after.news(Some(&before)), Vec::<String>::new(), "nothing has begun, and nothing is over");
    let first = Health::follow(None, &endpoint, &held, &seen, LATER);
    assert_eq!((first.symptom(SymptomKind::DnsBroken), first.dns_good_at), (None, None), "nor is it known to be right");
}

pub(super) fn quiet(now: OffsetDateTime) -> Health {
    checked(None, vec![], presented(true, true), &there("AB", &["lb"]), now)
}

pub(super) fn ailing(now: OffsetDateTime, checks: u32) -> Health {
    let broken = vec![finding("delegation-missing", Severity::Error)];
    let mut health = checked(None, broken, presented(true, true), &there("AB", &["lb"]), now);
    health.symptoms[0].checks = checks;
    health
}

fn kinds(health: &Health) -> Vec<SymptomKind> {
    health.symptoms.iter().map(|symptom| symptom.kind).collect()
}

const LATER: OffsetDateTime = datetime!(2026-11-24 18:00 UTC);

#[test]
fn a_dns_issue_has_its_beginning_its_last_good_time_and_its_next_step() {
    let good = quiet(NOW);
    assert_eq!((kinds(&good), good.dns_good_at), (vec![], Some(NOW)));
    let broken = || vec![finding("delegation-missing", Severity::Error)];
    let first = checked(Some(&good), broken(), presented(true, true), &there("AB", &["lb"]), LATER);
    let symptom = &first.symptoms[0];
    assert_eq!((symptom.kind, symptom.since, symptom.is_confirmed()), (SymptomKind::DnsBroken, LATER, false));
    assert!(symptom.guidance.record.is_some() && symptom.guidance.waiting_on == WaitingOn::DomainOwner, "{symptom:?}");
    assert_eq!(first.dns_good_at, Some(NOW), "the last good time stays");
    let again = LATER + Duration::minutes(10);
    let second = checked(Some(&first), broken(), presented(true, true), &there("AB", &["lb"]), again);
    assert_eq!((second.symptoms[0].since, second.symptoms[0].is_confirmed()), (LATER, true));
    assert_eq!((first.news(Some(&good)).len(), second.news(Some(&first)).len()), (0, 1), "told when it is certain");
    let fixed = checked(Some(&second), vec![], presented(true, true), &there("AB", &["lb"]), again + Duration::HOUR);
    assert_eq!((kinds(&fixed), fixed.dns_good_at), (vec![], Some(again + Duration::HOUR)));
    assert!(fixed.news(Some(&second))[0].starts_with("Resolved: "));
    assert_eq!(fixed.news(Some(&first)), Vec::<String>::new(), "what was never certain is not over either");
}

#[test]
fn a_finding_that_fails_no_renewal_is_no_dns_issue() {
    let findings = vec![
        finding("order-failed", Severity::Error),
        finding("tls-other-certificate", Severity::Error),
        finding("txt-stray", Severity::Warning),
    ];
    assert_eq!(kinds(&checked(None, findings, presented(true, true), &there("AB", &[]), LATER)), vec![]);
}

#[test]
fn a_different_certificate_is_an_issue_once_listeners_have_had_time_to_change() {
    let settled = settles_at(&certificate(&endpoint(), Duration::days(90)));
    assert_eq!(settled, NOW + LONGEST_SETTLING);
    let at = |now| kinds(&checked(None, vec![], presented(false, true), &there("AB", &[]), now));
    assert_eq!(at(settled - Duration::SECOND), vec![]);
    assert_eq!(at(settled), vec![SymptomKind::AnotherServed]);
    let short = certificate(&endpoint(), Duration::hours(50));
    assert_eq!(settles_at(&short), NOW + Duration::minutes(30), "a certificate of hours has less of it");
}

#[test]
fn a_host_that_serves_badly_is_distinguished_from_one_that_does_not_serve() {
    let at = |serving| kinds(&checked(None, vec![], serving, &there("AB", &[]), LATER));
    assert_eq!(at(presented(true, false)), vec![SymptomKind::ChainIncomplete]);
    let closed = Serving::Unreachable { host: "www.example.com".into(), reason: "refused".into() };
    assert_eq!(at(closed), vec![SymptomKind::HostUnreachable]);
    assert_eq!(at(Serving::NotChecked), vec![]);
}

#[test]
fn the_certificate_in_acm_is_compared_with_the_imported_one() {
    let at = |before: Option<&Health>, acm: &InAcm| checked(before, vec![], presented(true, true), acm, LATER);
    assert_eq!(kinds(&at(None, &InAcm::Gone)), vec![SymptomKind::CertificateMissing]);
    assert_eq!(kinds(&at(None, &there("CD", &[]))), vec![SymptomKind::AnotherHeld]);
    assert_eq!(kinds(&at(None, &there("AB", &[]))), vec![], "one that was never attached is not detached");
    let used = at(None, &there("AB", &["lb"]));
    let unused = at(Some(&used), &there("AB", &[]));
    assert_eq!(kinds(&unused), vec![SymptomKind::Unused]);
    assert_eq!(kinds(&at(Some(&unused), &there("AB", &[]))), vec![SymptomKind::Unused], "and stays so");
    assert_eq!(kinds(&at(Some(&unused), &there("AB", &["lb"]))), vec![]);
    let gone = at(Some(&used), &InAcm::Gone);
    let unknown = at(Some(&gone), &InAcm::Unknown);
    assert_eq!(
        (kinds(&unknown), unknown.symptoms[0].checks),
        (vec![SymptomKind::CertificateMissing], 1),
        "nor confirms"
    );
    assert_eq!(at(Some(&used), &InAcm::Unknown).used_by, used.used_by, "an ACM that does not answer changes nothing");
}

#[test]
fn what_was_stored_before_a_field_existed_can_still_be_read() {
    let old = serde_json::json!({"looked_at": "2026-11-24T12:00:00Z", "served": {"status": "not_checked"}});
    let read: Health = serde_json::from_value(old.clone()).expect("readable");
    assert_eq!((read.checked_at, kinds(&read), read.dns_good_at), (NOW, vec![], None));
    let kept = ailing(NOW, 2);
    let text = serde_json::to_value(&kept).expect("plain data");
    assert_eq!((&text["looked_at"], &text["symptoms"][0]["looks"]), (&old["looked_at"], &serde_json::json!(2)));
    assert_eq!(serde_json::from_value::<Health>(text).expect("readable"), kept);
}
