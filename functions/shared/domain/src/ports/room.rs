use std::future::Future;

use time::OffsetDateTime;
use vocabulary::failure::ServiceFault;

/// Where among all that wait for room somebody stands who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before all others: the scan, which starts those that have been due for longest.
    First,
    /// Behind all that wait: a request that would start its own attempt.
    Last,
}

/// What somebody got who asked for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenRoom {
    /// So many attempts are to be started now.
    pub attempts: usize,
    /// When it was taken: what is given back says so.
    pub at: OffsetDateTime,
    /// How many attempts the account carries at once. `usize::MAX`: nothing limits it.
    pub most: usize,
    /// How many wait for room, so far as is known. Those of a scan are all that it gave no room.
    pub waiting: usize,
}

/// The attempts that the account can carry at once, however many processes start some.
pub trait Room {
    /// Takes room for up to `wanted` attempts, which are started at once. No room is given away twice, and none to [`Place::Last`]
    /// while others wait.
    ///
    /// Not to be repeated: each call takes more. Room of an attempt that was never started is free again within a minute.
    fn take_room(
        &self,
        wanted: usize,
        place: Place,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<TakenRoom, ServiceFault>> + Send;

    /// Gives room back that was taken for so many attempts that were not started.
    fn give_room_back(&self, taken: &TakenRoom, unused: usize)
    -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
