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
    run(async |stage| {
        stage.world.limit("orders=1/3h");
        stage.ca.set(|knobs| knobs.limits.orders_per_account.count = 1);
        stage.issued(1, "n1.example.com").await;
        let mut waiting = Vec::new();
        for number in 2..5 {
            let id = stage.register(number, &format!("n{number}.example.org"), &[]).await;
            let endpoint = stage.next(&id).await;
            assert_eq!(failing(&endpoint).name, FailureName::BudgetSpent, "{:?}", failing(&endpoint));
            waiting.push((id, endpoint.due_at.expect("due")));
        }
        let asked = stage.ca.seen().len();
        for _ in 0..4 {
            stage.world.set_time(stage.world.now() + Duration::MINUTE);
            for (id, due_at) in &waiting {
                stage.world.renew_now(id).await;
                let endpoint = stage.endpoint(id).await;
                assert_eq!((failing(&endpoint).name, endpoint.due_at), (FailureName::BudgetSpent, Some(*due_at)));
                for issue in issues(&endpoint, stage.world.now()) {
                    assert!(issue.guidance.action.is_none(), "nobody need do anything: {:?}", issue.guidance);
                    assert!(!issue.guidance.next_step().contains("renew"), "{:?}", issue.guidance);
                }
            }
        }
        assert_eq!(stage.ca.seen().len(), asked, "the CA hears of none of it");
        let times: Vec<_> = waiting.iter().map(|(_, due_at)| *due_at).collect();
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::hours(3)), "a place of its own: {times:?}");
        for (id, due_at) in waiting {
            stage.world.set_time(due_at.max(stage.world.now()));
            stage.world.run_until(&id, is_settled).await;
            assert!(stage.world.now() - due_at < Duration::minutes(5), "it has its certificate at its time");
        }
        assert_eq!(stage.ca.refused("rateLimited"), 0);
    });
}

#[test]
fn a_stored_directory_that_leads_nowhere_is_fetched_again_and_blamed_on_nobody() {
    run(async |stage| {
        stage.issued(2, "first.example.com").await;
        stage.spoil_stored_directory("newNonce", "ftp://ca.test/new-nonce").await;
        stage.new_process();
        let told = stage.world.notifier.alerts().len();
        stage.issued(1, "www.example.com").await;
        let alerts = &stage.world.notifier.alerts()[told..];
        assert!(alerts.iter().all(|alert| alert.guidance.waiting_on == WaitingOn::Nobody), "{alerts:#?}");
    });
}

#[test]
fn an_account_that_is_refused_in_the_middle_of_an_order_leaves_the_certificate_and_is_one_cause() {
    let deactivated = || Problem::new(403, "unauthorized", "Account is not valid, has status \"deactivated\"");
    let unknown = || Problem::new(400, "accountDoesNotExist", "Account \"https://ca.test/acct/1\" not found");
    let terms = || Problem::new(403, "userActionRequired", "Terms of service have changed");
    run(async |stage| {
        let id = stage.issued(1, "www.example.com").await;
        // Nothing is valid from the order before: each path is asked.
        stage.ca.set(|knobs| knobs.reuse = false);
        for (path, problem) in [
            ("/order", deactivated()),
            ("/chall", deactivated()),
            ("/finalize", deactivated()),
            ("/cert", deactivated()),
            ("/chall", unknown()),
            ("/finalize", terms()),
        ] {
            let before = stage.endpoint(&id).await.certificate.expect("held");
            stage.world.set_time(before.renew_at.max(stage.world.now()));
            stage.ca.inject(path, Injected::always(problem));
            let endpoint = stage.next(&id).await;
            let failure = failing(&endpoint);
            let whose = (failure.name, failure.waiting_on());
            assert_eq!(whose, (FailureName::AccountRefused, WaitingOn::Operator), "{path}: {failure:?}");
            assert_eq!(endpoint.certificate.expect("kept").serial, before.serial);
            assert!(!stage.world.notifier.kinds().contains(&AlertKind::ActionRequired), "{path}: not the owner's");
            stage.ca.inject_no_more();
            stage.renew(&id).await;
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
        run(async |stage| {
            let id = stage.issued(1, "www.example.com").await;
            let before = stage.endpoint(&id).await.certificate.expect("held");
            stage.world.set_time(before.renew_at);
            spoil(&stage.ca);
            stage.new_process();
            let endpoint = stage.next(&id).await;
            assert_eq!(failing(&endpoint).name, FailureName::AccountRefused, "{:?}", failing(&endpoint));
            mend(&stage.ca);
            stage.renew(&id).await;
        });
    }
}

#[test]
fn profiles_and_lifetimes_may_shrink_between_any_two_renewals() {
    run(async |mut stage| {
        stage.world.certificates.allow_shorter();
        let id = stage.issued(1, "www.example.com").await;
        for (profile, lifetime) in [
            (Some("classic"), Duration::days(64)),
            (Some("tlsserver"), Duration::days(45)),
            (Some("shortlived"), Duration::hours(160)),
        ] {
            stage.config.profile = profile.map(str::to_owned);
            stage.ca.set(|knobs| knobs.lifetime = lifetime);
            stage.new_process();
            let held = stage.renew(&id).await.certificate.expect("held");
            assert!(held.not_after - stage.world.now() <= lifetime, "{profile:?}");
            let renews_in = held.renew_at - stage.world.now();
            assert!(renews_in > lifetime / 3 && renews_in < lifetime * 3 / 4, "{profile:?}: renewed in {renews_in}");
        }
    });
}
