mod telling;

use super::*;
use domain::alert::AlertKind;
use domain::flow::TraceId;
use domain::ports::{DueEntry, DueIndex, FaultKind, Listeners, Registry, ServiceFault};
use testkit::Scene;
use time::Duration;
use vocabulary::acme::Reachability;
use vocabulary::certificate::{CertificateCopy, Deployment, ListenerArn, ListenerUse};
use vocabulary::guidance::WaitingOn;

async fn run(scene: &Scene) -> Result<Progress, Failure> {
    let ports = Ports {
        journal: &scene.endpoints,
        keys: &scene.keys,
        destinations: &scene.destinations,
        notifier: &scene.notifier,
        causes: &scene.causes,
        traces: &scene.traces,
        dashboard: Some("https://certificates.example"),
    };
    settle_attempt(&ports, &scene.input, scene.now, 0.0).await
}

fn caught(name: FailureName, actor: WaitingOn) -> CaughtFailure {
    let message = serde_json::to_string(&Failure::new(name, actor, "what", "do")).expect("plain data");
    let cause = serde_json::json!({"errorMessage": message}).to_string();
    CaughtFailure { error: name.to_string(), cause }
}

/// Claims the next attempt at its due time.
async fn next(scene: &mut Scene) {
    let due_at = scene.endpoint().await.due_at.expect("due some time");
    scene.now = due_at;
    let entry = DueEntry { endpoint: scene.input.endpoint.clone(), due_at };
    let attempt = scene.endpoints.claim(&entry, due_at, due_at + LEASE).await.expect("in memory").expect("free");
    scene.input.attempt = attempt;
}

#[tokio::test]
async fn the_same_failure_is_counted_and_told_once_and_another_is_told_again() {
    let mut scene = Scene::new(Reachability::Internal).await;
    let first = scene.now;
    for (name, actor) in [
        (FailureName::ChallengeFailed, WaitingOn::DomainOwner),
        (FailureName::ChallengeFailed, WaitingOn::DomainOwner),
        (FailureName::RateLimited, WaitingOn::Ca),
    ] {
        scene.input.failure = Some(caught(name, actor));
        assert_eq!(run(&scene).await.expect("settled").status, Status::Failed);
        next(&mut scene).await;
    }
    let failing = scene.endpoint().await.failing.expect("recorded");
    assert_eq!((failing.attempts, failing.since), (3, first));
    assert_eq!(scene.notifier.kinds(), [AlertKind::ActionRequired, AlertKind::IssuanceFailed]);
    assert_eq!(scene.now - first, Duration::minutes(1 + 10 + 100), "backing off as the CA suggests");
}

#[tokio::test]
async fn a_lost_order_is_dropped_unless_something_of_it_may_still_be_published() {
    for (left_behind, kept) in [(false, false), (true, true)] {
        let mut scene = Scene::new(Reachability::Internal).await.with_order().await;
        scene.input.failure = Some(caught(FailureName::OrderLost, WaitingOn::Ca));
        scene.input.clean_up_failure = left_behind.then(|| caught(FailureName::Misconfigured, WaitingOn::Operator));
        run(&scene).await.expect("settled");
        assert_eq!(scene.endpoint().await.order.is_some(), kept);
    }
}

#[tokio::test]
async fn a_flow_that_ends_with_nothing_in_hand_is_a_failure() {
    let scene = Scene::new(Reachability::Internal).await;
    assert_eq!(run(&scene).await.expect("settled").status, Status::Failed);
    assert_eq!(scene.notifier.kinds(), [AlertKind::IssuanceFailed]);
}

#[tokio::test]
async fn a_removal_waits_for_its_clean_up_and_then_leaves_nothing() {
    let mut scene = Scene::new(Reachability::Internal).await.with_order().await;
    scene.endpoints.begin_removal(&scene.input.endpoint, scene.now).await.expect("in memory");
    scene.input.clean_up_failure = Some(caught(FailureName::Unavailable, WaitingOn::Operator));
    assert_eq!(run(&scene).await.expect("settled").status, Status::Failed);
    assert!(scene.endpoint().await.removing, "what is left is tried again");
    next(&mut scene).await;
    scene.input.clean_up_failure = None;
    assert_eq!(run(&scene).await.expect("settled").status, Status::Removed);
    assert!(scene.endpoints.is_empty() && scene.keys.is_empty());
}

