use std::future::Future;

use time::OffsetDateTime;
use vocabulary::failure::ServiceFault;

/// The caller's position among all that wait for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before all others: the scan, which starts those that have been due longest.
    First,
    /// Behind all that wait: a request that would start its own attempt.
    Last,
}

/// The room that a caller got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenRoom {
    /// How many attempts may be started now.
    pub attempts: usize,
    /// When it was taken: needed to give room back.
    pub at: OffsetDateTime,
    /// How many attempts the account allows at once. `usize::MAX`: no limit.
    pub most: usize,
    /// How many wait for room, as far as is known. After a scan: all to which it gave no room.
    pub waiting: usize,
}

/// The attempts that the account allows at once, however many processes start some.
pub trait Room {
    /// Takes room for up to `wanted` attempts, which are then started immediately. No room is given twice, and none to
    /// [`Place::Last`] while others wait.
    ///
    /// Not to be repeated: each call takes more. Room for an attempt that was never started is free again within a minute.
    fn take_room(
        &self,
        wanted: usize,
        place: Place,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<TakenRoom, ServiceFault>> + Send;

    /// Gives back room that was taken for attempts that were not started.
    fn give_room_back(&self, taken: &TakenRoom, unused: usize)
    -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
