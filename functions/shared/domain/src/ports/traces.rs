use std::future::Future;

use crate::flow::trace::AttemptTrace;

/// Takes the traces of attempts that have ended.
pub trait Traces {
    /// Sends the trace. Never an error, and takes less than two seconds: a trace that is not accepted is logged, and lost.
    ///
    /// Safe to repeat: the same attempt has the same ids.
    fn send(&self, trace: &AttemptTrace) -> impl Future<Output = ()> + Send;
}

/// Without a receiver nothing is sent.
impl<T: Traces + Sync> Traces for Option<T> {
    async fn send(&self, trace: &AttemptTrace) {
        if let Some(taker) = self {
            taker.send(trace).await;
        }
    }
}
