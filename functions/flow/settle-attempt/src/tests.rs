mod exported;
mod notifying;
mod removing;

use super::*;
use domain::alert::{AlertKind, NotificationPolicy};
use domain::endpoint::StepUsage;
use domain::flow::TraceId;
use domain::ports::{DueEntry, DueIndex, EndpointReader, FaultKind, Listeners, Registry, ServiceFault};
use testkit::Fixture;
use time::Duration;
use vocabulary::acme::Reachability;
use vocabulary::certificate::{CertificateCopy, Deployment, ListenerArn, ListenerUse};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointId;

async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
    run_to_its_end(fixture).await.map(|settled| settled.progress)
}

async fn run_to_its_end(fixture: &Fixture) -> Result<Settled, Failure> {
    let ports = Ports {
        journal: &fixture.endpoints,
        keys: &fixture.keys,
        destinations: &fixture.destinations,
        notifier: &fixture.notifier,
        causes: &fixture.causes,
        traces: &fixture.traces,
        exports: &fixture.exports,
        policy: NotificationPolicy { dashboard: Some("https://certificates.example"), setup_patience: Duration::ZERO },
        unproven_patience: domain::endpoint::UNPROVEN_PATIENCE,
        setup_messages: None,
    };
    settle_attempt(&ports, &fixture.input, fixture.now, 0.0).await
}

fn caught(name: FailureName, actor: WaitingOn) -> CaughtFailure {
    let message = serde_json::to_string(&Failure::new(name, actor, "what", "do")).expect("plain data");
    let cause = serde_json::json!({"errorMessage": message}).to_string();
    CaughtFailure { error: name.to_string(), cause }
}

/// Claims the next attempt at its due time.
async fn next(fixture: &mut Fixture) {
    let due_at = fixture.endpoint().await.due_at.expect("due some time");
    fixture.now = due_at;
    let entry = DueEntry { endpoint: fixture.input.endpoint.clone(), due_at };
    let attempt = fixture.endpoints.claim(&entry, due_at, due_at + LEASE).await.expect("in memory").expect("free");
    fixture.input.attempt = attempt;
}

#[tokio::test]
async fn each_failure_is_counted_and_each_cause_is_notified_once() {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    let first = fixture.now;
    for (name, actor) in [
        (FailureName::ChallengeFailed, WaitingOn::DomainOwner),
        (FailureName::ChallengeFailed, WaitingOn::DomainOwner),
        (FailureName::RateLimited, WaitingOn::Ca),
    ] {
        fixture.input.failure = Some(caught(name, actor));
        assert_eq!(run(&fixture).await.expect("settled").status, Status::Failed);
        next(&mut fixture).await;
    }
    let failing = fixture.endpoint().await.failing.expect("recorded");
    assert_eq!((failing.attempts, failing.since), (3, first));
    assert_eq!(fixture.notifier.kinds(), [AlertKind::ActionRequired, AlertKind::IssuanceFailed]);
    assert_eq!(fixture.now - first, Duration::minutes(1 + 10 + 100), "backing off as the CA suggests");
}

#[tokio::test]
async fn an_outcome_is_counted_once_for_its_tenant_and_set_up_is_not_counted() {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    let registered = fixture.endpoint().await.created_at;
    let failed = |waiting_on| Some(AttemptEnd::Failed(waiting_on));
    for (name, actor, end) in [
        (FailureName::RecordsNotReady, WaitingOn::DomainOwner, None),
        (FailureName::ChallengeFailed, WaitingOn::DomainOwner, failed(WaitingOn::DomainOwner)),
        (FailureName::RateLimited, WaitingOn::Ca, failed(WaitingOn::Ca)),
    ] {
        fixture.input.failure = Some(caught(name, actor));
        let counted = run_to_its_end(&fixture).await.expect("settled").counted;
        assert_eq!((counted.end, counted.first_after), (end, None), "{name}");
        let before = fixture.endpoint().await.track;
        drop(run_to_its_end(&fixture).await);
        assert_eq!(fixture.endpoint().await.track, before, "once");
        next(&mut fixture).await;
    }
    fixture.input.failure = None;
    let held = testkit::installed(&fixture.endpoint().await, fixture.now);
    let held = vocabulary::certificate::InstalledCertificate { announced: false, renewal: false, ..held };
    let (id, attempt) = (fixture.input.endpoint.clone(), fixture.input.attempt);
    fixture.endpoints.record_certificate(&id, attempt, &held).await.expect("ours");
    let counted = run_to_its_end(&fixture).await.expect("settled").counted;
    assert_eq!((counted.end, counted.first_after), (Some(AttemptEnd::Succeeded), Some(fixture.now - registered)));
    let track = fixture.endpoint().await.track;
    let owner_then_ca = [WaitingOn::DomainOwner, WaitingOn::Ca].map(AttemptEnd::Failed);
    assert_eq!(track.ends, [owner_then_ca[0], owner_then_ca[1], AttemptEnd::Succeeded]);
    assert_eq!(track.issued_at, Some(fixture.now));
}

