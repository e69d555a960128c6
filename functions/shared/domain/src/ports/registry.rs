use std::future::Future;

use time::OffsetDateTime;
use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::certificate::{Deployment, Revocation, TenantUsage};
use vocabulary::names::{DomainName, EndpointId, EndpointNames, NamedRequest, Scope, TenantId};

use crate::endpoint::attempt::Attempt;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::event::Event;
use crate::endpoint::mute::Mute;
use crate::ports::store::EndpointReader;
use vocabulary::failure::ServiceFault;

/// What came of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    Now,
    /// The same request was done before, and made this endpoint.
    Before(EndpointId),
}

/// Why a registration did not happen. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    #[error("the tenant has registered {0} already")]
    NameTaken(DomainName),
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error(transparent)]
    Fault(#[from] ServiceFault),
}

/// Why what a request has made before is not said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error(transparent)]
    Fault(#[from] ServiceFault),
}

impl From<RequestError> for RegisterError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::KeyReused => Self::KeyReused,
            RequestError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// What an endpoint is to become.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The first of them stays what it was.
    pub names: EndpointNames,
    pub reachability: Reachability,
    pub dns_method: DnsMethod,
    pub deployment: Deployment,
    /// When the next attempt is due: the present.
    pub due_at: OffsetDateTime,
}

/// Why a change did not happen. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    #[error("the tenant has registered {0} already")]
    NameTaken(DomainName),
    #[error("an attempt holds the endpoint, it is being removed, or it has changed since it was read")]
    Busy,
    #[error(transparent)]
    Fault(#[from] ServiceFault),
}

/// Where a list was left off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Of the last endpoint that was seen, as [`EndpointNames::primary`] writes it.
    pub domain: String,
    pub endpoint: EndpointId,
}

impl Position {
    pub fn of(endpoint: &Endpoint) -> Self {
        Self { domain: endpoint.names.primary().to_string(), endpoint: endpoint.id.clone() }
    }
}

/// A page of endpoints, by domain.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointPage {
    pub endpoints: Vec<Endpoint>,
    /// Where the next page begins; absent on the last one.
    pub next: Option<Position>,
}

/// Who is registered, and under which names. A tenant registers a name once; other tenants may have it as well.
pub trait Registry: EndpointReader {
    /// Writes the endpoint, its names as its tenant's, and the event that tells of it, all or nothing.
    ///
    /// A `request` that was done before does nothing again. Without one it is not to be repeated: a second call
    /// finds the names taken.
    fn register(
        &self,
        endpoint: &Endpoint,
        event: &Event,
        request: Option<&NamedRequest>,
    ) -> impl Future<Output = Result<Registered, RegisterError>> + Send;

    /// The endpoint that the same request has made before, while its key is kept.
    fn registered_before(
        &self,
        request: &NamedRequest,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<EndpointId>, RequestError>> + Send;

    /// Makes of `seen` what `change` says, with its names and the event that tells of it, all or nothing.
    ///
    /// The change takes the number of an attempt, so that whatever an earlier attempt still writes is refused. What
    /// was known of its records and its failures is forgotten; the open order stays, as it remembers what it published.
    fn change(
        &self,
        seen: &Endpoint,
        change: &Change,
        event: &Event,
    ) -> impl Future<Output = Result<(), ChangeError>> + Send;

    /// The tenant's own endpoint that has `name`.
    fn registered_by(
        &self,
        tenant: &TenantId,
        name: &DomainName,
    ) -> impl Future<Output = Result<Option<EndpointId>, ServiceFault>> + Send;

    /// Up to `limit` endpoints of the scope after `after`, by domain. A page may have fewer and not be the last.
    fn list(
        &self,
        scope: &Scope,
        after: Option<&Position>,
        limit: u32,
    ) -> impl Future<Output = Result<EndpointPage, ServiceFault>> + Send;

    /// Likewise of those whose domain, or what follows the `*.` of a wildcard, begins with `prefix`. It costs what it finds, not
    /// what there is.
    fn search(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&Position>,
        limit: u32,
    ) -> impl Future<Output = Result<EndpointPage, ServiceFault>> + Send;

    /// The leaf of the chain that was issued for `generation`, as a CA is shown it; `None` if it is not kept (any more).
    fn leaf(
        &self,
        id: &EndpointId,
        generation: u64,
    ) -> impl Future<Output = Result<Option<String>, ServiceFault>> + Send;

    /// Those of the endpoints that are there, each once, in the order of `ids`. They may be as they were a moment ago.
    fn find_all(&self, ids: &[EndpointId]) -> impl Future<Output = Result<Vec<Endpoint>, ServiceFault>> + Send;

    /// Marks the endpoint as going, due at `now`. What it has published is taken away by its next attempt.
    fn begin_removal(
        &self,
        id: &EndpointId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Opens the renewal of the certificate in place at `now`; nothing if there is none.
    fn open_renewal(
        &self,
        id: &EndpointId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Keeps that a certificate of the endpoint is to be revoked, which is due at `now`, with the event that tells of it.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Busy`] while an attempt holds the endpoint, or another certificate of it waits to be revoked.
    fn request_revocation(
        &self,
        id: &EndpointId,
        revocation: &Revocation,
        event: &Event,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ChangeError>> + Send;

    /// Has nobody notified of the endpoint for a time, or again, with the event that tells of it. An attempt may run meanwhile.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Busy`] if it is not there.
    fn mute(
        &self,
        id: &EndpointId,
        mute: Option<&Mute>,
        event: &Event,
    ) -> impl Future<Output = Result<(), ChangeError>> + Send;

    /// Forgets how long the endpoint's domain owner has left their part undone, so that one that is paused is checked as
    /// often as a new one. Nothing if it is not there, or waits for nobody.
    fn wake(&self, id: &EndpointId) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// What the tenant has. Counted from its endpoints where there is no count yet, then beside what is written, and once a
    /// day again: a crash in between is made good then.
    fn usage(&self, tenant: &TenantId) -> impl Future<Output = Result<TenantUsage, ServiceFault>> + Send;

    /// Newest first.
    fn attempts(&self, id: &EndpointId, limit: u32) -> impl Future<Output = Result<Vec<Attempt>, ServiceFault>> + Send;
}
