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
        run(async |fixture| {
            assert_eq!(fixture.account_status().await, Standing::NotAsked);
            fixture.issued(1, "first.example.com").await;
            assert_eq!(fixture.account_status().await, Standing::Valid);
            spoil(&fixture.ca);
            let Standing::Refused(seen) = fixture.account_status().await else {
                panic!("{words}: doctor says nothing")
            };
            assert!(seen.guidance.summary.contains(words), "{seen:?}");
            fixture.new_process();
            let before = fixture.simulation.notifier.alerts().len();
            for number in 2..5 {
                let id = fixture.register(number, &format!("n{number}.example.com"), &[]).await;
                let endpoint = fixture.next(&id).await;
                let failure = failing(&endpoint);
                assert_eq!(
                    (failure.name, failure.waiting_on()),
                    (FailureName::AccountRefused, WaitingOn::Operator),
                    "{words}"
                );
            }
            let told = fixture.simulation.notifier.alerts().len() - before;
            assert_eq!(told, 1, "{words}: one cause for all endpoints");
        });
    }
}

#[test]
fn a_failure_of_the_cas_own_servers_waits_on_the_ca() {
    run(async |fixture| {
        fixture.ca.set(|knobs| knobs.validation_down = true);
        let id = fixture.register(1, "www.example.com", &[]).await;
        let endpoint = fixture.next(&id).await;
        assert_eq!(
            (failing(&endpoint).name, failing(&endpoint).waiting_on()),
            (FailureName::CaUnavailable, WaitingOn::Ca)
        );
        assert!(
            !fixture.simulation.notifier.kinds().contains(&AlertKind::ActionRequired),
            "the owner is not asked for anything"
        );
        fixture.ca.set(|knobs| knobs.validation_down = false);
        fixture.simulation.run_until(&id, is_settled).await;
    });
}

#[test]
fn caa_that_forbids_at_finalize_waits_on_the_domain_owner() {
    run(async |fixture| {
        fixture.ca.set(|knobs| {
            knobs.caa_forbids.insert("www.example.com".into());
        });
        let id = fixture.register(1, "www.example.com", &[]).await;
        let endpoint = fixture.next(&id).await;
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
    run(async |fixture| {
        let id = fixture.register(1, "www.example.com", &["a.printer.local", "b.printer.local"]).await;
        let endpoint = fixture.next(&id).await;
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
    run(async |mut fixture| {
        fixture.config.profile = Some("tlsserver".into());
        fixture.new_process();
        let id = fixture.issued(1, "www.example.com").await;
        fixture.ca.set(|knobs| {
            knobs.profiles.remove("tlsserver");
        });
        fixture.new_process();
        let renew_at = fixture.endpoint(&id).await.certificate.expect("held").renew_at;
        fixture.simulation.set_time(renew_at);
        let endpoint = fixture.next(&id).await;
        let failure = failing(&endpoint);
        assert_eq!(failure.waiting_on(), WaitingOn::Operator, "{failure:?}");
        let told = format!("{} {:?}", failure.guidance.summary, failure.guidance.action);
        assert!(told.contains("profile") && told.contains("tlsserver"), "{told}");
        fixture.config.profile = Some("classic".into());
        fixture.new_process();
        fixture
            .simulation
            .run_until(&id, |endpoint| is_settled(endpoint) && endpoint.is_some_and(|e| e.failing.is_none()))
            .await;
    });
}

#[test]
fn a_fallback_ca_is_used_after_an_internal_error_at_any_step() {
    for path in ["/new-order", "/chall", "/finalize"] {
        run(async |fixture| {
            let second = fixture.simulation.add_fallback();
            fixture.ca.inject(path, Injected::always(Problem::new(500, "serverInternal", "Internal error")));
            let id = fixture.issued(1, "www.example.com").await;
            let endpoint = fixture.endpoint(&id).await;
            assert_eq!(endpoint.certificate.expect("held").directory, Some(second), "{path}");
            assert!(endpoint.failing.is_none(), "{path}: nothing of the failure outlives the success");
        });
    }
}
