use domain::endpoint::Event;
use domain::ports::{AuditTrail, ServiceFault};
use vocabulary::names::EndpointId;

use super::MemoryEndpoints;

impl AuditTrail for MemoryEndpoints {
    async fn record(&self, id: &EndpointId, event: &Event) -> Result<(), ServiceFault> {
        self.state().events.insert((id.clone(), event.id.clone()), event.clone());
        self.fuse.burn();
        Ok(())
    }

    async fn events(&self, id: &EndpointId, after: Option<&str>, limit: u32) -> Result<Vec<Event>, ServiceFault> {
        let state = self.state();
        let own = state.events.iter().filter(|((endpoint, _), _)| endpoint == id).map(|(_, event)| event.clone());
        let limit = limit as usize;
        Ok(match after {
            None => own.rev().take(limit).collect(),
            Some(after) => {
                let mut later: Vec<_> = own.filter(|event| event.id.as_str() > after).take(limit).collect();
                later.reverse();
                later
            }
        })
    }
}
