use domain::endpoint::Endpoint;
use domain::ports::{AdviceIndex, DueEntry, ServiceFault};
use time::OffsetDateTime;
use vocabulary::acme::RenewalAdvice;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::EndpointId;

use super::MemoryEndpoints;

impl AdviceIndex for MemoryEndpoints {
    async fn advice_due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        Ok(self.due_by(shard, now, limit, |endpoint| endpoint.advice_at))
    }

    async fn record_advice(
        &self,
        id: &EndpointId,
        held: &InstalledCertificate,
        advice: &RenewalAdvice,
        ask_again_at: OffsetDateTime,
    ) -> Result<bool, ServiceFault> {
        let mut state = self.state();
        let as_seen = |endpoint: &&mut Endpoint| {
            let now = endpoint.certificate.as_ref().map(|held| (held.generation, held.renew_at));
            endpoint.lease_until.is_none() && now == Some((held.generation, held.renew_at))
        };
        let Some(endpoint) = state.endpoints.get_mut(id).filter(as_seen) else { return Ok(false) };
        if endpoint.failing.is_none() && endpoint.removing {
            return Ok(false);
        }
        if endpoint.failing.is_none() {
            endpoint.due_at = Some(advice.renew_at);
        }
        endpoint.advice_at = Some(ask_again_at);
        let certificate = endpoint.certificate.as_mut().expect("just seen");
        certificate.advice = Some(advice.clone());
        certificate.renew_at = advice.renew_at;
        drop(state);
        self.fuse.burn();
        Ok(true)
    }

    async fn postpone_advice(&self, id: &EndpointId, ask_again_at: OffsetDateTime) -> Result<(), ServiceFault> {
        if let Some(endpoint) = self.state().endpoints.get_mut(id) {
            endpoint.advice_at = Some(ask_again_at);
        }
        self.fuse.burn();
        Ok(())
    }
}
