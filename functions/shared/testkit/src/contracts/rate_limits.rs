use domain::acts::take_tokens::{orders_left, take_all};
use domain::ports::RateLimits;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{BucketId, Granted, Limit, Purpose, Spent, Take, Taker, Token};
use vocabulary::names::EndpointId;

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
        tenant: None,
        place: None,
        taker: None,
    };
    one_by_one(rate_limits, &account, now).await;
    race(rate_limits, &directory, now).await;
    all_or_none(rate_limits, &directory, now).await;
    hold(rate_limits, &directory, now).await;
    takers(rate_limits, &directory, now).await;
}

/// A taker's token is known by it, until the token is given back or the taker is forgotten.
async fn takers(rate_limits: &(impl RateLimits + Sync), directory: &str, now: OffsetDateTime) {
    let bucket = BucketId::Domain { directory: directory.to_owned(), domain: "takers.example".to_owned() };
    let limit = Limit::new(4, Duration::hours(4));
    let order = |number| Take {
        bucket: bucket.clone(),
        limit,
        purpose: Purpose::Registration,
        waited: false,
        tenant: Some("acme".parse().expect("a tenant")),
        place: None,
        taker: Some(Taker::new(&EndpointId::from_random([9; 16]), 1, number)),
    };
    let left = async || rate_limits.left(&bucket, limit, now).await.expect("answers");
    let taken = async |take: &Take| rate_limits.taken(&take.planned(now)).await.expect("answers");
    let (first, second) = (order(1), order(2));
    assert_eq!(taken(&first).await, None);
    let granted = futures::future::join_all((0..6).map(|_| rate_limits.take(&first, now))).await;
    let Ok(Granted::Now(token)) = &granted[0] else { panic!("it is full: {granted:?}") };
    assert!(granted.iter().all(|same| *same == Ok(Granted::Now(token.clone()))), "one token: {granted:?}");
    for _ in 0..2 {
        assert!(is_now(&rate_limits.take(&second, now).await.expect("answers")));
    }
    assert_eq!((left().await, taken(&first).await.as_ref()), (2, Some(token)));

    for _ in 0..3 {
        rate_limits.give_back(token, now).await.expect("given back");
    }
    assert_eq!((left().await, taken(&first).await), (3, None), "once, however often");
    assert!(is_now(&rate_limits.take(&first, now).await.expect("answers")), "and may be taken again");
    for _ in 0..2 {
        rate_limits.forget_taker(token).await.expect("forgotten");
    }
    rate_limits.give_back(token, now).await.expect("answers");
    assert_eq!((left().await, taken(&first).await), (2, None), "it is spent");
    assert!(is_now(&rate_limits.take(&first, now).await.expect("answers")), "another one");
    assert_eq!(left().await, 1);
    // A token that came back with time belongs to nobody.
    let later = now + Duration::hours(9);
    for number in 3..6 {
        assert!(is_now(&rate_limits.take(&order(number), later).await.expect("answers")));
    }
    assert_eq!(rate_limits.left(&bucket, limit, later).await, Ok(1));
}

/// Registrations, then renewals, then takers that have waited in the queue.
async fn one_by_one(rate_limits: &impl RateLimits, account: &Take, now: OffsetDateTime) {
    let take = async |take: &Take, at| rate_limits.take(take, at).await.expect("answers");
    let interval = account.limit.interval();
    let BucketId::Account { directory } = &account.bucket else { panic!("an account's") };
    let left = async || orders_left(rate_limits, directory, Some(account.limit), now).await;
    assert_eq!(left().await, Ok(Some(100)), "what nobody has asked is full");
    for _ in 0..6 {
        assert!(is_now(&take(account, now).await));
    }
    assert_eq!((left().await, left().await), (Ok(Some(25)), Ok(Some(25))), "two of eight, and looking takes none");
    let first = now + interval;
    assert_eq!(take(account, now).await, Granted::Wait { until: first }, "two are kept for renewals");
    assert_eq!(take(account, now).await, Granted::Wait { until: first + interval }, "each has a place of its own");
    let renewal = Take { purpose: Purpose::Renewal, ..account.clone() };
    for _ in 0..2 {
        assert!(is_now(&take(&renewal, now).await));
    }
    assert_eq!(take(&renewal, now).await, Granted::Wait { until: now + interval }, "and no more than there is");
    assert_eq!(left().await, Ok(Some(0)));
    assert_eq!(
        orders_left(rate_limits, directory, None, now).await,
        Ok(None),
        "without a limit nothing is left to count"
    );

    let turn = now + interval * 3;
    let waited = Take { waited: true, ..account.clone() };
    assert!(is_now(&take(&waited, turn).await), "what came back is there for who stood in line");
    assert!(matches!(take(&waited, turn).await, Granted::Wait { .. }), "and once");

    let much_later = now + Duration::days(9);
    assert!(is_now(&take(account, much_later).await), "it is full again, and the line is gone");
    for _ in 0..5 {
        assert!(is_now(&take(account, much_later).await));
    }
    let Granted::Now(token) = take(&renewal, much_later).await else { panic!("renewals have two more") };
    let early = Take { place: Some(much_later + interval * 40), ..account.clone() };
    assert_eq!(
        take(&early, much_later).await,
        Granted::Wait { until: much_later + interval * 40 },
        "it keeps its place"
    );
    let first = much_later + interval * 2;
    assert_eq!(take(account, much_later).await, Granted::Wait { until: first }, "and no other was given to it");
    rate_limits.give_back(&token, much_later).await.expect("given back");
    assert!(is_now(&take(&renewal, much_later).await), "exactly what was taken is there again");
    rate_limits.give_back(&token, much_later + interval * 9).await.expect("what came back by itself");
    assert!(is_now(&take(&renewal, much_later).await), "the last one");
    assert!(!is_now(&take(&renewal, much_later).await), "it is not given twice");
    let elsewhere = BucketId::Account { directory: "https://elsewhere.example".into() };
    let elsewhere = Take { bucket: elsewhere, ..account.clone() };
    let untaken = Token::taken(elsewhere.bucket.clone(), account.limit, much_later + interval);
    rate_limits.give_back(&untaken, much_later).await.expect("giving back what nobody has taken is fine");
    assert!(is_now(&take(&elsewhere, much_later).await));
}