#[tokio::test]
async fn a_lost_order_is_dropped_unless_something_of_it_may_still_be_published() {
    for (left_behind, kept) in [(false, false), (true, true)] {
        let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await;
        fixture.input.failure = Some(caught(FailureName::OrderLost, WaitingOn::Ca));
        fixture.input.clean_up_failure = left_behind.then(|| caught(FailureName::Misconfigured, WaitingOn::Operator));
        run(&fixture).await.expect("settled");
        assert_eq!(fixture.endpoint().await.order.is_some(), kept);
    }
}

/// The CA may use them again for whatever tenant, until they are deactivated.
#[tokio::test]
async fn the_authorizations_of_an_order_that_is_dropped_are_remembered() {
    for (status, known) in [(OrderStatus::Invalid, 2), (OrderStatus::Pending, 0)] {
        let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await;
        let order = vocabulary::acme::OpenOrder { status, ..fixture.order().await };
        let (id, attempt) = (fixture.input.endpoint.clone(), fixture.input.attempt);
        fixture.endpoints.save_order(&id, attempt, &order).await.expect("ours");
        fixture.input.failure = Some(caught(FailureName::ChallengeFailed, WaitingOn::DomainOwner));
        run(&fixture).await.expect("settled");
        let endpoint = fixture.endpoint().await;
        assert_eq!(endpoint.authorizations.len(), known, "{status:?}: an order that is open knows its own");
        assert_eq!(endpoint.known_authorizations().len(), 2);
    }
}

/// An order that ends without a certificate has used nothing of the CA's limits on certificates, which is given back exactly
/// and once; one that is kept, or brought its certificate, gives nothing back.
#[tokio::test]
async fn the_tokens_of_an_order_without_a_certificate_are_returned() {
    use domain::ports::RateLimits;
    use vocabulary::acme::{BucketId, Granted, Limit, OrderStatus, Purpose, Take};
    let bucket = BucketId::Domain { directory: "memory://ca/directory".into(), domain: "example.com".into() };
    let limit = Limit::new(50, Duration::days(7));
    let take =
        Take { bucket, limit, purpose: Purpose::Registration, waited: false, tenant: None, place: None, taker: None };
    for (status, issued, left) in
        [(OrderStatus::Invalid, false, 50), (OrderStatus::Pending, false, 49), (OrderStatus::Valid, true, 49)]
    {
        let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await;
        let Granted::Now(token) = fixture.rate_limits.take(&take, fixture.now).await.expect("in memory") else {
            panic!("it is full")
        };
        let order = vocabulary::acme::OpenOrder { status, taken: vec![token], ..fixture.order().await };
        let (id, attempt) = (fixture.input.endpoint.clone(), fixture.input.attempt);
        fixture.endpoints.save_order(&id, attempt, &order).await.expect("ours");
        match issued {
            true => {
                let held = testkit::installed(&fixture.endpoint().await, fixture.now);
                let held = vocabulary::certificate::InstalledCertificate { generation: order.generation, ..held };
                fixture.endpoints.record_certificate(&id, attempt, &held).await.expect("ours");
            }
            false => fixture.input.failure = Some(caught(FailureName::ChallengeFailed, WaitingOn::DomainOwner)),
        }
        run(&fixture).await.expect("settled");
        assert_eq!(fixture.rate_limits.tokens(&take, fixture.now), left, "{status:?}");
        assert_eq!(run(&fixture).await.expect_err("settled before").name, FailureName::Superseded);
        assert_eq!(fixture.rate_limits.tokens(&take, fixture.now), left, "once: {status:?}");
        // A removal leaves no token taken for which no certificate was issued.
        fixture.endpoints.begin_removal(&id, fixture.now).await.expect("in memory");
        for end in [Status::Failed, Status::Removed].into_iter().skip(usize::from(status != OrderStatus::Pending)) {
            let entry = DueEntry { endpoint: id.clone(), due_at: fixture.endpoint().await.due_at.expect("due") };
            let now = entry.due_at;
            let claimed = fixture.endpoints.claim(&entry, now, now + LEASE).await.expect("in memory");
            (fixture.now, fixture.input.attempt) = (now, claimed.expect("free"));
            removing::deactivated(&fixture).await;
            fixture.input.failure = Some(caught(FailureName::EndpointRemoved, WaitingOn::Operator));
            assert_eq!(run(&fixture).await.expect("settled").status, end, "{status:?}");
        }
        assert_eq!(fixture.rate_limits.tokens(&take, fixture.now), if issued { 49 } else { 50 }, "{status:?}");
    }
}

