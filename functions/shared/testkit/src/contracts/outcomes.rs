use domain::endpoint::{Attempt, Endpoint, LEASE, Notifications, Outcome, TrackRecord, Unsent};
use domain::ports::{AttemptJournal, DueEntry, DueIndex, FencedError, RateLimits, Registry, Settlement};
use time::Duration;
use vocabulary::acme::{BucketId, Granted, KnownAuthorization, Limit, OpenOrder, Purpose, Take};
use vocabulary::certificate::InstalledCertificate;

use super::endpoints::order_of;
use super::{endpoint, registered, whole_second};
use crate::installed;

/// What the end of an attempt writes besides its outcome: the notifications still to be sent, and the tokens that are given
/// back, once. `rate_limits` has its buckets where `journal` has its endpoints.
pub async fn outcomes(journal: &(impl AttemptJournal + DueIndex + Registry), rate_limits: &impl RateLimits, seed: u64) {
    let now = whole_second();
    let first = endpoint(seed, now);
    let id = &first.id;
    journal.register(&first, &registered(&first), None).await.expect("registered");
    let entry = DueEntry { endpoint: id.clone(), due_at: now };
    assert_eq!(journal.claim(&entry, now, now + LEASE).await, Ok(Some(1)));

    let limit = Limit::new(5, Duration::days(5));
    let take = |domain: &str| Take {
        bucket: BucketId::Domain { directory: format!("https://ca-{seed}.example/directory"), domain: domain.into() },
        limit,
        purpose: Purpose::Registration,
        waited: false,
        tenant: None,
        place: None,
        taker: None,
    };
    let (twice, once) = (take("twice.example"), take("once.example"));
    let mut tokens = Vec::new();
    for take in [&twice, &twice, &once] {
        let Granted::Now(token) = rate_limits.take(take, now).await.expect("answers") else { panic!("it is full") };
        tokens.push(token);
    }
    let left = async |take: &Take| rate_limits.left(&take.bucket, limit, now).await.expect("answers");
    assert_eq!((left(&twice).await, left(&once).await), (3, 4));

    let unsent = Unsent { certificate: true, since: now };
    let known = vec![known_authorization(&first)];
    let settlement = Settlement {
        due_at: now + Duration::MINUTE,
        failing: None,
        drop_order: true,
        withdrawn: false,
        announced: false,
        told: Notifications { sequence: 1, told: vec![], ..Notifications::default() },
        unsent: Some(unsent.clone()),
        authorizations: known.clone(),
        track: TrackRecord::default(),
        returned: tokens,
        at: now,
        removing: false,
        attempt: Attempt {
            attempt: 1,
            started_at: now,
            finished_at: Some(now),
            outcome: Outcome::Failed,
            method: None,
            order: None,
            directory: None,
            failure: None,
            execution: "x".into(),
            steps: vec![],
        },
    };
    journal.settle(id, 1, &settlement).await.expect("settled");
    assert_eq!((left(&twice).await, left(&once).await), (5, 5), "exactly what was taken is there again");
    let read = journal.find(id).await.expect("answers").expect("there");
    assert_eq!((read.unsent, read.told.sequence), (Some(unsent), 1));
    assert_eq!(read.authorizations, known, "what is known of authorizations goes with no order");
    assert!(matches!(journal.settle(id, 1, &settlement).await, Err(FencedError::Fault(_))), "it is not given twice");
    assert_eq!((left(&twice).await, left(&once).await), (5, 5));

    let told = Notifications { sequence: 2, told: vec![], ..Notifications::default() };
    journal.mark_notified(id, 2, &told).await.expect("another attempt's is none of ours");
    assert!(journal.find(id).await.expect("answers").expect("there").unsent.is_some());
    journal.mark_notified(id, 1, &told).await.expect("kept");
    let read = journal.find(id).await.expect("answers").expect("there");
    assert_eq!((read.unsent, read.told), (None, told));
}

/// A deactivated authorization is removed wherever it was recorded. `seed` is one that no other test uses.
pub async fn authorizations(journal: &(impl AttemptJournal + DueIndex + Registry), seed: u64) {
    let now = whole_second();
    let first = endpoint(seed, now);
    let id = &first.id;
    journal.register(&first, &registered(&first), None).await.expect("registered");
    let entry = DueEntry { endpoint: id.clone(), due_at: now };
    assert_eq!(journal.claim(&entry, now, now + LEASE).await, Ok(Some(1)));
    let bare = journal.find(id).await.expect("answers").expect("there");
    journal.record_authorizations(&bare, 1).await.expect("there are none");

    let known = known_authorization(&first);
    let order = OpenOrder { former: vec![known.clone()], ..order_of(&first, now) };
    journal.save_order(id, 1, &order).await.expect("saved");
    let held = InstalledCertificate { authorizations: vec![known.clone()], ..installed(&first, now) };
    journal.record_certificate(id, 1, &held).await.expect("recorded");
    let read = journal.find(id).await.expect("answers").expect("there");
    assert_eq!(read.known_authorizations(), [known]);
    let left = read.without_authorizations(|_| true);
    assert_eq!(journal.record_authorizations(&left, 2).await, Err(FencedError::Superseded), "not ours");
    journal.record_authorizations(&left, 1).await.expect("recorded");
    let read = journal.find(id).await.expect("answers").expect("there");
    assert_eq!(read, left, "and nothing else has changed");
}

fn known_authorization(endpoint: &Endpoint) -> KnownAuthorization {
    KnownAuthorization {
        directory: "https://ca.example/directory".into(),
        url: "https://ca.example/authz/1".into(),
        name: endpoint.names.primary().clone(),
    }
}
