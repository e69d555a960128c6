//! Two tenants and one domain: whose proof stands in DNS decides, whatever was left there, and whatever the CA remembers.

use domain::endpoint::Endpoint;
use domain::ports::{Change, Registry};
use testkit::proptest::prelude::*;
use time::Duration;
use vocabulary::acme::Reachability;
use vocabulary::dns::EndpointTarget;
use vocabulary::names::{EndpointId, EndpointNames};

use crate::world::{Chaos, World};

const HOST: &str = "www.victim.example.com";
const SHARED: &str = "edge.platform.example";
const OWN: &str = "*.edge.platform.example";

/// A world whose CA keeps authorizations, for all tenants of the one account alike.
fn world(target: &str) -> World {
    let mut world = World::new(Chaos { reuse_authorizations: true, ..Chaos::default() });
    world.platform.endpoint_target = target.parse().expect("a target");
    world
}

fn names(domain: &str, also: &[&str]) -> EndpointNames {
    let also: Vec<String> = also.iter().map(ToString::to_string).collect();
    EndpointNames::parse(domain, &also, 9).expect("valid names")
}

/// Runs the next attempts, each when it is due.
async fn attempt(world: &World, id: &EndpointId, times: u32) -> Option<Endpoint> {
    for _ in 0..times {
        let due = world.endpoint(id).await?.due_at.expect("always due some time");
        world.set_time(due.max(world.now() + Duration::SECOND));
        world.scan_and_run().await;
    }
    world.endpoint(id).await
}

async fn remove(world: &World, id: &EndpointId) {
    world.endpoints.begin_removal(id, world.now()).await.expect("in memory");
    while attempt(world, id, 1).await.is_some() {}
}

fn delegate(world: &World, host: &str, endpoint: &Endpoint) {
    world.dns.alias(&format!("_acme-challenge.{host}"), &world.platform.delegation_target(&endpoint.label));
}

#[tokio::test]
async fn what_a_tenant_leaves_in_dns_is_of_no_use_to_the_next_one() {
    for target in [SHARED, OWN] {
        let world = world(target);
        let acme = world.register_for("acme", 1, names(HOST, &[]), Reachability::External, true).await;
        let issued = attempt(&world, &acme, 1).await.expect("there");
        assert!(issued.certificate.is_some(), "{:?}", issued.failing);
        remove(&world, &acme).await;

        let orders = world.ca.orders();
        let globex = world.register_for("globex", 2, names(HOST, &[]), Reachability::External, false).await;
        let waiting = attempt(&world, &globex, 5).await.expect("there");
        assert!(waiting.certificate.is_none() && waiting.order.is_none());
        let failure = waiting.failing.expect("it waits for its owner").failure;
        assert_eq!((failure.check.as_deref(), world.ca.orders()), (Some("delegation-elsewhere"), orders));

        let globex_owns = world.endpoint(&globex).await.expect("there");
        delegate(&world, HOST, &globex_owns);
        assert!(attempt(&world, &globex, 1).await.expect("there").certificate.is_some(), "its proof stands now");
    }
}

#[tokio::test]
async fn a_name_that_is_added_is_proven_before_an_order_names_it() {
    let world = world(SHARED);
    let globex = world.register_for("globex", 1, names("www.globex.example", &[]), Reachability::External, true).await;
    let seen = attempt(&world, &globex, 1).await.expect("there");
    // A wildcard of acme's leads every host of its domain to the platform.
    world.dns.alias(HOST, SHARED);
    let change = Change {
        names: names("www.globex.example", &[HOST]),
        reachability: seen.reachability,
        dns_method: seen.dns_method,
        deployment: seen.deployment.clone(),
        due_at: world.now(),
    };
    let event = testkit::contracts::registered(&seen);
    world.endpoints.change(&seen, &change, &event).await.expect("changed");
    let orders = world.ca.orders();
    let changed = attempt(&world, &globex, 3).await.expect("there");
    assert_eq!((world.ca.orders(), &changed.certificate), (orders, &seen.certificate), "the one in place stays");
    delegate(&world, HOST, &changed);
    let covered = attempt(&world, &globex, 1).await.expect("there");
    assert!(covered.certificate.is_some_and(|held| covered.names.same_set(&held.names)));
}

