use std::future::Future;

use time::{Duration, OffsetDateTime};

use vocabulary::failure::ServiceFault;

/// Slots for calls that an outside service takes at a steady rate, however many processes make them.
pub trait Pacing {
    /// Takes the next free slot of `what`: `now`, or one `interval` after the one that was taken last.
    ///
    /// Whoever has it calls then, and asks no more. Not to be repeated: each call takes another slot.
    fn slot(
        &self,
        what: &str,
        interval: Duration,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<OffsetDateTime, ServiceFault>> + Send;
}
