//! Who is told what, once, also when the process dies right after it was said.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use domain::alert::{Alert, AlertKind};
use domain::endpoint::Severity;
use domain::ports::{DueEntry, DueIndex, EndpointReader, Registry, SharedCauses};
use futures::FutureExt;
use testkit::{Crash, Fuse, MemoryNotifier, MemorySharedCauses, Scene, banks};
use vocabulary::acme::Reachability;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};

use super::*;

/// The certificate that an attempt has brought and not told of.
async fn with_certificate(scene: &Scene) {
    let held = testkit::installed(&scene.endpoint().await, scene.now);
    scene.endpoints.record_certificate(&scene.input.endpoint, scene.input.attempt, &held).await.expect("ours");
}

fn kinds(alerts: &[Alert]) -> Vec<(AlertKind, &str)> {
    alerts.iter().map(|alert| (alert.kind, alert.cause.as_str())).collect()
}

#[tokio::test]
async fn what_was_told_is_told_to_be_over_once_when_a_certificate_is_there() {
    let mut scene = Scene::new(Reachability::Internal).await;
    for (name, actor) in
        [(FailureName::RecordsNotReady, WaitingOn::DomainOwner), (FailureName::ChallengeFailed, WaitingOn::DomainOwner)]
    {
        scene.input.failure = Some(caught(name, actor));
        run(&scene).await.expect("settled");
        next(&mut scene).await;
    }
    scene.input.failure = None;
    with_certificate(&scene).await;
    run(&scene).await.expect("settled");
    let alerts = scene.notifier.alerts();
    assert_eq!(
        kinds(&alerts),
        [
            (AlertKind::ActionRequired, "RecordsNotReady"),
            (AlertKind::ActionRequired, "ChallengeFailed"),
            (AlertKind::CertificateIssued, "issued"),
            (AlertKind::Recovered, "ChallengeFailed"),
            (AlertKind::Recovered, "RecordsNotReady"),
        ]
    );
    let page = format!("https://certificates.example/dashboard/endpoints/{}", scene.input.endpoint);
    assert!(alerts.iter().all(|alert| alert.link.as_deref() == Some(page.as_str())));
    assert!(scene.endpoint().await.told.told.is_empty(), "nothing is left to be told of");
}

#[tokio::test]
async fn a_crash_between_telling_and_writing_tells_twice_under_one_id() {
    let fuse = Fuse::default();
    let mut scene = Scene::new(Reachability::Internal).await;
    scene.notifier = MemoryNotifier::new(fuse.clone());
    scene.input.failure = Some(caught(FailureName::RecordsNotReady, WaitingOn::DomainOwner));
    fuse.set(Some(1));
    let crash = AssertUnwindSafe(run(&scene)).catch_unwind().await.expect_err("it dies when it has told");
    assert!(crash.is::<Crash>());
    assert_eq!(scene.endpoint().await.failing, None, "nothing is written by then");
    scene.now += Duration::SECOND;
    run(&scene).await.expect("settled");
    let ids: Vec<_> = scene.notifier.alerts().into_iter().map(|alert| alert.id).collect();
    assert_eq!(ids.len(), 2, "twice is better than never");
    assert_eq!(ids[0], ids[1], "and can be told from news");
    next(&mut scene).await;
    run(&scene).await.expect("settled");
    assert_eq!(scene.notifier.alerts().len(), 2, "once it is written it is not told again");
}

#[tokio::test]
async fn a_crash_at_any_point_of_telling_for_all_still_tells_and_still_ends() {
    for effects in 1..=9 {
        let fuse = Fuse::default();
        let mut scene = Scene::new(Reachability::Internal).await;
        scene.notifier = MemoryNotifier::new(fuse.clone());
        scene.causes = MemorySharedCauses::new(fuse.clone());
        fuse.set(Some(effects));
        for failure in [Some(caught(FailureName::CaUnavailable, WaitingOn::Ca)), None] {
            scene.input.failure = failure;
            if scene.input.failure.is_none() {
                with_certificate(&scene).await;
            }
            let settled = match AssertUnwindSafe(run(&scene)).catch_unwind().await {
                Ok(settled) => settled,
                Err(_) => run(&scene).await,
            };
            settled.expect("settled");
            next(&mut scene).await;
        }
        let ids: BTreeSet<_> = scene.notifier.alerts().into_iter().map(|alert| (alert.kind, alert.id)).collect();
        let kinds: Vec<_> = ids.into_iter().map(|(kind, _)| kind).collect();
        let expected = [AlertKind::CertificateIssued, AlertKind::IssuanceFailed, AlertKind::Recovered];
        assert_eq!(kinds, expected, "dead after {effects} side effects");
        assert_eq!(scene.causes.lasting().await, Ok(vec![]));
    }
}

