//! Two tenants and one domain: the proof in DNS decides, whatever was left there, and whatever the CA remembers.

use std::collections::BTreeSet;

use domain::endpoint::Endpoint;
use domain::ports::{Change, Claims, EndpointReader, Registry};
use testkit::proptest::prelude::*;
use time::Duration;
use vocabulary::acme::Reachability;
use vocabulary::names::{EndpointId, EndpointNames};

use crate::simulation::{Chaos, Simulation};

const HOST: &str = "www.victim.example.com";
/// The other name of each registration in the random lives: the CA validates it at some times and not at others.
const OTHER: &str = "shop.victim.example.com";
const SHARED: &str = "edge.platform.example";
const OWN: &str = "*.edge.platform.example";

/// A simulation whose CA keeps authorizations, for all tenants of the one account alike.
fn simulation(target: &str) -> Simulation {
    let mut simulation = Simulation::new(Chaos { reuse_authorizations: true, ..Chaos::default() });
    simulation.platform.endpoint_target = target.parse().expect("a target");
    simulation
}

fn names(domain: &str, also: &[&str]) -> EndpointNames {
    let also: Vec<String> = also.iter().map(ToString::to_string).collect();
    EndpointNames::parse(domain, &also, 9).expect("valid names")
}

/// Runs the next attempts, each when it is due.
async fn attempt(simulation: &Simulation, id: &EndpointId, times: u32) -> Option<Endpoint> {
    for _ in 0..times {
        let due = simulation.endpoint(id).await?.due_at.expect("always due some time");
        simulation.set_time(due.max(simulation.now() + Duration::SECOND));
        simulation.scan_and_run().await;
    }
    simulation.endpoint(id).await
}

async fn remove(simulation: &Simulation, id: &EndpointId) {
    simulation.endpoints.begin_removal(id, simulation.now()).await.expect("in memory");
    while attempt(simulation, id, 1).await.is_some() {}
}

fn delegate(simulation: &Simulation, host: &str, endpoint: &Endpoint) {
    simulation.dns.alias(&format!("_acme-challenge.{host}"), &simulation.platform.delegation_target(&endpoint.label));
}

#[tokio::test]
async fn records_that_a_tenant_leaves_in_dns_are_of_no_use_to_the_next_one() {
    for target in [SHARED, OWN] {
        let simulation = simulation(target);
        let acme = simulation.register_for("acme", 1, names(HOST, &[]), Reachability::External, true).await;
        let issued = attempt(&simulation, &acme, 1).await.expect("there");
        assert!(issued.certificate.is_some(), "{:?}", issued.failing);
        remove(&simulation, &acme).await;

        let orders = simulation.ca.orders();
        let globex = simulation.register_for("globex", 2, names(HOST, &[]), Reachability::External, false).await;
        let waiting = attempt(&simulation, &globex, 5).await.expect("there");
        assert!(waiting.certificate.is_none() && waiting.order.is_none());
        let failure = waiting.failing.expect("it waits for its owner").failure;
        assert_eq!((failure.check.as_deref(), simulation.ca.orders()), (Some("delegation-elsewhere"), orders));

        let globex_owns = simulation.endpoint(&globex).await.expect("there");
        delegate(&simulation, HOST, &globex_owns);
        assert!(attempt(&simulation, &globex, 1).await.expect("there").certificate.is_some(), "its proof stands now");
    }
}

#[tokio::test]
async fn a_name_that_is_added_is_proven_before_an_order_names_it() {
    let simulation = simulation(SHARED);
    let globex =
        simulation.register_for("globex", 1, names("www.globex.example", &[]), Reachability::External, true).await;
    let seen = attempt(&simulation, &globex, 1).await.expect("there");
    // A wildcard of acme's leads every host of its domain to the platform.
    simulation.dns.alias(HOST, SHARED);
    let change = Change {
        names: names("www.globex.example", &[HOST]),
        reachability: seen.reachability,
        dns_method: seen.dns_method,
        deployment: seen.deployment.clone(),
        due_at: simulation.now(),
    };
    let event = testkit::contracts::registered(&seen);
    simulation.endpoints.change(&seen, &change, &event).await.expect("changed");
    let orders = simulation.ca.orders();
    let changed = attempt(&simulation, &globex, 3).await.expect("there");
    assert_eq!((simulation.ca.orders(), &changed.certificate), (orders, &seen.certificate), "the one in place stays");
    delegate(&simulation, HOST, &changed);
    let covered = attempt(&simulation, &globex, 1).await.expect("there");
    assert!(covered.certificate.is_some_and(|held| covered.names.same_set(&held.names)));
}

#[tokio::test]
async fn one_cname_to_its_own_target_proves_a_host_and_brings_its_visitors() {
    let simulation = simulation(OWN);
    let id = simulation.register_for("acme", 1, names(HOST, &[]), Reachability::External, false).await;
    let endpoint = simulation.endpoint(&id).await.expect("there");
    simulation.dns.alias(HOST, &simulation.platform.endpoint_target.of(&endpoint.label));
    assert!(attempt(&simulation, &id, 1).await.expect("there").certificate.is_some());
}

