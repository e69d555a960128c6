use domain::acts::take_tokens::{orders_left, take_all};
use domain::ports::RateLimits;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{BucketId, Limit, Purpose, Spent, Take, Taken};

use super::whole_second;

/// `seed` is one that no other test uses.
pub async fn rate_limits(rate_limits: &(impl RateLimits + Sync), seed: u64) {
    let now = whole_second();
    let directory = format!("https://ca-{seed}.example/directory");
    let account = Take {
        bucket: BucketId::Account { directory: directory.clone() },
        limit: Limit::new(8, Duration::hours(8)).keeping(2),
        purpose: Purpose::Registration,
        waited: false,
    };
    one_by_one(rate_limits, &account, now).await;
    race(rate_limits, &directory, now).await;
    all_or_none(rate_limits, &directory, now).await;
}

/// Registrations, then renewals, then those who have stood in line.
async fn one_by_one(rate_limits: &impl RateLimits, account: &Take, now: OffsetDateTime) {
    let take = async |take: &Take, at| rate_limits.take(take, at).await.expect("answers");
    let interval = account.limit.interval();
    let BucketId::Account { directory } = &account.bucket else { panic!("an account's") };
    let left = async || orders_left(rate_limits, directory, Some(account.limit), now).await;
    assert_eq!(left().await, Ok(Some(100)), "what nobody has asked is full");
    for _ in 0..6 {
        assert_eq!(take(account, now).await, Taken::Now);
    }
    assert_eq!((left().await, left().await), (Ok(Some(25)), Ok(Some(25))), "two of eight, and looking takes none");
    let first = now + interval;
    assert_eq!(take(account, now).await, Taken::Wait { until: first }, "two are kept for renewals");
    assert_eq!(take(account, now).await, Taken::Wait { until: first + interval }, "each has a place of its own");
    let renewal = Take { purpose: Purpose::Renewal, ..account.clone() };
    for _ in 0..2 {
        assert_eq!(take(&renewal, now).await, Taken::Now);
    }
    assert_eq!(take(&renewal, now).await, Taken::Wait { until: now + interval }, "and no more than there is");
    assert_eq!(left().await, Ok(Some(0)));
    assert_eq!(
        orders_left(rate_limits, directory, None, now).await,
        Ok(None),
        "without a limit nothing is left to count"
    );

    let turn = now + interval * 3;
    let waited = Take { waited: true, ..account.clone() };
    assert_eq!(take(&waited, turn).await, Taken::Now, "what came back is there for who stood in line");
    assert!(matches!(take(&waited, turn).await, Taken::Wait { .. }), "and once");

    let much_later = now + Duration::days(9);
    assert_eq!(take(account, much_later).await, Taken::Now, "it is full again, and the line is gone");
    rate_limits.give_back(account).await.expect("given back");
    for _ in 0..5 {
        assert_eq!(take(account, much_later).await, Taken::Now);
    }
    let last = take(account, much_later).await;
    let moments = interval / 10;
    assert!(matches!(last, Taken::Wait { until } if until - much_later < moments), "there but for moments: {last:?}");
    let elsewhere = BucketId::Account { directory: "https://elsewhere.example".into() };
    let elsewhere = Take { bucket: elsewhere, ..account.clone() };
    rate_limits.give_back(&elsewhere).await.expect("giving back what nobody has taken is fine");
    assert_eq!(take(&elsewhere, much_later).await, Taken::Now);
}

/// However many take at once, never more is taken than there is, and all others have places of their own.
async fn race(rate_limits: &(impl RateLimits + Sync), directory: &str, now: OffsetDateTime) {
    const THERE: u32 = 5;
    for (number, purpose) in [(0, Purpose::Registration), (1, Purpose::Renewal)] {
        let bucket = BucketId::Domain { directory: directory.to_owned(), domain: format!("race-{number}.example") };
        let take = Take { bucket, limit: Limit::new(THERE, Duration::hours(5)), purpose, waited: false };
        let takers = (0..16).map(|_| rate_limits.take(&take, now));
        let mut places = Vec::new();
        let mut taken = 0;
        for answer in futures::future::join_all(takers).await {
            match answer.expect("answers") {
                Taken::Now => taken += 1,
                Taken::Wait { until } => places.push(until),
            }
        }
        assert_eq!(taken, THERE);
        places.sort();
        let expected: Vec<_> = (1..=11).map(|place| now + take.limit.interval() * place).collect();
        assert_eq!(places, expected);
    }
}

async fn all_or_none(rate_limits: &impl RateLimits, directory: &str, now: OffsetDateTime) {
    let of = |domain: &str, capacity: u32| Take {
        bucket: BucketId::Domain { directory: directory.to_owned(), domain: domain.to_owned() },
        limit: Limit::new(capacity, Duration::days(7)),
        purpose: Purpose::Registration,
        waited: false,
    };
    let (plenty, few) = (of("plenty.example", 3), of("few.example", 1));
    let both = [plenty.clone(), few.clone()];
    assert_eq!(take_all(rate_limits, &both, now).await.expect("answers"), Ok(()));
    for _ in 0..9 {
        let spent = take_all(rate_limits, &both, now).await.expect("answers").expect_err("the second has nothing");
        assert_eq!(spent, Spent { take: few.clone(), until: spent.until });
    }
    // What came to nothing was given back, but for the moments that a step may take.
    assert_eq!(rate_limits.take(&plenty, now).await.expect("answers"), Taken::Now);
}
