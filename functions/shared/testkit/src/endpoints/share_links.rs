use domain::endpoint::{Event, Share};
use domain::ports::{ServiceFault, ShareLinks};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use super::MemoryEndpoints;

impl ShareLinks for MemoryEndpoints {
    async fn create(&self, id: &EndpointId, share: &Share, event: &Event) -> Result<(), ServiceFault> {
        let mut state = self.state();
        state.shares.insert((id.clone(), share.id.clone()), share.clone());
        state.events.insert((id.clone(), event.id.clone()), event.clone());
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn link(&self, id: &EndpointId, share: &str) -> Result<Option<Share>, ServiceFault> {
        Ok(self.state().shares.get(&(id.clone(), share.to_owned())).cloned())
    }

    async fn links(&self, id: &EndpointId, now: OffsetDateTime) -> Result<Vec<Share>, ServiceFault> {
        let state = self.state();
        let own = state.shares.iter().filter(|((endpoint, _), share)| endpoint == id && share.is_open(now));
        let mut shares: Vec<_> = own.map(|(_, share)| share.clone()).collect();
        shares.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        Ok(shares)
    }

    async fn revoke(&self, id: &EndpointId, share: &str, event: &Event) -> Result<bool, ServiceFault> {
        let mut state = self.state();
        if state.shares.remove(&(id.clone(), share.to_owned())).is_none() {
            return Ok(false);
        }
        state.events.insert((id.clone(), event.id.clone()), event.clone());
        drop(state);
        self.fuse.burn();
        Ok(true)
    }
}
