//! Listeners, additional regions, another account.

use std::panic::AssertUnwindSafe;

use domain::endpoint::LEASE;
use domain::ports::{Change, DueEntry, DueIndex, FaultKind, Listeners, Registry, ServiceFault};
use futures::FutureExt;
use vocabulary::certificate::{CertificateKey, CertificateUsages, ListenerArn, Region, RoleArn, Target};

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

fn at(fixture: &Fixture, region_name: &str) -> testkit::MemoryCertificates {
    fixture.destinations.at(&Target { region: region(region_name), role: None })
}

async fn current(fixture: &Fixture) -> InstalledCertificate {
    fixture.endpoint().await.certificate.expect("recorded")
}

/// That all is as `deployment` has it, each certificate imported once.
async fn check(fixture: &Fixture) {
    let held = current(fixture).await;
    assert_eq!(fixture.certificates.all().keys().collect::<Vec<_>>(), [&held.arn]);
    assert_eq!(held.copies.iter().map(|copy| copy.region.as_str()).collect::<Vec<_>>(), [AWAY, "us-east-1"]);
    for copy in &held.copies {
        let there = at(fixture, copy.region.as_str()).all();
        assert_eq!((there.len(), &there[&copy.arn].serial, there[&copy.arn].imports), (1, &held.serial, 1));
    }
    let listeners = fixture.destinations.listeners_here();
    assert_eq!(listeners.certificates(&here()), [held.arn.as_str()]);
    assert_eq!(listeners.certificates(&there()), [held.copies[0].arn.as_str()]);
    assert!(held.listeners.iter().all(|known| known.attached_at.is_some()) && held.listeners.len() == 2);
    assert!(fixture.keys.is_empty());
}

#[tokio::test]
async fn the_certificate_is_imported_everywhere_and_then_attached() {
    let fixture = issued_for(everywhere()).await;
    run(&fixture).await.expect("imported");
    check(&fixture).await;
    run(&fixture).await.expect("a second delivery");
    check(&fixture).await;
}

#[tokio::test]
async fn wherever_the_step_dies_the_next_run_ends_as_one_that_did_not() {
    let mut crashes = 0;
    for effects in 1..40 {
        let fixture = issued_for(everywhere()).await;
        fixture.fuse.set(Some(effects));
        crashes += u32::from(AssertUnwindSafe(run(&fixture)).catch_unwind().await.is_err());
        fixture.fuse.set(None);
        run(&fixture).await.expect("the next run");
        check(&fixture).await;
    }
    // The intention, three imports and their records, the key, two of listeners and their two records.
    assert_eq!(crashes, 12);
}

#[tokio::test]
async fn a_missing_listener_waits_on_the_operator_and_delays_no_other() {
    let fixture = issued_for(everywhere()).await;
    fixture.destinations.listeners_here().drop_listener(&here());
    let failure = run(&fixture).await.expect_err("it cannot be attached");
    assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::DestinationRefused, WaitingOn::Operator));
    assert!(
        failure.guidance.summary.contains(here().as_str()) && failure.guidance.next_step().contains("--listener"),
        "{failure:?}"
    );
    let recorded = current(&fixture).await;
    assert!(fixture.endpoint().await.is_current(fixture.now), "the certificate is in place all the same");
    assert_eq!(fixture.destinations.listeners_here().certificates(&there()), [recorded.copies[0].arn.as_str()]);
    let known: Vec<_> = recorded.listeners.iter().map(|known| known.attached_at.is_some()).collect();
    assert_eq!(known, [false, true], "and it is known which of them has it");
    fixture.destinations.listeners_here().create(&here(), None);
    run(&fixture).await.expect("it is there by now");
    check(&fixture).await;
}

