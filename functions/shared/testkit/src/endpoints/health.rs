use domain::endpoint::{Endpoint, Notifications};
use domain::health::InstallationState;
use domain::ports::{DueEntry, HealthIndex, InstallationLog, ServiceFault, Sight};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use super::MemoryEndpoints;

impl HealthIndex for MemoryEndpoints {
    async fn health_due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        Ok(self.due_by(shard, now, limit, |endpoint| endpoint.health_at))
    }

    async fn record_health(&self, checked: &Endpoint, sight: &Sight) -> Result<bool, ServiceFault> {
        let (id, mut state) = (&checked.id, self.state());
        let generation = |endpoint: &Endpoint| endpoint.certificate.as_ref().map(|held| held.generation);
        let is_news = sight.as_before(checked).is_none();
        let same = |endpoint: &&mut Endpoint| {
            !(is_news && endpoint.lease_until.is_some())
                && endpoint.names == checked.names
                && endpoint.proving() == checked.proving()
                && generation(endpoint) == generation(checked)
        };
        let kept = state.checks.get(id).map(|kept| kept.checked_at);
        if sight.report.as_ref().zip(kept).is_some_and(|(report, kept)| kept >= report.checked_at) {
            return Ok(false);
        }
        let Some(endpoint) = state.endpoints.get_mut(id).filter(same) else { return Ok(false) };
        endpoint.health = Some(sight.health.clone());
        endpoint.health_at = Some(sight.next_check_at);
        endpoint.check = Some(sight.summary.clone());
        if let Some(report) = &sight.report {
            state.checks.insert(id.clone(), report.clone());
        }
        let events = sight.events.iter().map(|event| ((id.clone(), event.id.clone()), event.clone()));
        state.events.extend(events);
        drop(state);
        self.fuse.burn();
        Ok(true)
    }

    async fn save_notified(&self, seen: &Endpoint, told: &Notifications) -> Result<bool, ServiceFault> {
        let mut state = self.state();
        let same = |endpoint: &&mut Endpoint| {
            endpoint.attempt == seen.attempt
                && endpoint.lease_until.is_none()
                && endpoint.told.sequence == seen.told.sequence
        };
        let Some(endpoint) = state.endpoints.get_mut(&seen.id).filter(same) else { return Ok(false) };
        endpoint.told = told.clone();
        endpoint.unsent = None;
        drop(state);
        self.fuse.burn();
        Ok(true)
    }

    async fn postpone_health(&self, id: &EndpointId, next_check_at: OffsetDateTime) -> Result<(), ServiceFault> {
        if let Some(endpoint) = self.state().endpoints.get_mut(id) {
            endpoint.health_at = Some(next_check_at);
        }
        self.fuse.burn();
        Ok(())
    }
}

impl InstallationLog for MemoryEndpoints {
    async fn installation(&self) -> Result<InstallationState, ServiceFault> {
        Ok(self.state().installation.clone())
    }

    async fn save_installation(
        &self,
        before: &InstallationState,
        installation: &InstallationState,
    ) -> Result<bool, ServiceFault> {
        let mut state = self.state();
        if state.installation != *before {
            return Ok(false);
        }
        state.installation = installation.clone();
        drop(state);
        self.fuse.burn();
        Ok(true)
    }
}
