//! What waits and is started early, what never reached the CA, and an account that is refused in the middle of an order.

use boulder::{Boulder, Injected, Problem};
use domain::alert::AlertKind;
use domain::issues::issues;
use time::Duration;
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;

use super::{failing, run};
use crate::is_settled;

/// `renew` starts an attempt at once, whatever the endpoint waits for.
#[test]
fn an_early_renewal_keeps_its_place_in_the_queue_and_its_time_and_is_not_suggested() {
    run(async |fixture| {
        fixture.simulation.limit("orders=1/3h");
        fixture.ca.set(|knobs| knobs.limits.orders_per_account.count = 1);
        fixture.issued(1, "n1.example.com").await;
        let mut waiting = Vec::new();
        for number in 2..5 {
            let id = fixture.register(number, &format!("n{number}.example.org"), &[]).await;
            let endpoint = fixture.next(&id).await;
            assert_eq!(failing(&endpoint).name, FailureName::BudgetSpent, "{:?}", failing(&endpoint));
            waiting.push((id, endpoint.due_at.expect("due")));
        }
        let asked = fixture.ca.seen().len();
        for _ in 0..4 {
            fixture.simulation.set_time(fixture.simulation.now() + Duration::MINUTE);
            for (id, due_at) in &waiting {
                fixture.simulation.renew_now(id).await;
                let endpoint = fixture.endpoint(id).await;
                assert_eq!((failing(&endpoint).name, endpoint.due_at), (FailureName::BudgetSpent, Some(*due_at)));
                for issue in issues(&endpoint, fixture.simulation.now()) {
                    assert!(issue.guidance.action.is_none(), "nobody need do anything: {:?}", issue.guidance);
                    assert!(!issue.guidance.next_step().contains("renew"), "{:?}", issue.guidance);
                }
            }
        }
        assert_eq!(fixture.ca.seen().len(), asked, "the CA hears of none of it");
        let times: Vec<_> = waiting.iter().map(|(_, due_at)| *due_at).collect();
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::hours(3)), "a place of its own: {times:?}");
        for (id, due_at) in waiting {
            fixture.simulation.set_time(due_at.max(fixture.simulation.now()));
            fixture.simulation.run_until(&id, is_settled).await;
            assert!(fixture.simulation.now() - due_at < Duration::minutes(5), "it has its certificate at its time");
        }
        assert_eq!(fixture.ca.refused("rateLimited"), 0);
    });
}

#[test]
fn a_stored_directory_that_leads_nowhere_is_fetched_again_and_blamed_on_nobody() {
    run(async |fixture| {
        fixture.issued(2, "first.example.com").await;
        fixture.spoil_stored_directory("newNonce", "ftp://ca.test/new-nonce").await;
        fixture.new_process();
        let told = fixture.simulation.notifier.alerts().len();
        fixture.issued(1, "www.example.com").await;
        let alerts = &fixture.simulation.notifier.alerts()[told..];
        assert!(alerts.iter().all(|alert| alert.guidance.waiting_on == WaitingOn::Nobody), "{alerts:#?}");
    });
}

#[test]
fn an_account_that_is_refused_in_the_middle_of_an_order_leaves_the_certificate_and_is_one_cause() {
    let deactivated = || Problem::new(403, "unauthorized", "Account is not valid, has status \"deactivated\"");
    let unknown = || Problem::new(400, "accountDoesNotExist", "Account \"https://ca.test/acct/1\" not found");
    let terms = || Problem::new(403, "userActionRequired", "Terms of service have changed");
    run(async |fixture| {
        let id = fixture.issued(1, "www.example.com").await;
        // Nothing is valid from the order before: each path is asked.
        fixture.ca.set(|knobs| knobs.reuse = false);
        for (path, problem) in [
            ("/order", deactivated()),
            ("/chall", deactivated()),
            ("/finalize", deactivated()),
            ("/cert", deactivated()),
            ("/chall", unknown()),
            ("/finalize", terms()),
        ] {
            let before = fixture.endpoint(&id).await.certificate.expect("held");
            fixture.simulation.set_time(before.renew_at.max(fixture.simulation.now()));
            fixture.ca.inject(path, Injected::always(problem));
            let endpoint = fixture.next(&id).await;
            let failure = failing(&endpoint);
            let whose = (failure.name, failure.waiting_on());
            assert_eq!(whose, (FailureName::AccountRefused, WaitingOn::Operator), "{path}: {failure:?}");
            assert_eq!(endpoint.certificate.expect("kept").serial, before.serial);
            assert!(
                !fixture.simulation.notifier.kinds().contains(&AlertKind::ActionRequired),
                "{path}: not the owner's"
            );
            fixture.ca.inject_no_more();
            fixture.renew(&id).await;
        }
    });
}

#[test]
fn a_renewal_waits_while_its_account_is_refused_and_continues_when_it_is_accepted_again() {
    type Change = fn(&Boulder);
    let cases: [(Change, Change); 3] = [
        (|ca| ca.deactivate_accounts(), |ca| ca.reactivate_accounts()),
        (|ca| ca.change_keys(), |ca| ca.change_keys()),
        (|ca| ca.set(|knobs| knobs.new_terms = true), |ca| ca.set(|knobs| knobs.new_terms = false)),
    ];
    for (spoil, mend) in cases {
        run(async |fixture| {
            let id = fixture.issued(1, "www.example.com").await;
            let before = fixture.endpoint(&id).await.certificate.expect("held");
            fixture.simulation.set_time(before.renew_at);
            spoil(&fixture.ca);
            fixture.new_process();
            let endpoint = fixture.next(&id).await;
            assert_eq!(failing(&endpoint).name, FailureName::AccountRefused, "{:?}", failing(&endpoint));
            mend(&fixture.ca);
            fixture.renew(&id).await;
        });
    }
}

#[test]
fn profiles_and_lifetimes_may_shrink_between_any_two_renewals() {
    run(async |mut fixture| {
        fixture.simulation.certificates.allow_shorter();
        let id = fixture.issued(1, "www.example.com").await;
        for (profile, lifetime) in [
            (Some("classic"), Duration::days(64)),
            (Some("tlsserver"), Duration::days(45)),
            (Some("shortlived"), Duration::hours(160)),
        ] {
            fixture.config.profile = profile.map(str::to_owned);
            fixture.ca.set(|knobs| knobs.lifetime = lifetime);
            fixture.new_process();
            let held = fixture.renew(&id).await.certificate.expect("held");
            assert!(held.not_after - fixture.simulation.now() <= lifetime, "{profile:?}");
            let renews_in = held.renew_at - fixture.simulation.now();
            assert!(renews_in > lifetime / 3 && renews_in < lifetime * 3 / 4, "{profile:?}: renewed in {renews_in}");
        }
    });
}
