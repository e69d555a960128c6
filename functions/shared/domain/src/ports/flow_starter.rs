use std::future::Future;

use vocabulary::names::EndpointId;

use vocabulary::failure::ServiceFault;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    Now,
    /// The same attempt was started before, and its flow has ended.
    Before,
}

/// Starts the flow of one attempt.
pub trait FlowStarter {
    /// At most one flow ever runs for one endpoint and attempt.
    fn start(&self, endpoint: &EndpointId, attempt: u64) -> impl Future<Output = Result<Started, ServiceFault>> + Send;
}
