use domain::endpoint::{Endpoint, LEASE, Moved};
use domain::ports::{
    AttemptJournal, AuditTrail, Claim, Claims, DueEntry, DueIndex, FencedError, Former, Handover, Registered, Registry,
};
use time::Duration;
use vocabulary::acme::KnownAuthorization;
use vocabulary::names::{DelegationLabel, DomainName, EndpointId};

use super::endpoints::attempt;
use super::{endpoint, registered, whole_second};
use crate::installed;

/// Two tenants with the same names. `seed` is one that no other test uses, and neither is the one after it.
pub async fn claims(store: &(impl Registry + Claims + DueIndex + AttemptJournal + AuditTrail), seed: u64) {
    let now = whole_second();
    let first = endpoint(seed, now);
    let other = endpoint(seed + 1, now);
    let second = Endpoint { names: first.names.clone(), ..other };
    for one in [&first, &second] {
        assert_eq!(store.register(one, &registered(one), None).await, Ok(Registered::Now), "each tenant for itself");
        let entry = DueEntry { endpoint: one.id.clone(), due_at: now };
        assert_eq!(store.claim(&entry, now, now + LEASE).await, Ok(Some(1)));
    }
    let names: Vec<DomainName> = first.names.authorization_names().into_iter().cloned().collect();
    for name in &names {
        let mut both = vec![first.id.clone(), second.id.clone()];
        both.sort();
        assert_eq!(store.registrations(name).await, Ok(both), "each is found by its name");
        assert_eq!(store.registered_by(&second.tenant, name).await, Ok(Some(second.id.clone())));
    }
    assert!(store.claims(&names).await.expect("answers").is_empty(), "to register is no proof");

    let read = async |id: &EndpointId| store.find(id).await.expect("answers").expect("there");
    let takes = |claim: Option<Claim>| names.iter().map(|name| (name.clone(), claim.clone())).collect::<Vec<_>>();
    let free = Handover { names: takes(None), former: None };
    store.hand_over(&read(&first.id).await, &free, now).await.expect("taken");
    let held = Claim { endpoint: first.id.clone(), proven_at: Some(now) };
    assert!(store.claims(&names).await.expect("answers").into_values().all(|claim| claim == held));
    let late = store.hand_over(&read(&second.id).await, &free, now).await;
    assert!(matches!(late, Err(FencedError::Fault(_))), "it is not as it was seen");
    let superseded = Endpoint { attempt: 7, ..read(&first.id).await };
    assert_eq!(store.hand_over(&superseded, &free, now).await, Err(FencedError::Superseded));

    let certificate = installed(&first, now);
    store.record_certificate(&first.id, 1, &certificate).await.expect("recorded");
    let seen = read(&first.id).await;
    let until = now + Duration::DAY;
    let moved = names
        .iter()
        .fold(None, |moved: Option<Moved>, name| Some(Moved::with(moved.as_ref(), name.clone(), now, until)));
    let moved = moved.expect("it has names");
    let event = registered(&seen);
    let event = domain::endpoint::Event { id: format!("{}-moved", event.id), ..event };
    let former = Former { seen: seen.clone(), moved: moved.clone(), event: event.clone() };
    let handover = Handover { names: takes(Some(held.clone())), former: Some(former) };
    let later = now + Duration::MINUTE;
    store.hand_over(&read(&second.id).await, &handover, later).await.expect("moved");
    let paused = read(&first.id).await;
    assert_eq!(paused.moved, Some(moved), "the former one knows what it has lost");
    assert_eq!((paused.attempt, paused.lease_until, paused.due_at), (2, None, Some(later)), "and is due at once");
    assert_eq!(
        store.record_certificate(&first.id, 1, &certificate).await,
        Err(FencedError::Superseded),
        "its attempt is fenced off"
    );
    assert!(store.events(&first.id, None, 9).await.expect("answers").contains(&event), "it is in the trail");
    let again = store.hand_over(&read(&second.id).await, &handover, later).await;
    assert!(matches!(again, Err(FencedError::Fault(_))), "a former one that has changed is read again");

    let known = [KnownAuthorization {
        directory: "https://ca.example/directory".into(),
        url: "https://ca.example/authz/1".into(),
        name: first.names.primary().clone(),
    }];
    assert_eq!(store.forget_certificate(&first.id, 1, &known).await, Err(FencedError::Superseded));
    store.forget_certificate(&first.id, 2, &known).await.expect("forgotten");
    store.forget_certificate(&first.id, 2, &known).await.expect("forgotten twice");
    let bare = read(&first.id).await;
    assert_eq!((&bare.certificate, bare.advice_at, bare.health_at), (&None, None, None));
    assert_eq!(bare.authorizations, known, "what was validated for it is not");

    // And back again.
    let lost = Claim { endpoint: second.id.clone(), proven_at: Some(later) };
    let back = Handover { names: takes(Some(lost)), former: None };
    store.hand_over(&read(&first.id).await, &back, later).await.expect("back");
    assert_eq!(read(&first.id).await.moved, None);

    let going = read(&second.id).await;
    let removed = attempt(&going.id, 1, now, domain::endpoint::Outcome::Removed);
    store.erase(&going, &removed).await.expect("erased");
    for name in &names {
        assert_eq!(store.registrations(name).await, Ok(vec![first.id.clone()]), "the other's stays");
    }
    let claims = store.claims(&names).await.expect("answers");
    assert!(claims.len() == names.len() && claims.values().all(|claim| claim.endpoint == first.id));
}

/// An endpoint of the previous release: only the claims say that the names are its tenant's.
pub async fn claims_of_before(store: &(impl Registry + Claims + DueIndex + AttemptJournal), before: &Endpoint) {
    let now = before.created_at;
    let names: Vec<DomainName> = before.names.authorization_names().into_iter().cloned().collect();
    for name in &names {
        assert_eq!(store.registered_by(&before.tenant, name).await, Ok(Some(before.id.clone())), "it is found");
        assert_eq!(store.registrations(name).await, Ok(vec![before.id.clone()]));
    }
    let claims = store.claims(&names).await.expect("answers");
    assert!(claims.len() == names.len() && claims.values().all(|claim| claim.proven_at.is_none()));
    let again = Endpoint { id: EndpointId::from_random([0xab; 16]), ..before.clone() };
    let refused = store.register(&again, &registered(&again), None).await;
    assert!(matches!(refused, Err(domain::ports::RegisterError::NameTaken(_))), "its tenant has the names");
    let label = DelegationLabel::from_random([0xac; 16]);
    let theirs = Endpoint { tenant: "another-tenant".parse().expect("valid"), label, ..again };
    assert_eq!(store.register(&theirs, &registered(&theirs), None).await, Ok(Registered::Now), "and no other tenant");

    let entry = DueEntry { endpoint: before.id.clone(), due_at: now };
    store.claim(&entry, now, now + LEASE).await.expect("answers").expect("free");
    let own = store.find(&before.id).await.expect("answers").expect("there");
    let names_seen = claims.into_iter().map(|(name, claim)| (name, Some(claim))).collect();
    store.hand_over(&own, &Handover { names: names_seen, former: None }, now).await.expect("proven");
    let claims = store.claims(&names).await.expect("answers");
    assert!(claims.values().all(|claim| claim.proven_at == Some(now) && claim.endpoint == before.id));
    for name in &names {
        assert_eq!(store.registered_by(&before.tenant, name).await, Ok(Some(before.id.clone())), "as before");
    }
}
