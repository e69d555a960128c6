use domain::ports::{DueEndpoint, DueEntry, DueIndex, DueReason, FencedError, ServiceFault};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use super::MemoryEndpoints;

impl DueIndex for MemoryEndpoints {
    async fn due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        Ok(self.due_by(shard, now, limit, |endpoint| endpoint.due_at))
    }

    async fn describe(&self, entries: Vec<DueEntry>) -> Result<Vec<DueEndpoint>, ServiceFault> {
        let state = self.state();
        let describe = |entry: DueEntry| {
            let endpoint = state.endpoints.get(&entry.endpoint)?;
            let failed_by = endpoint.failing.as_ref().map(|failing| failing.failure.guidance.waiting_on);
            let due_reason = DueReason::of(endpoint.certificate.is_some(), endpoint.removing, failed_by);
            let expected_at = endpoint.expected_at;
            Some(DueEndpoint { entry, tenant: endpoint.tenant.clone(), due_reason, expected_at })
        };
        Ok(entries.into_iter().filter_map(describe).collect())
    }

    async fn postpone(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        due_at: OffsetDateTime,
    ) -> Result<(), ServiceFault> {
        let mut state = self.state();
        let endpoint = state.endpoints.get_mut(&entry.endpoint);
        let free = endpoint.filter(|endpoint| endpoint.due_at == Some(entry.due_at) && !endpoint.is_leased(now));
        if let Some(endpoint) = free {
            endpoint.due_at = Some(due_at);
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn wait(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        expected_at: OffsetDateTime,
    ) -> Result<(), ServiceFault> {
        let mut state = self.state();
        let endpoint = state.endpoints.get_mut(&entry.endpoint);
        let free = endpoint.filter(|endpoint| endpoint.due_at == Some(entry.due_at) && !endpoint.is_leased(now));
        if let Some(endpoint) = free {
            endpoint.due_at = Some(entry.due_at.min(now));
            endpoint.expected_at = Some(expected_at);
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn claim(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
    ) -> Result<Option<u64>, ServiceFault> {
        let mut state = self.state();
        let endpoint = state.endpoints.get_mut(&entry.endpoint);
        let free = endpoint.filter(|endpoint| endpoint.due_at == Some(entry.due_at) && !endpoint.is_leased(now));
        let Some(endpoint) = free else { return Ok(None) };
        endpoint.attempt += 1;
        endpoint.lease_until = Some(lease_until);
        endpoint.due_at = Some(lease_until);
        endpoint.expected_at = None;
        let attempt = endpoint.attempt;
        drop(state);
        self.fuse.burn();
        Ok(Some(attempt))
    }

    async fn release(&self, id: &EndpointId, attempt: u64, due_at: OffsetDateTime) -> Result<(), ServiceFault> {
        let released = self.fenced(id, attempt, |endpoint| {
            endpoint.due_at = Some(due_at);
            endpoint.lease_until = None;
        });
        match released {
            Err(FencedError::Fault(fault)) => Err(fault),
            _ => Ok(()),
        }
    }
}
