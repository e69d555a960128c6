use std::collections::BTreeMap;

use domain::endpoint::Endpoint;
use domain::ports::{Claim, Claims, FaultKind, FencedError, Former, Handover, ServiceFault};
use time::OffsetDateTime;
use vocabulary::names::{DomainName, EndpointId};

use super::MemoryEndpoints;

impl MemoryEndpoints {
    /// Makes the endpoint's names look like those of an earlier release: a claim without a proof, and no names of its tenant.
    pub async fn as_of_the_previous_release(&self, endpoint: &Endpoint) {
        let mut state = self.state();
        state.names.retain(|_, id| *id != endpoint.id);
        for name in endpoint.names.authorization_names() {
            state.claims.insert(name.clone(), Claim { endpoint: endpoint.id.clone(), proven_at: None });
        }
    }
}

impl Claims for MemoryEndpoints {
    async fn claims(&self, names: &[DomainName]) -> Result<BTreeMap<DomainName, Claim>, ServiceFault> {
        let state = self.state();
        Ok(names.iter().filter_map(|name| Some((name.clone(), state.claims.get(name)?.clone()))).collect())
    }

    async fn registrations(&self, name: &DomainName) -> Result<Vec<EndpointId>, ServiceFault> {
        let state = self.state();
        let mut found: Vec<_> =
            state.names.iter().filter(|((_, of), _)| of == name).map(|(_, id)| id.clone()).collect();
        found.extend(state.claims.get(name).map(|claim| claim.endpoint.clone()));
        found.sort();
        found.dedup();
        Ok(found)
    }

    async fn hand_over(
        &self,
        endpoint: &Endpoint,
        handover: &Handover,
        now: OffsetDateTime,
    ) -> Result<(), FencedError> {
        let Handover { names, former } = handover;
        let mut state = self.state();
        let own = state.endpoints.get(&endpoint.id).filter(|own| own.attempt == endpoint.attempt && !own.removing);
        own.ok_or(FencedError::Superseded)?;
        if names.iter().any(|(name, seen)| state.claims.get(name) != seen.as_ref()) {
            return Err(changed().into());
        }
        if let Some(Former { seen, moved, event }) = former {
            let known = state.endpoints.get_mut(&seen.id);
            let known = known.filter(|known| known.attempt == seen.attempt && !known.removing);
            let known = known.ok_or_else(changed)?;
            known.moved = Some(moved.clone());
            known.attempt += 1;
            known.lease_until = None;
            known.due_at = Some(now);
            state.events.insert((seen.id.clone(), event.id.clone()), event.clone());
        }
        for (name, _) in names {
            state.names.insert((endpoint.tenant.clone(), name.clone()), endpoint.id.clone());
            let claim = Claim { endpoint: endpoint.id.clone(), proven_at: Some(now) };
            state.claims.insert(name.clone(), claim);
        }
        state.endpoints.get_mut(&endpoint.id).expect("it was just there").moved = None;
        drop(state);
        self.fuse.burn();
        Ok(())
    }
}

fn changed() -> ServiceFault {
    let detail = "another change of the same items is under way".into();
    ServiceFault { operation: "dynamodb:TransactWriteItems", kind: FaultKind::Throttled, detail }
}
