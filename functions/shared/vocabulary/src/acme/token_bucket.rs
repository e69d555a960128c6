//! Token buckets that mirror a CA's limits, so that we send no order that the CA would refuse.
//!
//! Pure. A bucket is a single time, that at which it is full again: missing tokens come back evenly.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// This many tokens in this period. Some of them may be reserved for renewals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// At least one.
    pub capacity: u32,
    pub period: Duration,
    /// Tokens that registrations may not use; less than `capacity`.
    pub reserve: u32,
}

/// Why a token is wanted. Renewals go before registrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Purpose {
    Renewal,
    Registration,
}

/// The state of a bucket; the default, without any values, is a full bucket.
///
/// Takers that find the bucket empty get places in a queue, one for each token that will come, so that nobody has to come
/// twice. There is a queue for each purpose and, where several tenants share a bucket, for each tenant: then the tokens go to
/// the tenants in turn, and a long queue delays only those in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When all tokens are back.
    pub full_at: Option<OffsetDateTime>,
    /// The last place in the queue of renewals, and in that of registrations.
    pub renewals_end: Option<OffsetDateTime>,
    pub registrations_end: Option<OffsetDateTime>,
    /// The last place in the queues of tenants other than the taker's; absent where tenants share one queue.
    pub others_end: Option<OffsetDateTime>,
    /// Whether the last token went to the taker's own tenant.
    pub had_last: bool,
}

/// The result of taking a token from a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Now,
    /// There is none. One is reserved for the taker at that time, to the second.
    Wait {
        until: OffsetDateTime,
    },
}

impl Limit {
    pub fn new(capacity: u32, period: Duration) -> Self {
        Self { capacity: capacity.max(1), period, reserve: 0 }
    }

    /// How many come back in a day, whatever the period.
    pub fn per_day(self) -> u64 {
        let seconds = u64::try_from(self.period.whole_seconds()).unwrap_or_default().max(1);
        u64::from(self.capacity) * 86_400 / seconds
    }

    /// With `reserve` tokens for renewals; at least one is left for registrations.
    pub fn keeping(self, reserve: u32) -> Self {
        Self { reserve: reserve.min(self.capacity - 1), ..self }
    }

    /// How long one token takes to come back; rounded up to a millisecond, so never sooner than at the CA.
    pub fn interval(self) -> Duration {
        let nanoseconds = self.period.whole_nanoseconds().max(1);
        let milliseconds = nanoseconds.div_euclid(i128::from(self.capacity) * 1_000_000) + 1;
        Duration::milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX))
    }

    /// How long an empty bucket takes to be full.
    pub fn depth(self) -> Duration {
        self.interval() * i32::try_from(self.capacity).unwrap_or(i32::MAX)
    }

    fn kept_from(self, purpose: Purpose) -> u32 {
        match purpose {
            Purpose::Renewal => 0,
            Purpose::Registration => self.reserve,
        }
    }
}

impl Bucket {
    /// Whole tokens at `now`.
    pub fn tokens(self, limit: Limit, now: OffsetDateTime) -> u32 {
        let lacking: Duration = self.full_at.map_or(Duration::ZERO, |at| (at - now).max(Duration::ZERO));
        let there = (limit.depth() - lacking).max(Duration::ZERO);
        u32::try_from(there.whole_milliseconds() / limit.interval().whole_milliseconds()).unwrap_or(u32::MAX)
    }

    /// The bucket after a take at `now`, and the result.
    ///
    /// `waited`: whether the taker has waited in the queue. While others wait, a new taker leaves a token for the next of them.
    pub fn take(self, limit: Limit, purpose: Purpose, waited: bool, now: OffsetDateTime) -> (Self, Taken) {
        let full_at = self.full_at.map_or(now, |at| at.max(now));
        if full_at <= self.latest(limit, purpose, waited, now) {
            return (Self { full_at: Some(full_at + limit.interval()), ..self }, Taken::Now);
        }
        let first = now + (full_at - self.latest(limit, purpose, true, now));
        let line = self.line(purpose).filter(|end| now <= *end);
        let until = match line {
            // A taker that has waited, but found its token taken, comes next, not last.
            Some(end) if !waited => first.max(end + limit.interval()),
            _ => first,
        };
        (self.with_line(purpose, until.max(line.unwrap_or(until))), Taken::Wait { until })
    }