/// A step that died while it took tokens has recorded each in its bucket, and all of them on the endpoint.
#[tokio::test]
async fn the_tokens_of_a_dead_step_are_returned_unless_the_ca_may_have_counted_them() {
    use domain::ports::RateLimits;
    use vocabulary::acme::{BucketId, Granted, Limit, Purpose, Take, Taker};
    let directory = || "memory://ca/directory".to_owned();
    let (limit, id) = (Limit::new(50, Duration::days(7)), Fixture::new(Reachability::Internal).await.input.endpoint);
    let takes = [
        BucketId::Domain { directory: directory(), domain: "example.com".into() },
        BucketId::Account { directory: directory() },
    ];
    let takes = takes.map(|bucket| {
        let (taker, purpose) = (Some(Taker::new(&id, 1, 1)), Purpose::Registration);
        Take { bucket, limit, purpose, waited: false, tenant: None, place: None, taker }
    });
    for (taken, left) in [(0, [50, 50]), (1, [50, 50]), (2, [50, 49])] {
        let mut fixture = Fixture::new(Reachability::Internal).await;
        let (id, attempt, now) = (fixture.input.endpoint.clone(), fixture.input.attempt, fixture.now);
        let planned = takes.each_ref().map(|take| take.planned(now));
        fixture.endpoints.hold_tokens(&id, attempt, &planned).await.expect("ours");
        for take in &takes[..taken] {
            assert!(matches!(fixture.rate_limits.take(take, now).await, Ok(Granted::Now(_))));
        }
        fixture.input.failure = Some(caught(FailureName::Unavailable, WaitingOn::Operator));
        run(&fixture).await.expect("settled");
        let tokens = takes.each_ref().map(|take| fixture.rate_limits.tokens(take, now));
        assert_eq!(tokens, left, "{taken} of two were taken");
        assert!(fixture.endpoint().await.held_tokens.is_empty());
    }
}

#[tokio::test]
async fn a_flow_that_ends_without_a_result_is_a_failure() {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    for expected in [vec![], vec![], vec![AlertKind::IssuanceFailed]] {
        assert_eq!(run(&fixture).await.expect("settled").status, Status::Failed);
        assert_eq!(fixture.notifier.kinds(), expected, "told when the retries do not help");
        next(&mut fixture).await;
    }
}

#[tokio::test]
async fn each_attempt_leaves_one_trace_that_ends_as_it_did() {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    fixture.input.failure = Some(caught(FailureName::RecordsNotReady, WaitingOn::DomainOwner));
    run(&fixture).await.expect("settled");
    let traces = fixture.traces.taken();
    let [trace] = traces.as_slice() else { panic!("one trace: {traces:?}") };
    assert_eq!(trace.id, TraceId::of(&fixture.input.endpoint, fixture.input.attempt));
    assert_eq!(trace.spans[0].failure, Some(FailureName::RecordsNotReady));
    let attempts = fixture.endpoints.attempts(&fixture.input.endpoint, 1).await.expect("in memory");
    assert_eq!(Some(trace.spans[0].ended_at), attempts[0].finished_at, "it is the attempt as history has it");

    assert_eq!(run(&fixture).await.expect_err("settled before").name, FailureName::Superseded);
    assert_eq!(fixture.traces.taken().len(), 1, "what comes late sends nothing");
}

#[tokio::test]
async fn an_attempt_keeps_the_start_that_its_first_step_wrote_down() {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    let began = fixture.now + Duration::milliseconds(123);
    fixture.input.progress.record(StepUsage { began: Some(began), ..StepUsage::of(Step::OpenOrder) });
    run(&fixture).await.expect("settled");
    let attempts = fixture.endpoints.attempts(&fixture.input.endpoint, 1).await.expect("in memory");
    assert_eq!(attempts[0].started_at, began, "to the millisecond: its event keeps its place");
}