#[derive(Clone, Copy, Debug)]
enum Act {
    /// By one of two tenants, whoever else has the name; nothing if it has it already.
    Register(usize),
    Remove(usize),
    /// The owner leads `_acme-challenge` to the label of the registration that is so many back.
    Delegate(usize),
    /// The owner leads the host to the target of the registration that is so many back.
    Point(usize),
    /// The owner takes both away.
    Clear,
    /// Whether the CA fails one of the two names from now on, whatever is in DNS: what it has validated of the other stays.
    Distrust(bool),
    /// The next attempt of a tenant's endpoint, when it is due.
    Attempt(usize),
    Renew(usize),
}

fn acts() -> impl Strategy<Value = Act> {
    let tenant = || 0_usize..2;
    prop_oneof![
        3 => tenant().prop_map(Act::Register),
        1 => tenant().prop_map(Act::Remove),
        3 => (0_usize..3).prop_map(Act::Delegate),
        2 => (0_usize..3).prop_map(Act::Point),
        1 => Just(Act::Clear),
        2 => any::<bool>().prop_map(Act::Distrust),
        5 => tenant().prop_map(Act::Attempt),
        2 => tenant().prop_map(Act::Renew),
    ]
}

/// Two tenants, every registration there ever was, and what its owner has in DNS.
struct Lives {
    simulation: Simulation,
    own_targets: bool,
    all: Vec<Endpoint>,
    /// Which of all is each tenant's now.
    of: [Option<usize>; 2],
    delegation: Option<usize>,
    target: Option<usize>,
    /// Those whose proof has stood since they registered.
    proven: BTreeSet<usize>,
}

impl Lives {
    fn new(target: &str, crashes: Vec<(u32, bool)>) -> Self {
        let mut simulation = Simulation::new(Chaos { reuse_authorizations: true, crashes, ..Chaos::default() });
        simulation.platform.endpoint_target = target.parse().expect("a target");
        let own_targets = simulation.platform.endpoint_target.is_own();
        let (all, of, proven) = (Vec::new(), [None; 2], BTreeSet::new());
        Self { simulation, own_targets, all, of, delegation: None, target: None, proven }
    }

    fn back(&self, steps: usize) -> Option<(usize, &Endpoint)> {
        let number = self.all.len().checked_sub(steps + 1)?;
        Some((number, &self.all[number]))
    }

    fn lives(&self, number: usize) -> bool {
        self.of.contains(&Some(number))
    }

    /// Whether what is in DNS now proves this registration: the delegation goes before the host.
    fn stands(&self, number: usize) -> bool {
        let delegated = self.delegation.filter(|other| self.lives(*other));
        delegated == Some(number)
            || self.delegation == Some(number)
            || (self.own_targets && self.target == Some(number) && delegated.is_none())
    }

    /// Checks what is in DNS now.
    fn witness(&mut self) {
        let standing: Vec<_> = self.of.into_iter().flatten().filter(|number| self.stands(*number)).collect();
        assert!(standing.len() < 2, "two tenants cannot both be proven");
        self.proven.extend(standing);
    }

    async fn now(&self, number: usize) -> Option<Endpoint> {
        self.simulation.endpoints.find_with_chain(&self.all[number].id).await.expect("in memory")
    }

    /// Who holds the name: one of all.
    async fn holder(&self) -> Option<usize> {
        let claims = self.simulation.endpoints.claims(&[HOST.parse().expect("a name")]).await.expect("in memory");
        let claim = claims.into_values().next()?;
        self.all.iter().position(|endpoint| endpoint.id == claim.endpoint)
    }

    /// Runs whatever is due when the endpoint with this number is, and checks it against the rule.
    async fn scan(&mut self, number: usize) {
        let Some(due) = self.now(number).await.and_then(|endpoint| endpoint.due_at) else { return };
        self.simulation.set_time(due.max(self.simulation.now() + Duration::SECOND));
        let mut before = Vec::new();
        for number in 0..self.all.len() {
            before.push(self.now(number).await);
        }
        let held_by = self.holder().await;
        self.simulation.arm();
        self.simulation.scan_and_run().await;
        self.simulation.disarm();
        let holds = self.holder().await;
        if holds != held_by
            && let Some(holder) = holds
        {
            assert!(self.stands(holder), "the name went to {holder} without its proof");
        }
        for (number, before) in before.into_iter().enumerate() {
            let (Some(before), Some(after)) = (before, self.now(number).await) else { continue };
            let serial = |endpoint: &Endpoint| endpoint.certificate.as_ref().map(|held| held.serial.clone());
            let is_new = after.certificate.is_some() && serial(&before) != serial(&after);
            // A renewal goes on while nobody else has proven the name, and nothing leads to somebody else.
            // What was issued while the proof stood, and could not be imported before its attempt died, is still its own.
            let is_issued = before.order.as_ref().is_some_and(|order| order.chain.is_some());
            let renews = before.certificate.is_some() && self.delegation.is_none();
            let goes_on = held_by == Some(number) && (renews || is_issued);
            assert!(!is_new || self.stands(number) || goes_on, "{number} got a certificate without a proof");
            assert!(after.certificate.is_none() || self.proven.contains(&number), "{number} was never proven");
            assert!(after.moved.is_none() || holds != Some(number), "{number} is paused, and holds the name");
        }
    }

