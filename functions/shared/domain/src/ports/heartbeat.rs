use std::future::Future;

use time::OffsetDateTime;

use super::fault::ServiceFault;

/// The trace that a scan leaves, so that its absence can be seen.
pub trait Heartbeat {
    /// Records that a scan has come to its end at `now`. Safe to repeat.
    fn beat(&self, now: OffsetDateTime) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// When the last one did. `None`: none ever has.
    fn last_beat(&self) -> impl Future<Output = Result<Option<OffsetDateTime>, ServiceFault>> + Send;
}
