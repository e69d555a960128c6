//! A managed endpoint and what is known of its certificate.

use diagnosis::report::CheckSummary;
use diagnosis::subject::Subject;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::acme::{
    AuthorizationStatus, DnsMethod, KnownAuthorization, OpenOrder, OrderStatus, Proving, Reachability, Token,
    remembering,
};
use vocabulary::certificate::{Deployment, InstalledCertificate, ListenerArn, Revocation};
use vocabulary::dns::{EndpointTarget, Platform};
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{CertificateName, DelegationLabel, EndpointId, EndpointNames, StackResource, TenantId};

use crate::endpoint::failing::Failing;
use crate::endpoint::health::Health;
use crate::endpoint::moved::Moved;
use crate::endpoint::mute::Mute;
use crate::endpoint::notified::{Notifications, Unsent};
use crate::endpoint::track_record::TrackRecord;

/// One registration: a domain owner's names on the platform, and the state of their certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    pub id: EndpointId,
    pub tenant: TenantId,
    pub names: EndpointNames,
    pub reachability: Reachability,
    #[serde(default)]
    pub dns_method: DnsMethod,
    pub label: DelegationLabel,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Number of the last attempt claimed, and the fencing token of every write an attempt makes.
    pub attempt: u64,
    /// Until when the claimed attempt alone may work on this endpoint; absent when none runs.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub lease_until: Option<OffsetDateTime>,
    /// When a scan is to start the next attempt; while one runs, when that is assumed dead.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub due_at: Option<OffsetDateTime>,
    /// When the next attempt is expected to start, if it was due and the account had no room for it.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<OffsetDateTime>,
    /// When the CA is next queried for renewal information; absent without a certificate.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub advice_at: Option<OffsetDateTime>,
    /// When its records, its host and its certificate are next checked; absent without a certificate.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub health_at: Option<OffsetDateTime>,
    /// The generation of the newest key made: one key per order.
    #[serde(default)]
    pub generation: u64,
    #[serde(default)]
    pub order: Option<OpenOrder>,
    #[serde(default)]
    pub certificate: Option<InstalledCertificate>,
    #[serde(default)]
    pub failing: Option<Failing>,
    /// What the last check of its records and host found.
    #[serde(default)]
    pub check: Option<CheckSummary>,
    /// Its state when the schedule last checked it; absent before its first certificate.
    #[serde(default)]
    pub health: Option<Health>,
    /// Set by a removal; the next attempt cleans up and deletes the endpoint.
    #[serde(default)]
    pub removing: bool,
    /// Names that the domain owner has moved to another registration: it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// Until when nobody is notified of it; it may begin later, or be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<Mute>,
    /// What people were notified of and is not resolved.
    #[serde(default)]
    pub told: Notifications,
    /// Set while people have not been notified of the end of its last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsent: Option<Unsent>,
    /// Tokens for an order that is not saved; their buckets know which of them were taken. The next run of the step orders with
    /// them, or they are given back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_tokens: Vec<Token>,
    /// What CAs may have on record as validated for it, besides its certificate's and its order's authorizations: those of
    /// failed orders. Bounded by [`remembering`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorizations: Vec<KnownAuthorization>,
    /// Where its certificate goes besides ACM at home.
    #[serde(default, skip_serializing_if = "Deployment::is_nothing")]
    pub deployment: Deployment,
    /// A certificate of this endpoint to be revoked at its CA, once another has replaced it or the endpoint is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
    /// The resource of a stack that it was registered for: that resource alone removes it as code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<StackResource>,
    /// The record of its attempts so far.
    #[serde(default)]
    pub track: TrackRecord,
}

/// What an endpoint is doing, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointState {
    /// Registered, nothing has run yet.
    Pending,
    /// An attempt is running.
    Issuing,
    /// Has a certificate; nothing to do before its renewal.
    Active,
    /// The last attempt failed; `failing` says why and who is waited on.
    Failing,
    /// Being cleaned up and deleted.
    Removing,
}

