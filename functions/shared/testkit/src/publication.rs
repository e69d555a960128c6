use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::ports::{ChangeState, FaultKind, ServiceFault, TokenStore, TxtZone};
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
    away: Arc<AtomicBool>,
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

    /// The TXT values at `name`.
    pub fn values(&self, name: &str) -> BTreeSet<String> {
        self.sets().get(name).cloned().unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.sets().is_empty()
    }

    /// While the service is away, no change is taken; what is published stays.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    fn call(&self, operation: &'static str) -> Result<(), ServiceFault> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match self.away.load(Ordering::Relaxed) {
            true => Err(ServiceFault { operation, kind: FaultKind::Unavailable, detail: "no answer".into() }),
            false => Ok(()),
        }
    }
}

impl TxtZone for MemoryZone {
    async fn publish(&self, name: &str, values: &[String]) -> Result<String, ServiceFault> {
        self.call("route53:ChangeResourceRecordSets")?;
        self.sets().insert(name.to_owned(), values.iter().cloned().collect());
        self.fuse.burn();
        Ok("change".into())
    }

    async fn change_state(&self, _: &str) -> Result<ChangeState, ServiceFault> {
        self.call("route53:GetChange")?;
        Ok(ChangeState::InSync)
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
