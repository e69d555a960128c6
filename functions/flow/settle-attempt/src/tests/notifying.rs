//! Who is notified of what, once, also when the process dies right after sending it.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use domain::alert::{Alert, AlertKind, Digest, NotificationPolicy};
use domain::endpoint::Severity;
use domain::ports::{DueEntry, DueIndex, EndpointReader, Registry, SharedCauses};
use futures::FutureExt;
use testkit::{Crash, Fixture, Fuse, MemoryNotifier, MemorySharedCauses, contracts};
use vocabulary::acme::Reachability;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};

use super::*;

/// The certificate that an attempt has brought and that nobody was notified of.
async fn with_certificate(fixture: &Fixture) {
    let held = testkit::installed(&fixture.endpoint().await, fixture.now);
    fixture.endpoints.record_certificate(&fixture.input.endpoint, fixture.input.attempt, &held).await.expect("ours");
}

fn kinds(alerts: &[Alert]) -> Vec<(AlertKind, &str)> {
    alerts.iter().map(|alert| (alert.kind, alert.cause.as_str())).collect()
}

#[tokio::test]
async fn recovery_is_notified_once_when_a_certificate_is_issued() {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    for (name, actor) in
        [(FailureName::RecordsNotReady, WaitingOn::DomainOwner), (FailureName::CaRefused, WaitingOn::Operator)]
    {
        fixture.input.failure = Some(caught(name, actor));
        run(&fixture).await.expect("settled");
        next(&mut fixture).await;
    }
    fixture.input.failure = None;
    with_certificate(&fixture).await;
    run(&fixture).await.expect("settled");
    let alerts = fixture.notifier.alerts();
    assert_eq!(
        kinds(&alerts),
        [
            (AlertKind::ActionRequired, "RecordsNotReady"),
            (AlertKind::IssuanceFailed, "CaRefused"),
            (AlertKind::CertificateIssued, "issued"),
            (AlertKind::Recovered, "CaRefused"),
        ],
        "the end of a set-up is told by the certificate alone"
    );
    let page = format!("https://certificates.example/dashboard/endpoints/{}", fixture.input.endpoint);
    assert!(alerts.iter().all(|alert| alert.link.as_deref() == Some(page.as_str())));
    assert!(fixture.endpoint().await.told.told.is_empty(), "nothing is left to be told of");
}

#[tokio::test]
async fn a_crash_between_notifying_and_recording_notifies_twice_under_one_id() {
    let fuse = Fuse::default();
    let mut fixture = Fixture::new(Reachability::Internal).await;
    fixture.notifier = MemoryNotifier::new(fuse.clone());
    fixture.input.failure = Some(caught(FailureName::RecordsNotReady, WaitingOn::DomainOwner));
    fuse.set(Some(1));
    let crash = AssertUnwindSafe(run(&fixture)).catch_unwind().await.expect_err("it dies when it has told");
    assert!(crash.is::<Crash>());
    let endpoint = fixture.endpoint().await;
    assert!(endpoint.failing.is_some() && endpoint.unsent.is_some(), "what happened is recorded by then");
    fixture.now += Duration::SECOND;
    run(&fixture).await.expect("settled");
    let ids: Vec<_> = fixture.notifier.alerts().into_iter().map(|alert| alert.id).collect();
    assert_eq!(ids.len(), 2, "twice is better than never");
    assert_eq!(ids[0], ids[1], "and can be told from news");
    next(&mut fixture).await;
    run(&fixture).await.expect("settled");
    assert_eq!(fixture.notifier.alerts().len(), 2, "once it is written it is not told again");
}

