use std::future::Future;

use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use crate::endpoint::event::Event;
use crate::endpoint::share::Share;
use vocabulary::failure::ServiceFault;

/// The links to domain owners' pages. A link is deleted some time after it has expired.
pub trait ShareLinks {
    /// Writes the link and its event, both or neither.
    fn create(
        &self,
        id: &EndpointId,
        share: &Share,
        event: &Event,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The link of this name, expired or not; strongly consistent, so that a revocation takes effect at once.
    fn link(&self, id: &EndpointId, share: &str) -> impl Future<Output = Result<Option<Share>, ServiceFault>> + Send;

    /// The links that are open at `now`, newest first.
    fn links(
        &self,
        id: &EndpointId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<Share>, ServiceFault>> + Send;

    /// Removes the link and writes the event, both or neither. False if there is no such link.
    fn revoke(
        &self,
        id: &EndpointId,
        share: &str,
        event: &Event,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;
}