#[tokio::test]
async fn what_the_load_balancer_refuses_names_the_listener_and_what_denies_it_the_role() {
    let refusal = |kind, detail: &str| ServiceFault {
        operation: "elasticloadbalancing:AddListenerCertificates",
        kind,
        detail: detail.into(),
    };
    let fixture = issued_for(everywhere()).await;
    for (kind, detail, says) in [
        (FaultKind::Refused, "TooManyCertificates: 25", "quota"),
        (FaultKind::Denied, "AccessDenied: no", "listeners-and-regions"),
    ] {
        fixture.destinations.listeners_here().refuse(Some(refusal(kind, detail)));
        let failure = run(&fixture).await.expect_err("refused");
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::DestinationRefused, WaitingOn::Operator));
        assert!(
            failure.guidance.summary.contains(here().as_str()) && failure.guidance.summary.contains(detail),
            "{failure:?}"
        );
        assert!(failure.guidance.next_step().contains(says), "{failure:?}");
    }
    fixture.destinations.listeners_here().refuse(Some(refusal(FaultKind::Throttled, "slow down")));
    assert_eq!(run(&fixture).await.expect_err("later").name, FailureName::Throttled, "which is tried again at once");
    fixture.destinations.listeners_here().refuse(None);
    run(&fixture).await.expect("attached");
    check(&fixture).await;
}

