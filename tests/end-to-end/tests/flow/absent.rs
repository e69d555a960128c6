//! A customer who has left: the CA is not asked, the endpoint is paused, people are notified, and it resumes automatically.

use domain::alert::AlertKind;
use domain::endpoint::{Endpoint, EndpointStatus};
use domain::ports::{EndpointReader, Registry};
use domain::status::status_of;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Reachability;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointId;

use crate::is_settled;
use crate::simulation::{Chaos, Simulation};

const HOST: &str = "db.example.com";

/// Whether the customer's records are as they must be.
fn set_records(simulation: &Simulation, endpoint: &Endpoint, right: bool) {
    let target = if right { endpoint.label.target(crate::simulation::ZONE) } else { "gone.example".to_owned() };
    simulation.dns.alias(&format!("_acme-challenge.{HOST}"), &target);
    simulation.prober.miss_the_delegation(!right);
}

/// Lets every attempt run at its time, until `until` holds, and returns when they began.
async fn live(simulation: &Simulation, id: &EndpointId, until: impl Fn(&Endpoint) -> bool) -> Vec<OffsetDateTime> {
    let mut attempts = Vec::new();
    loop {
        let endpoint = read(simulation, id).await;
        if until(&endpoint) {
            return attempts;
        }
        simulation.set_time(endpoint.due_at.expect("always due some time").max(simulation.now() + Duration::SECOND));
        attempts.push(simulation.now());
        simulation.scan_and_run().await;
    }
}

async fn read(simulation: &Simulation, id: &EndpointId) -> Endpoint {
    simulation.endpoints.find(id).await.expect("in memory").expect("nobody removes it")
}

fn is_paused(endpoint: &Endpoint) -> bool {
    endpoint.failing.as_ref().is_some_and(|failing| failing.paused_since().is_some())
}

fn in_a_runtime(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work);
}

#[test]
fn a_domain_owner_who_never_creates_records_costs_the_ca_nothing_and_us_less_and_less() {
    in_a_runtime(async {
        let simulation = Simulation::new(Chaos::default());
        let id = simulation.register(HOST, &[], Reachability::Internal).await;
        set_records(&simulation, &read(&simulation, &id).await, false);
        let registered = simulation.now();
        let checks = live(&simulation, &id, is_paused).await.len();
        let paused = read(&simulation, &id).await;
        let report = status_of(&paused, simulation.now());
        assert_eq!((report.status, report.guidance.waiting_on), (EndpointStatus::Paused, WaitingOn::DomainOwner));
        assert_eq!(
            simulation.notifier.kinds(),
            [AlertKind::ActionRequired; 2],
            "told when it began, and when it was paused"
        );

        let year = registered + Duration::days(365);
        let rare = live(&simulation, &id, |endpoint| endpoint.due_at.is_some_and(|due| due > year)).await;
        let gaps: Vec<Duration> = rare.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.windows(2).all(|pair| pair[0] <= pair[1] + Duration::HOUR), "ever more rarely: {gaps:?}");
        println!(
            "paused after {checks} checks in {}; {} more in the rest of a year",
            paused_after(&paused),
            rare.len()
        );
        assert!(rare.len() < 70, "{} checks in a year", rare.len());
        assert_eq!((simulation.ca.requests(), simulation.ca.orders()), (0, 0), "the CA heard nothing in all the time");
        assert_eq!(simulation.notifier.kinds().len(), 2, "and nobody is told again");

        set_records(&simulation, &paused, true);
        let back = simulation.now();
        live(&simulation, &id, |endpoint| is_settled(Some(endpoint))).await;
        assert!(simulation.now() - back <= Duration::days(8), "it woke by itself after {}", simulation.now() - back);
        assert_eq!(simulation.ca.orders(), 1);
    });
}

fn paused_after(endpoint: &Endpoint) -> Duration {
    let absence = endpoint.failing.as_ref().and_then(|failing| failing.absence.clone()).expect("absent");
    absence.paused_since.expect("paused") - absence.since
}

#[test]
fn a_requested_renewal_resumes_a_paused_endpoint() {
    in_a_runtime(async {
        let simulation = Simulation::new(Chaos::default());
        let id = simulation.register(HOST, &[], Reachability::Internal).await;
        set_records(&simulation, &read(&simulation, &id).await, false);
        live(&simulation, &id, is_paused).await;
        // As the API does it: the attempt still finds the records wrong, and then checks as often as at first.
        simulation.endpoints.wake(&id).await.expect("in memory");
        assert!(!is_paused(&read(&simulation, &id).await));
        live(&simulation, &id, |endpoint| endpoint.failing.as_ref().is_some_and(|f| f.absence.is_some())).await;
        let woken = read(&simulation, &id).await;
        assert!(!is_paused(&woken) && woken.due_at.expect("due") - simulation.now() < Duration::minutes(1));
    });
}

#[test]
fn a_certificate_whose_owner_has_left_is_paused_only_when_it_has_expired() {
    in_a_runtime(async {
        let lifetime = Duration::days(47);
        let simulation = Simulation::with(Chaos::default(), lifetime, crate::simulation::Outages::default());
        let id = simulation.register(HOST, &[], Reachability::Internal).await;
        simulation.run_until(&id, is_settled).await;
        let held = read(&simulation, &id).await.certificate.expect("issued");
        let requests = simulation.ca.requests();
        set_records(&simulation, &read(&simulation, &id).await, false);
        live(&simulation, &id, is_paused).await;
        let after = simulation.now() - held.not_after;
        assert!(after.is_positive() && after < lifetime * 0.2, "{after}");
        assert_eq!(simulation.ca.requests(), requests, "the CA heard nothing");
        set_records(&simulation, &read(&simulation, &id).await, true);
        live(&simulation, &id, |endpoint| is_settled(Some(endpoint))).await;
        assert_ne!(read(&simulation, &id).await.certificate.expect("renewed").serial, held.serial);
    });
}
