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
    run(async |stage| {
        let id = stage.issued(1, "www.example.com").await;
        stage.new_process();
        let first = stage.endpoint(&id).await.certificate.expect("held");
        stage.renew(&id).await;
        assert_eq!(stage.ca.replaced(), [first.serial]);
        assert_eq!(stage.ca.refused("badNonce"), 0);
        assert_eq!(stage.last_outcome(&id).await, Outcome::Renewed);
    });
}

#[test]
fn a_ca_without_renewal_information_gets_no_replacement() {
    run(async |stage| {
        stage.ca.set(|knobs| knobs.ari = false);
        let id = stage.issued(1, "www.example.com").await;
        stage.renew(&id).await;
        assert!(stage.ca.replaced().is_empty());
    });
}

#[test]
fn a_replacement_that_is_refused_in_any_way_is_ordered_once_more_without() {
    run(async |stage| {
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
            let id = stage.issued(number as u128 + 1, domain).await;
            match number {
                0 => stage.ca.forget_certificates(),
                1 => stage.ca.mark_replaced(),
                2 => stage.ca.set(|knobs| knobs.echoes_replaces = false),
                3 => stage.ca.set(|knobs| knobs.fails_at_replaces = true),
                _ => {
                    let refusal = Problem::new(400, "malformed", "While parsing ARI CertID an error occurred");
                    stage.ca.inject("/new-order", Injected::once(refusal));
                }
            }
            stage.renew(&id).await;
            stage.ca.set(|knobs| (knobs.echoes_replaces, knobs.fails_at_replaces) = (true, false));
        }
    });
}

#[test]
fn a_certificate_that_is_due_is_replaced_by_one_that_expires_earlier() {
    run(async |stage| {
        let id = stage.issued(1, "www.example.com").await;
        let before = stage.endpoint(&id).await.certificate.expect("held");
        stage.ca.set(|knobs| knobs.lifetime = Duration::days(6));
        stage.world.certificates.allow_shorter();
        let after = stage.renew(&id).await.certificate.expect("held");
        assert!(after.not_after < before.not_after, "{} after {}", after.not_after, before.not_after);
    });
}

#[test]
fn an_order_that_the_ca_hands_out_again_is_resumed() {
    run(async |stage| {
        let id = stage.register(1, "www.example.com", &[]).await;
        stage.ca.inject("/chall", Injected::always(Problem::new(500, "serverInternal", "Internal error")));
        stage.world.scan_and_run().await;
        assert!(stage.endpoint(&id).await.failing.is_some(), "the order stays pending");
        stage.ca.inject_no_more();
        stage.world.forget_order(&id);
        stage.new_process();
        stage.world.run_until(&id, is_settled).await;
        assert_eq!(stage.ca.orders(), 1, "the CA gave the same one");
    });
}

/// By the next attempt the CA has forgotten the authorization, or the order as well.
#[test]
fn an_expired_order_of_a_short_lived_profile_is_created_again() {
    run(async |mut stage| {
        stage.config.profile = Some("shortlived".into());
        stage.new_process();
        for (number, later) in [(1, Duration::hours(2)), (2, Duration::hours(9))] {
            let id = stage.register(number, &format!("late-{number}.example.com"), &[]).await;
            stage.ca.inject("/chall", Injected::always(Problem::new(500, "serverInternal", "Internal error")));
            stage.world.scan_and_run().await;
            assert!(stage.endpoint(&id).await.failing.is_some(), "the order stays pending");
            stage.ca.inject_no_more();
            stage.world.set_time(stage.world.now() + later);
            stage.world.run_until(&id, is_settled).await;
            assert_eq!(stage.last_outcome(&id).await, Outcome::Issued, "after {later}");
        }
        assert_eq!(stage.ca.orders(), 4, "each time the CA made another one");
    });
}

/// The step died between the CA's answer and its record: to the CA the certificate has its replacement order already.
#[test]
fn an_order_that_replaces_and_was_lost_is_handed_out_again_without_saying_so() {
    run(async |stage| {
        let id = stage.issued(1, "www.example.com").await;
        let before = stage.endpoint(&id).await.certificate.expect("held");
        stage.world.set_time(before.renew_at);
        // The validation of the first order is over by then: this one has to be validated.
        stage.ca.set(|knobs| knobs.reuse = false);
        stage.ca.inject("/chall", Injected::always(Problem::new(500, "serverInternal", "Internal error")));
        stage.world.scan_and_run().await;
        assert!(stage.endpoint(&id).await.failing.is_some(), "the order stays pending");
        stage.ca.inject_no_more();
        assert_eq!(stage.ca.replaced(), std::slice::from_ref(&before.serial));
        stage.ca.set(|knobs| knobs.reuse = true);
        stage.world.forget_order(&id);
        stage.new_process();
        stage.renew(&id).await;
        assert_eq!(stage.ca.refused("alreadyReplaced"), 1, "it was asked once more without");
        assert_eq!(stage.ca.orders(), 2, "the CA gave the same one");
    });
}

#[test]
fn the_retry_after_of_an_order_in_processing_is_obeyed() {
    run(async |stage| {
        stage.ca.set(|knobs| (knobs.processing, knobs.retry_after) = (Duration::seconds(25), 30));
        let id = stage.issued(1, "www.example.com").await;
        assert_eq!(stage.last_outcome(&id).await, Outcome::Issued);
        let asked = stage.ca.seen().iter().filter(|seen| seen.starts_with("POST /order/")).count();
        assert!(asked <= 3, "it was asked {asked} times while it said to come in thirty seconds");
    });
}

#[test]
fn a_certificate_is_revoked_once_it_is_replaced_and_when_its_endpoint_is_removed() {
    run(async |stage| {
        let id = stage.issued(1, "www.example.com").await;
        let revoke = async |reason| {
            let held = stage.endpoint(&id).await.certificate.expect("held");
            let leaf = stage.world.endpoints.leaf(&id, held.generation).await.expect("in memory");
            let revocation = Revocation {
                serial: held.serial.clone(),
                certificate: leaf.expect("it is kept"),
                directory: held.directory.expect("it is known"),
                reason,
                requested_at: stage.world.now(),
            };
            let event = testkit::contracts::registered(&stage.endpoint(&id).await);
            let now = stage.world.now();
            stage.world.endpoints.request_revocation(&id, &revocation, &event, now).await.expect("idle");
            held.serial
        };
        let first = revoke(RevocationReason::KeyCompromise).await;
        stage
            .world
            .run_until(&id, |endpoint| is_settled(endpoint) && endpoint.is_some_and(|e| e.revocation.is_none()))
            .await;
        assert_ne!(stage.endpoint(&id).await.certificate.expect("held").serial, first, "it was replaced first");
        assert_eq!(stage.ca.revoked(), [(first.clone(), 1)]);

        let second = revoke(RevocationReason::CessationOfOperation).await;
        stage.world.endpoints.begin_removal(&id, stage.world.now()).await.expect("in memory");
        stage.world.run_until(&id, |endpoint| endpoint.is_none()).await;
        assert_eq!(stage.ca.revoked(), [(first, 1), (second, 5)]);
    });
}

#[test]
fn a_nonce_that_a_failed_step_has_used_is_not_used_again() {
    run(async |stage| {
        let id = stage.register(1, "www.example.com", &[]).await;
        for path in ["/chall", "/finalize"] {
            stage
                .ca
                .inject(path, Injected::once(Problem::new(503, "rateLimited", "Service busy; retry later.").after(20)));
        }
        stage.world.run_until(&id, is_settled).await;
        assert_eq!(stage.ca.refused("badNonce"), 0);
    });
}
