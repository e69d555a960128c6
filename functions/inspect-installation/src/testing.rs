//! A healthy installation, for tests to break.

use domain::installation::{Facts, InstallationCheck, InstallationStatus, Task, TaskFacts};
use domain::ports::{FaultKind, ServiceFault};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::ListenerPools;
use vocabulary::dns::Issuer;

use crate::{Installation, InstalledAuthority, Reserved, judge};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

pub(crate) fn installation() -> Installation {
    Installation {
        stack: "managed-https".into(),
        delegation_zone: "acme.example.net".into(),
        authorities: vec![InstalledAuthority {
            directory: "https://ca.example/dir".into(),
            profile: None,
            issuer: Issuer { identities: vec!["ca.example".into()], account: None },
        }],
        contact: Some("ops@example.net".into()),
        binds_account: false,
        account_secret: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:account".into(),
        alerts_topic: "arn:aws:sns:eu-central-1:111122223333:alerts".into(),
        records_to_writer: "14e0db71-5d35-4eb5-b481-8945cf9d10c2".into(),
        dead_letters: "https://sqs.eu-central-1.amazonaws.com/111122223333/dead".into(),
        state_machine: "arn:aws:states:eu-central-1:111122223333:stateMachine:issue".into(),
        silence: Duration::minutes(15),
        issuer: None,
        acm_quotas: None,
        home: "eu-central-1".parse().expect("a region"),
        pools: ListenerPools::default(),
        reserved: Reserved { api: 0, challenges: 50 },
    }
}

pub(crate) fn facts() -> Facts {
    testkit::inspection::healthy_installation(NOW)
}

pub(crate) fn task(task: Task) -> TaskFacts {
    testkit::inspection::task(task, NOW)
}

pub(crate) fn denied(operation: &'static str) -> ServiceFault {
    ServiceFault { operation, kind: FaultKind::Denied, detail: "AccessDenied: not you".into() }
}

pub(crate) fn gone(operation: &'static str) -> ServiceFault {
    ServiceFault { operation, kind: FaultKind::Refused, detail: "ResourceNotFoundException: gone".into() }
}

pub(crate) fn is_ok(check: &InstallationCheck) -> bool {
    check.status == InstallationStatus::Ok && check.remedy.is_none()
}

pub(crate) fn is_warning(check: &InstallationCheck) -> bool {
    check.status == InstallationStatus::Warning && check.remedy.is_some()
}

pub(crate) fn is_failed(check: &InstallationCheck) -> bool {
    check.status == InstallationStatus::Failed && check.remedy.is_some()
}

#[test]
fn every_check_has_a_name_of_its_own_and_a_healthy_installation_passes_all() {
    let checks = judge(&facts(), &installation(), NOW);
    assert!(checks.iter().all(is_ok), "{checks:#?}");
    let names: std::collections::BTreeSet<_> = checks.iter().map(|check| &check.name).collect();
    assert_eq!(names.len(), checks.len());
}

#[test]
fn a_throttled_request_is_a_warning_and_a_denied_one_a_failure() {
    let mut facts = facts();
    facts.dead_letters = Err(ServiceFault { kind: FaultKind::Throttled, ..denied("sqs:GetQueueAttributes") });
    facts.subscriptions = Err(denied("sns:ListSubscriptionsByTopic"));
    let checks = judge(&facts, &installation(), NOW);
    let named = |name: &str| checks.iter().find(|check| check.name == name).expect("there");
    assert!(is_warning(named("dead-letters")) && is_failed(named("alert-subscriptions")));
    assert!(is_failed(named("permissions")) && named("permissions").detail.contains("sns:ListSubscriptionsByTopic"));
}
