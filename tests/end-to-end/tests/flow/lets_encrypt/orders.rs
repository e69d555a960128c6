//! Orders and certificates: what is replaced, resumed, waited for and revoked.

use boulder::{Injected, Problem};
use domain::endpoint::Outcome;
use domain::ports::Registry;
use time::Duration;
use vocabulary::certificate::{Revocation, RevocationReason};

use super::run;
use crate::is_settled;

#[test]
fn a_renewal_names_what_it_replaces_and_no_nonce_is_refused() {
    run(async |fixture| {
        let id = fixture.issued(1, "www.example.com").await;
        fixture.new_process();
        let first = fixture.endpoint(&id).await.certificate.expect("held");
        fixture.renew(&id).await;
        assert_eq!(fixture.ca.replaced(), [first.serial]);
        assert_eq!(fixture.ca.refused("badNonce"), 0);
        assert_eq!(fixture.last_outcome(&id).await, Outcome::Renewed);
    });
}

#[test]
fn a_ca_without_renewal_information_gets_no_replacement() {
    run(async |fixture| {
        fixture.ca.set(|knobs| knobs.ari = false);
        let id = fixture.issued(1, "www.example.com").await;
        fixture.renew(&id).await;
        assert!(fixture.ca.replaced().is_empty());
    });
}

#[test]
fn a_replacement_that_is_refused_in_any_way_is_ordered_once_more_without() {
    run(async |fixture| {
        for (number, domain) in [
            "forgotten.example.com",
            "taken.example.com",
            "silent.example.com",
            "broken.example.com",
            "other.example.com",
        ]
        .into_iter()
        .enumerate()
        {
            let id = fixture.issued(number as u128 + 1, domain).await;
            match number {
                0 => fixture.ca.forget_certificates(),
                1 => fixture.ca.mark_replaced(),
                2 => fixture.ca.set(|knobs| knobs.echoes_replaces = false),
                3 => fixture.ca.set(|knobs| knobs.fails_at_replaces = true),
                _ => {
                    let refusal = Problem::new(400, "malformed", "While parsing ARI CertID an error occurred");
                    fixture.ca.inject("/new-order", Injected::once(refusal));
                }
            }
            fixture.renew(&id).await;
            fixture.ca.set(|knobs| (knobs.echoes_replaces, knobs.fails_at_replaces) = (true, false));
        }
    });
}

#[test]
fn a_certificate_that_is_due_is_replaced_by_one_that_expires_earlier() {
    run(async |fixture| {
        let id = fixture.issued(1, "www.example.com").await;
        let before = fixture.endpoint(&id).await.certificate.expect("held");
        fixture.ca.set(|knobs| knobs.lifetime = Duration::days(6));
        fixture.simulation.certificates.allow_shorter();
        let after = fixture.renew(&id).await.certificate.expect("held");
        assert!(after.not_after < before.not_after, "{} after {}", after.not_after, before.not_after);
    });
}

#[test]
fn an_order_that_the_ca_hands_out_again_is_resumed() {
    run(async |fixture| {
        let id = fixture.register(1, "www.example.com", &[]).await;
        fixture.ca.inject("/chall", Injected::always(Problem::new(500, "serverInternal", "Internal error")));
        fixture.simulation.scan_and_run().await;
        assert!(fixture.endpoint(&id).await.failing.is_some(), "the order stays pending");
        fixture.ca.inject_no_more();
        fixture.simulation.forget_order(&id);
        fixture.new_process();
        fixture.simulation.run_until(&id, is_settled).await;
        assert_eq!(fixture.ca.orders(), 1, "the CA gave the same one");
    });
}

/// By the next attempt the CA has forgotten the authorization, or the order as well.
#[test]
fn an_expired_order_of_a_short_lived_profile_is_created_again() {
    run(async |mut fixture| {
        fixture.config.profile = Some("shortlived".into());
        fixture.new_process();
        for (number, later) in [(1, Duration::hours(2)), (2, Duration::hours(9))] {
            let id = fixture.register(number, &format!("late-{number}.example.com"), &[]).await;
            fixture.ca.inject("/chall", Injected::always(Problem::new(500, "serverInternal", "Internal error")));
            fixture.simulation.scan_and_run().await;
            assert!(fixture.endpoint(&id).await.failing.is_some(), "the order stays pending");
            fixture.ca.inject_no_more();
            fixture.simulation.set_time(fixture.simulation.now() + later);
            fixture.simulation.run_until(&id, is_settled).await;
            assert_eq!(fixture.last_outcome(&id).await, Outcome::Issued, "after {later}");
        }
        assert_eq!(fixture.ca.orders(), 4, "each time the CA made another one");
    });
}

