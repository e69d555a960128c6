use domain::endpoint::Event;
use domain::endpoint::event::page_of;
use domain::ports::{AuditTrail, Removed, ServiceFault};
use time::OffsetDateTime;
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

    async fn removed(&self, id: &EndpointId) -> Result<Option<Removed>, ServiceFault> {
        Ok(self.state().removed.get(id).cloned())
    }

    async fn recent(
        &self,
        after: Option<&str>,
        limit: u32,
        _: OffsetDateTime,
    ) -> Result<Vec<(EndpointId, Event)>, ServiceFault> {
        let state = self.state();
        let acts = state.events.iter().map(|((id, _), event)| (id.clone(), event.clone()));
        let attempts = state
            .attempts
            .iter()
            .flat_map(|((id, _), attempt)| Event::of_attempt(attempt).into_iter().map(|event| (id.clone(), event)));
        Ok(page_of(acts.chain(attempts).collect(), |(_, event)| event.id.as_str(), after, limit as usize))
    }
}
