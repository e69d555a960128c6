mod capacity_log;
mod check_log;
mod claims;
mod digest_log;
mod due_index;
mod health;
mod journal;
mod limits;
mod registry;
mod share_links;
mod suggested_windows;
mod summaries;
mod trail;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use diagnosis::report::CheckReport;
use domain::endpoint::{Attempt, Endpoint, Event, Share};
use domain::health::InstallationState;
use domain::installation::Capacity;
use domain::ports::{
    Claim, DUE_SHARDS, DueEntry, EndpointPage, EndpointReader, FencedError, Position, RecentChange, Removed,
    ServiceFault, SummaryPart,
};
use time::{Date, OffsetDateTime};
use vocabulary::certificate::{Deployment, Revocation, TenantUsage};
use vocabulary::names::{DomainName, EndpointId, IdempotencyKey, TenantId};

use crate::{Fuse, MemoryRateLimits};

/// The endpoints table in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryEndpoints {
    state: Arc<Mutex<State>>,
    /// Where the tokens of orders are given back.
    rate_limits: MemoryRateLimits,
    fuse: Fuse,
}

#[derive(Debug, Default)]
struct State {
    endpoints: BTreeMap<EndpointId, Endpoint>,
    /// The endpoint that has each name, by tenant.
    names: BTreeMap<(TenantId, DomainName), EndpointId>,
    claims: BTreeMap<DomainName, Claim>,
    /// The chains of each endpoint, of an even and of an odd generation, with the generation and the URL of its order.
    chains: BTreeMap<(EndpointId, u64), KeptChain>,
    attempts: BTreeMap<(EndpointId, u64), Attempt>,
    events: BTreeMap<(EndpointId, String), Event>,
    /// Deleted endpoints.
    removed: BTreeMap<EndpointId, Removed>,
    shares: BTreeMap<(EndpointId, String), Share>,
    checks: BTreeMap<EndpointId, CheckReport>,
    /// When an endpoint may be checked again.
    checks_begun: BTreeMap<EndpointId, OffsetDateTime>,
    digests: BTreeSet<(TenantId, Date)>,
    usage: BTreeMap<TenantId, TenantUsage>,
    installation: InstallationState,
    capacity: Capacity,
    requests: BTreeMap<(TenantId, IdempotencyKey), DoneRequest>,
    /// By scope (absent for all), and by part.
    summaries: BTreeMap<(Option<TenantId>, u32), SummaryPart>,
    recent: Vec<(TenantId, RecentChange)>,
}

#[derive(Debug)]
struct KeptChain {
    generation: u64,
    order: String,
    chain: String,
}

#[derive(Debug)]
struct DoneRequest {
    digest: String,
    endpoint: EndpointId,
    until: OffsetDateTime,
}

impl State {
    /// Up to `limit` endpoints after `after` for which `covers` is true, by domain.
    fn page(&self, after: Option<&Position>, limit: u32, covers: impl Fn(&Endpoint) -> bool) -> EndpointPage {
        let covered = self.endpoints.values().filter(|endpoint| covers(endpoint));
        let mut found: Vec<_> = covered.filter(|e| after.is_none_or(|after| Position::of(e) > *after)).collect();
        found.sort_by_key(|endpoint| Position::of(endpoint));
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|endpoint| Position::of(endpoint));
        EndpointPage { endpoints: found.into_iter().cloned().collect(), next }
    }
}

impl MemoryEndpoints {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    /// With these buckets in the same table.
    pub fn beside(self, rate_limits: &MemoryRateLimits) -> Self {
        Self { rate_limits: rate_limits.clone(), ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics in here")
    }

    /// Makes a certificate of the endpoint wait to be revoked, as if that had been requested before its attempt began.
    pub fn wait_for_revocation(&self, id: &EndpointId, revocation: Revocation) {
        self.state().endpoints.get_mut(id).expect("it is registered").revocation = Some(revocation);
    }

    /// Forgets the open order, as if the step that made it had died before it could save it.
    pub fn forget_order(&self, id: &EndpointId) {
        self.state().endpoints.get_mut(id).expect("it is registered").order = None;
    }

    /// Changes where its certificate goes, as that leaves the endpoint while no attempt runs.
    pub fn redeploy(&self, id: &EndpointId, deployment: Deployment) {
        self.state().endpoints.get_mut(id).expect("it is registered").deployment = deployment;
    }

    /// Whether any endpoint or claim is left.
    pub fn is_empty(&self) -> bool {
        let state = self.state();
        state.endpoints.is_empty() && state.names.is_empty() && state.claims.is_empty()
    }

    /// Up to `limit` endpoints of `shard` whose time `at` has come by `now`, longest due first.
    fn due_by(
        &self,
        shard: u32,
        now: OffsetDateTime,
        limit: u32,
        at: impl Fn(&Endpoint) -> Option<OffsetDateTime>,
    ) -> Vec<DueEntry> {
        let state = self.state();
        let here = state.endpoints.values().filter(|endpoint| endpoint.id.shard(DUE_SHARDS) == shard);
        let mut due: Vec<DueEntry> = here
            .filter_map(|endpoint| Some(DueEntry { endpoint: endpoint.id.clone(), due_at: at(endpoint)? }))
            .filter(|entry| entry.due_at <= now)
            .collect();
        due.sort_by_key(|entry| entry.due_at);
        due.truncate(limit as usize);
        due
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

    async fn find_with_chain(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        let state = self.state();
        let Some(mut endpoint) = state.endpoints.get(id).cloned() else { return Ok(None) };
        for chain in (0..2).filter_map(|half| state.chains.get(&(id.clone(), half))) {
            endpoint.add_chain(chain.generation, &chain.order, &chain.chain);
        }
        Ok(Some(endpoint))
    }
}
