//! The endpoints in memory, behind the ports that the scan uses.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::{Mutex, MutexGuard};

use domain::acts::attempts_at_once;
use domain::endpoint::Failing;
use domain::ports::{
    DUE_SHARDS, DueEndpoint, DueEntry, DueIndex, DueReason, FlowStarter, Place, Room, ServiceFault, Started, TakenRoom,
};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{Bucket, RenewalAdvice};
use vocabulary::names::{EndpointId, TenantId};

use crate::around::Around;

/// What the scan and the model of an attempt know of one endpoint.
pub(crate) struct Known {
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    pub(crate) due_at: OffsetDateTime,
    pub(crate) advice: Option<RenewalAdvice>,
    pub(crate) failing: Option<Box<Failing>>,
    /// Of certificates for exactly its names.
    pub(crate) names: Bucket,
    pub(crate) attempts: u64,
    pub(crate) revoked: bool,
}

/// A flow that runs until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Running {
    pub(crate) until: OffsetDateTime,
    pub(crate) endpoint: usize,
}

pub(crate) struct State {
    pub(crate) endpoints: Vec<Known>,
    due: Vec<BTreeSet<(OffsetDateTime, usize)>>,
    /// Claimed, and to be begun by the model.
    pub(crate) started: Vec<usize>,
    pub(crate) running: BinaryHeap<Reverse<Running>>,
}

pub(crate) struct Installation {
    ids: Vec<EndpointId>,
    numbers: HashMap<EndpointId, usize>,
    tenants: Vec<TenantId>,
    at_once: usize,
    state: Mutex<State>,
}

impl Installation {
    pub(crate) fn new(around: &Around, endpoints: Vec<Known>) -> Self {
        let ids: Vec<_> =
            (0..endpoints.len()).map(|number| EndpointId::from_random((number as u128).to_be_bytes())).collect();
        let numbers = ids.iter().enumerate().map(|(number, id)| (id.clone(), number)).collect();
        let tenants = (0..around.tenants).map(|number| format!("tenant-{number}").parse().expect("a tenant")).collect();
        let mut due = vec![BTreeSet::new(); DUE_SHARDS as usize];
        for (number, known) in endpoints.iter().enumerate() {
            due[number % due_shards()].insert((known.due_at, number));
        }
        let state = State { endpoints, due, started: Vec::new(), running: BinaryHeap::new() };
        let at_once = attempts_at_once(around.concurrency) as usize;
        Self { ids, numbers, tenants, at_once, state: Mutex::new(state) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics in here")
    }

    fn number(&self, id: &EndpointId) -> usize {
        self.numbers[id]
    }
}

impl State {
    pub(crate) fn set_due(&mut self, number: usize, at: OffsetDateTime) {
        // The due index compares seconds.
        let at = at.replace_nanosecond(0).expect("zero is a nanosecond");
        let shard = &mut self.due[number % due_shards()];
        shard.remove(&(self.endpoints[number].due_at, number));
        shard.insert((at, number));
        self.endpoints[number].due_at = at;
    }

    /// For how long the one that has waited longest has been due.
    pub(crate) fn longest_due(&self, now: OffsetDateTime) -> Duration {
        let first = self.due.iter().filter_map(|shard| shard.first()).map(|(at, _)| *at).min();
        first.map_or(Duration::ZERO, |at| (now - at).max(Duration::ZERO))
    }
}

fn due_shards() -> usize {
    DUE_SHARDS as usize
}

impl DueIndex for Installation {
    async fn due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        let state = self.state();
        let due = state.due[shard as usize].iter().take_while(|(at, _)| *at <= now).take(limit as usize);
        Ok(due.map(|(due_at, number)| DueEntry { endpoint: self.ids[*number].clone(), due_at: *due_at }).collect())
    }

    async fn describe(&self, entries: Vec<DueEntry>) -> Result<Vec<DueEndpoint>, ServiceFault> {
        let state = self.state();
        let described = entries.into_iter().map(|entry| {
            let number = self.number(&entry.endpoint);
            let failing = state.endpoints[number].failing.as_ref();
            let due_reason = DueReason::of(true, false, failing.map(|failing| failing.failure.waiting_on()));
            let tenant = self.tenants[number % self.tenants.len()].clone();
            DueEndpoint { entry, tenant, due_reason, expected_at: None }
        });
        Ok(described.collect())
    }

    async fn postpone(&self, entry: &DueEntry, _: OffsetDateTime, due_at: OffsetDateTime) -> Result<(), ServiceFault> {
        let number = self.number(&entry.endpoint);
        self.state().set_due(number, due_at);
        Ok(())
    }

    /// Nobody reads it here.
    async fn wait(&self, _: &DueEntry, _: OffsetDateTime, _: OffsetDateTime) -> Result<(), ServiceFault> {
        Ok(())
    }

    async fn claim(
        &self,
        entry: &DueEntry,
        _: OffsetDateTime,
        lease_until: OffsetDateTime,
    ) -> Result<Option<u64>, ServiceFault> {
        let number = self.number(&entry.endpoint);
        let mut state = self.state();
        if state.endpoints[number].due_at != entry.due_at {
            return Ok(None);
        }
        state.set_due(number, lease_until);
        state.endpoints[number].attempts += 1;
        Ok(Some(state.endpoints[number].attempts))
    }

    async fn release(&self, id: &EndpointId, _: u64, due_at: OffsetDateTime) -> Result<(), ServiceFault> {
        let number = self.number(id);
        self.state().set_due(number, due_at);
        Ok(())
    }
}

impl FlowStarter for Installation {
    async fn start(&self, endpoint: &EndpointId, _: u64) -> Result<Started, ServiceFault> {
        let number = self.number(endpoint);
        self.state().started.push(number);
        Ok(Started::Now)
    }
}

impl Room for Installation {
    async fn take_room(&self, wanted: usize, _: Place, now: OffsetDateTime) -> Result<TakenRoom, ServiceFault> {
        let state = self.state();
        let attempts = wanted.min(self.at_once.saturating_sub(state.running.len() + state.started.len()));
        Ok(TakenRoom { attempts, at: now, most: self.at_once, waiting: wanted - attempts })
    }

    /// What is not started does not count.
    async fn give_room_back(&self, _: &TakenRoom, _: usize) -> Result<(), ServiceFault> {
        Ok(())
    }
}