#[tokio::test]
async fn an_endpoint_that_is_removed_meets_no_cause_any_more() {
    let mut scene = Scene::new(Reachability::Internal).await;
    scene.input.failure = Some(caught(FailureName::CaUnavailable, WaitingOn::Ca));
    run(&scene).await.expect("settled");
    scene.endpoints.begin_removal(&scene.input.endpoint, scene.now).await.expect("in memory");
    next(&mut scene).await;
    scene.input.failure = None;
    run(&scene).await.expect("settled");
    let expected = [AlertKind::IssuanceFailed, AlertKind::Recovered, AlertKind::EndpointRemoved];
    assert_eq!(scene.notifier.kinds(), expected);
    assert_eq!(scene.causes.lasting().await, Ok(vec![]));
}

/// A thousand endpoints, of ten tenants, that are due at one moment.
async fn a_thousand(scene: &Scene) -> Vec<StepInput> {
    let mut inputs = Vec::new();
    for n in 0..1000_u128 {
        let id = EndpointId::from_random((n << 64 | 7).to_be_bytes());
        let endpoint = Endpoint::register(
            id.clone(),
            format!("tenant-{}", n % 10).parse::<TenantId>().expect("valid"),
            EndpointNames::parse(&format!("host-{n}.example.net"), &[], 9).expect("valid"),
            Reachability::External,
            DelegationLabel::from_random(n.to_be_bytes()),
            scene.now,
        );
        scene.endpoints.register(&endpoint, &banks::registered(&endpoint), None).await.expect("registered");
        inputs.push(StepInput::start(id, 0));
    }
    inputs
}

/// Claims the next attempt of each and settles it, all at the same time.
async fn settle_all(scene: &Scene, inputs: &mut [StepInput], failure: Option<&CaughtFailure>) {
    for input in inputs.iter_mut() {
        let endpoint = scene.endpoints.find(&input.endpoint).await.expect("in memory").expect("there");
        let due_at = endpoint.due_at.expect("due some time");
        let entry = DueEntry { endpoint: endpoint.id.clone(), due_at };
        let (at, until) = (due_at, due_at + LEASE);
        input.attempt = scene.endpoints.claim(&entry, at, until).await.expect("in memory").expect("free");
        input.failure = failure.cloned();
        if failure.is_none() {
            let held = testkit::installed(&endpoint, scene.now);
            scene.endpoints.record_certificate(&endpoint.id, input.attempt, &held).await.expect("ours");
        }
    }
    let ports = Ports {
        journal: &scene.endpoints,
        keys: &scene.keys,
        destinations: &scene.destinations,
        notifier: &scene.notifier,
        causes: &scene.causes,
        traces: &scene.traces,
        dashboard: None,
    };
    let all = inputs.iter().map(|input| settle_attempt(&ports, input, scene.now, 0.5));
    for settled in futures::future::join_all(all).await {
        settled.expect("settled");
    }
}

#[tokio::test]
async fn a_thousand_endpoints_that_break_by_one_cause_make_one_message_and_one_when_it_is_over() {
    let scene = Scene::new(Reachability::Internal).await;
    let mut inputs = a_thousand(&scene).await;
    let away = caught(FailureName::CaUnavailable, WaitingOn::Ca);
    settle_all(&scene, &mut inputs, Some(&away)).await;
    settle_all(&scene, &mut inputs, Some(&away)).await;
    let alerts = scene.notifier.alerts();
    assert_eq!(kinds(&alerts), [(AlertKind::IssuanceFailed, "CaUnavailable")]);
    assert_eq!((&alerts[0].tenant, &alerts[0].endpoint, alerts[0].severity), (&None, &None, Severity::Notice));
    let lasting = scene.causes.lasting().await.expect("in memory");
    assert_eq!(lasting.iter().map(|cause| cause.endpoints).collect::<Vec<_>>(), [1000], "all of them are counted");

    settle_all(&scene, &mut inputs, None).await;
    let after: Vec<_> = scene.notifier.alerts().split_off(1);
    let over: Vec<_> = after.iter().filter(|alert| alert.kind == AlertKind::Recovered).collect();
    assert_eq!(over.len(), 1, "its end is told once");
    assert_eq!(over[0].affected.as_ref().map(|affected| affected.endpoints), Some(1000));
    assert_eq!(after.len(), 1001, "and each certificate once");
}