    /// The latest time at which the bucket may be full again if there is to be a token: the rest of its depth must have room
    /// for that token and for those that must stay.
    pub fn latest(self, limit: Limit, purpose: Purpose, waited: bool, now: OffsetDateTime) -> OffsetDateTime {
        let line_is_waiting = !waited && self.line(purpose).is_some_and(|end| now <= end);
        // Other tenants wait: they are next after one of our own tokens, and before a taker that has not waited.
        let others_wait = purpose == Purpose::Registration && self.others_end.is_some_and(|end| now <= end);
        let others_turn = others_wait && (self.had_last || !waited);
        let stay = u32::from(line_is_waiting || others_turn);
        let must_stay = (limit.kept_from(purpose) + stay).min(limit.capacity - 1);
        now + limit.depth() - limit.interval() * i32::try_from(must_stay + 1).unwrap_or(i32::MAX)
    }

    /// The last place in the queue for `purpose`.
    pub fn line(self, purpose: Purpose) -> Option<OffsetDateTime> {
        match purpose {
            Purpose::Renewal => self.renewals_end,
            Purpose::Registration => self.registrations_end,
        }
    }

    fn with_line(self, purpose: Purpose, end: OffsetDateTime) -> Self {
        match purpose {
            Purpose::Renewal => Self { renewals_end: Some(end), ..self },
            Purpose::Registration => Self { registrations_end: Some(end), ..self },
        }
    }

    /// The bucket after a token that was not used at the CA was given back; `lacking` of it was still missing.
    pub fn give_back(self, lacking: Duration) -> Self {
        Self { full_at: self.full_at.map(|at| at - lacking), ..self }
    }

