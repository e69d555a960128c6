//! What was told of an endpoint before, and so what is news.

use time::OffsetDateTime;
use vocabulary::failure::Actor;

use crate::alert::alert::Alert;
use crate::alert::kind::AlertKind;
use crate::alert::shared::SharedCause;
use crate::alert::trouble::{Trouble, troubles};
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Ledger, Source, Told};

/// What is to be told, and what is to be kept of it once it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Of this endpoint alone.
    pub alerts: Vec<Alert>,
    /// Causes that this endpoint has in common with others: told once for all of them.
    pub shared: Vec<Trouble>,
    /// Shared causes that this endpoint has no longer: cause and actor.
    pub left: Vec<(Cause, Actor)>,
    /// To be written when all of it was told.
    pub ledger: Ledger,
}

impl Told {
    fn is(&self, trouble: &Trouble) -> bool {
        (&self.cause, self.actor, self.shared) == (&trouble.cause, trouble.actor, trouble.shared)
    }
}

impl Ledger {
    /// The next alert's id.
    fn id(&mut self, endpoint: &Endpoint, cause: &Cause, what: &str) -> String {
        self.sequence += 1;
        format!("{}.{}.{cause}.{what}", endpoint.id, self.sequence)
    }
}

/// Decides what is news about `endpoint`, which is as it is, or as it is about to be written, at `now`.
///
/// From the moment a trouble is told until the moment its end is told, each pair of certificate and severity is told at
/// most once for its cause and actor; a severity that rises is always told; an end is told once. Deciding again with the
/// ledger that came of it tells nothing. `dashboard` is the base URL of the links.
pub fn decide(endpoint: &Endpoint, now: OffsetDateTime, dashboard: Option<&str>) -> Decision {
    let certificate = endpoint.certificate.as_ref().map(|held| held.serial.clone());
    let before = &endpoint.told;
    let current = troubles(endpoint, now);
    let parked = current.iter().any(|trouble| trouble.cause == Cause::parked());
    let mut decision = Decision { ledger: Ledger { sequence: before.sequence, told: vec![] }, ..Decision::default() };
    for trouble in current {
        let known = before.told.iter().find(|told| told.is(&trouble));
        let told = known.filter(|told| told.certificate == certificate).map(|told| told.severity);
        let severity = told.map_or(trouble.severity, |told| told.max(trouble.severity));
        decision.ledger.told.push(Told {
            cause: trouble.cause.clone(),
            actor: trouble.actor,
            certificate: certificate.clone(),
            severity,
            since: known.map_or(trouble.since, |told| told.since),
            source: trouble.source,
            shared: trouble.shared,
        });
        if trouble.shared {
            decision.shared.push(trouble);
        } else if told.is_none_or(|told| trouble.severity > told) {
            let id = decision.ledger.id(endpoint, &trouble.cause, trouble.severity.as_str());
            let since = known.map_or(trouble.since, |told| told.since);
            decision.alerts.push(Alert { id, since: Some(since), ..trouble.alert(endpoint, told.is_some(), now) });
        }
    }
    for told in &before.told {
        let same = |now: &Told| (&now.cause, now.actor, now.shared) == (&told.cause, told.actor, told.shared);
        // What the attempts failed by before they were parked is over with the parking: that is told, and once.
        let taken_over = parked && told.source == Source::Attempts && !told.shared;
        if taken_over || decision.ledger.told.iter().any(same) {
            continue;
        }
        if told.shared {
            // Whether it lasts, those say who still meet it.
            decision.left.push((told.cause.clone(), told.actor));
        } else if told.source == Source::Attempts && endpoint.failing.is_some() {
            // It fails by something else now. Whether this is over, only a success can tell.
            decision.ledger.told.push(told.clone());
        } else if told.source.is_a_look() && endpoint.awaits_look() {
            // It has a new certificate. Whether this is over, only the next look can tell.
            decision.ledger.told.push(told.clone());
        } else {
            let id = decision.ledger.id(endpoint, &told.cause, "recovered");
            decision.alerts.push(Alert { id, ..recovered(endpoint, told, now) });
        }
    }
    decision.alerts = decision.alerts.into_iter().map(|alert| alert.linked(dashboard)).collect();
    decision
}

impl Trouble {
    /// As it is told of `endpoint`. `again`: it was told before at a lower severity, and the end has come nearer.
    pub fn alert(&self, endpoint: &Endpoint, again: bool, now: OffsetDateTime) -> Alert {
        Alert {
            kind: if again { AlertKind::ExpiryApproaching } else { self.kind },
            severity: self.severity,
            actor: self.actor.into(),
            since: Some(self.since),
            next_attempt: endpoint.due_at.filter(|due| *due > now && self.source == Source::Attempts),
            what: self.what.clone(),
            remedy: self.remedy.clone(),
            record: self.record.clone(),
            ..Alert::about(endpoint, self.kind, self.cause.clone(), now)
        }
    }
}

fn recovered(endpoint: &Endpoint, told: &Told, now: OffsetDateTime) -> Alert {
    Alert {
        since: Some(told.since),
        what: format!("{} is well again: {} is over.", endpoint.names.primary(), told.cause),
        ..Alert::about(endpoint, AlertKind::Recovered, told.cause.clone(), now)
    }
}

/// That a cause which many endpoints had in common is over.
pub fn recovered_together(cause: &SharedCause, now: OffsetDateTime) -> Alert {
    Alert {
        id: format!("installation.{}.{}.recovered", cause.key(), cause.since.unix_timestamp()),
        since: Some(cause.since),
        affected: Some(cause.affected()),
        what: format!("{} is over: no endpoint meets it any more.", cause.cause),
        ..Alert::of_installation(AlertKind::Recovered, cause.cause.clone(), now)
    }
}

#[cfg(test)]
pub(super) mod properties;
