use std::future::Future;

use time::OffsetDateTime;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointId;

use crate::alert::shared::SharedCause;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity};
use vocabulary::failure::ServiceFault;

/// Causes that many endpoints share, so that people are notified once for all of them.
pub trait SharedCauses {
    /// Counts `endpoint` among those that have the cause, and returns what is known of it. Repeating it counts nothing twice.
    /// Forgotten after [`CAUSE_KEPT`](crate::alert::shared::CAUSE_KEPT).
    fn join(
        &self,
        cause: &Cause,
        actor: WaitingOn,
        endpoint: &Endpoint,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<SharedCause, ServiceFault>> + Send;

    /// Claims for `teller` the notification of the cause at `severity`, or of its end (`None`), for
    /// [`CLAIM`](crate::alert::shared::CLAIM). One of several concurrent callers gets it, and may get it again.
    ///
    /// `false` also if that severity, or a higher one, was notified; if the cause has begun again since `known`; if it is gone.
    fn claim(
        &self,
        known: &SharedCause,
        teller: &str,
        severity: Option<Severity>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Records the notification, and gives the claim back.
    fn mark_notified(
        &self,
        known: &SharedCause,
        severity: Severity,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The endpoint no longer has the cause.
    fn leave(
        &self,
        cause: &Cause,
        actor: WaitingOn,
        endpoint: &EndpointId,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// What is known of a cause that no endpoint has any more, and that was not closed.
    fn abandoned(
        &self,
        cause: &Cause,
        actor: WaitingOn,
    ) -> impl Future<Output = Result<Option<SharedCause>, ServiceFault>> + Send;

    /// Deletes a cause after the notification of its end. Does nothing if it has begun again since.
    fn close(&self, known: &SharedCause) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// All ongoing causes.
    fn lasting(&self) -> impl Future<Output = Result<Vec<SharedCause>, ServiceFault>> + Send;
}
