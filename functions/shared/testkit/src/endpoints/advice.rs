use domain::EndpointId;
use domain::ports::{AdviceIndex, DUE_SHARDS, ServiceFault};
use domain::renewal_info::RenewalAdvice;
use time::OffsetDateTime;

use super::MemoryEndpoints;

impl AdviceIndex for MemoryEndpoints {
    async fn advice_due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<EndpointId>, ServiceFault> {
        let state = self.state();
        let mut due: Vec<_> = state
            .endpoints
            .values()
            .filter(|endpoint| endpoint.id.shard(DUE_SHARDS) == shard)
            .filter_map(|endpoint| Some((endpoint.advice_at.filter(|at| *at <= now)?, endpoint.id.clone())))
            .collect();
        due.sort();
        Ok(due.into_iter().take(limit as usize).map(|(_, id)| id).collect())
    }

    async fn record_advice(
        &self,
        id: &EndpointId,
        generation: u64,
        advice: &RenewalAdvice,
        ask_again_at: OffsetDateTime,
    ) -> Result<(), ServiceFault> {
        let mut state = self.state();
        let Some(endpoint) = state.endpoints.get_mut(id) else { return Ok(()) };
        let Some(held) = endpoint.certificate.as_mut().filter(|held| held.generation == generation) else {
            return Ok(());
        };
        held.advice = Some(advice.clone());
        held.renew_at = advice.renew_at;
        endpoint.advice_at = Some(ask_again_at);
        if endpoint.lease_until.is_none() && endpoint.failing.is_none() && !endpoint.removing {
            endpoint.due_at = Some(advice.renew_at);
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn postpone_advice(&self, id: &EndpointId, ask_again_at: OffsetDateTime) -> Result<(), ServiceFault> {
        if let Some(endpoint) = self.state().endpoints.get_mut(id) {
            endpoint.advice_at = Some(ask_again_at);
        }
        self.fuse.burn();
        Ok(())
    }
}