/// The step died between the CA's answer and its record: to the CA the certificate has its replacement order already.
#[test]
fn an_order_that_replaces_and_was_lost_is_handed_out_again_without_saying_so() {
    run(async |fixture| {
        let id = fixture.issued(1, "www.example.com").await;
        let before = fixture.endpoint(&id).await.certificate.expect("held");
        fixture.simulation.set_time(before.renew_at);
        // The validation of the first order is over by then: this one has to be validated.
        fixture.ca.set(|knobs| knobs.reuse = false);
        fixture.ca.inject("/chall", Injected::always(Problem::new(500, "serverInternal", "Internal error")));
        fixture.simulation.scan_and_run().await;
        assert!(fixture.endpoint(&id).await.failing.is_some(), "the order stays pending");
        fixture.ca.inject_no_more();
        assert_eq!(fixture.ca.replaced(), std::slice::from_ref(&before.serial));
        fixture.ca.set(|knobs| knobs.reuse = true);
        fixture.simulation.forget_order(&id);
        fixture.new_process();
        fixture.renew(&id).await;
        assert_eq!(fixture.ca.refused("alreadyReplaced"), 1, "it was asked once more without");
        assert_eq!(fixture.ca.orders(), 2, "the CA gave the same one");
    });
}

#[test]
fn the_retry_after_of_an_order_in_processing_is_obeyed() {
    run(async |fixture| {
        fixture.ca.set(|knobs| (knobs.processing, knobs.retry_after) = (Duration::seconds(25), 30));
        let id = fixture.issued(1, "www.example.com").await;
        assert_eq!(fixture.last_outcome(&id).await, Outcome::Issued);
        let asked = fixture.ca.seen().iter().filter(|seen| seen.starts_with("POST /order/")).count();
        assert!(asked <= 3, "it was asked {asked} times while it said to come in thirty seconds");
    });
}

#[test]
fn a_certificate_is_revoked_once_it_is_replaced_and_when_its_endpoint_is_removed() {
    run(async |fixture| {
        let id = fixture.issued(1, "www.example.com").await;
        let revoke = async |reason| {
            let held = fixture.endpoint(&id).await.certificate.expect("held");
            let leaf = fixture.simulation.endpoints.leaf(&id, held.generation).await.expect("in memory");
            let revocation = Revocation {
                serial: held.serial.clone(),
                certificate: leaf.expect("it is kept"),
                directory: held.directory.expect("it is known"),
                reason,
                requested_at: fixture.simulation.now(),
            };
            let event = testkit::contracts::registered(&fixture.endpoint(&id).await);
            let now = fixture.simulation.now();
            fixture.simulation.endpoints.request_revocation(&id, &revocation, &event, now).await.expect("idle");
            held.serial
        };
        let first = revoke(RevocationReason::KeyCompromise).await;
        fixture
            .simulation
            .run_until(&id, |endpoint| is_settled(endpoint) && endpoint.is_some_and(|e| e.revocation.is_none()))
            .await;
        assert_ne!(fixture.endpoint(&id).await.certificate.expect("held").serial, first, "it was replaced first");
        assert_eq!(fixture.ca.revoked(), [(first.clone(), 1)]);

        let second = revoke(RevocationReason::CessationOfOperation).await;
        fixture.simulation.endpoints.begin_removal(&id, fixture.simulation.now()).await.expect("in memory");
        fixture.simulation.run_until(&id, |endpoint| endpoint.is_none()).await;
        assert_eq!(fixture.ca.revoked(), [(first, 1), (second, 5)]);
    });
}

#[test]
fn a_nonce_that_a_failed_step_has_used_is_not_used_again() {
    run(async |fixture| {
        let id = fixture.register(1, "www.example.com", &[]).await;
        for path in ["/chall", "/finalize"] {
            fixture
                .ca
                .inject(path, Injected::once(Problem::new(503, "rateLimited", "Service busy; retry later.").after(20)));
        }
        fixture.simulation.run_until(&id, is_settled).await;
        assert_eq!(fixture.ca.refused("badNonce"), 0);
    });
}
