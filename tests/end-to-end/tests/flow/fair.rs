//! One tenant with thousands of broken names delays nobody else: neither their renewals nor their registrations.
//!
//! The real scan, flow and rate_limits over the in-memory ports, at a CA with Let's Encrypt's limits, minute by minute.

use std::collections::{BTreeMap, BTreeSet};

use time::Duration;
use vocabulary::acme::Reachability;
use vocabulary::names::{EndpointId, EndpointNames};

use crate::is_settled;
use crate::simulation::{Chaos, Simulation};

/// Names of the crowd that are broken, and of those how many only the CA finds out about.
const CROWD: u128 = 5000;
const DISTRUSTED: u128 = 400;
/// Endpoints of somebody else: as many that are due to be renewed, and as many that are new.
const OTHERS: u128 = 20;
const SCANS: u32 = 60;

fn name(text: String) -> EndpointNames {
    EndpointNames::parse(&text, &[], 9).expect("a valid name")
}

/// In which scan each endpoint of the other tenant got its certificate; and how many attempts of the crowd each started.
#[derive(Debug, PartialEq)]
struct Observed {
    others: BTreeMap<EndpointId, u32>,
    crowd: Vec<usize>,
    crowd_orders: usize,
}

async fn live(crowd: u128) -> Observed {
    let simulation = Simulation::new(Chaos::default());
    let mut others = BTreeSet::new();
    for number in 0..OTHERS {
        let names = name(format!("old-{number}.example-{number}.org"));
        others.insert(simulation.register_for("other", 1 + number, names, Reachability::Internal, true).await);
    }
    simulation.scan_and_run().await;
    let mut renewals = Vec::new();
    for id in &others {
        let endpoint = simulation.endpoint(id).await;
        assert!(is_settled(endpoint.as_ref()), "issued before the crowd comes");
        renewals.push(endpoint.and_then(|endpoint| endpoint.certificate).expect("it has one").renew_at);
    }
    simulation.set_time(renewals.into_iter().max().expect("there are some") - Duration::MINUTE);
    simulation.ca.distrust("distrusted");
    for number in 0..crowd {
        let distrusted = number < DISTRUSTED;
        let names = match distrusted {
            true => name(format!("n{number}.distrusted-{}.example", number % 40)),
            false => name(format!("n{number}.crowd-{}.example", number % 100)),
        };
        simulation.register_for("crowd", 1000 + number, names, Reachability::Internal, distrusted).await;
    }
    for number in 0..OTHERS {
        let names = name(format!("new-{number}.example-{number}.org"));
        others.insert(simulation.register_for("other", 500 + number, names, Reachability::Internal, true).await);
    }
    let (orders, begun) = (simulation.ca.orders(), simulation.now() + Duration::MINUTE);
    let mut observed = Observed { others: BTreeMap::new(), crowd: Vec::new(), crowd_orders: 0 };
    for scan in 0..SCANS {
        simulation.set_time(simulation.now().max(begun + Duration::MINUTE * scan));
        let serials = serials(&simulation, &others).await;
        let started = simulation.scan_and_run().await;
        observed.crowd.push(started.iter().filter(|(id, _)| !others.contains(id)).count());
        for (id, serial) in self::serials(&simulation, &others).await {
            if serial.is_some() && serials.get(&id) != Some(&serial) {
                observed.others.entry(id).or_insert(scan);
            }
        }
    }
    observed.crowd_orders = simulation.ca.orders() - orders - others.len();
    assert_eq!(simulation.ca.over_limits(), 0, "the CA never had to say that it is too much");
    observed
}

async fn serials(simulation: &Simulation, ids: &BTreeSet<EndpointId>) -> BTreeMap<EndpointId, Option<String>> {
    let mut serials = BTreeMap::new();
    for id in ids {
        let endpoint = simulation.endpoint(id).await.expect("nobody removes it");
        serials.insert(id.clone(), endpoint.certificate.map(|held| held.serial));
    }
    serials
}

#[test]
fn one_tenant_with_five_thousand_broken_names_delays_no_one_else() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (alone, beside) = runtime.block_on(async { (live(0).await, live(CROWD).await) });
    let last = |observed: &Observed| observed.others.values().max().copied();
    println!(
        "{} endpoints had their certificates by scan {:?}; beside {CROWD} broken names by scan {:?}",
        beside.others.len(),
        last(&alone),
        last(&beside)
    );
    println!(
        "the crowd: {} attempts in {SCANS} scans, {} orders",
        beside.crowd.iter().sum::<usize>(),
        beside.crowd_orders
    );
    assert_eq!(beside.others.len() as u128, 2 * OTHERS, "each has its certificate");
    assert_eq!(alone.others, beside.others, "in the same scan as without the crowd");
    assert!(beside.crowd.iter().all(|started| *started <= 250), "{:?}", beside.crowd);
    assert!(beside.crowd.iter().sum::<usize>() as u128 > CROWD, "and the crowd is not forgotten");
    // Of its 150 in three hours a third is kept for renewals, and what an hour brings back.
    assert!((100..=160).contains(&beside.crowd_orders), "{} orders", beside.crowd_orders);
}
