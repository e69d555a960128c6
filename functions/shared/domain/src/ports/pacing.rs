use std::future::Future;

use time::{Duration, OffsetDateTime};

use vocabulary::failure::ServiceFault;

/// Slots for calls to an external service that allows a steady rate, shared by all processes.
pub trait Pacing {
    /// Takes the next free slot of `what`: `now`, or one `interval` after the last one taken.
    ///
    /// The caller then makes its call without asking again. Not to be repeated: each call takes another slot.
    fn slot(
        &self,
        what: &str,
        interval: Duration,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<OffsetDateTime, ServiceFault>> + Send;
}
