//! Failures by the type and the step of the problem: who is waited on, and who is notified of what.

use boulder::{Boulder, Injected, Problem};
use domain::alert::AlertKind;
use domain::installation::Standing;
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;

use super::{failing, run};
use crate::is_settled;

#[test]
fn an_account_that_is_not_accepted_is_one_cause_and_doctor_knows_it_before_an_order_does() {
    type Spoil = fn(&Boulder);
    let cases: [(&str, Spoil); 4] = [
        ("deactivated", |ca| ca.deactivate_accounts()),
        ("not found", |ca| ca.forget_accounts()),
        ("JWS verification error", |ca| ca.change_keys()),
        ("Terms of service", |ca| ca.set(|knobs| knobs.new_terms = true)),
    ];
    for (words, spoil) in cases {
        run(async |stage| {
            assert_eq!(stage.standing().await, Standing::NotAsked);
            stage.issued(1, "first.example.com").await;
            assert_eq!(stage.standing().await, Standing::Valid);
            spoil(&stage.ca);
            let Standing::Refused(seen) = stage.standing().await else { panic!("{words}: doctor says nothing") };
            assert!(seen.guidance.summary.contains(words), "{seen:?}");
            stage.new_process();
            let before = stage.world.notifier.alerts().len();
            for number in 2..5 {
                let id = stage.register(number, &format!("n{number}.example.com"), &[]).await;
                let endpoint = stage.next(&id).await;
                let failure = failing(&endpoint);
                assert_eq!(
                    (failure.name, failure.waiting_on()),
                    (FailureName::AccountRefused, WaitingOn::Operator),
                    "{words}"
                );
            }
            let told = stage.world.notifier.alerts().len() - before;
            assert_eq!(told, 1, "{words}: one cause for all endpoints");
        });
    }
}

#[test]
fn a_failure_of_the_cas_own_servers_waits_on_the_ca() {
    run(async |stage| {
        stage.ca.set(|knobs| knobs.validation_down = true);
        let id = stage.register(1, "www.example.com", &[]).await;
        let endpoint = stage.next(&id).await;
        assert_eq!(
            (failing(&endpoint).name, failing(&endpoint).waiting_on()),
            (FailureName::CaUnavailable, WaitingOn::Ca)
        );
        assert!(
            !stage.world.notifier.kinds().contains(&AlertKind::ActionRequired),
            "the owner is not asked for anything"
        );
        stage.ca.set(|knobs| knobs.validation_down = false);
        stage.world.run_until(&id, is_settled).await;
    });
}

#[test]
fn caa_that_forbids_at_finalize_waits_on_the_domain_owner() {
    run(async |stage| {
        stage.ca.set(|knobs| {
            knobs.caa_forbids.insert("www.example.com".into());
        });
        let id = stage.register(1, "www.example.com", &[]).await;
        let endpoint = stage.next(&id).await;
        let failure = failing(&endpoint);
        assert_eq!(
            (failure.name, failure.waiting_on()),
            (FailureName::CaRefused, WaitingOn::DomainOwner),
            "{failure:?}"
        );
    });
}

#[test]
fn of_several_names_that_the_ca_does_not_issue_for_each_is_named() {
    run(async |stage| {
        let id = stage.register(1, "www.example.com", &["a.printer.local", "b.printer.local"]).await;
        let endpoint = stage.next(&id).await;
        let failure = failing(&endpoint);
        for name in ["a.printer.local", "b.printer.local"] {
            let told = format!("{} {:?}", failure.guidance.summary, failure.guidance.action);
            assert!(told.contains(name), "{told}");
        }
        assert_eq!(failure.waiting_on(), WaitingOn::DomainOwner);
    });
}

#[test]
fn a_profile_that_the_ca_no_longer_has_waits_on_the_operator() {
    run(async |mut stage| {
        stage.config.profile = Some("tlsserver".into());
        stage.new_process();
        let id = stage.issued(1, "www.example.com").await;
        stage.ca.set(|knobs| {
            knobs.profiles.remove("tlsserver");
        });
        stage.new_process();
        let renew_at = stage.endpoint(&id).await.certificate.expect("held").renew_at;
        stage.world.set_time(renew_at);
        let endpoint = stage.next(&id).await;
        let failure = failing(&endpoint);
        assert_eq!(failure.waiting_on(), WaitingOn::Operator, "{failure:?}");
        let told = format!("{} {:?}", failure.guidance.summary, failure.guidance.action);
        assert!(told.contains("profile") && told.contains("tlsserver"), "{told}");
        stage.config.profile = Some("classic".into());
        stage.new_process();
        stage
            .world
            .run_until(&id, |endpoint| is_settled(endpoint) && endpoint.is_some_and(|e| e.failing.is_none()))
            .await;
    });
}

#[test]
fn a_fallback_ca_is_used_after_an_internal_error_at_any_step() {
    for path in ["/new-order", "/chall", "/finalize"] {
        run(async |stage| {
            let second = stage.world.add_fallback();
            stage.ca.inject(path, Injected::always(Problem::new(500, "serverInternal", "Internal error")));
            let id = stage.issued(1, "www.example.com").await;
            let endpoint = stage.endpoint(&id).await;
            assert_eq!(endpoint.certificate.expect("held").directory, Some(second), "{path}");
            assert!(endpoint.failing.is_none(), "{path}: nothing of the failure outlives the success");
        });
    }
}
