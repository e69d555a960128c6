use std::future::Future;

use crate::alert::alert::Alert;
use vocabulary::failure::ServiceFault;

/// Tells people and programs.
pub trait Notifier {
    /// Sends one event to all who want it, in the rendering each of them wants. Repeating it sends it again.
    fn notify(&self, alert: &Alert) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Sends one event to programs that follow all events, and to nobody who would have to read it.
    fn notify_programs(&self, alert: &Alert) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Why one of the ways would not take what the others took, since this was last asked. It is kept for that one.
    fn refused(&self) -> Option<ServiceFault> {
        None
    }

    /// Sends what one of the ways would not take earlier, on that way alone. Returns why one still does not take it: it is kept
    /// for a week. Safe to repeat.
    fn send_refused(&self) -> impl Future<Output = Result<Option<ServiceFault>, ServiceFault>> + Send {
        std::future::ready(Ok(None))
    }
}