    /// The bucket after the CA has said that it has no token before `until`: then there is one.
    pub fn empty_until(self, limit: Limit, until: OffsetDateTime) -> Self {
        let learned = until + limit.depth() - limit.interval();
        Self { full_at: Some(self.full_at.map_or(learned, |at| at.max(learned))), ..self }
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn at(seconds: i64) -> OffsetDateTime {
        NOW + Duration::seconds(seconds)
    }

    fn limit() -> Limit {
        Limit::new(10, Duration::seconds(1000))
    }

    /// Takes all tokens that there are at `now`.
    fn empty(mut bucket: Bucket, limit: Limit, purpose: Purpose, now: OffsetDateTime) -> (Bucket, u32) {
        let mut taken = 0;
        loop {
            match bucket.take(limit, purpose, false, now) {
                (next, Taken::Now) => (bucket, taken) = (next, taken + 1),
                (_, Taken::Wait { .. }) => return (bucket, taken),
            }
        }
    }

    #[test]
    fn a_full_bucket_has_its_capacity_and_one_more_after_each_interval() {
        let (bucket, taken) = empty(Bucket::default(), limit(), Purpose::Renewal, NOW);
        assert_eq!((taken, bucket.tokens(limit(), NOW)), (10, 0));
        let interval = limit().interval();
        assert_eq!(bucket.tokens(limit(), NOW + interval - Duration::MILLISECOND), 0);
        assert_eq!(bucket.tokens(limit(), NOW + interval), 1);
        assert_eq!(empty(bucket, limit(), Purpose::Renewal, NOW + interval * 3).1, 3);
    }

    #[test]
    fn registrations_leave_the_reserve_to_renewals() {
        let limit = limit().keeping(4);
        let (bucket, taken) = empty(Bucket::default(), limit, Purpose::Registration, NOW);
        assert_eq!(taken, 6);
        assert_eq!(empty(bucket, limit, Purpose::Renewal, NOW).1, 4);
        assert_eq!(Limit::new(3, Duration::HOUR).keeping(9).reserve, 2, "one is always left for registrations");
    }

    #[test]
    fn each_in_the_queue_gets_a_token_of_its_own_at_its_time() {
        let (mut bucket, _) = empty(Bucket::default(), limit(), Purpose::Registration, NOW);
        let mut places = Vec::new();
        for _ in 0..20 {
            let (next, Taken::Wait { until }) = bucket.take(limit(), Purpose::Registration, false, NOW) else {
                panic!("it is empty")
            };
            places.push(until);
            bucket = next;
        }
        assert_eq!(places[0], NOW + limit().interval());
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] == limit().interval()), "{places:?}");
        for place in places {
            let newcomer = bucket.take(limit(), Purpose::Registration, false, place).1;
            assert!(matches!(newcomer, Taken::Wait { .. }), "nobody goes before the one whose turn it is");
            let (next, taken) = bucket.take(limit(), Purpose::Registration, true, place);
            assert_eq!(taken, Taken::Now);
            bucket = next;
        }
    }

    #[test]
    fn an_abandoned_queue_delays_nobody() {
        let (mut bucket, _) = empty(Bucket::default(), limit(), Purpose::Registration, NOW);
        for _ in 0..1000 {
            bucket = bucket.take(limit(), Purpose::Registration, false, NOW).0;
        }
        let later = NOW + limit().interval() * 3;
        assert_eq!(bucket.take(limit(), Purpose::Registration, false, later).1, Taken::Now, "two more than is kept");
    }

    #[test]
    fn renewals_do_not_wait_in_the_queue_of_registrations() {
        let limit = limit().keeping(5);
        let (mut bucket, _) = empty(Bucket::default(), limit, Purpose::Registration, NOW);
        for _ in 0..100 {
            bucket = bucket.take(limit, Purpose::Registration, false, NOW).0;
        }
        assert_eq!(empty(bucket, limit, Purpose::Renewal, NOW).1, 5);
    }

    #[test]
    fn an_empty_bucket_is_learned_from_the_ca() {
        let until = at(5000);
        let bucket = Bucket::default().empty_until(limit(), until);
        let early = until - Duration::SECOND;
        assert!(
            matches!(bucket.take(limit(), Purpose::Renewal, false, early).1, Taken::Wait { until: at } if at == until)
        );
        let (bucket, taken) = bucket.take(limit(), Purpose::Renewal, true, until);
        assert_eq!(taken, Taken::Now);
        assert!(matches!(bucket.take(limit(), Purpose::Renewal, true, until).1, Taken::Wait { .. }), "one, not all");
        let later = bucket.empty_until(limit(), at(1));
        assert_eq!(later, bucket, "what is known to be later stays");
    }

    #[test]
    fn the_boundary_instant_has_the_token() {
        let (bucket, _) = empty(Bucket::default(), limit(), Purpose::Renewal, NOW);
        let (_, Taken::Wait { until }) = bucket.take(limit(), Purpose::Renewal, false, at(0)) else { panic!("empty") };
        let early = until - Duration::MILLISECOND;
        assert!(matches!(bucket.take(limit(), Purpose::Renewal, true, early).1, Taken::Wait { .. }));
        assert_eq!(bucket.take(limit(), Purpose::Renewal, true, until).1, Taken::Now);
    }

    #[test]
    fn the_tokens_of_a_day_follow_from_any_period() {
        let per_day = |capacity, period| Limit::new(capacity, period).per_day();
        assert_eq!(per_day(300, Duration::hours(3)), 2_400);
        assert_eq!((per_day(50, Duration::days(7)), per_day(1, Duration::days(2))), (7, 0));
    }
}
