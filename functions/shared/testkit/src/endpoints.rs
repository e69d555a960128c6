use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use domain::attempt::Attempt;
use domain::certificate::InstalledCertificate;
use domain::order::OpenOrder;
use domain::ports::{
    AdviceIndex, AttemptJournal, DUE_SHARDS, DueEntry, DueIndex, EndpointPage, EndpointReader, FaultKind, FencedError,
    RegisterError, Registry, ServiceFault, Settlement,
};
use domain::renewal_info::RenewalAdvice;
use domain::{DomainName, Endpoint, EndpointId};
use time::OffsetDateTime;

use crate::Fuse;

/// The endpoints table in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryEndpoints {
    state: Arc<Mutex<State>>,
    fuse: Fuse,
}

#[derive(Debug, Default)]
struct State {
    endpoints: BTreeMap<EndpointId, Endpoint>,
    claims: BTreeMap<DomainName, EndpointId>,
    attempts: BTreeMap<(EndpointId, u64), Attempt>,
}

impl MemoryEndpoints {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics in here")
    }

    /// Whether any endpoint or claim is left.
    pub fn is_empty(&self) -> bool {
        let state = self.state();
        state.endpoints.is_empty() && state.claims.is_empty()
    }

    fn fenced(&self, id: &EndpointId, attempt: u64, write: impl FnOnce(&mut Endpoint)) -> Result<(), FencedError> {
        let mut state = self.state();
        let endpoint = state.endpoints.get_mut(id).filter(|endpoint| endpoint.attempt == attempt);
        write(endpoint.ok_or(FencedError::Superseded)?);
        drop(state);
        self.fuse.burn();
        Ok(())
    }
}

impl EndpointReader for MemoryEndpoints {
    async fn find(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        Ok(self.state().endpoints.get(id).cloned())
    }
}

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

impl Registry for MemoryEndpoints {
    async fn register(&self, endpoint: &Endpoint) -> Result<(), RegisterError> {
        let mut state = self.state();
        let bases = endpoint.names.bases();
        if let Some(taken) = bases.iter().find(|base| state.claims.contains_key(**base)) {
            return Err(RegisterError::NameTaken((*taken).clone()));
        }
        state.claims.extend(bases.into_iter().map(|base| (base.clone(), endpoint.id.clone())));
        state.endpoints.insert(endpoint.id.clone(), endpoint.clone());
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn holder(&self, name: &DomainName) -> Result<Option<EndpointId>, ServiceFault> {
        Ok(self.state().claims.get(name).cloned())
    }

    async fn list(&self, tenant: &str, cursor: Option<&str>, limit: u32) -> Result<EndpointPage, ServiceFault> {
        let state = self.state();
        let key = |endpoint: &Endpoint| format!("{} {}", endpoint.names.primary(), endpoint.id);
        let mut found: Vec<_> =
            state.endpoints.values().filter(|endpoint| endpoint.tenant.as_str() == tenant).collect();
        found.sort_by_key(|endpoint| key(endpoint));
        let after = found.into_iter().filter(|endpoint| cursor.is_none_or(|cursor| key(endpoint).as_str() > cursor));
        let mut page: Vec<Endpoint> = after.take(limit as usize + 1).cloned().collect();
        let more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let next = page.last().filter(|_| more).map(key);
        Ok(EndpointPage { endpoints: page, next })
    }

    async fn begin_removal(&self, id: &EndpointId, now: OffsetDateTime) -> Result<(), ServiceFault> {
        let mut state = self.state();
        if let Some(endpoint) = state.endpoints.get_mut(id) {
            endpoint.removing = true;
            endpoint.due_at = Some(endpoint.lease_until.unwrap_or(now));
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn open_renewal(&self, id: &EndpointId, now: OffsetDateTime) -> Result<(), ServiceFault> {
        let mut state = self.state();
        if let Some(held) = state.endpoints.get_mut(id).and_then(|endpoint| endpoint.certificate.as_mut()) {
            held.renew_at = now;
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn attempts(&self, id: &EndpointId, limit: u32) -> Result<Vec<Attempt>, ServiceFault> {
        let state = self.state();
        let own = state.attempts.range((id.clone(), 0)..=(id.clone(), u64::MAX));
        Ok(own.rev().take(limit as usize).map(|(_, attempt)| attempt.clone()).collect())
    }
}

impl DueIndex for MemoryEndpoints {
    async fn due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        let state = self.state();
        let here = state.endpoints.values().filter(|endpoint| endpoint.id.shard(DUE_SHARDS) == shard);
        let mut due: Vec<DueEntry> = here
            .filter_map(|endpoint| Some(DueEntry { endpoint: endpoint.id.clone(), due_at: endpoint.due_at? }))
            .filter(|entry| entry.due_at <= now)
            .collect();
        due.sort_by_key(|entry| entry.due_at);
        due.truncate(limit as usize);
        Ok(due)
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

impl AttemptJournal for MemoryEndpoints {
    async fn begin(&self, id: &EndpointId, attempt: &Attempt) -> Result<(), ServiceFault> {
        let key = (id.clone(), attempt.attempt);
        self.state().attempts.entry(key).or_insert_with(|| attempt.clone());
        self.fuse.burn();
        Ok(())
    }

    async fn save_order(&self, id: &EndpointId, attempt: u64, order: &OpenOrder) -> Result<(), FencedError> {
        self.fenced(id, attempt, |endpoint| {
            endpoint.order = Some(order.clone());
            endpoint.generation = order.generation;
        })
    }

    async fn record_certificate(
        &self,
        id: &EndpointId,
        attempt: u64,
        certificate: &InstalledCertificate,
    ) -> Result<(), FencedError> {
        self.fenced(id, attempt, |endpoint| {
            endpoint.certificate = Some(certificate.clone());
            // As the table has it: whole seconds.
            endpoint.advice_at = certificate.imported_at.replace_nanosecond(0).ok();
        })
    }

    async fn settle(&self, id: &EndpointId, attempt: u64, settlement: &Settlement) -> Result<(), FencedError> {
        if self.state().endpoints.get(id).is_some_and(|e| e.attempt == attempt && e.removing != settlement.removing) {
            return Err(ServiceFault {
                operation: "dynamodb:TransactWriteItems",
                kind: FaultKind::Unavailable,
                detail: "the endpoint is being removed since a moment ago".into(),
            }
            .into());
        }
        let record = settlement.attempt.clone();
        let mut state = self.state();
        let endpoint = state.endpoints.get_mut(id).filter(|endpoint| endpoint.attempt == attempt);
        let endpoint = endpoint.ok_or(FencedError::Superseded)?;
        endpoint.due_at = Some(settlement.due_at);
        endpoint.lease_until = None;
        endpoint.failing = settlement.failing.clone();
        if settlement.drop_order {
            endpoint.order = None;
        }
        if let Some(held) = endpoint.certificate.as_mut().filter(|_| settlement.announced) {
            held.announced = true;
        }
        state.attempts.insert((id.clone(), attempt), record);
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn erase(&self, endpoint: &Endpoint, attempt: &Attempt) -> Result<(), FencedError> {
        let mut state = self.state();
        state.attempts.insert((endpoint.id.clone(), attempt.attempt), attempt.clone());
        if state.endpoints.get(&endpoint.id).is_some_and(|known| known.attempt != attempt.attempt) {
            return Err(FencedError::Superseded);
        }
        state.endpoints.remove(&endpoint.id);
        state.claims.retain(|_, holder| *holder != endpoint.id);
        drop(state);
        self.fuse.burn();
        Ok(())
    }
}
