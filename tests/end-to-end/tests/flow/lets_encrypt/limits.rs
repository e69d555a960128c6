//! The CA's limits by its rules, and what is learned from them.

use time::Duration;
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;

use super::{failing, run};
use crate::is_settled;

#[test]
fn a_pause_and_too_many_failed_validations_keep_the_time_or_the_link_that_the_ca_gives() {
    run(async |fixture| {
        fixture.ca.set(|knobs| {
            knobs.paused.insert("paused.example.com".into());
        });
        let id = fixture.register(1, "paused.example.com", &[]).await;
        let endpoint = fixture.next(&id).await;
        let failure = failing(&endpoint);
        assert_eq!((failure.name, failure.waiting_on()), (FailureName::RateLimited, WaitingOn::Operator));
        assert!(
            failure.guidance.action.as_ref().is_some_and(|action| action.contains("/sfe/v1/unpause")),
            "{failure:?}"
        );

        fixture.ca.set(|knobs| knobs.limits.failed_validations.count = 0);
        let id = fixture.register(2, "failed.example.com", &[]).await;
        fixture.ca.fail_validations("failed.example.com", 1);
        let endpoint = fixture.next(&id).await;
        let wait = endpoint.due_at.expect("due") - fixture.simulation.now();
        assert_eq!(failing(&endpoint).name, FailureName::RateLimited, "{:?}", failing(&endpoint));
        assert!(wait <= Duration::minutes(75), "the CA said an hour: {wait}");
        fixture.ca.set(|knobs| knobs.limits.failed_validations.count = 5);
        fixture.simulation.run_until(&id, is_settled).await;
    });
}

#[test]
fn a_limit_of_the_account_is_learned_once_for_all_endpoints() {
    run(async |fixture| {
        fixture.issued(1, "first.example.com").await;
        fixture.ca.set(|knobs| knobs.limits.orders_per_account.count = 1);
        let id = fixture.register(2, "second.example.org", &[]).await;
        let endpoint = fixture.next(&id).await;
        assert_eq!(failing(&endpoint).name, FailureName::RateLimited, "{:?}", failing(&endpoint));
        let before = fixture.ca.seen().len();
        for number in 3..6 {
            let id = fixture.register(number, &format!("n{number}.example.net"), &[]).await;
            let endpoint = fixture.next(&id).await;
            assert_eq!(
                (failing(&endpoint).name, failing(&endpoint).waiting_on()),
                (FailureName::BudgetSpent, WaitingOn::Ca)
            );
        }
        assert_eq!(fixture.ca.seen().len(), before, "the CA hears of none of them");
    });
}

#[test]
fn renewals_of_the_same_names_count_against_no_limit_of_the_account_or_the_domain() {
    run(async |fixture| {
        let mut ids = Vec::new();
        for number in 1..=4 {
            ids.push(fixture.issued(number, &format!("n{number}.example.com")).await);
        }
        fixture.ca.set(|knobs| {
            knobs.limits.orders_per_account.count = 0;
            knobs.limits.certificates_per_domain.count = 0;
            // A mass revocation has a window that is all in the past: no order is exempt by it.
            knobs.ari = false;
        });
        for id in ids {
            fixture.renew(&id).await;
        }
        assert_eq!(fixture.ca.refused("rateLimited"), 0);
    });
}
