//! Listeners, further regions, another account.

use std::panic::AssertUnwindSafe;

use domain::endpoint::LEASE;
use domain::ports::{Change, DueEntry, DueIndex, FaultKind, Listeners, Registry, ServiceFault};
use futures::FutureExt;
use vocabulary::certificate::{ListenerArn, Place, Region, RoleArn};

use super::*;

const AWAY: &str = "eu-west-1";

fn listener(region: &str, account: &str) -> ListenerArn {
    let arn = format!("arn:aws:elasticloadbalancing:{region}:{account}:listener/app/edge/1/1");
    arn.parse().expect("a listener")
}

fn here() -> ListenerArn {
    listener("eu-central-1", "000000000000")
}

fn there() -> ListenerArn {
    listener(AWAY, "000000000000")
}

fn region(text: &str) -> Region {
    text.parse().expect("a region")
}

/// Two listeners, one of them in another region, and a third region.
fn everywhere() -> Deployment {
    Deployment::new(vec![here(), there()], vec![region("us-east-1")], None, None).expect("few")
}

fn at(scene: &Scene, region_name: &str) -> testkit::MemoryCertificates {
    scene.destinations.at(&Place { region: region(region_name), role: None })
}

async fn held(scene: &Scene) -> InstalledCertificate {
    scene.endpoint().await.certificate.expect("recorded")
}

/// That all is as `deployment` has it, each certificate imported once.
async fn check(scene: &Scene) {
    let held = held(scene).await;
    assert_eq!(scene.certificates.held().keys().collect::<Vec<_>>(), [&held.arn]);
    assert_eq!(held.copies.iter().map(|copy| copy.region.as_str()).collect::<Vec<_>>(), [AWAY, "us-east-1"]);
    for copy in &held.copies {
        let there = at(scene, copy.region.as_str()).held();
        assert_eq!((there.len(), &there[&copy.arn].serial, there[&copy.arn].imports), (1, &held.serial, 1));
    }
    let listeners = scene.destinations.listeners_here();
    assert_eq!(listeners.held(&here()), [held.arn.as_str()]);
    assert_eq!(listeners.held(&there()), [held.copies[0].arn.as_str()]);
    assert!(held.listeners.iter().all(|known| known.attached_at.is_some()) && held.listeners.len() == 2);
    assert!(scene.keys.is_empty());
}

#[tokio::test]
async fn the_certificate_is_imported_everywhere_and_then_attached() {
    let scene = issued_for(everywhere()).await;
    run(&scene).await.expect("imported");
    check(&scene).await;
    run(&scene).await.expect("a second delivery");
    check(&scene).await;
}

#[tokio::test]
async fn wherever_the_step_dies_the_next_run_ends_as_one_that_did_not() {
    let mut crashes = 0;
    for effects in 1..40 {
        let scene = issued_for(everywhere()).await;
        scene.fuse.set(Some(effects));
        crashes += u32::from(AssertUnwindSafe(run(&scene)).catch_unwind().await.is_err());
        scene.fuse.set(None);
        run(&scene).await.expect("the next run");
        check(&scene).await;
    }
    // The intention, three imports and their records, the key, two of listeners and their two records.
    assert_eq!(crashes, 12);
}

#[tokio::test]
async fn a_listener_that_is_not_there_is_the_operators_failure_and_keeps_nobody_else_from_theirs() {
    let scene = issued_for(everywhere()).await;
    scene.destinations.listeners_here().drop_listener(&here());
    let failure = run(&scene).await.expect_err("it cannot be attached");
    assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::DestinationRefused, WaitingOn::Operator));
    assert!(
        failure.guidance.summary.contains(here().as_str()) && failure.guidance.next_step().contains("--listener"),
        "{failure:?}"
    );
    let recorded = held(&scene).await;
    assert!(scene.endpoint().await.is_current(scene.now), "the certificate is in place all the same");
    assert_eq!(scene.destinations.listeners_here().held(&there()), [recorded.copies[0].arn.as_str()]);
    let known: Vec<_> = recorded.listeners.iter().map(|known| known.attached_at.is_some()).collect();
    assert_eq!(known, [false, true], "and it is known which of them has it");
    scene.destinations.listeners_here().create(&here(), None);
    run(&scene).await.expect("it is there by now");
    check(&scene).await;
}

#[tokio::test]
async fn what_the_load_balancer_refuses_names_the_listener_and_what_denies_it_the_role() {
    let refusal = |kind, detail: &str| ServiceFault {
        operation: "elasticloadbalancing:AddListenerCertificates",
        kind,
        detail: detail.into(),
    };
    let scene = issued_for(everywhere()).await;
    for (kind, detail, says) in [
        (FaultKind::Refused, "TooManyCertificates: 25", "quota"),
        (FaultKind::Denied, "AccessDenied: no", "Load balancers, regions, accounts"),
    ] {
        scene.destinations.listeners_here().refuse(Some(refusal(kind, detail)));
        let failure = run(&scene).await.expect_err("refused");
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::DestinationRefused, WaitingOn::Operator));
        assert!(
            failure.guidance.summary.contains(here().as_str()) && failure.guidance.summary.contains(detail),
            "{failure:?}"
        );
        assert!(failure.guidance.next_step().contains(says), "{failure:?}");
    }
    scene.destinations.listeners_here().refuse(Some(refusal(FaultKind::Throttled, "slow down")));
    assert_eq!(run(&scene).await.expect_err("later").name, FailureName::Throttled, "which is tried again at once");
    scene.destinations.listeners_here().refuse(None);
    run(&scene).await.expect("attached");
    check(&scene).await;
}

