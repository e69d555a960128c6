use std::future::Future;

use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use crate::endpoint::event::Event;
use crate::endpoint::share::Share;
use vocabulary::failure::ServiceFault;

/// The links to domain owners' pages. A link is forgotten some time after it has expired.
pub trait ShareLinks {
    /// Writes the link and the event that tells of it, both or neither.
    fn create(
        &self,
        id: &EndpointId,
        share: &Share,
        event: &Event,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The link of this name, whether or not it has expired; strongly consistent, so that a revocation holds at once.
    fn link(&self, id: &EndpointId, share: &str) -> impl Future<Output = Result<Option<Share>, ServiceFault>> + Send;

    /// The links that are open at `now`, newest first.
    fn links(
        &self,
        id: &EndpointId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<Share>, ServiceFault>> + Send;

    /// Takes the link away and writes the event, both or neither. False if there is no such link.
    fn revoke(
        &self,
        id: &EndpointId,
        share: &str,
        event: &Event,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;
}