#[tokio::test]
async fn each_attempt_leaves_one_trace_that_ends_as_it_did() {
    let mut scene = Scene::new(Reachability::Internal).await;
    scene.input.failure = Some(caught(FailureName::RecordsNotReady, WaitingOn::DomainOwner));
    run(&scene).await.expect("settled");
    let traces = scene.traces.taken();
    let [trace] = traces.as_slice() else { panic!("one trace: {traces:?}") };
    assert_eq!(trace.id, TraceId::of(&scene.input.endpoint, scene.input.attempt));
    assert_eq!(trace.spans[0].failure, Some(FailureName::RecordsNotReady));
    let attempts = scene.endpoints.attempts(&scene.input.endpoint, 1).await.expect("in memory");
    assert_eq!(Some(trace.spans[0].ended_at), attempts[0].finished_at, "it is the attempt as history has it");

    assert_eq!(run(&scene).await.expect_err("settled before").name, FailureName::Superseded);
    assert_eq!(scene.traces.taken().len(), 1, "what comes late sends nothing");
}

/// With a certificate on a listener here and in another region, being removed.
async fn going() -> Scene {
    let arn = |region: &str| format!("arn:aws:elasticloadbalancing:{region}:000000000000:listener/app/edge/1/1");
    let listeners: Vec<_> = ["eu-central-1", "eu-west-1"].map(|region| arn(region).parse().expect("a listener")).into();
    let deployment = Deployment::new(listeners.clone(), vec![], None, None).expect("few");
    let scene = Scene::deployed(Reachability::Internal, deployment).await;
    let endpoint = scene.endpoint().await;
    let mut held = testkit::installed(&endpoint, scene.now);
    let region = listeners[1].region().clone();
    let copy = "arn:aws:acm:eu-west-1:000000000000:certificate/2".to_owned();
    held.listeners =
        listeners.iter().map(|l| ListenerUse { listener: l.clone(), attached_at: Some(scene.now) }).collect();
    held.copies = vec![CertificateCopy { region, arn: copy.clone(), serial: held.serial.clone() }];
    scene.endpoints.record_certificate(&endpoint.id, scene.input.attempt, &held).await.expect("ours");
    for (listener, arn) in listeners.iter().zip([&held.arn, &copy]) {
        scene.destinations.listeners_here().attach(listener, arn).await.expect("in memory");
    }
    scene.endpoints.begin_removal(&endpoint.id, scene.now).await.expect("in memory");
    scene
}

fn listeners_of(held: &vocabulary::certificate::InstalledCertificate) -> Vec<ListenerArn> {
    held.listeners.iter().map(|known| known.listener.clone()).collect()
}

#[tokio::test]
async fn a_removal_takes_the_certificate_off_its_listeners() {
    let scene = going().await;
    let held = scene.endpoint().await.certificate.expect("recorded");
    assert_eq!(run(&scene).await.expect("settled").status, Status::Removed);
    for listener in listeners_of(&held) {
        assert_eq!(scene.destinations.listeners_here().held(&listener), Vec::<String>::new());
    }
    assert!(scene.endpoints.is_empty());
}

#[tokio::test]
async fn a_removal_that_may_not_take_it_off_says_so_and_is_tried_again() {
    let mut scene = going().await;
    let held = scene.endpoint().await.certificate.expect("recorded");
    let denied =
        |kind| ServiceFault { operation: "elasticloadbalancing:RemoveListenerCertificates", kind, detail: "no".into() };
    scene.destinations.listeners_here().refuse(Some(denied(FaultKind::Unavailable)));
    assert_eq!(run(&scene).await.expect_err("later").name, FailureName::Unavailable, "which the flow tries again");
    scene.destinations.listeners_here().refuse(Some(denied(FaultKind::Denied)));
    assert_eq!(run(&scene).await.expect("settled").status, Status::Failed);
    let endpoint = scene.endpoint().await;
    let failure = endpoint.failing.expect("recorded").failure;
    assert!(endpoint.removing && failure.name == FailureName::DestinationRefused);
    assert!(failure.guidance.summary.contains(listeners_of(&held)[0].as_str()), "{failure:?}");
    next(&mut scene).await;
    scene.destinations.listeners_here().refuse(None);
    assert_eq!(run(&scene).await.expect("settled").status, Status::Removed);
    assert!(scene.endpoints.is_empty());
}
