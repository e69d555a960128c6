//! The first CA is unavailable for longer than a certificate lives, and a fallback CA issues instead.

use domain::endpoint::Outcome;
use domain::ports::Registry;
use time::Duration;
use vocabulary::acme::Reachability;

use crate::simulation::{Chaos, LIFETIME, Outages, Simulation};
use crate::{check_settled, is_settled};

#[test]
fn a_fallback_ca_renews_while_the_first_is_unavailable_and_then_the_first_does_again() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let start = Simulation::new(Chaos::default()).now();
        let away = start + Duration::DAY..start + LIFETIME;
        let simulation = Simulation::with(Chaos::default(), LIFETIME, Outages { ca: vec![away], ..Outages::default() });
        let id = simulation.register("example.com", &["*.example.com".into()], Reachability::External).await;
        let mut issuers = Vec::new();
        let mut held = None;
        for _ in 0..3 {
            simulation
                .run_until(&id, |endpoint| {
                    is_settled(endpoint)
                        && endpoint.is_some_and(|e| {
                            e.certificate.as_ref().map(|c| (&c.directory, &c.serial))
                                != held.as_ref().map(|(d, s)| (d, s))
                        })
                })
                .await;
            let outcome = if held.is_none() { Outcome::Issued } else { Outcome::Renewed };
            let endpoint = check_settled(&simulation, &id, outcome).await;
            let certificate = endpoint.certificate.expect("checked");
            let last = simulation.endpoints.attempts(&id, 1).await.expect("in memory").remove(0);
            assert_eq!(last.directory, certificate.directory, "the history says which CA it was");
            assert!(certificate.not_after > simulation.now(), "it is good");
            issuers.extend(certificate.directory.clone());
            held = Some((certificate.directory, certificate.serial));
            simulation.set_time(certificate.renew_at);
        }
        assert_eq!(issuers, ["memory://ca/directory", "memory://second/directory", "memory://ca/directory"]);
        assert_eq!((simulation.ca.orders(), simulation.second.orders()), (2, 1));
    });
}
