use domain::endpoint::{Event, LEASE, Mute};
use domain::ports::{AttemptJournal, AuditTrail, ChangeError, DueEntry, DueIndex, FencedError, Registry};
use time::Duration;
use vocabulary::acme::{BucketId, Limit, Token};
use vocabulary::certificate::{Revocation, RevocationReason};
use vocabulary::names::Origin;

use super::endpoints::order_of;
use super::{endpoint, registered, whole_second};

/// What an endpoint keeps from one run to the next besides its order: a certificate to be revoked, tokens that a run took
/// before it had an order, and how long nobody is notified of it.
pub async fn revocations(store: &(impl Registry + DueIndex + AttemptJournal + AuditTrail), seed: u64) {
    let now = whole_second();
    let first = endpoint(seed, now);
    let id = &first.id;
    store.register(&first, &registered(&first), None).await.expect("registered");
    let read = async || store.find(id).await.expect("answers").expect("there");
    let event = |name: &str| Event { id: format!("{}-{name}", registered(&first).id), ..registered(&first) };
    let wanted = |serial: &str| Revocation {
        serial: serial.into(),
        certificate: "MIIB".into(),
        directory: "https://ca.example/directory".into(),
        reason: RevocationReason::KeyCompromise,
        requested_at: now,
    };

    let later = now + Duration::MINUTE;
    store.request_revocation(id, &wanted("0a"), &event("asked"), later).await.expect("kept");
    let kept = read().await;
    assert_eq!((kept.revocation, kept.due_at), (Some(wanted("0a")), Some(later)));
    store
        .request_revocation(id, &wanted("0a"), &event("again"), now)
        .await
        .expect("the same one may be asked for again");
    let other = store.request_revocation(id, &wanted("0b"), &event("other"), now).await;
    assert_eq!(other, Err(ChangeError::Busy), "one waits already");
    assert_eq!(read().await.revocation, Some(wanted("0a")));

    let entry = DueEntry { endpoint: id.clone(), due_at: now };
    assert_eq!(store.claim(&entry, now, now + LEASE).await, Ok(Some(1)));
    let held = store.request_revocation(id, &wanted("0a"), &event("held"), now).await;
    assert_eq!(held, Err(ChangeError::Busy), "an attempt is running");

    let bucket = BucketId::Domain { directory: "https://ca.example/directory".into(), domain: "example.com".into() };
    let token = Token::taken(bucket, Limit::new(5, Duration::days(5)), now + Duration::DAY);
    store.hold_tokens(id, 1, std::slice::from_ref(&token)).await.expect("kept");
    assert_eq!(read().await.held_tokens, std::slice::from_ref(&token));
    assert_eq!(store.hold_tokens(id, 2, &[]).await, Err(FencedError::Superseded));
    store.hold_tokens(id, 1, &[]).await.expect("kept");
    assert_eq!(read().await.held_tokens, []);
    store.hold_tokens(id, 1, std::slice::from_ref(&token)).await.expect("kept");
    store.save_order(id, 1, &order_of(&first, now)).await.expect("saved");
    assert_eq!(read().await.held_tokens, [], "they are the order's");

    let by = Origin { who: "ann".into(), address: Some("192.0.2.7".into()), operator: true };
    let mute = Mute { from: now, until: now + Duration::DAY, reason: "maintenance".into(), by };
    store.mute(id, Some(&mute), &event("muted")).await.expect("an attempt may run meanwhile");
    assert_eq!(read().await.mute, Some(mute.clone()));
    store.save_order(id, 1, &order_of(&first, now)).await.expect("saved");
    assert_eq!(read().await.mute, Some(mute.clone()), "what an attempt writes leaves it alone");
    store.mute(id, None, &event("unmuted")).await.expect("written");
    assert_eq!(read().await.mute, None);
    let nobody = endpoint(seed + 1000, now).id;
    assert_eq!(store.mute(&nobody, Some(&mute), &event("of-nobody")).await, Err(ChangeError::Busy));

    assert_eq!(store.end_revocation(id, 2, &event("stale")).await, Err(FencedError::Superseded));
    assert_eq!(read().await.revocation, Some(wanted("0a")));
    store.end_revocation(id, 1, &event("revoked")).await.expect("ended");
    assert_eq!(read().await.revocation, None);
    let told = store.events(id, None, 9).await.expect("answers");
    let there = |name: &str| told.contains(&event(name));
    assert!(
        there("asked")
            && there("muted")
            && there("unmuted")
            && there("revoked")
            && !there("other")
            && !there("held")
            && !there("stale"),
        "{told:?}"
    );
}