#[tokio::test]
async fn a_region_that_refused_gets_its_import_later_without_another_import_at_home() {
    let fixture = issued_for(everywhere()).await;
    let refusal = ServiceFault {
        operation: "acm:ImportCertificate",
        kind: FaultKind::Refused,
        detail: "LimitExceededException: quota reached".into(),
    };
    at(&fixture, AWAY).refuse(Some(refusal));
    let failure = run(&fixture).await.expect_err("refused");
    assert!(failure.name == FailureName::DestinationRefused && failure.guidance.summary.contains(AWAY), "{failure:?}");
    assert!(failure.guidance.next_step().contains("quota"), "{failure:?}");
    let endpoint = fixture.endpoint().await;
    let order = endpoint.order.as_ref().expect("open").generation;
    assert!(!endpoint.is_current(fixture.now) && !endpoint.has_used(order, fixture.now), "its chain is still of use");
    assert!(!fixture.keys.is_empty(), "and so is its key");
    at(&fixture, AWAY).refuse(None);
    run(&fixture).await.expect("imported");
    check(&fixture).await;
    let endpoint = fixture.endpoint().await;
    assert!(endpoint.is_current(fixture.now) && endpoint.has_used(order, fixture.now));
    assert_eq!(fixture.certificates.all().values().map(|held| held.imports).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_detached_certificate_is_attached_again_and_an_unwanted_one_is_removed() {
    let mut fixture = issued_for(everywhere()).await;
    run(&fixture).await.expect("imported");
    fixture.destinations.listeners_here().strip(&there());
    run(&fixture).await.expect("imported again");
    check(&fixture).await;

    let before = current(&fixture).await;
    let deployment = Deployment::new(vec![here()], vec![], None, None).expect("few");
    rewish(&mut fixture, deployment).await;
    run(&fixture).await.expect("followed");
    let after = current(&fixture).await;
    assert_eq!((after.copies.len(), after.listeners.len(), &after.serial), (0, 1, &before.serial));
    assert_eq!(fixture.destinations.listeners_here().certificates(&there()), Vec::<String>::new());
    assert!(at(&fixture, AWAY).all().is_empty() && at(&fixture, "us-east-1").all().is_empty());
    assert_eq!(fixture.destinations.listeners_here().certificates(&here()), [after.arn]);
}

#[tokio::test]
async fn a_listeners_default_certificate_stays_there_and_is_remembered() {
    let mut fixture = issued_for(everywhere()).await;
    run(&fixture).await.expect("imported");
    let arn = current(&fixture).await.arn;
    fixture.destinations.listeners_here().create(&here(), Some(&arn));
    rewish(&mut fixture, Deployment::new(vec![there()], vec![region("us-east-1")], None, None).expect("few")).await;
    run(&fixture).await.expect("followed");
    assert_eq!(fixture.destinations.listeners_here().certificates(&here()), [arn]);
    assert!(
        current(&fixture).await.listeners.iter().any(|known| known.listener == here()),
        "so that a removal knows of it"
    );
}

#[tokio::test]
async fn a_new_region_needs_a_new_order_as_the_key_is_gone() {
    let mut fixture = issued_for(Deployment::default()).await;
    run(&fixture).await.expect("imported");
    rewish(&mut fixture, everywhere()).await;
    let failure = run(&fixture).await.expect_err("there is no key");
    assert_eq!(failure.name, FailureName::OrderLost);
}

#[tokio::test]
async fn with_a_role_everything_is_in_the_account_of_the_role() {
    const OTHER: &str = "444455556666";
    let role: RoleArn = format!("arn:aws:iam::{OTHER}:role/managed-https").parse().expect("a role");
    let listeners = vec![listener("eu-central-1", OTHER), listener(AWAY, OTHER)];
    let fixture = issued_for(Deployment::new(listeners.clone(), vec![], Some(role.clone()), None).expect("few")).await;
    run(&fixture).await.expect("imported");
    let held = current(&fixture).await;
    assert!(fixture.certificates.all().is_empty(), "there is none in the installation's own");
    for arn in [&held.arn, &held.copies[0].arn] {
        assert!(arn.contains(&format!(":{OTHER}:")), "{arn}");
    }
    let attached = fixture.destinations.listeners_here().certificates_of(&listeners[1]).await;
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

/// Renews: the current certificate has been due, and a new chain waits to be imported.
async fn renewal(fixture: &mut Fixture) {
    let certificate = current(fixture).await;
    let deployment = fixture.endpoint().await.deployment;
    rewish(fixture, deployment).await;
    fixture.now = certificate.renew_at;
    fixture.ca.set_time(fixture.now);
    let (id, attempt) = (fixture.input.endpoint.clone(), fixture.input.attempt);
    let endpoint = fixture.endpoint().await;
    let generation = endpoint.generation + 1;
    let key = CertificateKey::generate;
    fixture.keys.ensure(&id, generation, key).await.expect("in memory");
    let opened = fixture.ca.open(&endpoint.names, &endpoint.proving().into(), None).await.expect("in memory").value;
    let order = OpenOrder {
        url: opened.url,
        finalize_url: opened.finalize_url,
        authorizations: opened.authorizations,
        generation,
        chain: None,
        importing: false,
        ..endpoint.order.expect("the one before")
    };
    fixture.endpoints.save_order(&id, attempt, &order).await.expect("ours");
    let published = std::mem::replace(fixture, Fixture::new(Reachability::Internal).await);
    *fixture = published.with_publications().await;
    fixture.ca.validate(&order, false).await.expect("in memory");
    let key = fixture.keys.load(&id, generation).await.expect("in memory").expect("there");
    let reply = fixture.ca.finalize(&order, &key.certificate_request(&endpoint.names)).await.expect("in memory");
    let Finalized::Issued { chain } = reply.value else { panic!("issued") };
    let order = OpenOrder { chain: Some(chain), ..fixture.order().await };
    fixture.endpoints.save_order(&id, attempt, &order).await.expect("ours");
}

/// What no renewal of the CA in memory has.
fn for_code() -> CertificateUsages {
    let extended = Some(["serverAuth", "codeSigning"].map(str::to_owned).into());
    CertificateUsages { key: "EC 1.2.840.10045.3.1.7".into(), key_usages: None, extended }
}

#[tokio::test]
async fn a_certificate_that_cannot_replace_the_former_gets_a_new_arn_and_listeners_follow() {
    for hidden in [false, true] {
        for effects in 0..14 {
            let mut fixture = issued_for(everywhere()).await;
            run(&fixture).await.expect("imported");
            let before = current(&fixture).await;
            fixture.certificates.pretend(&before.arn, for_code());
            if hidden {
                fixture.certificates.hide_usages();
            }
            renewal(&mut fixture).await;
            if effects > 0 {
                fixture.fuse.set(Some(effects));
                let _ = AssertUnwindSafe(run(&fixture)).catch_unwind().await;
                fixture.fuse.set(None);
            }
            run(&fixture).await.expect("imported under a new ARN");
            let after = current(&fixture).await;
            assert_ne!(before.arn, after.arn);
            assert_eq!(before.copies[0].arn, after.copies[0].arn, "where its rules allow, ACM keeps the ARN");
            let retired: Vec<_> = after.retired.iter().map(|retired| retired.arn.as_str()).collect();
            assert_eq!(retired, [before.arn.as_str()], "dead after {effects}");
            assert_eq!(fixture.certificates.all().len(), 2, "one new certificate, and the old one: {effects}");
            assert_eq!(fixture.destinations.listeners_here().certificates(&here()), [after.arn.as_str()]);

            fixture.now += time::Duration::DAY;
            run(&fixture).await.expect("again, a day later");
            assert_eq!(current(&fixture).await.retired, []);
            let left: Vec<_> = fixture.certificates.all().into_keys().collect();
            assert_eq!(left, [after.arn], "the old one is gone");
        }
    }
}

/// ACM in another region has its own rules for its own copy.
#[tokio::test]
async fn a_copy_that_cannot_replace_the_former_gets_a_new_arn_in_its_region_alone() {
    for hidden in [false, true] {
        let mut fixture = issued_for(everywhere()).await;
        run(&fixture).await.expect("imported");
        let before = current(&fixture).await;
        let copy = before.copies[0].clone();
        let abroad = at(&fixture, copy.region.as_str());
        abroad.pretend(&copy.arn, for_code());
        if hidden {
            abroad.hide_usages();
        }
        renewal(&mut fixture).await;
        run(&fixture).await.expect("imported under a new ARN there");
        let after = current(&fixture).await;
        assert_eq!(after.arn, before.arn, "at home its ARN stays");
        assert_ne!(after.copies[0].arn, copy.arn);
        assert_eq!(after.copies[0].serial, after.serial);
        let retired: Vec<_> = after.retired.iter().map(|retired| retired.arn.as_str()).collect();
        assert_eq!(retired, [copy.arn.as_str()]);
        run(&fixture).await.expect("once is enough");
        assert_eq!(current(&fixture).await.copies, after.copies);
    }
}

#[tokio::test]
async fn in_a_full_listener_the_old_certificate_makes_room_for_the_new_one_whatever_dies() {
    for effects in 0..14 {
        let mut fixture = issued_for(everywhere()).await;
        run(&fixture).await.expect("imported");
        let before = current(&fixture).await;
        fixture.certificates.pretend(&before.arn, for_code());
        fixture.destinations.listeners_here().limit(1);
        renewal(&mut fixture).await;
        if effects > 0 {
            fixture.fuse.set(Some(effects));
            let _ = AssertUnwindSafe(run(&fixture)).catch_unwind().await;
            fixture.fuse.set(None);
        }
        run(&fixture).await.expect("swapped");
        let after = current(&fixture).await;
        assert_eq!(
            fixture.destinations.listeners_here().certificates(&here()),
            [after.arn.as_str()],
            "dead after {effects}"
        );
        if effects == 0 {
            assert_eq!(after.retired[0].swapped, [here()]);
            let alert = domain::alert::Alert::certificate(&fixture.endpoint().await, &after, fixture.now);
            assert!(alert.guidance.summary.contains("No room for both"), "{}", alert.guidance.summary);
        }
    }
}

#[tokio::test]
async fn a_listener_full_of_other_certificates_waits_on_the_operator() {
    let fixture = issued_for(everywhere()).await;
    fixture.destinations.listeners_here().limit(0);
    let failure = run(&fixture).await.expect_err("no room");
    assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::DestinationRefused, WaitingOn::Operator));
    assert!(failure.guidance.summary.contains("TooManyCertificates"), "{failure:?}");
}

/// Ends the attempt, changes the deployment, and begins the next attempt.
async fn rewish(fixture: &mut Fixture, deployment: Deployment) {
    let (id, attempt, now) = (&fixture.input.endpoint, fixture.input.attempt, fixture.now);
    fixture.endpoints.release(id, attempt, now).await.expect("in memory");
    let seen = fixture.endpoint().await;
    let Endpoint { names, reachability, dns_method, .. } = seen.clone();
    let change = Change { names, reachability, dns_method, deployment, due_at: now };
    fixture.endpoints.change(&seen, &change, &testkit::contracts::registered(&seen)).await.expect("changed");
    let entry = DueEntry { endpoint: id.clone(), due_at: now };
    let next = fixture.endpoints.claim(&entry, now, now + LEASE).await.expect("in memory").expect("free");
    fixture.input.attempt = next;
}
