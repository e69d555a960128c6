//! Whether renewals have room beside requests from strangers.

use domain::installation::{Concurrency, InstallationCheck, Observed};
use vocabulary::text::grouped;

use crate::{Reserved, ok, unseen, warning};

/// AWS refuses a reservation that leaves fewer than these to all other functions.
const LEAST_UNRESERVED: u32 = 100;
/// From here on the limits of the API's routes keep its calls below the quota: 10 checks a second on each of five routes,
/// ten seconds each.
const ENOUGH: u32 = 1000;

/// Answers to HTTP-01 at a time, a few milliseconds each: thousands a second.
const CHALLENGES: u32 = 50;

pub(crate) fn concurrency(seen: &Observed<Concurrency>, reserved: Reserved) -> InstallationCheck {
    const NAME: &str = "concurrency";
    let Concurrency { limit, unreserved } = match seen {
        Ok(seen) => *seen,
        Err(fault) => return unseen(NAME, fault),
    };
    let detail = format!(
        "Lambda runs at most {} executions at once in this account and region; {} are not reserved. Reserved for the API: {}, for \
         answers to HTTP-01: {}.",
        grouped(limit.into()),
        grouped(unreserved.into()),
        reserved.api,
        reserved.challenges,
    );
    let is_reserved = reserved.api > 0 && reserved.challenges > 0;
    match limit {
        _ if is_reserved => ok(NAME, detail),
        // The API's routes have limits; a load balancer before `serve-challenge` has none.
        ENOUGH.. if reserved.challenges > 0 => ok(NAME, detail),
        ENOUGH.. => {
            let meaning =
                "Many requests to the hosts' challenge paths can use all of them, and then renewals have none.";
            let action = format!("Deploy with ChallengeConcurrency={CHALLENGES}, or what your hosts need: make deploy");
            warning(NAME, format!("{detail} {meaning}"), action)
        }
        ..=LEAST_UNRESERVED => {
            let meaning = "Many calls of the API at once, or of any other function, leave none for renewals, and AWS allows no \
                           reservation below a quota of 100.";
            let action = format!(
                "Request {} for Lambda's quota “Concurrent executions” \
                 (in the console, Service Quotas, AWS Lambda). New accounts have 10.",
                grouped(ENOUGH.into()),
            );
            warning(NAME, format!("{detail} {meaning}"), action)
        }
        _ => {
            let meaning = "Many calls of the API at once leave none for renewals.";
            let free = (limit - LEAST_UNRESERVED).max(2);
            let (api, challenges) = (free.div_ceil(2), free / 2);
            let action =
                format!("Deploy with ApiConcurrency={api} and ChallengeConcurrency={challenges}, or less: make deploy");
            warning(NAME, format!("{detail} {meaning}"), action)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{denied, is_failed, is_ok, is_warning};

    fn judged(limit: u32, api: u32, challenges: u32) -> InstallationCheck {
        let unreserved = limit - api - challenges;
        concurrency(&Ok(Concurrency { limit, unreserved }), Reserved { api, challenges })
    }

    fn action(check: &InstallationCheck) -> &str {
        check.remedy.as_deref().expect("an action")
    }

    #[test]
    fn the_next_step_of_a_new_account_is_a_higher_quota_and_no_reservation() {
        for limit in [10, 100] {
            let check = judged(limit, 0, 0);
            assert!(
                is_warning(&check) && check.detail.starts_with(&format!("Lambda runs at most {limit} executions")),
                "{check:?}"
            );
            assert!(action(&check).contains("1,000") && !action(&check).contains("ApiConcurrency"), "{check:?}");
        }
    }

    #[test]
    fn what_is_proposed_leaves_a_hundred_unreserved() {
        let check = judged(200, 0, 0);
        assert!(
            is_warning(&check) && action(&check).contains("ApiConcurrency=50 and ChallengeConcurrency=50"),
            "{check:?}"
        );
        assert!(is_warning(&judged(101, 0, 0)) && is_warning(&judged(200, 50, 0)) && is_warning(&judged(200, 0, 50)));
    }

    #[test]
    fn a_reservation_or_the_usual_quota_is_room_enough() {
        assert!(is_ok(&judged(200, 50, 50)) && is_ok(&judged(1000, 0, 50)) && is_warning(&judged(999, 0, 50)));
        let open = judged(1000, 0, 0);
        assert!(is_warning(&open) && action(&open).contains("ChallengeConcurrency=50"), "{open:?}");
        assert!(judged(200, 60, 40).detail.contains("Reserved for the API: 60, for answers to HTTP-01: 40."));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let check = concurrency(&Err(denied("lambda:GetAccountSettings")), Reserved::default());
        assert!(is_failed(&check) && check.detail.contains("lambda:GetAccountSettings"), "{check:?}");
    }
}
