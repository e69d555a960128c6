use domain::endpoint::{LEASE, Notifications, Outcome, TrackRecord};
use domain::ports::{AdviceIndex, AttemptJournal, DUE_SHARDS, DueEntry, DueIndex, Registry, Settlement};
use time::Duration;
use vocabulary::acme::{RenewalAdvice, RenewalWindow};
use vocabulary::certificate::InstalledCertificate;

use super::endpoints::attempt;
use super::{endpoint, whole_second};
use crate::installed;

/// `seed` is one that no other test uses.
pub async fn advice_index(index: &(impl AdviceIndex + AttemptJournal + Registry + DueIndex), seed: u64) {
    let now = whole_second();
    let fresh = endpoint(seed, now);
    let id = &fresh.id;
    let shard = id.shard(DUE_SHARDS);
    let due =
        async |at| index.advice_due(shard, at, 1000).await.expect("answers").iter().any(|entry| entry.endpoint == *id);
    index.register(&fresh, &super::registered(&fresh), None).await.expect("registered");
    assert!(!due(now + Duration::days(999)).await, "without a certificate there is no advice to ask for");

    let entry = DueEntry { endpoint: id.clone(), due_at: now };
    assert_eq!(index.claim(&entry, now, now + LEASE).await, Ok(Some(1)));
    let certificate = installed(&fresh, now);
    index.record_certificate(id, 1, &certificate).await.expect("recorded");
    assert!(due(now).await, "the CA is asked as soon as there is a certificate");

    let window = RenewalWindow { start: now + Duration::days(3), end: now + Duration::days(4) };
    let advice = RenewalAdvice::follow(None, window, Some("https://ca.example/why".into()), 0.5);
    let read = async || index.find(id).await.expect("answers").expect("there");
    let keep = async |held: &InstalledCertificate, advice: &RenewalAdvice| {
        index.record_advice(id, held, advice, now + Duration::HOUR).await.expect("answers")
    };
    assert!(!keep(&certificate, &advice).await, "not while an attempt runs");
    let leased = read().await;
    assert_eq!((leased.certificate, leased.due_at), (Some(certificate.clone()), Some(now + LEASE)));

    let settlement = Settlement {
        due_at: certificate.renew_at,
        failing: None,
        drop_order: false,
        withdrawn: false,
        unsent: None,
        authorizations: vec![],
        track: TrackRecord::default(),
        returned: vec![],
        at: now,
        announced: true,
        removing: false,
        told: Notifications::default(),
        attempt: attempt(id, 1, now, Outcome::Issued),
    };
    index.settle(id, 1, &settlement).await.expect("settled");
    let announced = InstalledCertificate { announced: true, ..certificate.clone() };
    let other = InstalledCertificate { generation: certificate.generation + 1, ..announced.clone() };
    assert!(!keep(&other, &advice).await, "advice on another certificate is of no use");
    index.open_renewal(id, now).await.expect("opened");
    assert!(!keep(&announced, &advice).await, "nor does it undo what somebody asked for meanwhile");
    let opened = read().await.certificate.expect("there");
    assert!(keep(&opened, &advice).await);
    let advised = read().await;
    let held = advised.certificate.clone().expect("there");
    assert_eq!((held.renew_at, held.advice.as_ref()), (advice.renew_at, Some(&advice)));
    assert_eq!(advised.due_at, Some(advice.renew_at), "at rest it is due by the advice");
    assert!(!due(now).await && due(now + Duration::HOUR).await, "asked again when the CA wants to be");

    let past = RenewalWindow { start: now - Duration::days(2), end: now - Duration::days(1) };
    let sooner = RenewalAdvice::follow(Some(&advice), past, None, 0.5);
    assert!(keep(&held, &sooner).await);
    let moved = read().await;
    assert!(!moved.is_current(now) && moved.due_at == Some(sooner.renew_at), "a window in the past is renewed now");

    index.postpone_advice(id, now + Duration::days(9)).await.expect("postponed");
    assert!(!due(now + Duration::days(8)).await && due(now + Duration::days(9)).await);
    assert_eq!(read().await.certificate, moved.certificate, "nothing else changes");
    let gone = endpoint(seed + 1, now).id;
    index.postpone_advice(&gone, now).await.expect("postponing what is not there is fine");
    assert_eq!(index.find(&gone).await, Ok(None), "and makes nothing");
}
