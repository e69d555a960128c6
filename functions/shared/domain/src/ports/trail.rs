use std::future::Future;

use time::OffsetDateTime;
use vocabulary::names::{EndpointId, TenantId};

use crate::endpoint::event::Event;
use vocabulary::failure::ServiceFault;

/// What is remembered of a deleted endpoint, besides its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Whose it was.
    pub tenant: TenantId,
    /// Its first name, as [`EndpointNames::primary`](vocabulary::names::EndpointNames::primary) writes it.
    pub domain: String,
}

/// Who did what to an endpoint. Kept for 400 days, also after the endpoint is deleted.
pub trait AuditTrail {
    /// Writes the event. Repeating it writes the same again.
    fn record(&self, id: &EndpointId, event: &Event) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The newest `limit` events, or the first `limit` of those later than `after`; newest first either way.
    fn events(
        &self,
        id: &EndpointId,
        after: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Event>, ServiceFault>> + Send;

    /// Whose history it is, for an endpoint that was [erased](crate::ports::store::AttemptJournal::erase). `None` for any
    /// other, and for one that an earlier release has erased.
    fn removed(&self, id: &EndpointId) -> impl Future<Output = Result<Option<Removed>, ServiceFault>> + Send;

    /// The same for all endpoints, including deleted ones and attempts' starts and ends: the newest `limit` of the last month,
    /// or the first `limit` of those later than `after`. May miss what was written seconds ago.
    fn recent(
        &self,
        after: Option<&str>,
        limit: u32,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<(EndpointId, Event)>, ServiceFault>> + Send;
}
