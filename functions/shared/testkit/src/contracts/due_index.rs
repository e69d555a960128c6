use domain::endpoint::{Failing, LEASE, Notifications, Outcome, TrackRecord};
use domain::ports::{AttemptJournal, DueEndpoint, DueEntry, DueIndex, DueReason, Registry, Settlement};
use time::{Duration, OffsetDateTime};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointId;

use super::endpoints::attempt;
use super::{endpoint, registered, whole_second};
use crate::installed;

/// `seed` is one that no other test uses.
pub async fn due_index<T: Registry + DueIndex + AttemptJournal + Sync>(index: &T, seed: u64) {
    let now = whole_second();
    let mut early = endpoint(seed, now);
    early.due_at = Some(now + Duration::HOUR);
    index.register(&early, &registered(&early), None).await.expect("registered");
    let shard = early.id.shard(domain::ports::DUE_SHARDS);
    let entry = DueEntry { endpoint: early.id.clone(), due_at: now + Duration::HOUR };
    let due = |at: OffsetDateTime| async move { index.due(shard, at, 1000).await.expect("answers") };
    assert!(!due(now).await.contains(&entry), "not due yet");
    assert!(due(now + Duration::HOUR).await.contains(&entry), "due from that second on");

    let gone = DueEntry { endpoint: EndpointId::from_random([0xdd; 16]), due_at: now };
    let described = index.describe(vec![gone, entry.clone()]).await.expect("answers");
    let due_endpoint = |due_reason| {
        let (entry, tenant) = (entry.clone(), early.tenant.clone());
        DueEndpoint { entry, tenant, due_reason, expected_at: None }
    };
    assert_eq!(described, [due_endpoint(DueReason::Registration)], "what is gone is left out");
    assert_eq!(index.describe(vec![]).await, Ok(vec![]));

    let at = now + Duration::HOUR;
    let claims = futures::future::join_all((0..8).map(|_| index.claim(&entry, at, at + LEASE))).await;
    let won: Vec<u64> = claims.into_iter().filter_map(|claim| claim.expect("answers")).collect();
    assert_eq!(won, [1], "of eight at once exactly one gets it");
    assert!(!due(at).await.iter().any(|e| e.endpoint == early.id), "while leased it is not due");
    let leased = DueEntry { due_at: at + LEASE, ..entry.clone() };
    assert_eq!(index.claim(&leased, at, at + LEASE).await, Ok(None), "nor can it be claimed");
    let later = at + LEASE;
    assert!(due(later).await.contains(&leased), "a dead attempt's endpoint is due when the lease ends");

    index.release(&early.id, 7, now).await.expect("another attempt's release is ignored");
    assert_eq!(index.find(&early.id).await.expect("answers").expect("there").due_at, Some(later));
    index.release(&early.id, 1, now).await.expect("released");
    let released = index.find(&early.id).await.expect("answers").expect("there");
    assert_eq!((released.due_at, released.lease_until, released.attempt), (Some(now), None, 1));
    let again = DueEntry { due_at: now, ..entry.clone() };
    index.postpone(&entry, now, later).await.expect("what is due at another time is left alone");
    index.postpone(&again, now, at).await.expect("postponed");
    assert_eq!(index.find(&early.id).await.expect("answers").expect("there").due_at, Some(at));
    index.postpone(&DueEntry { due_at: at, ..again.clone() }, now, now).await.expect("and brought forward");
    waiting(index, &again, now).await;
    assert_eq!(index.claim(&again, now, now + LEASE).await, Ok(Some(2)), "the next attempt has the next number");
    let claimed = index.find(&early.id).await.expect("answers").expect("there");
    assert_eq!(claimed.expected_at, None, "it waits no longer");
    let leased = DueEntry { due_at: now + LEASE, ..again };
    index.postpone(&leased, now, at).await.expect("left alone");
    assert_eq!(index.find(&early.id).await.expect("answers").expect("there").due_at, Some(now + LEASE));

    // What it is due for, given what is known of it.
    let due_reason = async || index.describe(vec![leased.clone()]).await.expect("answers")[0].due_reason;
    let settle = async |failing| {
        let settlement = Settlement {
            due_at: now + LEASE,
            failing,
            drop_order: false,
            withdrawn: false,
            unsent: None,
            authorizations: vec![],
            track: TrackRecord::default(),
            returned: vec![],
            at: now,
            announced: false,
            told: Notifications::default(),
            removing: false,
            attempt: attempt(&early.id, 2, now, Outcome::Failed),
        };
        index.settle(&early.id, 2, &settlement).await.expect("settled");
    };
    let failed = |actor| Some(Failing::first(Failure::new(FailureName::CaRefused, actor, "no", "wait"), now));
    settle(failed(WaitingOn::Ca)).await;
    assert_eq!(due_reason().await, DueReason::Repeat);
    index.record_certificate(&early.id, 2, &installed(&early, now)).await.expect("recorded");
    assert_eq!(due_reason().await, DueReason::Renewal);
    settle(failed(WaitingOn::DomainOwner)).await;
    assert_eq!(due_reason().await, DueReason::Repeat);
    settle(None).await;
    assert_eq!(due_reason().await, DueReason::Renewal);
}

/// An endpoint that waits for room has an expected start, and keeps its place. `entry` is due at `now`.
async fn waiting<T: DueIndex + AttemptJournal + Sync>(index: &T, entry: &DueEntry, now: OffsetDateTime) {
    let found = async || index.find(&entry.endpoint).await.expect("answers").expect("there");
    let (soon, later) = (now + Duration::MINUTE, now + Duration::HOUR);
    index.wait(entry, later, soon).await.expect("kept");
    assert_eq!((found().await.due_at, found().await.expected_at), (Some(now), Some(soon)), "it keeps its place");
    let described = index.describe(vec![entry.clone()]).await.expect("answers");
    assert_eq!(described[0].expected_at, Some(soon));
    index.wait(&DueEntry { due_at: later, ..entry.clone() }, now, later).await.expect("left alone");
    assert_eq!(found().await.expected_at, Some(soon), "it is due at another time");
    // An endpoint that was not due is due now: its attempt was requested.
    index.postpone(entry, now, later).await.expect("postponed");
    index.wait(&DueEntry { due_at: later, ..entry.clone() }, now, soon).await.expect("kept");
    assert_eq!(found().await.due_at, Some(now));
}