#[tokio::test]
async fn a_channel_that_refuses_loses_no_outcome_and_the_next_attempt_notifies_it() {
    for kind in [FaultKind::Denied, FaultKind::Refused] {
        let mut fixture = Fixture::new(Reachability::Internal).await;
        let refusal = ServiceFault { operation: "events:PutEvents", kind, detail: "AccessDeniedException: no".into() };
        fixture.notifier.refuse(Some(refusal));
        with_certificate(&fixture).await;
        let settled = run_to_its_end(&fixture).await.expect("the outcome is recorded");
        assert_eq!(settled.progress.status, Status::Succeeded);
        assert!(settled.untold.expect("and the installation is told").guidance.summary.contains("events:PutEvents"));
        let endpoint = fixture.endpoint().await;
        assert!(endpoint.certificate.expect("recorded").announced && endpoint.failing.is_none());
        assert!(endpoint.unsent.expect("it is still to be told").certificate);
        let attempts = fixture.endpoints.attempts(&fixture.input.endpoint, 1).await.expect("in memory");
        assert_eq!(attempts[0].outcome, Outcome::Issued);

        fixture.notifier.refuse(None);
        next(&mut fixture).await;
        fixture.input.failure = Some(caught(FailureName::RecordsNotReady, WaitingOn::DomainOwner));
        run(&fixture).await.expect("settled");
        let alerts = fixture.notifier.alerts();
        let expected = [(AlertKind::CertificateIssued, "issued"), (AlertKind::ActionRequired, "RecordsNotReady")];
        assert_eq!(kinds(&alerts), expected);
        assert_eq!(fixture.endpoint().await.unsent, None);
    }
}

#[tokio::test]
async fn a_refusal_by_one_of_several_channels_is_an_alarm_and_repeats_nothing_on_the_others() {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    let kind = FaultKind::Denied;
    fixture.notifier.refuse_on_one_way(ServiceFault { operation: "sns:Publish", kind, detail: "AccessDenied".into() });
    with_certificate(&fixture).await;
    let settled = run_to_its_end(&fixture).await.expect("the outcome is recorded");
    assert!(settled.untold.expect("the installation is told").guidance.summary.contains("sns:Publish"));
    assert_eq!((fixture.endpoint().await.unsent, fixture.notifier.alerts().len()), (None, 1));
    next(&mut fixture).await;
    run(&fixture).await.expect("settled");
    assert_eq!(fixture.notifier.alerts().len(), 1, "those who have it do not get it again");
}

#[tokio::test]
async fn a_channel_that_is_busy_is_tried_again_by_the_flow_and_nothing_else_is_done_again() {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    let busy = ServiceFault { operation: "sns:Publish", kind: FaultKind::Throttled, detail: "slow down".into() };
    fixture.notifier.refuse(Some(busy));
    fixture.input.failure = Some(caught(FailureName::RecordsNotReady, WaitingOn::DomainOwner));
    assert_eq!(run(&fixture).await.expect_err("later").name, FailureName::Throttled);
    let recorded = fixture.endpoint().await;
    fixture.notifier.refuse(None);
    assert_eq!(run(&fixture).await.expect("told").status, Status::Failed);
    assert_eq!(fixture.notifier.kinds(), [AlertKind::ActionRequired]);
    let endpoint = fixture.endpoint().await;
    assert_eq!((&endpoint.failing, endpoint.unsent), (&recorded.failing, None));
    assert_eq!(run(&fixture).await.expect_err("all is done").name, FailureName::Superseded);
}

