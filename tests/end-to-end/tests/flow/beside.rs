//! Two tenants in one queue: what one does delays no start of the other's by more than one scan.
//!
//! The real scan and flow over the in-memory ports. The account has room for few attempts at once, so that every place that one
//! tenant takes is one that the other does not have.

use std::collections::{BTreeMap, BTreeSet};

use domain::endpoint::Endpoint;
use domain::ports::{DueEntry, DueIndex, Registry};
use testkit::proptest::prelude::*;
use time::Duration;
use vocabulary::acme::Reachability;
use vocabulary::names::{EndpointId, EndpointNames};

use crate::simulation::{Chaos, Simulation};

const TENANTS: [&str; 2] = ["acme", "globex"];
/// Attempts at once.
const ROOM: usize = 8;
/// What each tenant has of it.
const PART: usize = ROOM / 2;

/// What a tenant does between two scans, to so many of its endpoints.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Whose records are there.
    Register(usize),
    /// Whose records are never created.
    RegisterBroken(usize),
    /// Their records go, and they are asked for again and again.
    Break(usize),
    Renew(usize),
    Remove(usize),
    Nothing,
}

/// `most`: of how many endpoints at a time.
fn acts(most: usize) -> impl Strategy<Value = Act> {
    let some = move || 1..=most;
    prop_oneof![
        3 => some().prop_map(Act::Register),
        3 => some().prop_map(Act::RegisterBroken),
        1 => some().prop_map(Act::Break),
        3 => some().prop_map(Act::Renew),
        2 => some().prop_map(Act::Remove),
        2 => Just(Act::Nothing),
    ]
}

struct Queue {
    simulation: Simulation,
    /// Of each tenant, the oldest first.
    of: [Vec<EndpointId>; 2],
    registered: u128,
    /// All that the first tenant has registered, those that are being removed among them.
    every: Vec<EndpointId>,
    /// Those of the first tenant that were due in a scan and not started by it.
    late: BTreeMap<EndpointId, u32>,
    begun: time::OffsetDateTime,
    scans: u32,
}

impl Queue {
    fn new() -> Self {
        let mut simulation = Simulation::new(Chaos::default());
        simulation.make_room_for(ROOM);
        let begun = simulation.now();
        Self {
            simulation,
            of: [Vec::new(), Vec::new()],
            registered: 0,
            every: Vec::new(),
            late: BTreeMap::new(),
            begun,
            scans: 0,
        }
    }

    async fn register(&mut self, tenant: usize, delegated: bool) {
        self.registered += 1;
        let number = self.registered;
        let domain = format!("www.shop-{number}.example");
        let names = EndpointNames::parse(&domain, &[], 9).expect("a valid name");
        let (name, reachability) = (TENANTS[tenant], Reachability::Internal);
        let id = self.simulation.register_for(name, number, names, reachability, delegated).await;
        if tenant == 0 {
            self.every.push(id.clone());
        }
        self.of[tenant].push(id);
    }

    async fn act(&mut self, tenant: usize, act: Act) {
        match act {
            Act::Register(count) | Act::RegisterBroken(count) => {
                for _ in 0..count {
                    self.register(tenant, matches!(act, Act::Register(_))).await;
                }
            }
            Act::Break(count) | Act::Renew(count) => {
                for id in self.of[tenant].clone().into_iter().take(count) {
                    let Some(endpoint) = self.simulation.endpoint(&id).await else { continue };
                    if matches!(act, Act::Break(_)) {
                        let name = endpoint.names.primary().base.challenge_name();
                        self.simulation.dns.alias(&name, "gone.example");
                    }
                    self.make_due(&endpoint).await;
                }
                let turned = count.min(self.of[tenant].len());
                self.of[tenant].rotate_left(turned);
            }
            Act::Remove(count) => {
                let going = count.min(self.of[tenant].len());
                for id in self.of[tenant].drain(..going).collect::<Vec<_>>() {
                    self.simulation.endpoints.begin_removal(&id, self.simulation.now()).await.expect("in memory");
                }
            }
            Act::Nothing => {}
        }
    }

    /// Opens its renewal, and makes it due now.
    async fn make_due(&self, endpoint: &Endpoint) {
        let (endpoints, now) = (&self.simulation.endpoints, self.simulation.now());
        endpoints.open_renewal(&endpoint.id, now).await.expect("in memory");
        let due_at = endpoint.due_at.expect("always due some time");
        let entry = DueEntry { endpoint: endpoint.id.clone(), due_at };
        endpoints.postpone(&entry, now, due_at.min(now)).await.expect("in memory");
    }

    /// The next scan, a minute after the one before or as soon as its attempts have ended. Checks it against the rule.
    async fn scan(&mut self) {
        self.scans += 1;
        let at = self.begun + Duration::MINUTE * self.scans;
        self.simulation.set_time(at.max(self.simulation.now() + Duration::SECOND));
        let now = self.simulation.now();
        let mut due = BTreeSet::new();
        for id in self.every.clone() {
            let Some(endpoint) = self.simulation.endpoint(&id).await else { continue };
            if endpoint.due_at.is_some_and(|at| at <= now) && !endpoint.is_leased(now) {
                due.insert(id);
            }
        }
        let started: BTreeSet<EndpointId> =
            self.simulation.scan_and_run().await.into_iter().map(|(id, _)| id).collect();
        let of_its = due.intersection(&started).count();
        assert!(of_its >= due.len().min(PART), "{of_its} of {} that were due were started: {due:?}", due.len());
        // With more than its part due at once it waits for itself.
        let counts = due.len() <= PART;
        self.late.retain(|id, _| due.contains(id) && !started.contains(id));
        for id in due.difference(&started) {
            let scans = self.late.entry(id.clone()).or_default();
            *scans += u32::from(counts);
            assert!(*scans <= 1, "{id} was not started by the second scan after it was due");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_one_tenant_does_delays_no_start_of_anothers_by_more_than_one_scan(
        acts in prop::collection::vec((acts(3), acts(20)), 1..16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut queue = Queue::new();
            for (first, second) in acts {
                queue.act(0, first).await;
                queue.act(1, second).await;
                queue.scan().await;
            }
        });
    }
}