/// With a certificate on a listener here and in another region.
async fn attached() -> Fixture {
    let arn = |region: &str| format!("arn:aws:elasticloadbalancing:{region}:000000000000:listener/app/edge/1/1");
    let listeners: Vec<_> = ["eu-central-1", "eu-west-1"].map(|region| arn(region).parse().expect("a listener")).into();
    let deployment = Deployment::new(listeners.clone(), vec![], None, None).expect("few");
    let fixture = Fixture::deployed(Reachability::Internal, deployment).await;
    let endpoint = fixture.endpoint().await;
    let mut held = testkit::installed(&endpoint, fixture.now);
    let region = listeners[1].region().clone();
    let copy = "arn:aws:acm:eu-west-1:000000000000:certificate/2".to_owned();
    held.listeners =
        listeners.iter().map(|l| ListenerUse { listener: l.clone(), attached_at: Some(fixture.now) }).collect();
    held.copies = vec![CertificateCopy { region, arn: copy.clone(), serial: held.serial.clone() }];
    fixture.endpoints.record_certificate(&endpoint.id, fixture.input.attempt, &held).await.expect("ours");
    for (listener, arn) in listeners.iter().zip([&held.arn, &copy]) {
        fixture.destinations.listeners_here().attach(listener, arn).await.expect("in memory");
    }
    fixture
}

/// The same, being removed.
async fn going() -> Fixture {
    let fixture = attached().await;
    fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
    fixture
}

/// The same, whose names another registration has proven; its next attempt found no proof.
async fn moved() -> Fixture {
    use domain::endpoint::{Endpoint, Moved};
    use domain::ports::{Claims, Former, Handover, Registry};
    use vocabulary::names::DelegationLabel;
    let mut fixture = attached().await;
    let seen = fixture.endpoint().await;
    let (id, label) = (EndpointId::from_random([7; 16]), DelegationLabel::from_random([8; 16]));
    let tenant = "globex".parse().expect("valid");
    let other = Endpoint::register(id, tenant, seen.names.clone(), Reachability::Internal, label, fixture.now);
    let event = testkit::contracts::registered(&other);
    fixture.endpoints.register(&other, &event, None).await.expect("accepted");
    let name = seen.names.primary().base.clone();
    let moved = Moved::with(None, name.clone(), fixture.now, fixture.now + Duration::DAY);
    let handover = Handover { names: vec![(name, None)], former: Some(Former { seen, moved, event }) };
    fixture.endpoints.hand_over(&other, &handover, fixture.now).await.expect("moved");
    next(&mut fixture).await;
    fixture.input.failure = Some(caught(FailureName::RecordsNotReady, WaitingOn::DomainOwner));
    fixture
}

#[tokio::test]
async fn a_certificate_whose_names_moved_stays_for_the_grace_period_and_is_then_removed_everywhere() {
    let mut fixture = moved().await;
    let begun = fixture.now;
    let held = fixture.endpoint().await.certificate.expect("there");
    while fixture.now < begun + Duration::DAY {
        run(&fixture).await.expect("settled");
        let endpoint = fixture.endpoint().await;
        assert!(endpoint.certificate.is_some(), "no listener loses it before the grace is over");
        assert!(endpoint.due_at.is_some_and(|due| due <= begun + Duration::DAY), "it is due when the grace is over");
        next(&mut fixture).await;
    }
    assert_eq!(fixture.now, begun + Duration::DAY);
    run(&fixture).await.expect("settled");
    assert_eq!(fixture.endpoint().await.certificate, None);
    for listener in listeners_of(&held) {
        assert_eq!(fixture.destinations.listeners_here().certificates(&listener), Vec::<String>::new());
    }
    let told: Vec<_> =
        fixture.notifier.alerts().into_iter().map(|alert| (alert.cause.to_string(), alert.guidance.summary)).collect();
    assert_eq!(told.len(), 2, "once when they moved, and once when the certificate is gone: {told:?}");
    assert!(told.iter().all(|(cause, _)| cause == "records-moved"), "{told:?}");
    assert!(told[0].1.contains("is deleted on 2026-11-25 12:00 UTC") && !told[1].1.contains("certificate"), "{told:?}");
}

/// The other registration's certificate, on the first of the listeners: for all of the names, or for `name` alone.
async fn reaches_the_first_listener(fixture: &Fixture, name: Option<&str>) -> (ListenerArn, ListenerArn) {
    let other = fixture.endpoints.find(&EndpointId::from_random([7; 16])).await.expect("in memory").expect("there");
    let [here, abroad] = &listeners_of(&fixture.endpoint().await.certificate.expect("there"))[..] else {
        panic!("two")
    };
    let mut theirs = testkit::installed(&other, fixture.now);
    theirs.arn = "arn:aws:acm:eu-central-1:000000000000:certificate/theirs".to_owned();
    if let Some(name) = name {
        theirs.names = vec![name.parse().expect("a name")];
    }
    theirs.listeners = vec![ListenerUse { listener: here.clone(), attached_at: Some(fixture.now) }];
    fixture.endpoints.record_certificate(&other.id, other.attempt, &theirs).await.expect("ours");
    fixture.destinations.listeners_here().attach(here, &theirs.arn).await.expect("in memory");
    (here.clone(), abroad.clone())
}

