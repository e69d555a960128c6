//! Executions that began before an update: Step Functions keeps their definition, and runs the new code in each of their
//! steps from then on.

use domain::endpoint::Outcome;
use vocabulary::acme::{DnsMethod, Proving, Reachability};

use crate::machine::Machine;
use crate::simulation::{Chaos, Simulation};
use crate::{check_nothing_published, check_settled, is_settled};

/// The definition of the previous release, whose present-challenge wrote TXT values itself.
const PREVIOUS: &str = include_str!("../../../corpus/previous-release/issue-certificate.asl.json");

const WWW: &str = "www.example.com";

fn ways() -> [(Vec<String>, Proving); 4] {
    let way = |also: &[&str], reachability, dns_method| {
        (also.iter().map(ToString::to_string).collect(), Proving { reachability, dns_method })
    };
    [
        way(&[], Reachability::External, DnsMethod::Dns01),
        way(&[], Reachability::Internal, DnsMethod::Dns01),
        way(&["*.wild.example.com"], Reachability::External, DnsMethod::Dns01),
        way(&[], Reachability::Internal, DnsMethod::DnsPersist01),
    ]
}

/// An attempt of the previous definition, updated before or after its responses were published; then what follows.
async fn live(also: &[String], proving: Proving, published_before: bool) {
    let mut simulation = Simulation::new(Chaos::default());
    let id = simulation.register(WWW, also, proving).await;
    simulation.machine = Machine::parse(PREVIOUS);
    simulation.present_as_before(published_before);
    simulation.scan_and_run().await;
    let after = simulation.endpoint(&id).await.expect("it is there");
    assert_eq!((after.attempt, after.lease_until), (1, None), "the attempt has ended");

    simulation.machine = Machine::load();
    simulation.present_as_before(false);
    simulation.run_until(&id, is_settled).await;
    let settled = check_settled(&simulation, &id, Outcome::Issued).await;
    check_nothing_published(&simulation);
    assert!(settled.attempt <= 2, "one attempt more is enough: {}", settled.attempt);
    assert_eq!(simulation.ca.over_limits(), 0);
    if published_before {
        assert_eq!(simulation.ca.orders(), 1, "its order goes on");
    }
}

#[test]
fn an_attempt_that_began_before_the_update_ends_and_leaves_nothing_behind() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (also, proving) in ways() {
        for published_before in [true, false] {
            runtime.block_on(live(&also, proving, published_before));
        }
    }
}
