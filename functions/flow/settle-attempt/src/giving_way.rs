//! Two registrations' certificates for one name on one listener: visitors get that of the newest proof.
//!
//! A certificate whose names have moved stays for its grace, and a listener may then have both. Of several that match a
//! host, a load balancer chooses one by public key algorithm, expiry, hash, key length and validity period
//! (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html>): between two
//! that are alike, we have no choice. So the former one comes off a listener as soon as the other one is on it and has all
//! of its names. Everywhere else it stays, as nobody else would answer there.

use domain::acts::attach_listeners::detach;
use domain::endpoint::Endpoint;
use domain::ports::{AttemptJournal, Claims, Destinations, Detachment};
use time::OffsetDateTime;
use vocabulary::certificate::{InstalledCertificate, ListenerUse};
use vocabulary::failure::Failure;

/// The certificate of `endpoint`, whose names have moved, as it is when it has given way.
pub(crate) async fn give_way<J: AttemptJournal + Claims>(
    journal: &J,
    destinations: &impl Destinations,
    endpoint: &Endpoint,
    attempt: u64,
    now: OffsetDateTime,
) -> Result<Option<InstalledCertificate>, Failure> {
    let Some(held) = endpoint.certificate.clone().filter(|held| !held.listeners.is_empty()) else {
        return Ok(endpoint.certificate.clone());
    };
    let others = holders(journal, endpoint).await?;
    let others: Vec<_> = others.iter().filter_map(|other| other.certificate.as_ref()).collect();
    let mut kept = Vec::new();
    for known in &held.listeners {
        let taken = has_all_of(&others, &held, known, now);
        match detach_where(taken, destinations, endpoint, &held, known).await {
            Some(Detachment::Gone) => {}
            // A default certificate is for hosts that no other matches: it conflicts with none.
            Some(Detachment::IsDefault) | None => kept.push(known.clone()),
        }
    }
    if kept == held.listeners {
        return Ok(Some(held));
    }
    let held = InstalledCertificate { listeners: kept, ..held };
    journal.record_certificate(&endpoint.id, attempt, &held).await?;
    Ok(Some(held))
}

/// The registrations that have proven the names since.
async fn holders<J: Claims>(journal: &J, endpoint: &Endpoint) -> Result<Vec<Endpoint>, Failure> {
    let names: Vec<_> = endpoint.moved.iter().flat_map(|moved| moved.names.iter().cloned()).collect();
    let mut ids: Vec<_> = journal.claims(&names).await?.into_values().map(|claim| claim.endpoint).collect();
    ids.sort();
    ids.dedup();
    let mut found = Vec::new();
    for id in ids.into_iter().filter(|id| *id != endpoint.id) {
        found.extend(journal.find(&id).await?);
    }
    Ok(found)
}

/// Whether what `others` have on the same listener is good for every name of `held`.
fn has_all_of(
    others: &[&InstalledCertificate],
    held: &InstalledCertificate,
    known: &ListenerUse,
    now: OffsetDateTime,
) -> bool {
    let is_there = |other: &&&InstalledCertificate| {
        let attached = |used: &ListenerUse| used.listener == known.listener && used.attached_at.is_some();
        other.not_after > now && other.listeners.iter().any(attached)
    };
    let there: Vec<_> = others.iter().filter(is_there).collect();
    held.names.iter().all(|name| there.iter().any(|other| other.names.iter().any(|n| n.covers(name))))
}

/// `None` where it stays. A listener that refuses is retried, and reported when the grace is over.
async fn detach_where(
    taken: bool,
    destinations: &impl Destinations,
    endpoint: &Endpoint,
    held: &InstalledCertificate,
    known: &ListenerUse,
) -> Option<Detachment> {
    if !taken {
        return None;
    }
    match detach(destinations, endpoint, held, &known.listener).await {
        Ok(detachment) => Some(detachment),
        Err(failure) => {
            tracing::warn!(listener = %known.listener, %failure, "a certificate whose names have moved stays attached");
            None
        }
    }
}
