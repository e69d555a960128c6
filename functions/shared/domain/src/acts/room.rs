//! How many attempts an account can run at once, and when those that wait can start.

use time::{Duration, OffsetDateTime};

/// Concurrent Lambda invocations that a new AWS account has. Source: AWS Lambda quotas.
pub const SMALLEST_CONCURRENCY: u32 = 10;

/// How long an attempt takes, to estimate when there is room: about a minute with a DNS challenge. The estimate is renewed once
/// that time has passed.
const ONE_ATTEMPT: Duration = Duration::MINUTE;

/// How many attempts may run at once with this many concurrent Lambda invocations. At least one.
///
/// An attempt runs one step at a time. A fifth, but at least two, is left to the API, the challenges and the schedules.
pub fn attempts_at_once(concurrency: u32) -> u32 {
    concurrency.saturating_sub((concurrency / 5).max(2)).max(1)
}

/// When an attempt is expected to start with `before` others ahead of it, if `most` run at once.
pub fn expected_at(before: usize, most: usize, now: OffsetDateTime) -> OffsetDateTime {
    let rounds = i32::try_from(before / most.max(1) + 1).unwrap_or(i32::MAX);
    now + ONE_ATTEMPT * rounds
}

/// How many attempts run, although a list of executions shows new ones late: of those listed as running, `old` began before
/// that delay, `new` since; `taken` were started since, and `ended` of those are listed as ended.
pub fn running(old: usize, new: usize, taken: usize, ended: usize) -> usize {
    old + taken.saturating_sub(ended).max(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    #[test]
    fn some_room_is_always_left_to_others() {
        let at_once = [0, 2, 3, SMALLEST_CONCURRENCY, 11, 100, 1000].map(attempts_at_once);
        assert_eq!(at_once, [1, 1, 1, 8, 9, 80, 800]);
    }

    #[test]
    fn waiting_attempts_are_expected_in_rounds_of_as_many_as_there_is_room_for() {
        let minutes = [(0, 8), (7, 8), (8, 8), (992, 8), (3, 0)].map(|(before, most)| {
            let expected = expected_at(before, most, NOW);
            (expected - NOW).whole_minutes()
        });
        assert_eq!(minutes, [1, 1, 2, 125, 4]);
    }

    #[test]
    fn an_attempt_that_the_list_does_not_show_yet_counts_and_one_that_has_ended_does_not() {
        assert_eq!(running(3, 0, 0, 0), 3, "all are listed");
        assert_eq!(running(3, 0, 5, 0), 8, "none of five is listed yet");
        assert_eq!(running(3, 4, 5, 0), 8, "four are");
        assert_eq!(running(3, 1, 5, 4), 4, "four have ended");
        assert_eq!(running(0, 2, 0, 0), 2, "started by somebody else");
        assert_eq!(running(0, 0, 1, 2), 0);
    }
}
