//! A year of renewals under a fake clock, with each dependency unavailable at some time.
//!
//! The real flow over the in-memory ports, one endpoint at a time: the times of registration are spread over one lifetime,
//! so that each outage meets certificates of every age.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Reachability;

use crate::simulation::{Chaos, Outage, Outages, Simulation};

const START: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);
const YEAR: Duration = Duration::days(365);
/// Ages at which the certificates meet the outages.
const ENDPOINTS: i32 = 96;

struct Outcome {
    renewals: u32,
    /// The least part of a lifetime that was left when a certificate was replaced.
    nearest: f64,
}

fn outage(day: i64, length: Duration) -> Outage {
    let from = START + Duration::days(day);
    from..from + length
}

/// Lives through the year; panics if a certificate expires.
async fn live(lifetime: Duration, registered: OffsetDateTime, outages: &Outages, stopped: &[Outage]) -> Outcome {
    let simulation = Simulation::with(Chaos::default(), lifetime, outages.clone());
    simulation.set_time(registered);
    let id = simulation.register("example.com", &["*.example.com".into()], Reachability::External).await;
    let mut outcome = Outcome { renewals: 0, nearest: 1.0 };
    let mut held = None;
    loop {
        simulation.scan_and_run().await;
        let endpoint = simulation.endpoint(&id).await.expect("nobody removes it");
        let certificate = endpoint.certificate.expect("the first one is had before the outages");
        if let Some((serial, not_after)) = held.replace((certificate.serial.clone(), certificate.not_after))
            && serial != certificate.serial
        {
            let left = not_after - simulation.now();
            assert!(
                left.is_positive(),
                "a certificate of {lifetime} expired at {not_after}, replaced at {}",
                simulation.now()
            );
            outcome.renewals += 1;
            outcome.nearest = outcome.nearest.min(left / lifetime);
        }
        let due =
            endpoint.due_at.expect("an endpoint is always due some time").max(simulation.now() + Duration::MINUTE);
        // While the installation is stopped nothing scans; the first scan comes when it is over.
        let next = stopped.iter().find(|outage| outage.contains(&due)).map_or(due, |outage| outage.end);
        if next >= START + YEAR {
            assert!(certificate.not_after > next.min(START + YEAR), "it is still good");
            assert_eq!(simulation.ca.over_limits(), 0, "the CA never had to say that it is too much");
            return outcome;
        }
        simulation.set_time(next);
    }
}

#[test]
fn in_a_year_with_outages_no_certificate_of_any_lifetime_expires() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let outages = Outages {
        ca: vec![outage(100, Duration::days(1)), outage(250, Duration::days(1))],
        // Both at once: there is no fallback.
        second_ca: vec![outage(100, Duration::days(1)), outage(250, Duration::days(1))],
        route53: vec![outage(150, Duration::days(1)), outage(300, Duration::days(1))],
    };
    let stopped = [outage(200, Duration::days(2)), outage(350, Duration::days(2))];
    println!("lifetime     renewals   least part of a lifetime that was left");
    for lifetime in [Duration::days(90), Duration::days(47), Duration::hours(160)] {
        let (mut renewals, mut nearest) = (0, 1.0_f64);
        for endpoint in 0..ENDPOINTS {
            let registered = START + lifetime * endpoint / ENDPOINTS;
            let outcome = runtime.block_on(live(lifetime, registered, &outages, &stopped));
            renewals += outcome.renewals;
            nearest = nearest.min(outcome.nearest);
        }
        println!(
            "{:>5} h      {renewals:>6}     {:.1} % ({:.1} h)",
            lifetime.whole_hours(),
            nearest * 100.0,
            (lifetime * nearest).as_seconds_f64() / 3600.0
        );
        let least = ENDPOINTS * ((YEAR - lifetime) / lifetime) as i32;
        assert!(i64::from(renewals) >= i64::from(least), "{renewals} renewals are fewer than the lifetimes in a year");
    }
}

/// The test above can fail: an outage as long as what is left after renewal opens is too much.
#[test]
#[should_panic(expected = "expired")]
fn an_installation_that_stops_for_half_a_lifetime_loses_certificates() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let lifetime = Duration::hours(160);
    let stopped = [outage(200, lifetime * 0.55)];
    for endpoint in 0..ENDPOINTS {
        let registered = START + lifetime * endpoint / ENDPOINTS;
        runtime.block_on(live(lifetime, registered, &Outages::default(), &stopped));
    }
}
