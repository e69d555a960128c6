use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::ports::{ChangeState, FaultKind, ServiceFault, TokenStore, TxtChange, TxtZone, ZoneError};
use vocabulary::names::DomainName;

use crate::Fuse;

/// HTTP-01 responses in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryTokens {
    bodies: Arc<Mutex<BTreeMap<(DomainName, String), String>>>,
    fuse: Fuse,
}

impl MemoryTokens {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    fn bodies(&self) -> MutexGuard<'_, BTreeMap<(DomainName, String), String>> {
        self.bodies.lock().expect("no test panics in here")
    }

    pub fn is_empty(&self) -> bool {
        self.bodies().is_empty()
    }

    pub(crate) fn get(&self, host: &DomainName, token: &str) -> Option<String> {
        self.bodies().get(&(host.clone(), token.to_owned())).cloned()
    }
}

impl TokenStore for MemoryTokens {
    async fn publish(&self, host: &DomainName, token: &str, body: &str) -> Result<(), ServiceFault> {
        self.bodies().insert((host.clone(), token.to_owned()), body.to_owned());
        self.fuse.burn();
        Ok(())
    }

    async fn read(&self, host: &DomainName, token: &str) -> Result<Option<String>, ServiceFault> {
        Ok(self.get(host, token))
    }

    async fn withdraw(&self, host: &DomainName, token: &str) -> Result<(), ServiceFault> {
        self.bodies().remove(&(host.clone(), token.to_owned()));
        self.fuse.burn();
        Ok(())
    }
}

/// TXT sets in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryZone {
    sets: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>,
    calls: Arc<AtomicU32>,
    /// Changes per request, in order.
    requests: Arc<Mutex<Vec<usize>>>,
    unavailable: Arc<AtomicBool>,
    /// How many calls are still to be throttled.
    throttled: Arc<AtomicU32>,
    /// Whether changes are still propagating.
    pending: Arc<AtomicBool>,
    /// Names that the zone accepts no change of.
    refused: Arc<Mutex<BTreeSet<String>>>,
    fuse: Fuse,
}

impl MemoryZone {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    fn sets(&self) -> MutexGuard<'_, BTreeMap<String, BTreeSet<String>>> {
        self.sets.lock().expect("no test panics in here")
    }

    /// Calls made so far.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many changes each accepted request had, in order.
    pub fn requests(&self) -> Vec<usize> {
        self.requests.lock().expect("no test panics in here").clone()
    }

    /// The TXT values at `name`.
    pub fn values(&self, name: &str) -> BTreeSet<String> {
        self.sets().get(name).cloned().unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.sets().is_empty()
    }

    /// While the service is unavailable, no change is accepted; what is published stays.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.unavailable.store(unavailable, Ordering::Relaxed);
    }

    /// Answers the next `calls` with "slow down".
    pub fn throttle(&self, calls: u32) {
        self.throttled.store(calls, Ordering::Relaxed);
    }

    /// While they are pending, changes do not reach all servers.
    pub fn set_pending(&self, pending: bool) {
        self.pending.store(pending, Ordering::Relaxed);
    }

    /// From now on accepts no change of `name`.
    pub fn refuse(&self, name: &str) {
        self.refused.lock().expect("no test panics in here").insert(name.to_owned());
    }

    fn call(&self, operation: &'static str) -> Result<(), ServiceFault> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let less = |left: u32| left.checked_sub(1);
        if self.throttled.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            return Err(ServiceFault { operation, kind: FaultKind::Throttled, detail: "Rate exceeded".into() });
        }
        match self.unavailable.load(Ordering::Relaxed) {
            true => Err(ServiceFault { operation, kind: FaultKind::Unavailable, detail: "no answer".into() }),
            false => Ok(()),
        }
    }

    /// Why the zone does not accept `change`.
    fn refusal(&self, change: &TxtChange) -> Option<String> {
        let (TxtChange::Publish { name, .. } | TxtChange::Withdraw { name, .. }) = change;
        if self.refused.lock().expect("no test panics in here").contains(name) {
            return Some(format!("{name} is refused"));
        }
        match change {
            TxtChange::Withdraw { name, values } if self.values(name) != values.iter().cloned().collect() => {
                Some(format!("{name} has no such set"))
            }
            _ => None,
        }
    }
}

impl TxtZone for MemoryZone {
    async fn change(&self, changes: &[TxtChange]) -> Result<String, ZoneError> {
        self.call("route53:ChangeResourceRecordSets")?;
        if let Some(why) = changes.iter().find_map(|change| self.refusal(change)) {
            return Err(ZoneError::Refused(why));
        }
        for change in changes {
            match change {
                TxtChange::Publish { name, values } => {
                    self.sets().insert(name.clone(), values.iter().cloned().collect());
                }
                TxtChange::Withdraw { name, .. } => {
                    self.sets().remove(name);
                }
            }
        }
        self.requests.lock().expect("no test panics in here").push(changes.len());
        self.fuse.burn();
        Ok(format!("change-{}", self.calls()))
    }

    async fn change_state(&self, _: &str) -> Result<ChangeState, ServiceFault> {
        self.call("route53:GetChange")?;
        match self.pending.load(Ordering::Relaxed) {
            true => Ok(ChangeState::Pending),
            false => Ok(ChangeState::InSync),
        }
    }

    async fn withdraw(&self, name: &str, values: &[String]) -> Result<(), ServiceFault> {
        self.call("route53:ChangeResourceRecordSets")?;
        let mut sets = self.sets();
        if let Some(set) = sets.get_mut(name) {
            set.retain(|value| !values.contains(value));
            if set.is_empty() {
                sets.remove(name);
            }
        }
        drop(sets);
        self.fuse.burn();
        Ok(())
    }
}
