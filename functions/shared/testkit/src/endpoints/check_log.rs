use diagnosis::report::CheckReport;
use domain::endpoint::Endpoint;
use domain::ports::{CheckLog, ServiceFault};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use super::MemoryEndpoints;

impl CheckLog for MemoryEndpoints {
    async fn begin_check(
        &self,
        id: &EndpointId,
        now: OffsetDateTime,
        again_at: OffsetDateTime,
    ) -> Result<bool, ServiceFault> {
        let mut state = self.state();
        if !state.endpoints.contains_key(id) || state.checks_begun.get(id).is_some_and(|again| now < *again) {
            return Ok(false);
        }
        state.checks_begun.insert(id.clone(), again_at);
        drop(state);
        self.fuse.burn();
        Ok(true)
    }

    async fn record_check(&self, checked: &Endpoint, report: &CheckReport) -> Result<bool, ServiceFault> {
        let (id, mut state) = (&checked.id, self.state());
        if state.checks.get(id).is_some_and(|kept| kept.checked_at >= report.checked_at) {
            return Ok(false);
        }
        let same =
            |endpoint: &&mut Endpoint| endpoint.names == checked.names && endpoint.proving() == checked.proving();
        let Some(endpoint) = state.endpoints.get_mut(id).filter(same) else { return Ok(false) };
        endpoint.check = Some(report.summary());
        state.checks.insert(id.clone(), report.clone());
        drop(state);
        self.fuse.burn();
        Ok(true)
    }

    async fn last_check(&self, id: &EndpointId) -> Result<Option<CheckReport>, ServiceFault> {
        Ok(self.state().checks.get(id).cloned())
    }
}
