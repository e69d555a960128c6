use std::future::Future;

use time::OffsetDateTime;
use vocabulary::names::{EndpointId, TenantId};

use crate::endpoint::event::Event;
use vocabulary::failure::ServiceFault;

/// What is remembered of an endpoint that has gone, beside its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Whose it was.
    pub tenant: TenantId,
    /// Its first name, as [`EndpointNames::primary`](vocabulary::names::EndpointNames::primary) writes it.
    pub domain: String,
}

/// Who did what to an endpoint. Kept for 400 days, also after the endpoint has gone.
pub trait AuditTrail {
    /// Writes the event down. Repeating it writes the same again.
    fn record(&self, id: &EndpointId, event: &Event) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The newest `limit` events, or the first `limit` of those later than `after`; newest first either way.
    fn events(
        &self,
        id: &EndpointId,
        after: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Event>, ServiceFault>> + Send;

    /// Whose history it is, of an endpoint that was [erased](crate::ports::store::AttemptJournal::erase). `None` of any other,
    /// and of one that an earlier release has erased.
    fn removed(&self, id: &EndpointId) -> impl Future<Output = Result<Option<Removed>, ServiceFault>> + Send;

    /// The same of all endpoints, attempts' starts and ends included, also of endpoints that have gone: the newest `limit`
    /// of the last month, or the first `limit` of those later than `after`. May miss what was written within seconds.
    fn recent(
        &self,
        after: Option<&str>,
        limit: u32,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<(EndpointId, Event)>, ServiceFault>> + Send;
}