    async fn remove(&mut self, tenant: usize) {
        let Some(number) = self.of[tenant] else { return };
        self.simulation.endpoints.begin_removal(&self.all[number].id, self.simulation.now()).await.expect("in memory");
        // From now on it blocks nobody.
        self.of[tenant] = None;
        self.witness();
        while self.now(number).await.is_some() {
            self.scan(number).await;
        }
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Register(tenant) if self.of[tenant].is_none() => {
                let number = self.all.len();
                let names = names(HOST, &[OTHER]);
                let name = ["acme", "globex"][tenant];
                let id =
                    self.simulation.register_for(name, number as u128 + 1, names, Reachability::External, false).await;
                self.all.push(self.simulation.endpoint(&id).await.expect("there"));
                self.of[tenant] = Some(number);
            }
            Act::Remove(tenant) => self.remove(tenant).await,
            Act::Delegate(back) => {
                if let Some((number, endpoint)) = self.back(back) {
                    for host in [HOST, OTHER] {
                        delegate(&self.simulation, host, endpoint);
                    }
                    self.delegation = Some(number);
                }
            }
            Act::Point(back) => {
                if let Some((number, endpoint)) = self.back(back) {
                    for host in [HOST, OTHER] {
                        self.simulation.dns.alias(host, &self.simulation.platform.endpoint_target.of(&endpoint.label));
                    }
                    self.target = Some(number);
                }
            }
            Act::Clear => {
                for host in [HOST, OTHER] {
                    self.simulation.dns.alias(&format!("_acme-challenge.{host}"), "gone.example");
                    self.simulation.dns.alias(host, "gone.example");
                }
                (self.delegation, self.target) = (None, None);
            }
            Act::Renew(tenant) => {
                if let Some(number) = self.of[tenant] {
                    let (id, now) = (&self.all[number].id, self.simulation.now());
                    self.simulation.endpoints.open_renewal(id, now).await.expect("in memory");
                    self.witness();
                    self.scan(number).await;
                }
            }
            Act::Attempt(tenant) => {
                self.witness();
                if let Some(number) = self.of[tenant] {
                    self.scan(number).await;
                }
            }
            Act::Distrust(distrusts) => self.simulation.ca.distrust(distrusts.then_some("shop")),
            Act::Register(_) => {}
        }
        self.witness();
    }

    /// Lets all attempts run until every grace is over: then only who holds the name can have a certificate.
    async fn come_to_rest(&mut self) {
        for _ in 0..400 {
            let mut due = Vec::new();
            for number in self.of.into_iter().flatten() {
                due.extend(self.now(number).await.and_then(|endpoint| Some((endpoint.due_at?, number))));
            }
            let Some((_, number)) = due.into_iter().min() else { return };
            if self.rests().await.is_ok() {
                return;
            }
            self.scan(number).await;
        }
        self.rests().await.expect("it comes to rest");
    }

    /// Removes all that there is. The CA has nothing on record then that a later tenant's order could use.
    async fn leave_nothing(&mut self) {
        for tenant in 0..2 {
            self.remove(tenant).await;
        }
        for name in [HOST, OTHER] {
            let name = name.parse().expect("a name");
            assert!(!self.simulation.ca.remembers(&name), "the CA would use what it has validated of {name} again");
        }
    }

    async fn rests(&self) -> Result<(), String> {
        let holder = self.holder().await;
        for number in self.of.into_iter().flatten() {
            let endpoint = self.now(number).await.expect("there");
            if endpoint.certificate.is_some() && holder != Some(number) {
                return Err(format!("{number} still has a certificate: {endpoint:#?}"));
            }
            if endpoint.certificate.is_none() && self.stands(number) {
                return Err(format!("{number} is proven, and has no certificate: {endpoint:#?}"));
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// The CA's memory, leftovers, another tenant's registration and another tenant's target help nobody, and hinder nobody.
    #[test]
    fn a_tenant_has_a_certificate_only_if_its_own_proof_was_in_dns_after_it_registered(
        acts in prop::collection::vec(acts(), 1..40),
        crashes in prop::collection::vec((1_u32..14, prop::bool::weighted(0.3)), 0..5),
        own in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut lives = Lives::new(if own { OWN } else { SHARED }, crashes);
            for act in acts {
                lives.act(act).await;
            }
            lives.act(Act::Distrust(false)).await;
            lives.come_to_rest().await;
            lives.leave_nothing().await;
        });
    }
}