/// Of two certificates that are alike a load balancer serves either: so only that of the newest proof stays.
#[tokio::test]
async fn visitors_get_the_certificate_of_the_newest_proof_during_the_grace() {
    let mut fixture = moved().await;
    run(&fixture).await.expect("settled");
    let held = fixture.endpoint().await.certificate.expect("there");
    assert_eq!(held.listeners.len(), 2, "until then nobody else answers there");
    let (here, abroad) = reaches_the_first_listener(&fixture, None).await;
    next(&mut fixture).await;
    run(&fixture).await.expect("settled");
    let on = |listener: &ListenerArn| fixture.destinations.listeners_here().certificates(listener);
    assert_eq!(on(&here), ["arn:aws:acm:eu-central-1:000000000000:certificate/theirs"]);
    assert_eq!(on(&abroad), [held.copies[0].arn.clone()], "where it alone answers, it stays");
    let left = fixture.endpoint().await.certificate.expect("it stays in ACM for the grace");
    assert_eq!(listeners_of(&left), [abroad]);
}

#[tokio::test]
async fn a_certificate_stays_attached_while_it_alone_covers_a_name() {
    let mut fixture = moved().await;
    run(&fixture).await.expect("settled");
    let (here, _) = reaches_the_first_listener(&fixture, Some("www.example.com")).await;
    next(&mut fixture).await;
    run(&fixture).await.expect("settled");
    assert_eq!(fixture.destinations.listeners_here().certificates(&here).len(), 2);
    assert_eq!(fixture.endpoint().await.certificate.expect("there").listeners.len(), 2);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_detached_after_the_grace_period_waits_on_the_operator() {
    let mut fixture = moved().await;
    fixture.now += Duration::days(2);
    let detail = "no".into();
    let operation = "elasticloadbalancing:RemoveListenerCertificates";
    fixture.destinations.listeners_here().refuse(Some(ServiceFault { operation, kind: FaultKind::Denied, detail }));
    run(&fixture).await.expect("settled");
    let endpoint = fixture.endpoint().await;
    let failure = endpoint.failing.clone().expect("recorded").failure;
    assert_eq!((failure.name, failure.waiting_on()), (FailureName::DestinationRefused, WaitingOn::Operator));
    assert!(endpoint.certificate.is_some());
    fixture.destinations.listeners_here().refuse(None);
    next(&mut fixture).await;
    run(&fixture).await.expect("settled");
    assert_eq!(fixture.endpoint().await.certificate, None);
}

fn listeners_of(held: &vocabulary::certificate::InstalledCertificate) -> Vec<ListenerArn> {
    held.listeners.iter().map(|known| known.listener.clone()).collect()
}

#[tokio::test]
async fn a_removal_takes_the_certificate_off_its_listeners() {
    let fixture = going().await;
    let held = fixture.endpoint().await.certificate.expect("recorded");
    assert_eq!(run(&fixture).await.expect("settled").status, Status::Removed);
    for listener in listeners_of(&held) {
        assert_eq!(fixture.destinations.listeners_here().certificates(&listener), Vec::<String>::new());
    }
    assert!(fixture.endpoints.is_empty());
}

#[tokio::test]
async fn a_removal_that_may_not_detach_the_certificate_says_so_and_is_retried() {
    let mut fixture = going().await;
    let held = fixture.endpoint().await.certificate.expect("recorded");
    let denied =
        |kind| ServiceFault { operation: "elasticloadbalancing:RemoveListenerCertificates", kind, detail: "no".into() };
    fixture.destinations.listeners_here().refuse(Some(denied(FaultKind::Unavailable)));
    assert_eq!(run(&fixture).await.expect_err("later").name, FailureName::Unavailable, "which the flow tries again");
    fixture.destinations.listeners_here().refuse(Some(denied(FaultKind::Denied)));
    assert_eq!(run(&fixture).await.expect("settled").status, Status::Failed);
    let endpoint = fixture.endpoint().await;
    let failure = endpoint.failing.expect("recorded").failure;
    assert!(endpoint.removing && failure.name == FailureName::DestinationRefused);
    assert!(failure.guidance.summary.contains(listeners_of(&held)[0].as_str()), "{failure:?}");
    next(&mut fixture).await;
    fixture.destinations.listeners_here().refuse(None);
    assert_eq!(run(&fixture).await.expect("settled").status, Status::Removed);
    assert!(fixture.endpoints.is_empty());
}
