use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::alert::shared::key;
use domain::alert::{CLAIM, SharedCause};
use domain::endpoint::{Cause, Endpoint, Severity};
use domain::ports::{ServiceFault, SharedCauses};
use time::OffsetDateTime;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointId;

use crate::Fuse;

/// The causes that many endpoints have in common, in memory.
#[derive(Clone, Debug, Default)]
pub struct MemorySharedCauses {
    causes: Arc<Mutex<BTreeMap<String, Entry>>>,
    fuse: Fuse,
}

#[derive(Debug)]
struct Entry {
    known: SharedCause,
    members: BTreeSet<EndpointId>,
    claimed: Option<(String, OffsetDateTime)>,
}

impl MemorySharedCauses {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    fn causes(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.causes.lock().expect("no test panics in here")
    }
}

impl SharedCauses for MemorySharedCauses {
    async fn join(
        &self,
        cause: &Cause,
        actor: WaitingOn,
        endpoint: &Endpoint,
        now: OffsetDateTime,
    ) -> Result<SharedCause, ServiceFault> {
        let mut causes = self.causes();
        let entry = causes.entry(key(cause, actor)).or_insert_with(|| Entry {
            known: SharedCause {
                cause: cause.clone(),
                owner: actor,
                since: now,
                first: endpoint.names.primary().to_string(),
                endpoints: 0,
                told: Severity::Info,
            },
            members: BTreeSet::new(),
            claimed: None,
        });
        if entry.members.insert(endpoint.id.clone()) {
            entry.known.endpoints += 1;
        }
        let known = entry.known.clone();
        drop(causes);
        self.fuse.burn();
        Ok(known)
    }

    async fn claim(
        &self,
        known: &SharedCause,
        teller: &str,
        severity: Option<Severity>,
        now: OffsetDateTime,
    ) -> Result<bool, ServiceFault> {
        let mut causes = self.causes();
        let entry = causes.get_mut(&known.key()).filter(|entry| entry.known.since == known.since);
        let free = |entry: &&mut Entry| {
            let by_another = entry.claimed.as_ref().is_some_and(|(who, until)| who != teller && now < *until);
            !by_another && severity.is_none_or(|severity| entry.known.told < severity)
        };
        let Some(entry) = entry.filter(free) else { return Ok(false) };
        entry.claimed = Some((teller.to_owned(), now + CLAIM));
        drop(causes);
        self.fuse.burn();
        Ok(true)
    }

    async fn mark_notified(&self, known: &SharedCause, severity: Severity) -> Result<(), ServiceFault> {
        let mut causes = self.causes();
        if let Some(entry) = causes.get_mut(&known.key()).filter(|entry| entry.known.since == known.since) {
            entry.known.told = entry.known.told.max(severity);
            entry.claimed = None;
        }
        drop(causes);
        self.fuse.burn();
        Ok(())
    }

    async fn leave(&self, cause: &Cause, actor: WaitingOn, endpoint: &EndpointId) -> Result<(), ServiceFault> {
        if let Some(entry) = self.causes().get_mut(&key(cause, actor)) {
            entry.members.remove(endpoint);
        }
        self.fuse.burn();
        Ok(())
    }

    async fn abandoned(&self, cause: &Cause, actor: WaitingOn) -> Result<Option<SharedCause>, ServiceFault> {
        let causes = self.causes();
        let entry = causes.get(&key(cause, actor)).filter(|entry| entry.members.is_empty());
        Ok(entry.map(|entry| entry.known.clone()))
    }

    async fn close(&self, known: &SharedCause) -> Result<(), ServiceFault> {
        let mut causes = self.causes();
        if causes.get(&known.key()).is_some_and(|entry| entry.known.since == known.since) {
            causes.remove(&known.key());
        }
        drop(causes);
        self.fuse.burn();
        Ok(())
    }

    async fn lasting(&self) -> Result<Vec<SharedCause>, ServiceFault> {
        Ok(self.causes().values().map(|entry| entry.known.clone()).collect())
    }
}
