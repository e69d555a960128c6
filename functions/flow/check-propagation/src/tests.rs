//! Each outcome, and that none of them takes longer than the step has.

use super::*;
use diagnosis::facts::{ProbeAnswer, ProbeFault};
use domain::ports::{TokenStore, TxtZone};
use testkit::{Fixture, MemoryCa, MemoryProbe};
use vocabulary::acme::Reachability;
use vocabulary::names::endpoint_names::MOST_NAMES;

async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
    run_with(fixture, &MemoryProbe::new(fixture.tokens.clone()), LONGEST).await
}

async fn run_with(fixture: &Fixture, probe: &MemoryProbe, longest: StdDuration) -> Result<Progress, Failure> {
    let ports = Ports {
        endpoints: &fixture.endpoints,
        dns: &fixture.dns,
        probe,
        prober: &fixture.prober,
        platform: &Fixture::platform(),
        issuer: &MemoryCa::issuer(),
        longest,
    };
    check_propagation(&ports, &fixture.input, fixture.now).await
}

async fn published(reachability: Reachability) -> Fixture {
    Fixture::new(reachability).await.with_order().await.with_publications().await
}

#[tokio::test]
async fn a_challenge_that_the_ca_would_find_is_propagated() {
    let fixture = published(Reachability::External).await;
    assert_eq!(run(&fixture).await.expect("all there").status, Status::Propagated);
}

#[tokio::test]
async fn txt_values_that_are_not_served_yet_are_waited_for_but_not_for_ever() {
    let mut fixture = published(Reachability::Internal).await;
    fixture.zone.withdraw(&fixture.target().await, &fixture.order().await.txt_values()).await.expect("in memory");
    let progress = run(&fixture).await.expect("on its way");
    assert_eq!((progress.status, progress.wait_seconds), (Status::Waiting, FIRST_WAIT));
    fixture.input.progress = progress;
    fixture.now += PATIENCE - Duration::SECOND;
    assert_eq!(run(&fixture).await.expect("still").wait_seconds, NEXT_WAIT);
    fixture.now += Duration::SECOND;
    assert_eq!(run(&fixture).await.expect_err("too late").name, FailureName::TimedOut);
}

#[tokio::test]
async fn a_txt_record_that_fails_dnssec_waits_on_the_operator_before_the_ca_is_contacted() {
    let fixture = published(Reachability::Internal).await;
    fixture.dns.spoil(&fixture.target().await, "is not signed by a key that the DS record names");
    let failure = run(&fixture).await.expect_err("the CA would see nothing");
    assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::RecordsNotReady, WaitingOn::Operator));
    assert_eq!(failure.check.as_deref(), Some("dnssec-broken"));
}

#[tokio::test]
async fn an_alias_that_was_changed_meanwhile_fails_at_once() {
    let fixture = published(Reachability::Internal).await;
    fixture.dns.alias("_acme-challenge.example.com", "elsewhere.example");
    assert_eq!(run(&fixture).await.expect_err("wrong").name, FailureName::RecordsNotReady);
}

#[tokio::test]
async fn a_persistent_record_that_was_removed_meanwhile_fails_at_once() {
    let fixture = Fixture::by_persistent_record().await.with_order().await;
    assert_eq!(run(&fixture).await.expect("it stands").status, Status::Propagated);
    fixture.set_persistent_record(false);
    let failure = run(&fixture).await.expect_err("gone");
    assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::RecordsNotReady, WaitingOn::DomainOwner));
}

#[tokio::test]
async fn a_host_that_serves_something_else_fails_at_once() {
    let fixture = published(Reachability::External).await;
    let probe = MemoryProbe::new(fixture.tokens.clone());
    probe.answer("example.com", ProbeAnswer::Body("something else".into()));
    let failure = run_with(&fixture, &probe, LONGEST).await.expect_err("wrong");
    assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::RecordsNotReady, WaitingOn::DomainOwner));
    assert!(failure.guidance.summary.contains("“something else”"), "{failure:?}");
}

#[tokio::test]
async fn a_token_that_the_platform_does_not_have_waits_on_the_operator() {
    let mut fixture = published(Reachability::External).await;
    for http in fixture.order().await.http_publications() {
        fixture.tokens.withdraw(http.host, http.token).await.expect("in memory");
    }
    fixture.input.progress = run(&fixture).await.expect("asked again first");
    assert_eq!(fixture.input.progress.status, Status::Waiting);
    fixture.now += PATIENCE_WITH_OURSELVES;
    let failure = run(&fixture).await.expect_err("it is not coming");
    assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::Misconfigured, WaitingOn::Operator));
}

#[tokio::test]
async fn every_host_at_fault_is_named() {
    let fixture = of_many().await;
    let probe = MemoryProbe::new(fixture.tokens.clone());
    for host in ["n1.example.com", "n7.example.com"] {
        probe.answer(host, ProbeAnswer::Failed(ProbeFault::NoAddress));
    }
    let failure = run_with(&fixture, &probe, LONGEST).await.expect_err("two are gone");
    let (said, step) = (&failure.guidance.summary, failure.guidance.next_step());
    assert!(said.starts_with("2 names are not ready: n1.example.com has no A, AAAA or CNAME record; n7."), "{said}");
    assert!(step.contains("Create this DNS record: n1.example.com CNAME edge.platform.example"), "{step}");
    assert!(step.contains("n7.example.com CNAME edge.platform.example"), "{step}");
    assert!(!step.contains("port 80"), "{step}");
}

/// As many names as an endpoint can have.
async fn of_many() -> Fixture {
    let names: Vec<String> = (0..MOST_NAMES).map(|number| format!("n{number}.example.com")).collect();
    Fixture::with_names(&names).await.with_order().await.with_publications().await
}

/// One after the other they would take ten times as long as there is.
#[tokio::test]
async fn many_slow_hosts_are_probed_in_parallel() {
    let fixture = of_many().await;
    let probe = MemoryProbe::new(fixture.tokens.clone());
    probe.take(StdDuration::from_millis(100));
    let progress = run_with(&fixture, &probe, StdDuration::from_secs(1)).await.expect("all answer in time");
    assert_eq!(progress.status, Status::Propagated);
}

#[tokio::test]
async fn hosts_that_hang_are_probed_again_and_nobody_is_blamed() {
    let mut fixture = of_many().await;
    let probe = MemoryProbe::new(fixture.tokens.clone());
    probe.take(StdDuration::from_secs(600));
    let (begun, longest) = (Instant::now(), StdDuration::from_millis(300));
    let progress = run_with(&fixture, &probe, longest).await.expect("nobody knows");
    assert!(begun.elapsed() < StdDuration::from_secs(5), "it ends in time: {:?}", begun.elapsed());
    assert_eq!(progress.status, Status::Waiting);
    fixture.input.progress = progress;
    fixture.now += PATIENCE;
    let failure = run_with(&fixture, &probe, longest).await.expect_err("long enough");
    assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::RecordsNotReady, WaitingOn::Nobody));
    assert!(failure.guidance.summary.contains("n0.example.com"), "{failure:?}");
    assert!(failure.guidance.summary.contains("(and 96 other hosts)"), "{failure:?}");
}

/// Two rounds of ten seconds, and ten more to explain what is wrong, are well under the function's 60 seconds.
#[test]
fn what_the_ca_would_wait_for_fits_into_the_step() {
    use diagnosis::http01::rules::TIME;
    let rounds = u32::try_from(MOST_NAMES.div_ceil(hosts::SIDE_BY_SIDE)).expect("a few");
    assert!(TIME * rounds < LONGEST && LONGEST + 2 * TIME < StdDuration::from_secs(60));
}
