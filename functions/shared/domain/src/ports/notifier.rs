use std::future::Future;

use super::fault::ServiceFault;
use crate::notice::Notice;

/// Tells people.
pub trait Notifier {
    /// Sends one message. Repeating it sends it again.
    fn notify(&self, notice: &Notice) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
