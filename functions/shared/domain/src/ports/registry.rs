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

/// The result of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    Now,
    /// The same request was done before, and created this endpoint.
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

/// Why the earlier result of a request is not returned.
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

/// The new values of an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The first name stays the same.
    pub names: EndpointNames,
    pub reachability: Reachability,
    pub dns_method: DnsMethod,
    pub deployment: Deployment,
    /// When the next attempt is due: now.
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

/// Where a list continues.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Of the last endpoint that was returned, as [`EndpointNames::primary`] writes it.
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

/// Which endpoints are registered, and under which names. A tenant registers a name once; other tenants may also have it.
pub trait Registry: EndpointReader {
    /// Writes the endpoint, its names as its tenant's, and the event, all or nothing.
    ///
    /// A `request` that was done before has no effect again. Without one it is not to be repeated: a second call finds the
    /// names taken.
    fn register(
        &self,
        endpoint: &Endpoint,
        event: &Event,
        request: Option<&NamedRequest>,
    ) -> impl Future<Output = Result<Registered, RegisterError>> + Send;

    /// The endpoint that the same request has created before, while its key is kept.
    fn registered_before(
        &self,
        request: &NamedRequest,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<EndpointId>, RequestError>> + Send;

    /// Changes `seen` as `change` says, with its names and the event, all or nothing.
    ///
    /// The change uses up an attempt number, so that later writes of an earlier attempt are refused. The known state of its
    /// records and its failures is forgotten; the open order stays, since it remembers what it published.
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

    /// Up to `limit` endpoints of the scope after `after`, by domain. A page may have fewer without being the last.
    fn list(
        &self,
        scope: &Scope,
        after: Option<&Position>,
        limit: u32,
    ) -> impl Future<Output = Result<EndpointPage, ServiceFault>> + Send;

    /// Likewise for those whose domain, or what follows the `*.` of a wildcard, begins with `prefix`. The cost depends on what
    /// it finds, not on what exists.
    fn search(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&Position>,
        limit: u32,
    ) -> impl Future<Output = Result<EndpointPage, ServiceFault>> + Send;

    /// The leaf of the chain that was issued for `generation`, in the form that a CA gets; `None` if it is not kept (any more).
    fn leaf(
        &self,
        id: &EndpointId,
        generation: u64,
    ) -> impl Future<Output = Result<Option<String>, ServiceFault>> + Send;

    /// The existing endpoints among `ids`, each once, in that order. They may be slightly out of date.
    fn find_all(&self, ids: &[EndpointId]) -> impl Future<Output = Result<Vec<Endpoint>, ServiceFault>> + Send;

    /// Marks the endpoint for removal, due at `now`. Its next attempt withdraws what it has published.
    fn begin_removal(
        &self,
        id: &EndpointId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Makes the renewal of the current certificate due at `now`; does nothing if there is none.
    fn open_renewal(
        &self,
        id: &EndpointId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Records that a certificate of the endpoint is to be revoked, due at `now`, with the event.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Busy`] while an attempt holds the endpoint, or another of its certificates waits to be revoked.
    fn request_revocation(
        &self,
        id: &EndpointId,
        revocation: &Revocation,
        event: &Event,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ChangeError>> + Send;

    /// Mutes the endpoint for a time, or unmutes it, and records the event. An attempt may run meanwhile.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Busy`] if it does not exist.
    fn mute(
        &self,
        id: &EndpointId,
        mute: Option<&Mute>,
        event: &Event,
    ) -> impl Future<Output = Result<(), ChangeError>> + Send;

    /// Forgets how long the domain owner's part has been undone, so that a paused endpoint is checked as often as a new one.
    /// Does nothing if the endpoint does not exist, or waits on nobody.
    fn wake(&self, id: &EndpointId) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The tenant's usage. Counted from its endpoints if there is no count yet, then updated with each write, and counted again
    /// once a day, which corrects the effects of crashes.
    fn usage(&self, tenant: &TenantId) -> impl Future<Output = Result<TenantUsage, ServiceFault>> + Send;

    /// Newest first.
    fn attempts(&self, id: &EndpointId, limit: u32) -> impl Future<Output = Result<Vec<Attempt>, ServiceFault>> + Send;
}
