//! Properties that hold for all takers, in any order.

use super::*;
use crate::acme::rate_limit::{BucketId, Token};
use proptest::prelude::*;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

#[derive(Clone, Copy, Debug)]
struct Asked {
    after: i64,
    purpose: Purpose,
    waited: bool,
}

fn asks() -> impl Strategy<Value = Vec<Asked>> {
    let purpose = prop_oneof![Just(Purpose::Renewal), Just(Purpose::Registration)];
    let one =
        (0_i64..400, purpose, any::<bool>()).prop_map(|(after, purpose, waited)| Asked { after, purpose, waited });
    prop::collection::vec(one, 1..80)
}

fn limits() -> impl Strategy<Value = Limit> {
    (1_u32..40, 1_i64..20_000, 0_u32..60)
        .prop_map(|(n, seconds, reserve)| Limit::new(n, Duration::seconds(seconds)).keeping(reserve))
}

proptest! {
    /// A bucket at the CA, without purposes and queues, refuses nothing that ours has allowed.
    #[test]
    fn no_more_tokens_are_taken_than_the_ca_has(limit in limits(), asks in asks()) {
        let theirs = Limit::new(limit.capacity, limit.period);
        let (mut ours, mut full_at, mut now) = (Bucket::default(), NOW, NOW);
        for ask in asks {
            now += Duration::seconds(ask.after);
            let (next, taken) = ours.take(limit, ask.purpose, ask.waited, now);
            ours = next;
            if taken == Taken::Now {
                full_at = full_at.max(now) + theirs.period / i32::try_from(theirs.capacity).expect("small");
                prop_assert!(full_at - now <= theirs.period);
            }
            prop_assert!(ours.tokens(limit, now) <= limit.capacity);
        }
    }

    #[test]
    fn a_wait_ends_in_the_future_and_takes_no_token(limit in limits(), asks in asks()) {
        let (mut bucket, mut now) = (Bucket::default(), NOW);
        for ask in asks {
            now += Duration::seconds(ask.after);
            let (next, taken) = bucket.take(limit, ask.purpose, ask.waited, now);
            if let Taken::Wait { until } = taken {
                prop_assert!(now < until && next.full_at == bucket.full_at);
            }
            bucket = next;
        }
    }

    #[test]
    fn the_order_of_takes_does_not_matter(limit in limits(), renewals in 0_u32..30, registrations in 0_u32..30) {
        let run = |first: (Purpose, u32), second: (Purpose, u32)| {
            let mut bucket = Bucket::default();
            let plenty = limit.keeping(0);
            for purpose in std::iter::repeat_n(first.0, first.1 as usize).chain(std::iter::repeat_n(second.0, second.1 as usize)) {
                bucket = bucket.take(plenty, purpose, true, NOW).0;
            }
            bucket.full_at
        };
        let (a, b) = ((Purpose::Renewal, renewals), (Purpose::Registration, registrations));
        prop_assert_eq!(run(a, b), run(b, a));
    }

    #[test]
    fn a_returned_token_gives_back_no_more_than_it_took(limit in limits(), before in 0_u32..20, others in asks()) {
        // The same history with and without a token that is taken, and given back unused.
        let (mut with, mut without) = (Bucket::default(), Bucket::default());
        for _ in 0..before {
            (with, without) = (with.take(limit, Purpose::Renewal, true, NOW).0, without.take(limit, Purpose::Renewal, true, NOW).0);
        }
        let (next, taken) = with.take(limit, Purpose::Renewal, true, NOW);
        if taken != Taken::Now {
            return Ok(());
        }
        with = next;
        let token = Token::taken(BucketId::Account { directory: String::new() }, limit, with.full_at.expect("taken"));
        let mut now = NOW;
        for ask in others {
            now += Duration::seconds(ask.after);
            let (next, taken) = with.take(limit, ask.purpose, true, now);
            with = next;
            if taken == Taken::Now {
                without = without.take(Limit { reserve: 0, ..limit }, Purpose::Renewal, true, now).0;
            }
        }
        prop_assert!(with.give_back(token.lacking(now)).tokens(limit, now) <= without.tokens(limit, now));
    }

    #[test]
    fn a_token_that_is_returned_at_once_leaves_nothing_behind(limit in limits(), before in 0_u32..20) {
        let mut bucket = Bucket::default();
        for _ in 0..before {
            bucket = bucket.take(limit, Purpose::Renewal, true, NOW).0;
        }
        let (with, taken) = bucket.take(limit, Purpose::Renewal, true, NOW);
        if taken != Taken::Now {
            return Ok(());
        }
        let token = Token::taken(BucketId::Account { directory: String::new() }, limit, with.full_at.expect("taken"));
        let back = with.give_back(token.lacking(NOW));
        prop_assert_eq!(back.tokens(limit, NOW), bucket.tokens(limit, NOW));
    }
}
