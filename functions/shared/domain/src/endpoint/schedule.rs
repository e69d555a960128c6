//! When to renew and when to retry. Nothing here is in days: a certificate of minutes works like one of months.

use time::{Duration, OffsetDateTime};
use vocabulary::failure::FailureName;

use crate::endpoint::failing::Failing;

/// How long a claimed attempt is left alone; longer than the state machine's own time limit (5400 s).
pub const LEASE: Duration = Duration::minutes(105);

/// The shortest and the longest wait before records that a domain owner has yet to create are checked again.
const SHORTEST_WAIT: Duration = Duration::seconds(30);

const LONGEST_WAIT: Duration = Duration::hours(6);

/// The longest wait for a paused endpoint.
const LONGEST_PAUSED_WAIT: Duration = Duration::WEEK;

/// How far `jitter` spreads retries, as a part of the wait.
const RETRY_SPREAD: f64 = 0.1;

/// When to retry after the latest of the consecutive failures.
///
/// The other side's `Retry-After` has priority. Records that a domain owner has yet to create cost the CA nothing, so they are
/// checked again after a quarter of the time waited so far: if that was ten minutes, after two and a half more. A paused
/// endpoint is checked by the same rule, less and less often. Everything else backs off as Let's Encrypt suggests: 1, 10, 100
/// minutes, daily. `jitter` in 0.0..1.0 adds up to a tenth.
pub fn next_attempt(failing: &Failing, now: OffsetDateTime, jitter: f64) -> OffsetDateTime {
    let undone_since = failing.absence.as_ref().map_or(failing.since, |absence| absence.since);
    let quarter: Duration = (now - undone_since) / 4_i32;
    let backoff = match failing.asked {
        0 | 1 => Duration::minutes(1),
        2 => Duration::minutes(10),
        3 => Duration::minutes(100),
        _ => Duration::DAY,
    };
    let advised = failing.failure.retry_after.map_or(Duration::ZERO, |at| at - now);
    let wait = match failing.failure.name {
        // It has a place in a queue, so the exact time matters.
        FailureName::BudgetSpent => return now + advised.max(Duration::SECOND),
        FailureName::RecordsNotReady if failing.paused_since().is_some() => {
            quarter.clamp(LONGEST_WAIT, LONGEST_PAUSED_WAIT)
        }
        FailureName::RecordsNotReady => quarter.clamp(SHORTEST_WAIT, LONGEST_WAIT),
        FailureName::OrderLost if failing.asked <= 1 => Duration::ZERO,
        _ if failing.paused_since().is_some() => quarter.clamp(backoff, LONGEST_PAUSED_WAIT.max(backoff)),
        // The CA named the time, however often it failed before.
        FailureName::RateLimited | FailureName::CaUnavailable | FailureName::ChallengeFailed
            if failing.failure.retry_after.is_some() =>
        {
            Duration::MINUTE
        }
        _ => backoff,
    };
    let wait = wait.max(advised);
    now + wait + wait * (RETRY_SPREAD * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::failing::Absence;
    use proptest::prelude::*;
    use time::macros::datetime;
    use vocabulary::certificate::renewal::renewal_opens;
    use vocabulary::failure::Failure;
    use vocabulary::guidance::WaitingOn;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    /// This many consecutive failures with requests to the CA, the first of them `waited` ago.
    fn failing(name: FailureName, asked: u32, waited: Duration) -> Failing {
        let failure = Failure::new(name, WaitingOn::DomainOwner, "", "");
        Failing { attempts: asked, asked, absence: None, ..Failing::first(failure, NOW - waited) }
    }

    /// How long a domain owner is waited for.
    fn owner_wait(waited: Duration, paused: bool) -> Duration {
        let mut failing = failing(FailureName::RecordsNotReady, 9, waited);
        failing.absence = Some(Absence { since: NOW - waited, checks: 9, paused_since: paused.then_some(NOW) });
        next_attempt(&failing, NOW, 0.0) - NOW
    }

    #[test]
    fn renewal_opens_at_two_thirds_or_at_half_of_a_short_lifetime() {
        let opens = |lifetime: Duration| renewal_opens(NOW, NOW + lifetime, 0.5) - NOW;
        assert_eq!(opens(Duration::days(90)), Duration::days(60));
        assert_eq!(opens(Duration::days(10)).whole_hours(), 160);
        assert_eq!(opens(Duration::hours(160)), Duration::hours(80));
        assert_eq!(opens(Duration::minutes(4)), Duration::minutes(2));
    }

    #[test]
    fn a_quick_domain_owner_is_not_kept_waiting() {
        assert_eq!(owner_wait(Duration::ZERO, false), SHORTEST_WAIT);
        assert_eq!(owner_wait(Duration::minutes(2), false), SHORTEST_WAIT);
        assert_eq!(owner_wait(Duration::minutes(10), false), Duration::seconds(150));
        assert_eq!(owner_wait(Duration::hours(1), false), Duration::minutes(15));
        assert_eq!(owner_wait(Duration::days(30), false), LONGEST_WAIT);
    }

    #[test]
    fn a_paused_endpoint_is_checked_less_and_less_often_up_to_a_longest_wait() {
        assert_eq!(owner_wait(Duration::days(8), true), Duration::days(2));
        assert_eq!(owner_wait(Duration::days(20), true), Duration::days(5));
        assert_eq!(owner_wait(Duration::days(900), true), LONGEST_PAUSED_WAIT);
        assert_eq!(owner_wait(Duration::hours(1), true), LONGEST_WAIT, "never more often than before");
    }

    #[test]
    fn the_ca_is_contacted_less_and_less_often() {
        let wait = |n| {
            let failing = failing(FailureName::ChallengeFailed, n, Duration::ZERO);
            (next_attempt(&failing, NOW, 0.0) - NOW).whole_minutes()
        };
        assert_eq!([wait(1), wait(2), wait(3), wait(4), wait(400)], [1, 10, 100, 1440, 1440]);
    }

    #[test]
    fn the_retry_time_of_the_other_side_counts_when_it_is_later() {
        let at = |seconds| {
            let mut failing = failing(FailureName::RateLimited, 1, Duration::ZERO);
            failing.failure.retry_after = Some(NOW + Duration::seconds(seconds));
            next_attempt(&failing, NOW, 0.0)
        };
        assert_eq!(at(7200), NOW + Duration::hours(2));
        assert_eq!(at(5), NOW + Duration::MINUTE);
        assert_eq!(at(-5), NOW + Duration::MINUTE);
    }

    #[test]
    fn a_time_that_the_ca_names_is_not_put_off_by_failures_before() {
        let mut failing = failing(FailureName::RateLimited, 40, Duration::DAY);
        failing.failure.retry_after = Some(NOW + Duration::minutes(12));
        assert_eq!(next_attempt(&failing, NOW, 0.0), NOW + Duration::minutes(12));
        failing.failure.retry_after = None;
        assert_eq!(next_attempt(&failing, NOW, 0.0), NOW + Duration::DAY);
    }

    #[test]
    fn an_endpoint_that_waits_for_a_rate_limit_is_due_exactly_at_its_time() {
        let mut failing = failing(FailureName::BudgetSpent, 40, Duration::DAY);
        failing.failure.retry_after = Some(NOW + Duration::seconds(36));
        assert_eq!(next_attempt(&failing, NOW, 0.9), NOW + Duration::seconds(36));
    }

    #[test]
    fn a_lost_order_is_created_again_at_once_but_only_once() {
        let wait = |n| next_attempt(&failing(FailureName::OrderLost, n, Duration::ZERO), NOW, 0.0) - NOW;
        assert_eq!((wait(1), wait(2)), (Duration::ZERO, Duration::minutes(10)));
    }

    proptest! {
        #[test]
        fn renewal_always_opens_inside_the_lifetime(seconds in 60_i64..400 * 86_400, jitter in 0.0_f64..1.0) {
            let end = NOW + Duration::seconds(seconds);
            let opens = renewal_opens(NOW, end, jitter);
            prop_assert!(NOW < opens && opens < end);
        }

        #[test]
        fn a_retry_never_lies_in_the_past(attempts in 0_u32..50, waited in 0_i64..10_000_000, jitter in 0.0_f64..1.0) {
            for name in FailureName::ALL {
                let at = next_attempt(&failing(name, attempts, Duration::seconds(waited)), NOW, jitter);
                prop_assert!(at >= NOW);
            }
        }
    }
}