#[tokio::test]
async fn a_region_that_refuses_is_made_good_later_without_another_import_at_home() {
    let scene = issued_for(everywhere()).await;
    let refusal = ServiceFault {
        operation: "acm:ImportCertificate",
        kind: FaultKind::Refused,
        detail: "LimitExceededException: quota reached".into(),
    };
    at(&scene, AWAY).refuse(Some(refusal));
    let failure = run(&scene).await.expect_err("refused");
    assert!(failure.name == FailureName::DestinationRefused && failure.guidance.summary.contains(AWAY), "{failure:?}");
    let endpoint = scene.endpoint().await;
    let order = endpoint.order.as_ref().expect("open").generation;
    assert!(!endpoint.is_current(scene.now) && !endpoint.has_used(order, scene.now), "its chain is still of use");
    assert!(!scene.keys.is_empty(), "and so is its key");
    at(&scene, AWAY).refuse(None);
    run(&scene).await.expect("imported");
    check(&scene).await;
    let endpoint = scene.endpoint().await;
    assert!(endpoint.is_current(scene.now) && endpoint.has_used(order, scene.now));
    assert_eq!(scene.certificates.held().values().map(|held| held.imports).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn what_somebody_took_off_a_listener_is_put_back_and_what_is_no_longer_wanted_goes() {
    let mut scene = issued_for(everywhere()).await;
    run(&scene).await.expect("imported");
    scene.destinations.listeners_here().strip(&there());
    run(&scene).await.expect("looked at again");
    check(&scene).await;

    let before = held(&scene).await;
    let deployment = Deployment::new(vec![here()], vec![], None, None).expect("few");
    rewish(&mut scene, deployment).await;
    run(&scene).await.expect("followed");
    let after = held(&scene).await;
    assert_eq!((after.copies.len(), after.listeners.len(), &after.serial), (0, 1, &before.serial));
    assert_eq!(scene.destinations.listeners_here().held(&there()), Vec::<String>::new());
    assert!(at(&scene, AWAY).held().is_empty() && at(&scene, "us-east-1").held().is_empty());
    assert_eq!(scene.destinations.listeners_here().held(&here()), [after.arn]);
}

#[tokio::test]
async fn a_listeners_default_certificate_stays_there_and_is_remembered() {
    let mut scene = issued_for(everywhere()).await;
    run(&scene).await.expect("imported");
    let arn = held(&scene).await.arn;
    scene.destinations.listeners_here().create(&here(), Some(&arn));
    rewish(&mut scene, Deployment::new(vec![there()], vec![region("us-east-1")], None, None).expect("few")).await;
    run(&scene).await.expect("followed");
    assert_eq!(scene.destinations.listeners_here().held(&here()), [arn]);
    assert!(held(&scene).await.listeners.iter().any(|known| known.listener == here()), "so that a removal knows of it");
}

#[tokio::test]
async fn for_a_new_region_the_certificate_is_ordered_anew_as_its_key_is_gone() {
    let mut scene = issued_for(Deployment::default()).await;
    run(&scene).await.expect("imported");
    rewish(&mut scene, everywhere()).await;
    let failure = run(&scene).await.expect_err("there is no key");
    assert_eq!(failure.name, FailureName::OrderLost);
}

#[tokio::test]
async fn by_a_role_all_of_it_is_in_the_roles_account() {
    const OTHER: &str = "444455556666";
    let role: RoleArn = format!("arn:aws:iam::{OTHER}:role/managed-https").parse().expect("a role");
    let listeners = vec![listener("eu-central-1", OTHER), listener(AWAY, OTHER)];
    let scene = issued_for(Deployment::new(listeners.clone(), vec![], Some(role.clone()), None).expect("few")).await;
    run(&scene).await.expect("imported");
    let held = held(&scene).await;
    assert!(scene.certificates.held().is_empty(), "there is none in the installation's own");
    for arn in [&held.arn, &held.copies[0].arn] {
        assert!(arn.contains(&format!(":{OTHER}:")), "{arn}");
    }
    let attached = scene.destinations.listeners_here().certificates_of(&listeners[1]).await;
    assert_eq!(attached, Ok(Some(vec![held.copies[0].arn.clone()])));

    let denied = issued_for(Deployment::new(vec![], vec![], Some(role.clone()), None).expect("few")).await;
    denied.destinations.deny(&role);
    let failure = run(&denied).await.expect_err("denied");
    assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::DestinationRefused, WaitingOn::Operator));
    assert!(
        failure.guidance.summary.contains(role.as_str()) && failure.guidance.next_step().contains("trust policy"),
        "{failure:?}"
    );
}

/// Ends the attempt, changes the deployment, and begins the next attempt.
async fn rewish(scene: &mut Scene, deployment: Deployment) {
    let (id, attempt, now) = (&scene.input.endpoint, scene.input.attempt, scene.now);
    scene.endpoints.release(id, attempt, now).await.expect("in memory");
    let seen = scene.endpoint().await;
    let Endpoint { names, reachability, dns_method, .. } = seen.clone();
    let change = Change { names, reachability, dns_method, deployment, due_at: now };
    scene.endpoints.change(&seen, &change, &testkit::banks::registered(&seen)).await.expect("changed");
    let entry = DueEntry { endpoint: id.clone(), due_at: now };
    let next = scene.endpoints.claim(&entry, now, now + LEASE).await.expect("in memory").expect("free");
    scene.input.attempt = next;
}
