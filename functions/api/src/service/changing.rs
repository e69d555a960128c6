use domain::acts::start_attempt::Start;
use domain::endpoint::{Endpoint, EventKind};
use domain::ports::{Change, ChangeError, EndpointReader, Registry};
use domain::status::status_of;
use time::OffsetDateTime;
use vocabulary::acme::{DnsMethod, Proving, Reachability};
use vocabulary::names::endpoint_names::MOST_NAMES;
use vocabulary::names::{Caller, CertificateName};
use wire::{EndpointView, RevocationReason, StartedView, Wish};

use super::deploying::{self, Asked, may_adopt, may_move};
use super::naming::{field_of, room_for_records};
use super::registering::{dns_method_words, reachability_word};
use super::{Ports, Service, act, whole_second};
use crate::http::problem::Problem;
use crate::views::FromWire;

impl<P: Ports> Service<P> {
    /// Changes names, reachability, DNS method or deployment, and starts the attempt that updates the certificate accordingly.
    ///
    /// Values that are already as requested stay as they are. While an attempt runs nothing is changed: it would finish
    /// with names that are no longer the endpoint's.
    pub async fn change(
        &self,
        caller: &Caller,
        reference: &str,
        wish: Wish,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        let seen = self.find(caller, reference).await?;
        let names = match &wish.also {
            Some(also) => self.names(&seen.names.primary().to_string(), also)?,
            None => seen.names.clone(),
        };
        let reachability = wish.reachability.map_or(seen.reachability, Reachability::from_wire);
        let dns_method = wish.challenge.map_or(seen.dns_method, DnsMethod::from_wire);
        let asked = Asked {
            listeners: wish.listeners.as_deref(),
            regions: wish.regions.as_deref(),
            role: wish.role.as_deref(),
            adopt: wish.adopt.as_deref(),
            tags: wish.tags.as_ref(),
            export_key: wish.export_key,
        };
        let mut deployment = asked.without_pool().onto(&seen.deployment, caller, &self.installation)?;
        let pool = asked.pool()?;
        if let Some(pool) = &pool {
            may_change(&seen, names.same_set_as(&seen.names))?;
            may_move(&seen, &deployment)?;
            deployment = self.on_pool(pool, deployment, (&seen.id, Some(&seen)), now).await?;
        } else if wish.listeners.is_some() && deployment.listeners != seen.deployment.listeners {
            self.follow_first_listener(&mut deployment);
        }
        let proven_alike = (Proving { reachability, dns_method }) == seen.proving();
        if names == seen.names && proven_alike && deployment == seen.deployment {
            return self.view(&seen, now).await;
        }
        if dns_method != seen.dns_method {
            self.offers(dns_method)?;
        }
        // The endpoint's existing names are not checked: removing one of several must not fail because of the others.
        let also = wish.also.as_deref().unwrap_or_default();
        let added = || names.iter().filter(|name| seen.names.iter().all(|known| known != *name));
        self.unreserved(caller, added(), |name| field_of(name, None, also))?;
        self.issuable(added(), |name| field_of(name, None, also))?;
        room_for_records(added(), dns_method, |name| field_of(name, None, also))?;
        if dns_method != seen.dns_method {
            room_for_records(names.iter(), dns_method, |_| "challenge".to_owned())?;
        }
        may_change(&seen, names.same_set_as(&seen.names))?;
        may_move(&seen, &deployment)?;
        may_adopt(&seen, &deployment)?;
        if names.authorization_names().symmetric_difference(&seen.names.authorization_names()).count() > MOST_NAMES {
            let detail = format!("More than {MOST_NAMES} names are added and removed at once; do it in two steps.");
            return Err(Problem::invalid_field("also", detail));
        }
        if names != seen.names {
            let (after, before) = (names.authorization_names().len(), seen.names.authorization_names().len());
            self.count_registration(caller, (0, after.saturating_sub(before) as u64), now).await?;
        } else {
            // It starts an attempt, as a renewal does.
            self.count_renewal(caller, now).await?;
        }
        let change = Change { names, reachability, dns_method, deployment, due_at: whole_second(now) };
        let secret = self.installation.export.secret_of(&seen.id);
        let event = act(EventKind::Changed, &caller.origin, summary(&seen, &change, &secret), now);
        match self.store().change(&seen, &change, &event).await {
            Ok(()) => {}
            Err(ChangeError::NameTaken(name)) => {
                return Err(self.name_taken(&seen.tenant, &name, field_of(&name, None, also)).await);
            }
            Err(ChangeError::Busy) => return Err(attempt_running(&seen)),
            Err(ChangeError::Fault(fault)) => return Err(fault.into()),
        }
        self.note(&seen, Some(status_of(&seen, now).status), now).await;
        if let Some(changed) = self.store().find(&seen.id).await? {
            self.start_or_leave(&changed, now).await;
        }
        self.view_anew(&seen.id, now).await
    }

