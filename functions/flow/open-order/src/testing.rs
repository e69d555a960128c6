//! What the tests of the step share.

use std::slice;

use domain::acts::{Authorities, Authority, Pace, TENANT_SHARE};
use domain::endpoint::{Failing, LEASE, Notifications};
use domain::flow::Progress;
use domain::ports::{AttemptJournal, CertificateAuthority, Change, DueEntry, DueIndex, Registry, Settlement};
use testkit::{Fixture, MemoryCa};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::directory::host;
use vocabulary::acme::{CaLimits, Proving};
use vocabulary::certificate::Deployment;
use vocabulary::dns::{Issuer, Platform};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointNames;

use crate::{Ports, open_order, record_of};

pub(crate) const UNLIMITED: Pace =
    Pace { limits: CaLimits { orders: None, domain: None, names: None }, tenant_share: TENANT_SHARE };

/// Runs the step at a CA without limits.
pub(crate) async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
    run_at_pace(fixture, &UNLIMITED).await
}

/// Runs the step at a CA with limits.
pub(crate) async fn run_at_pace(fixture: &Fixture, pace: &Pace) -> Result<Progress, Failure> {
    run_at(fixture, slice::from_ref(&fixture.ca), *pace, &MemoryCa::issuer(), &Fixture::platform()).await
}

/// Runs the step on another platform.
pub(crate) async fn run_on(fixture: &Fixture, platform: &Platform) -> Result<Progress, Failure> {
    run_on_at(fixture, platform, UNLIMITED).await
}

/// The same at a CA with limits.
pub(crate) async fn run_on_at(fixture: &Fixture, platform: &Platform, pace: Pace) -> Result<Progress, Failure> {
    run_at(fixture, slice::from_ref(&fixture.ca), pace, &MemoryCa::issuer(), platform).await
}

/// Runs the step with a second CA as the fixture's fallback.
pub(crate) async fn run_with(fixture: &Fixture, second: &MemoryCa) -> Result<Progress, Failure> {
    run_at(fixture, &[fixture.ca.clone(), second.clone()], UNLIMITED, &MemoryCa::issuer(), &Fixture::platform()).await
}

/// Runs the step in an installation that knows this of its CA and account.
pub(crate) async fn run_as(fixture: &Fixture, issuer: &Issuer) -> Result<Progress, Failure> {
    run_at(fixture, slice::from_ref(&fixture.ca), UNLIMITED, issuer, &Fixture::platform()).await
}

/// `issuer` is what is known of the first CA; of the others, what they are called.
async fn run_at(
    fixture: &Fixture,
    cas: &[MemoryCa],
    pace: Pace,
    issuer: &Issuer,
    platform: &Platform,
) -> Result<Progress, Failure> {
    let directory = |ca: &MemoryCa| CertificateAuthority::directory(ca).to_owned();
    let first = Authority { directory: directory(&cas[0]), issuer: issuer.clone(), pace };
    let others = cas[1..].iter().map(|ca| {
        let directory = directory(ca);
        Authority { issuer: Issuer { identities: vec![host(&directory).to_owned()], account: None }, directory, pace }
    });
    let authorities = Authorities::new(first, others).expect("each once");
    let ports = Ports {
        journal: &fixture.endpoints,
        keys: &fixture.keys,
        cas,
        authorities: &authorities,
        dns: &fixture.dns,
        prober: &fixture.prober,
        rate_limits: &fixture.rate_limits,
        platform,
        move_grace: domain::acts::MOVE_GRACE,
    };
    open_order(&ports, &fixture.input, fixture.now).await
}

/// Ends the attempt with `failing`, and claims the next one.
pub(crate) async fn fail(fixture: &mut Fixture, name: FailureName, actor: WaitingOn) {
    let failure = Failure::new(name, actor, "what", "do this");
    fail_at(fixture, failure, fixture.now - Duration::HOUR).await;
}

/// Ends the attempt with this failure, and claims the next one.
pub(crate) async fn fail_with(fixture: &mut Fixture, failure: Failure) {
    fail_at(fixture, failure, fixture.now).await;
}

async fn fail_at(fixture: &mut Fixture, failure: Failure, since: OffsetDateTime) {
    let settlement = Settlement {
        due_at: fixture.now,
        failing: Some(Failing::first(failure, since)),
        drop_order: false,
        withdrawn: false,
        announced: false,
        told: Notifications::default(),
        unsent: None,
        authorizations: vec![],
        track: domain::endpoint::TrackRecord::default(),
        returned: vec![],
        at: fixture.now,
        removing: false,
        attempt: record_of(&fixture.input, fixture.now),
    };
    let id = fixture.input.endpoint.clone();
    fixture.endpoints.settle(&id, fixture.input.attempt, &settlement).await.expect("ours");
    claim(fixture).await;
}

/// Claims the endpoint's next attempt.
pub(crate) async fn claim(fixture: &mut Fixture) {
    let entry = DueEntry { endpoint: fixture.input.endpoint.clone(), due_at: fixture.now };
    let claimed = fixture.endpoints.claim(&entry, fixture.now, fixture.now + LEASE).await.expect("in memory");
    fixture.input.attempt = claimed.expect("free");
}

/// Ends the attempt, changes the endpoint, and claims its next attempt.
pub(crate) async fn change(fixture: &mut Fixture, also: &[String], proving: Proving) {
    let (id, now) = (fixture.input.endpoint.clone(), fixture.now);
    fixture.endpoints.release(&id, fixture.input.attempt, now).await.expect("in memory");
    let seen = fixture.endpoint().await;
    let names = EndpointNames::parse("example.com", also, 9).expect("valid names");
    let Proving { reachability, dns_method } = proving;
    let change = Change { names, reachability, dns_method, deployment: Deployment::default(), due_at: now };
    fixture.endpoints.change(&seen, &change, &testkit::contracts::registered(&seen)).await.expect("changed");
    claim(fixture).await;
}