#[tokio::test]
async fn one_cname_to_its_own_target_proves_a_host_and_brings_its_visitors() {
    let world = world(OWN);
    let id = world.register_for("acme", 1, names(HOST, &[]), Reachability::External, false).await;
    let endpoint = world.endpoint(&id).await.expect("there");
    world.dns.alias(HOST, &world.platform.endpoint_target.of(&endpoint.label));
    assert!(attempt(&world, &id, 1).await.expect("there").certificate.is_some());
}

#[derive(Clone, Copy, Debug)]
enum Act {
    /// By one of two tenants, when the name is free.
    Register,
    Remove,
    /// The owner leads `_acme-challenge` to the label of the registration that is so many back.
    Delegate(usize),
    /// The owner leads the host to the target of the registration that is so many back.
    Point(usize),
    /// The owner takes both away.
    Clear,
    Attempt,
    Renew,
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Register),
        1 => Just(Act::Remove),
        2 => (0_usize..3).prop_map(Act::Delegate),
        2 => (0_usize..3).prop_map(Act::Point),
        1 => Just(Act::Clear),
        4 => Just(Act::Attempt),
        1 => Just(Act::Renew),
    ]
}

/// The registrations so far, and whether a proof of the last has stood since it was made.
#[derive(Default)]
struct Lives {
    all: Vec<Endpoint>,
    registered: bool,
    delegation: Option<usize>,
    target: Option<usize>,
    proven: bool,
}

impl Lives {
    fn back(&self, steps: usize) -> Option<(usize, &Endpoint)> {
        let number = self.all.len().checked_sub(steps + 1)?;
        Some((number, &self.all[number]))
    }

    /// Looks at what stands in DNS now.
    fn witness(&mut self, own_targets: bool) {
        let last = self.all.len().checked_sub(1);
        let stands = last.is_some() && (self.delegation == last || own_targets && self.target == last);
        self.proven |= self.registered && stands;
    }
}

async fn live(target: &str, acts: Vec<Act>) {
    let world = world(target);
    let own_targets = matches!(world.platform.endpoint_target, EndpointTarget::Own(_));
    let mut lives = Lives::default();
    for act in acts {
        let last = lives.all.last().map(|endpoint| endpoint.id.clone());
        match act {
            Act::Register if !lives.registered => {
                let number = lives.all.len();
                let tenant = ["acme", "globex"][number % 2];
                let names = names(HOST, &[]);
                let id = world.register_for(tenant, number as u128 + 1, names, Reachability::External, false).await;
                lives.all.push(world.endpoint(&id).await.expect("there"));
                (lives.registered, lives.proven) = (true, false);
                continue;
            }
            Act::Remove if lives.registered => {
                remove(&world, last.as_ref().expect("registered")).await;
                lives.registered = false;
            }
            Act::Delegate(back) => {
                if let Some((number, endpoint)) = lives.back(back) {
                    delegate(&world, HOST, endpoint);
                    lives.delegation = Some(number);
                }
            }
            Act::Point(back) => {
                if let Some((number, endpoint)) = lives.back(back) {
                    world.dns.alias(HOST, &world.platform.endpoint_target.of(&endpoint.label));
                    lives.target = Some(number);
                }
            }
            Act::Clear => {
                world.dns.alias(&format!("_acme-challenge.{HOST}"), "gone.example");
                world.dns.alias(HOST, "gone.example");
                (lives.delegation, lives.target) = (None, None);
            }
            Act::Renew => {
                if let Some(id) = last.as_ref().filter(|_| lives.registered) {
                    world.endpoints.open_renewal(id, world.now()).await.expect("in memory");
                }
            }
            Act::Attempt | Act::Register | Act::Remove => {}
        }
        lives.witness(own_targets);
        let Some(id) = last.filter(|_| lives.registered) else { continue };
        if let Act::Attempt | Act::Renew = act {
            attempt(&world, &id, 1).await;
        }
        let held = world.endpoint(&id).await.and_then(|endpoint| endpoint.certificate);
        assert!(held.is_none() || lives.proven, "a certificate without a proof: {held:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// The CA's memory, leftovers and another tenant's target help nobody.
    #[test]
    fn a_tenant_has_a_certificate_only_if_its_own_proof_stood_in_dns_after_it_registered(
        acts in prop::collection::vec(acts(), 1..40),
        own in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(live(if own { OWN } else { SHARED }, acts));
    }
}