    /// Starts an attempt now, even if the certificate is valid for long. Without room for it, it is the next one to start.
    pub(crate) async fn renew(
        &self,
        caller: &Caller,
        reference: &str,
        now: OffsetDateTime,
    ) -> Result<StartedView, Problem> {
        let endpoint = self.find(caller, reference).await?;
        if endpoint.removing {
            return Err(being_removed("It cannot be renewed any more."));
        }
        if endpoint.is_leased(now) {
            return Err(attempt_running(&endpoint));
        }
        self.count_renewal(caller, now).await?;
        // Recorded first: an attempt without a record of who requested it would be worse than the reverse.
        self.tell(&endpoint.id, EventKind::RenewalRequested, caller, "Renewal requested.", now).await?;
        self.note(&endpoint, Some(status_of(&endpoint, now).status), now).await;
        self.store().open_renewal(&endpoint.id, now).await?;
        if endpoint.failing.as_ref().is_some_and(|failing| failing.absence.is_some()) {
            self.store().wake(&endpoint.id).await?;
        }
        let (attempt, expected_at) = match self.start(&endpoint, now).await? {
            Start::Started(attempt) => (attempt, None),
            Start::Waits { expected_at, .. } => (endpoint.attempt + 1, Some(expected_at)),
            Start::TakenBefore => return Err(attempt_running(&endpoint)),
        };
        Ok(StartedView { endpoint: endpoint.id.to_string(), attempt, expected_at })
    }

    /// Marks the endpoint for removal; a running attempt notices that, otherwise one starts to clean up. With `revoke` its
    /// certificate is revoked first.
    pub async fn remove(
        &self,
        caller: &Caller,
        reference: &str,
        revoke: Option<RevocationReason>,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        let endpoint = self.find(caller, reference).await?;
        if let Some(reason) = revoke {
            self.request_revocation(caller, &endpoint, reason, now).await?;
        }
        if !endpoint.removing {
            self.tell(&endpoint.id, EventKind::RemovalRequested, caller, "Removal requested.", now).await?;
        }
        self.note(&endpoint, Some(status_of(&endpoint, now).status), now).await;
        self.store().begin_removal(&endpoint.id, whole_second(now)).await?;
        let going = self.find(caller, endpoint.id.as_str()).await?;
        if !going.is_leased(now) {
            self.start_or_leave(&going, now).await;
        }
        self.view(&going, now).await
    }
}

/// Refuses what the store would refuse, with the reason.
fn may_change(seen: &Endpoint, same_names: bool) -> Result<(), Problem> {
    if seen.removing {
        return Err(being_removed("It cannot be changed any more."));
    }
    // Also when its lease has ended: a dead attempt is first taken over by the next one.
    if seen.lease_until.is_some() {
        return Err(attempt_running(seen));
    }
    if !same_names && seen.is_importing() {
        return Err(Problem::conflict(
            "import-unfinished",
            "A certificate is being imported into ACM",
            "The last attempt was interrupted or refused while it imported the first certificate with the current names.",
            "Let the next attempt finish it (renew starts one now), then change the names.",
        ));
    }
    Ok(())
}

fn summary(seen: &Endpoint, change: &Change, secret: &str) -> String {
    let mut parts = Vec::new();
    let list = |names: Vec<&CertificateName>| names.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let added: Vec<_> = change.names.iter().filter(|name| seen.names.iter().all(|known| known != *name)).collect();
    let dropped: Vec<_> = seen.names.iter().filter(|name| change.names.iter().all(|kept| kept != *name)).collect();
    if !added.is_empty() {
        parts.push(format!("added {}", list(added)));
    }
    if !dropped.is_empty() {
        parts.push(format!("dropped {}", list(dropped)));
    }
    if change.reachability != seen.reachability {
        parts.push(format!("now {}", reachability_word(change.reachability)));
    }
    if change.dns_method != seen.dns_method {
        parts.push(format!("now {}", dns_method_words(change.dns_method)));
    }
    parts.extend(deploying::changes(&seen.deployment, &change.deployment, secret));
    match parts.is_empty() {
        true => "Changed: the names in another order.".to_owned(),
        false => format!("Changed: {}.", parts.join("; ")),
    }
}

pub(super) fn being_removed(detail: &str) -> Problem {
    let remedy = "Register it again once it is removed.";
    Problem::conflict("being-removed", "The endpoint is being removed", detail, remedy)
}

pub(super) fn attempt_running(endpoint: &Endpoint) -> Problem {
    Problem::conflict(
        "attempt-running",
        "An attempt is running",
        format!("Attempt {} of {} is running.", endpoint.attempt, endpoint.names.primary()),
        "Wait for its end: managed-https history shows it.",
    )
}
