use domain::ports::{FlowStarter, Started};
use vocabulary::names::EndpointId;

/// `id` is one that no other test uses.
pub async fn flow_starter(flows: &impl FlowStarter, id: &EndpointId) {
    assert_eq!(flows.start(id, 1).await, Ok(Started::Now));
    let again = flows.start(id, 1).await.expect("a second start is no error");
    // AWS may answer a repeated start of a running flow as if it were the first.
    assert!(matches!(again, Started::Before | Started::Now));
    assert_eq!(flows.start(id, 2).await, Ok(Started::Now), "another attempt is another flow");
}
