use domain::endpoint::{Endpoint, EndpointStatus};
use domain::ports::{EndpointPage, Position, RecentChange, SUMMARY_PARTS, ServiceFault, Summaries, SummaryPart};
use time::OffsetDateTime;
use vocabulary::names::{Scope, TenantId};

use super::MemoryEndpoints;

fn tenant_of(scope: &Scope) -> Option<TenantId> {
    match scope {
        Scope::Everything => None,
        Scope::Tenant(tenant) => Some(tenant.clone()),
    }
}

impl Summaries for MemoryEndpoints {
    async fn list_part(&self, part: u32, after: Option<&Position>, limit: u32) -> Result<EndpointPage, ServiceFault> {
        let is_of_part = |endpoint: &Endpoint| endpoint.id.shard(SUMMARY_PARTS) == part;
        Ok(self.state().page(after, limit, is_of_part))
    }

    async fn save_summary(&self, scope: &Scope, part: &SummaryPart) -> Result<(), ServiceFault> {
        let (mut state, key) = (self.state(), (tenant_of(scope), part.part));
        if state.summaries.get(&key).is_none_or(|kept| kept.as_of < part.as_of) {
            state.summaries.insert(key, part.clone());
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn summaries(&self, scope: &Scope) -> Result<Vec<SummaryPart>, ServiceFault> {
        let (state, tenant) = (self.state(), tenant_of(scope));
        Ok(state.summaries.iter().filter(|((of, _), _)| *of == tenant).map(|(_, part)| part.clone()).collect())
    }

    async fn note_change(
        &self,
        endpoint: &Endpoint,
        was: Option<EndpointStatus>,
        at: OffsetDateTime,
    ) -> Result<(), ServiceFault> {
        let change = RecentChange { endpoint: endpoint.id.clone(), was, at };
        self.state().recent.push((endpoint.tenant.clone(), change));
        self.fuse.burn();
        Ok(())
    }

    async fn recent_changes(&self, scope: &Scope, limit: u32) -> Result<Vec<RecentChange>, ServiceFault> {
        let (state, tenant) = (self.state(), tenant_of(scope));
        let own = state.recent.iter().filter(|(of, _)| tenant.as_ref().is_none_or(|tenant| tenant == of));
        Ok(own.rev().take(limit as usize).map(|(_, change)| change.clone()).collect())
    }
}