#[tokio::test]
async fn a_removal_is_completed_though_nobody_can_be_notified() {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
    let kind = FaultKind::Denied;
    fixture.notifier.refuse(Some(ServiceFault { operation: "sns:Publish", kind, detail: "no".into() }));
    fixture.input.failure = None;
    let settled = run_to_its_end(&fixture).await.expect("removed");
    assert_eq!(settled.progress.status, Status::Removed);
    assert!(settled.untold.is_some() && fixture.endpoints.is_empty());
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_shared_notification_loses_neither_it_nor_its_end() {
    for effects in 1..=9 {
        let fuse = Fuse::default();
        let mut fixture = Fixture::new(Reachability::Internal).await;
        fixture.notifier = MemoryNotifier::new(fuse.clone());
        fixture.causes = MemorySharedCauses::new(fuse.clone());
        fuse.set(Some(effects));
        for failure in [Some(caught(FailureName::CaUnavailable, WaitingOn::Ca)), None] {
            fixture.input.failure = failure;
            if fixture.input.failure.is_none() {
                with_certificate(&fixture).await;
            }
            let settled = match AssertUnwindSafe(run(&fixture)).catch_unwind().await {
                Ok(settled) => settled,
                Err(_) => run(&fixture).await,
            };
            settled.expect("settled");
            next(&mut fixture).await;
        }
        let ids: BTreeSet<_> = fixture.notifier.alerts().into_iter().map(|alert| (alert.kind, alert.id)).collect();
        let kinds: Vec<_> = ids.into_iter().map(|(kind, _)| kind).collect();
        let expected = [AlertKind::CertificateIssued, AlertKind::IssuanceFailed, AlertKind::Recovered];
        assert_eq!(kinds, expected, "dead after {effects} side effects");
        assert_eq!(fixture.causes.lasting().await, Ok(vec![]));
    }
}

#[tokio::test]
async fn an_endpoint_that_is_removed_leaves_its_shared_causes() {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    fixture.input.failure = Some(caught(FailureName::CaUnavailable, WaitingOn::Ca));
    run(&fixture).await.expect("settled");
    fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
    next(&mut fixture).await;
    fixture.input.failure = None;
    run(&fixture).await.expect("settled");
    let expected = [AlertKind::IssuanceFailed, AlertKind::Recovered, AlertKind::EndpointRemoved];
    assert_eq!(fixture.notifier.kinds(), expected);
    assert_eq!(fixture.causes.lasting().await, Ok(vec![]));
}

/// A thousand endpoints, of ten tenants, that are due at one time.
async fn a_thousand(fixture: &Fixture) -> Vec<StepInput> {
    let mut inputs = Vec::new();
    for n in 0..1000_u128 {
        let id = EndpointId::from_random((n << 64 | 7).to_be_bytes());
        let endpoint = Endpoint::register(
            id.clone(),
            format!("tenant-{}", n % 10).parse::<TenantId>().expect("valid"),
            EndpointNames::parse(&format!("host-{n}.example.net"), &[], 9).expect("valid"),
            Reachability::External,
            DelegationLabel::from_random(n.to_be_bytes()),
            fixture.now,
        );
        fixture.endpoints.register(&endpoint, &contracts::registered(&endpoint), None).await.expect("registered");
        inputs.push(StepInput::start(id, 0));
    }
    inputs
}

/// Claims the next attempt of each and settles it, all at the same time.
async fn settle_all(fixture: &Fixture, inputs: &mut [StepInput], failure: Option<&CaughtFailure>) {
    settle_all_within(fixture, inputs, failure, None).await;
}

/// Where a tenant has so many messages about new endpoints.
async fn settle_all_within(
    fixture: &Fixture,
    inputs: &mut [StepInput],
    failure: Option<&CaughtFailure>,
    setup_messages: Option<Limit>,
) {
    for input in inputs.iter_mut() {
        let endpoint = fixture.endpoints.find(&input.endpoint).await.expect("in memory").expect("there");
        let due_at = endpoint.due_at.expect("due some time");
        let entry = DueEntry { endpoint: endpoint.id.clone(), due_at };
        let (at, until) = (due_at, due_at + LEASE);
        input.attempt = fixture.endpoints.claim(&entry, at, until).await.expect("in memory").expect("free");
        input.failure = failure.cloned();
        if failure.is_none() {
            let held = testkit::installed(&endpoint, fixture.now);
            fixture.endpoints.record_certificate(&endpoint.id, input.attempt, &held).await.expect("ours");
        }
    }
    let ports = Ports {
        journal: &fixture.endpoints,
        keys: &fixture.keys,
        destinations: &fixture.destinations,
        notifier: &fixture.notifier,
        causes: &fixture.causes,
        traces: &fixture.traces,
        exports: &fixture.exports,
        policy: NotificationPolicy::default(),
        unproven_patience: domain::endpoint::UNPROVEN_PATIENCE,
        setup_messages,
    };
    let all = inputs.iter().map(|input| settle_attempt(&ports, input, fixture.now, 0.5));
    for settled in futures::future::join_all(all).await {
        settled.expect("settled");
    }
}

#[tokio::test]
async fn a_thousand_endpoints_with_one_cause_make_one_message_and_one_recovery() {
    let fixture = Fixture::new(Reachability::Internal).await;
    let mut inputs = a_thousand(&fixture).await;
    let away = caught(FailureName::CaUnavailable, WaitingOn::Ca);
    settle_all(&fixture, &mut inputs, Some(&away)).await;
    settle_all(&fixture, &mut inputs, Some(&away)).await;
    let alerts = fixture.notifier.alerts();
    assert_eq!(kinds(&alerts), [(AlertKind::IssuanceFailed, "CaUnavailable")]);
    assert_eq!((&alerts[0].tenant, &alerts[0].endpoint, alerts[0].severity), (&None, &None, Severity::Notice));
    let lasting = fixture.causes.lasting().await.expect("in memory");
    assert_eq!(lasting.iter().map(|cause| cause.endpoints).collect::<Vec<_>>(), [1000], "all of them are counted");

    settle_all(&fixture, &mut inputs, None).await;
    let after: Vec<_> = fixture.notifier.alerts().split_off(1);
    let over: Vec<_> = after.iter().filter(|alert| alert.kind == AlertKind::Recovered).collect();
    assert_eq!(over.len(), 1, "its end is told once");
    assert_eq!(over[0].affected.as_ref().map(|affected| affected.endpoints), Some(1000));
    assert_eq!(after.len(), 1001, "and each certificate once");
}

/// A tenant registers two hundred names that nobody proves: a few messages, and the rest in its digest.
#[tokio::test]
async fn registrations_of_one_tenant_make_no_flood_of_messages() {
    let fixture = Fixture::new(Reachability::Internal).await;
    let ports = |journal| Ports {
        journal,
        keys: &fixture.keys,
        destinations: &fixture.destinations,
        notifier: &fixture.notifier,
        causes: &fixture.causes,
        traces: &fixture.traces,
        exports: &fixture.exports,
        policy: NotificationPolicy { dashboard: None, setup_patience: Duration::ZERO },
        unproven_patience: domain::endpoint::UNPROVEN_PATIENCE,
        setup_messages: Some(Limit::new(3, Duration::DAY)),
    };
    let missing = caught(FailureName::RecordsNotReady, WaitingOn::DomainOwner);
    for input in a_thousand(&fixture).await.iter_mut().take(200) {
        let entry = DueEntry { endpoint: input.endpoint.clone(), due_at: fixture.now };
        let until = fixture.now + LEASE;
        input.attempt = fixture.endpoints.claim(&entry, fixture.now, until).await.expect("in memory").expect("free");
        input.failure = Some(missing.clone());
        settle_attempt(&ports(&fixture.endpoints), input, fixture.now, 0.5).await.expect("settled");
        let endpoint = fixture.endpoints.find(&input.endpoint).await.expect("in memory").expect("there");
        assert_eq!(endpoint.told.told.len(), 1, "whoever was left to the digest is not told of later");
    }
    // Ten tenants of twenty endpoints each.
    assert_eq!(fixture.notifier.kinds(), [AlertKind::ActionRequired; 30], "three a tenant");
    assert_eq!(fixture.notifier.quiet().len(), 170, "and programs get them all");
}

/// All of a tenant's two hundred names have their certificates: a few messages, and the rest in its digest.
#[tokio::test]
async fn first_certificates_of_one_tenant_make_no_flood_of_messages() {
    let fixture = Fixture::new(Reachability::Internal).await;
    let mut inputs = a_thousand(&fixture).await;
    inputs.truncate(200);
    settle_all_within(&fixture, &mut inputs, None, Some(Limit::new(3, Duration::DAY))).await;
    assert_eq!(fixture.notifier.kinds(), [AlertKind::CertificateIssued; 30], "three a tenant");
    assert_eq!(fixture.notifier.quiet().len(), 170, "and programs get them all");
    let mut digest = Digest::default();
    for input in &inputs {
        let endpoint = fixture.endpoints.find(&input.endpoint).await.expect("in memory").expect("there");
        digest.add(&endpoint, fixture.now, &NotificationPolicy::default());
    }
    assert_eq!((digest.issued, digest.waiting), (170, 0), "whoever reads the digest reads of the rest");

    settle_all_within(&fixture, &mut inputs, None, Some(Limit::new(3, Duration::DAY))).await;
    assert_eq!(fixture.notifier.alerts().len(), 30, "nor are people told of those that follow on the same day");
}