impl Endpoint {
    /// A fresh registration, due at once.
    pub fn register(
        id: EndpointId,
        tenant: TenantId,
        names: EndpointNames,
        reachability: Reachability,
        label: DelegationLabel,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            tenant,
            names,
            reachability,
            dns_method: DnsMethod::default(),
            label,
            created_at: now,
            attempt: 0,
            lease_until: None,
            due_at: Some(now),
            expected_at: None,
            advice_at: None,
            health_at: None,
            generation: 0,
            order: None,
            certificate: None,
            failing: None,
            check: None,
            health: None,
            removing: false,
            moved: None,
            mute: None,
            told: Notifications::default(),
            unsent: None,
            held_tokens: Vec::new(),
            authorizations: Vec::new(),
            deployment: Deployment::default(),
            revocation: None,
            stack: None,
            track: TrackRecord::default(),
        }
    }

    /// Adds the chain that was issued for an order, while that is open.
    pub fn add_chain(&mut self, generation: u64, order: &str, chain: &str) {
        if let Some(open) = self.order.as_mut().filter(|open| open.generation == generation && open.url == order) {
            (open.chain, open.status) = (Some(chain.to_owned()), OrderStatus::Valid);
        }
    }

    /// Whether an attempt holds the endpoint at `now`; at the exact end of the lease it does not.
    pub fn is_leased(&self, now: OffsetDateTime) -> bool {
        self.lease_until.is_some_and(|until| now < until)
    }

    /// When an attempt that is due at `now` and waits for room is expected to start; `None` also once that time has passed.
    pub fn awaits_room_until(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let due = self.due_at.is_some_and(|due| due <= now) && !self.is_leased(now);
        self.expected_at.filter(|expected| due && now < *expected)
    }

    /// When the next attempt starts; `None` while one runs.
    pub fn next_attempt_at(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.awaits_room_until(now).or(self.due_at).filter(|_| !self.is_leased(now))
    }

    /// When the current certificate expires.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.certificate.as_ref().map(|held| held.not_after)
    }

    /// Whether the current certificate is to be revoked: then another one, with another key, must replace it first.
    pub fn is_to_be_replaced(&self) -> bool {
        let held = self.certificate.as_ref();
        self.revocation.as_ref().is_some_and(|revocation| held.is_some_and(|held| held.serial == revocation.serial))
    }

    /// Whether it never had a certificate, and its last attempt found the domain owner's records missing or wrong: set-up, not
    /// a failure.
    pub fn awaits_first_records(&self) -> bool {
        self.certificate.is_none()
            && self.failing.as_ref().is_some_and(|failing| {
                failing.failure.name == FailureName::RecordsNotReady
                    && failing.failure.waiting_on() == WaitingOn::DomainOwner
            })
    }

    /// Whether an attempt has an open order at the CA at `now`.
    pub fn is_ordering(&self, now: OffsetDateTime) -> bool {
        self.is_leased(now) && self.order.is_some()
    }

    pub fn state(&self, now: OffsetDateTime) -> EndpointState {
        if self.removing {
            EndpointState::Removing
        } else if self.is_leased(now) {
            EndpointState::Issuing
        } else if self.failing.is_some() {
            EndpointState::Failing
        } else if self.certificate.is_some() {
            EndpointState::Active
        } else {
            EndpointState::Pending
        }
    }

    /// The identifier of the current certificate at the CA with this `directory`, if that CA issued it (RFC 9773 §5).
    pub fn replaceable_at(&self, directory: &str) -> Option<&str> {
        let held = self.certificate.as_ref()?;
        held.renewal_id.as_deref().filter(|_| held.directory.as_deref() == Some(directory))
    }

    /// Its last health check; none if that was before the current certificate.
    pub fn current_health(&self) -> Option<&Health> {
        let held = self.certificate.as_ref()?;
        self.health.as_ref().filter(|health| health.checked_at >= held.imported_at)
    }

    /// When its certificate is removed because its names have moved; `None` if that has passed by `now`, or without a removal.
    pub fn grace_ends(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let moved = self.moved.as_ref().filter(|_| self.certificate.is_some())?;
        (now < moved.certificate_until).then_some(moved.certificate_until)
    }

    /// Whether its certificate is to be removed now: its names have moved, and the grace period is over.
    pub fn is_past_its_grace(&self, now: OffsetDateTime) -> bool {
        self.moved.is_some() && self.certificate.is_some() && !self.removing && self.grace_ends(now).is_none()
    }

    /// The same endpoint once its certificate is removed.
    pub fn without_certificate(self) -> Self {
        let held = self.certificate.iter().flat_map(|held| held.authorizations.iter().cloned());
        let authorizations = remembering(self.authorizations.iter().cloned(), held);
        Self { certificate: None, health: None, advice_at: None, health_at: None, authorizations, ..self }
    }

    /// All that CAs may have on record as validated for it.
    pub fn known_authorizations(&self) -> Vec<KnownAuthorization> {
        let held = self.certificate.iter().flat_map(|held| held.authorizations.iter().cloned());
        let all = self.without_order().into_iter().chain(held);
        let mut known: Vec<KnownAuthorization> = Vec::new();
        for one in all {
            if known.iter().all(|other| other.url != one.url) {
                known.push(one);
            }
        }
        known
    }

    /// What to remember once its order is dropped: everything that its certificate does not have.
    pub fn without_order(&self) -> Vec<KnownAuthorization> {
        let of_order = self.order.iter().flat_map(OpenOrder::known_authorizations);
        let mut all = remembering(self.authorizations.iter().cloned(), of_order);
        let held = self.certificate.iter().flat_map(|held| &held.authorizations);
        let held: Vec<&str> = held.map(|known| known.url.as_str()).collect();
        all.retain(|known| !held.contains(&known.url.as_str()));
        all
    }

    /// The same without the authorizations that `is_gone` says are deactivated.
    pub fn without_authorizations(mut self, is_gone: impl Fn(&str) -> bool) -> Self {
        self.authorizations.retain(|known| !is_gone(&known.url));
        if let Some(held) = self.certificate.as_mut() {
            held.authorizations.retain(|known| !is_gone(&known.url));
        }
        if let Some(order) = self.order.as_mut() {
            order.former.retain(|known| !is_gone(&known.url));
            let all = order.authorizations.iter_mut().chain(&mut order.stale);
            let gone = all.filter(|authorization| is_gone(&authorization.url));
            gone.for_each(|authorization| authorization.status = AuthorizationStatus::Deactivated);
        }
        self
    }

    /// The mute that applies at `now`, or begins later.
    pub fn mute_at(&self, now: OffsetDateTime) -> Option<&Mute> {
        self.mute.as_ref().filter(|mute| now < mute.until)
    }

    /// Whether it has another certificate than at the last check: what that check saw may no longer hold.
    pub fn awaits_check(&self) -> bool {
        self.certificate.is_some() && self.health.is_some() && self.current_health().is_none()
    }

    /// Whether the CA wants the current certificate renewed at `now`: inside its suggested window (RFC 9773 §4.2).
    pub fn is_in_advised_window(&self, now: OffsetDateTime) -> bool {
        let advice = self.certificate.as_ref().and_then(|held| held.advice.as_ref());
        advice.is_some_and(|advice| advice.window.start <= now && now < advice.window.end)
    }

    /// When the current certificate expires, if a new one must be valid for at least as long: a shorter one replaces it only if
    /// it is due to go (revoked, in its suggested window, or due for renewal by its lifetime) or is for other names than the
    /// endpoint has now. CAs shorten their lifetimes between two renewals.
    pub fn to_outlast(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let held = self.certificate.as_ref()?;
        let begun = held.advice.as_ref().is_some_and(|advice| advice.window.start <= now);
        let stays = now < held.renew_at && !begun && self.names.same_set(&held.names) && !self.is_to_be_replaced();
        stays.then_some(held.not_after)
    }

    /// Whether an import may have left a certificate in ACM that is not recorded yet: the next attempt adopts it.
    pub fn is_importing(&self) -> bool {
        let recorded = self.certificate.as_ref().map(|held| held.generation);
        self.order.as_ref().is_some_and(|order| order.importing && recorded != Some(order.generation))
    }

    /// Whether the current certificate makes a new order unnecessary at `now`. If a copy or export that its deployment requires
    /// is missing, it does not: its key is deleted, so none can be made.
    pub fn is_current(&self, now: OffsetDateTime) -> bool {
        self.good_certificate(now)
            .is_some_and(|held| held.lacking(&self.deployment).is_empty() && !held.lacks_export(&self.deployment))
    }

    /// Whether only its key's export or its tags are missing: its certificate is in ACM and on listeners wherever it belongs.
    pub fn lacks_export_or_tags_alone(&self) -> bool {
        self.certificate.as_ref().is_some_and(|held| {
            let left = held.lacks_export(&self.deployment) || held.tags != self.deployment.tags;
            let attached = |wanted: &ListenerArn| {
                held.listeners.iter().any(|known| known.listener == *wanted && known.attached_at.is_some())
            };
            left && held.lacking(&self.deployment).is_empty() && self.deployment.listeners.iter().all(attached)
        })
    }

    /// The generation of the next order's key. The store keeps two chains, of an even and of an odd generation: the current
    /// certificate's stays whatever happens to later orders, as nobody can revoke a certificate without it.
    pub fn next_generation(&self) -> u64 {
        let next = self.generation + 1;
        let is_in_place = self.certificate.as_ref().is_some_and(|held| held.generation % 2 == next % 2);
        next + u64::from(is_in_place)
    }

    /// Whether the chain of `generation` is no longer needed: it was imported, and either nothing else was to do with it, or
    /// another one is due.
    pub fn has_used(&self, generation: u64, now: OffsetDateTime) -> bool {
        let imported = self.certificate.as_ref().is_some_and(|held| held.generation == generation);
        imported && (self.is_current(now) || self.good_certificate(now).is_none())
    }

    /// The current certificate, if it is for the endpoint's names and its renewal is not due at `now`.
    fn good_certificate(&self, now: OffsetDateTime) -> Option<&InstalledCertificate> {
        let held = self.certificate.as_ref().filter(|_| !self.is_to_be_replaced());
        held.filter(|held| now < held.renew_at && self.names.same_set(&held.names))
    }
}

impl Endpoint {
    /// Whether a certificate for `name` was issued to this registration, so that it was proven before.
    pub fn is_known(&self, name: &CertificateName) -> bool {
        self.certificate.as_ref().is_some_and(|held| held.names.contains(name))
    }

    pub fn proving(&self) -> Proving {
        Proving { reachability: self.reachability, dns_method: self.dns_method }
    }

    /// Where its hosts are to point: to the balancer of its pool, else to the installation's own target.
    pub fn target<'a>(&'a self, platform: &'a Platform) -> &'a EndpointTarget {
        self.deployment.target.as_ref().unwrap_or(&platform.endpoint_target)
    }

    /// What a check of this endpoint checks.
    pub fn subject(&self, platform: &Platform) -> Subject {
        Subject {
            names: self.names.clone(),
            reachability: self.reachability,
            dns_method: self.dns_method,
            registered: true,
            delegation_target: Some(platform.delegation_target(&self.label)),
            endpoint_target: self.target(platform).of(&self.label),
            own_target: self.target(platform).is_own(),
            tenant_proof: platform.tenant_proof,
            certificate: self.certificate.clone(),
            failure: self.failing.as_ref().map(|failing| failing.failure.clone()),
            order_open: self.order.is_some(),
            last_check: self.check.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
