//! What the tests of the step share.

use std::slice;

use domain::acts::{Authorities, Authority, Pace, TENANT_SHARE};
use domain::endpoint::{Failing, LEASE, Ledger};
use domain::flow::Progress;
use domain::ports::{AttemptJournal, CertificateAuthority, Change, DueEntry, DueIndex, Registry, Settlement};
use testkit::{MemoryCa, Scene};
use time::Duration;
use vocabulary::acme::directory::host;
use vocabulary::acme::{CaLimits, Proving};
use vocabulary::certificate::Deployment;
use vocabulary::dns::Issuer;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointNames;

use crate::{Ports, open_order, record_of};

const UNLIMITED: Pace =
    Pace { limits: CaLimits { orders: None, domain: None, names: None }, tenant_share: TENANT_SHARE };

/// Runs the step at a CA without limits.
pub(crate) async fn run(scene: &Scene) -> Result<Progress, Failure> {
    run_at_pace(scene, &UNLIMITED).await
}

/// Runs the step at a CA with limits.
pub(crate) async fn run_at_pace(scene: &Scene, pace: &Pace) -> Result<Progress, Failure> {
    run_at(scene, slice::from_ref(&scene.ca), *pace, &MemoryCa::issuer()).await
}

/// Runs the step with a second CA to stand in for the scene's.
pub(crate) async fn run_with(scene: &Scene, second: &MemoryCa) -> Result<Progress, Failure> {
    run_at(scene, &[scene.ca.clone(), second.clone()], UNLIMITED, &MemoryCa::issuer()).await
}

/// Runs the step in an installation that knows this of its CA and account.
pub(crate) async fn run_as(scene: &Scene, issuer: &Issuer) -> Result<Progress, Failure> {
    run_at(scene, slice::from_ref(&scene.ca), UNLIMITED, issuer).await
}

/// `issuer` is what is known of the first CA; of the others, what they are called.
async fn run_at(scene: &Scene, cas: &[MemoryCa], pace: Pace, issuer: &Issuer) -> Result<Progress, Failure> {
    let directory = |ca: &MemoryCa| CertificateAuthority::directory(ca).to_owned();
    let first = Authority { directory: directory(&cas[0]), issuer: issuer.clone(), pace };
    let others = cas[1..].iter().map(|ca| {
        let directory = directory(ca);
        Authority { issuer: Issuer { identities: vec![host(&directory).to_owned()], account: None }, directory, pace }
    });
    let authorities = Authorities::new(first, others).expect("each once");
    let ports = Ports {
        journal: &scene.endpoints,
        keys: &scene.keys,
        cas,
        authorities: &authorities,
        dns: &scene.dns,
        looker: &scene.looker,
        budgets: &scene.budgets,
        delegation_zone: Scene::ZONE,
        endpoint_target: "edge.platform.example",
    };
    open_order(&ports, &scene.input, scene.now).await
}

/// Ends the attempt with `failing`, and claims the next one.
pub(crate) async fn fail(scene: &mut Scene, name: FailureName, actor: WaitingOn) {
    let failure = Failure::new(name, actor, "what", "do this");
    let settlement = Settlement {
        due_at: scene.now,
        failing: Some(Failing::first(failure, scene.now - Duration::HOUR)),
        drop_order: false,
        announced: false,
        told: Ledger::default(),
        removing: false,
        attempt: record_of(&scene.input, scene.now),
    };
    let id = scene.input.endpoint.clone();
    scene.endpoints.settle(&id, scene.input.attempt, &settlement).await.expect("ours");
    claim(scene).await;
}

/// Claims the endpoint's next attempt.
pub(crate) async fn claim(scene: &mut Scene) {
    let entry = DueEntry { endpoint: scene.input.endpoint.clone(), due_at: scene.now };
    let claimed = scene.endpoints.claim(&entry, scene.now, scene.now + LEASE).await.expect("in memory");
    scene.input.attempt = claimed.expect("free");
}

/// Ends the attempt, changes the endpoint, and claims its next attempt.
pub(crate) async fn change(scene: &mut Scene, also: &[String], proving: Proving) {
    let (id, now) = (scene.input.endpoint.clone(), scene.now);
    scene.endpoints.release(&id, scene.input.attempt, now).await.expect("in memory");
    let seen = scene.endpoint().await;
    let names = EndpointNames::parse("example.com", also, 9).expect("valid names");
    let Proving { reachability, dns_method } = proving;
    let change = Change { names, reachability, dns_method, deployment: Deployment::default(), due_at: now };
    scene.endpoints.change(&seen, &change, &testkit::banks::registered(&seen)).await.expect("changed");
    claim(scene).await;
}