fn is_now(granted: &Granted) -> bool {
    matches!(granted, Granted::Now(_))
}

/// What the CA has said about the account applies to all processes, until its time.
async fn hold(rate_limits: &impl RateLimits, directory: &str, now: OffsetDateTime) {
    let directory = format!("{directory}/held");
    let until = now + Duration::hours(2);
    assert_eq!(rate_limits.held(&directory, now).await, Ok(None));
    for (limit, at) in [(None, until), (None, until - Duration::HOUR), (Some(Limit::new(8, Duration::hours(8))), until)]
    {
        rate_limits.hold(&directory, limit, at).await.expect("kept");
        assert_eq!(rate_limits.held(&directory, now).await, Ok(Some(until)), "the latest of what it said");
    }
    assert_eq!(rate_limits.held(&directory, until).await, Ok(None), "and then it is over");
    let take = Take {
        bucket: BucketId::Account { directory },
        limit: Limit::new(8, Duration::hours(8)),
        purpose: Purpose::Registration,
        waited: false,
        tenant: None,
        place: None,
        taker: None,
    };
    assert_eq!(rate_limits.take(&take, now).await.expect("answers"), Granted::Wait { until });
    let waited = Take { waited: true, ..take };
    assert!(is_now(&rate_limits.take(&waited, until).await.expect("answers")));
}

/// However many take at once, never more is taken than there is, and all others have their own places.
async fn race(rate_limits: &(impl RateLimits + Sync), directory: &str, now: OffsetDateTime) {
    const THERE: u32 = 5;
    for (number, purpose) in [(0, Purpose::Registration), (1, Purpose::Renewal)] {
        let bucket = BucketId::Domain { directory: directory.to_owned(), domain: format!("race-{number}.example") };
        let take = Take {
            bucket,
            limit: Limit::new(THERE, Duration::hours(5)),
            purpose,
            waited: false,
            tenant: None,
            place: None,
            taker: None,
        };
        let takers = (0..16).map(|_| rate_limits.take(&take, now));
        let mut places = Vec::new();
        let mut taken = 0;
        for answer in futures::future::join_all(takers).await {
            match answer.expect("answers") {
                Granted::Now(_) => taken += 1,
                Granted::Wait { until } => places.push(until),
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
        tenant: None,
        place: None,
        taker: None,
    };
    let (plenty, few) = (of("plenty.example", 3), of("few.example", 1));
    let both = [plenty.clone(), few.clone()];
    assert_eq!(take_all(rate_limits, &both, now).await.expect("answers").map(|tokens| tokens.len()), Ok(2));
    for _ in 0..9 {
        let spent = take_all(rate_limits, &both, now).await.expect("answers").expect_err("the second has nothing");
        assert_eq!(spent, Spent { take: few.clone(), until: spent.until });
    }
    // Unused tokens were given back.
    assert!(is_now(&rate_limits.take(&plenty, now).await.expect("answers")));
}

/// Two tenants under one registered domain are served in turn, however long the queue of one of them is. `seed` is one that no
/// other test uses.
pub async fn tenants_in_turn(rate_limits: &impl RateLimits, seed: u64) {
    let now = whole_second();
    let limit = Limit::new(4, Duration::seconds(400));
    let take = |tenant: &str, waited| Take {
        bucket: BucketId::Domain {
            directory: format!("https://turns-{seed}.example/directory"),
            domain: "x.example".into(),
        },
        limit,
        purpose: Purpose::Registration,
        waited,
        tenant: Some(tenant.parse().expect("a tenant")),
        place: None,
        taker: None,
    };
    let mut bulk = Vec::new();
    for _ in 0..24 {
        match rate_limits.take(&take("bulk", false), now).await.expect("answers") {
            Granted::Now(_) => {}
            Granted::Wait { until } => bulk.push(until),
        }
    }
    assert_eq!(bulk.len(), 20, "four at once, and the others in line");
    let mut small = Vec::new();
    for _ in 0..3 {
        let granted = rate_limits.take(&take("small", false), now).await.expect("answers");
        let Granted::Wait { until } = granted else { panic!("it is empty") };
        small.push(until);
    }
    assert!(small[2] <= now + limit.interval() * 3, "its line is its own: {small:?}");
    // Each comes at its time, the bulk always first; a taker without a token comes back at the returned time.
    let (mut served, mut at) = (Vec::new(), now);
    while served.len() < 12 {
        at += limit.interval();
        for (tenant, line) in [("bulk", &mut bulk), ("small", &mut small)] {
            let due: Vec<_> = line.iter().copied().filter(|until| *until <= at).collect();
            line.retain(|until| *until > at);
            for _ in due {
                match rate_limits.take(&take(tenant, true), at).await.expect("answers") {
                    Granted::Now(_) => served.push(tenant),
                    Granted::Wait { until } => line.push(until),
                }
            }
        }
        assert!(at < now + limit.interval() * 60, "nobody is forgotten: {served:?}");
    }
    let first: Vec<_> = served.iter().take(6).filter(|tenant| **tenant == "small").collect();
    assert_eq!(first.len(), 3, "every second token is the other tenant's: {served:?}");
}
