use std::future::Future;

use time::OffsetDateTime;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointId;

use crate::alert::shared::SharedCause;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity};
use vocabulary::failure::ServiceFault;

/// What many endpoints have in common, so that it is told once for all of them.
pub trait SharedCauses {
    /// Counts `endpoint` among those that have met the cause, and says what is known of it. Repeating it counts nothing
    /// twice. Forgotten after [`CAUSE_KEPT`](crate::alert::shared::CAUSE_KEPT).
    fn join(
        &self,
        cause: &Cause,
        actor: WaitingOn,
        endpoint: &Endpoint,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<SharedCause, ServiceFault>> + Send;

    /// Takes it upon `teller` to tell the cause at `severity`, or that it is over (`None`), for
    /// [`CLAIM`](crate::alert::shared::CLAIM). Of many at once one gets it, and the same one may have it again.
    ///
    /// `false` also if that severity, or a worse one, was told; if the cause has begun again since `known`; if it is gone.
    fn claim(
        &self,
        known: &SharedCause,
        teller: &str,
        severity: Option<Severity>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Records that it was told, and gives the claim back.
    fn mark_notified(
        &self,
        known: &SharedCause,
        severity: Severity,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The endpoint does not meet the cause any more.
    fn leave(
        &self,
        cause: &Cause,
        actor: WaitingOn,
        endpoint: &EndpointId,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// What is known of a cause that no endpoint meets any more, and that was not closed.
    fn abandoned(
        &self,
        cause: &Cause,
        actor: WaitingOn,
    ) -> impl Future<Output = Result<Option<SharedCause>, ServiceFault>> + Send;

    /// Forgets a cause whose end was told. Nothing if it has begun again since.
    fn close(&self, known: &SharedCause) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// All causes that last.
    fn lasting(&self) -> impl Future<Output = Result<Vec<SharedCause>, ServiceFault>> + Send;
}
