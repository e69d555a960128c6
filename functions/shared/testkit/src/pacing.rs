use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use domain::ports::{Pacing, ServiceFault};
use time::{Duration, OffsetDateTime};

use crate::Fuse;

/// Slots in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryPacing {
    next: Arc<Mutex<BTreeMap<String, OffsetDateTime>>>,
    fuse: Fuse,
}

impl MemoryPacing {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }
}

impl Pacing for MemoryPacing {
    async fn slot(&self, what: &str, interval: Duration, now: OffsetDateTime) -> Result<OffsetDateTime, ServiceFault> {
        let slot = {
            let mut next = self.next.lock().expect("no test panics in here");
            let next = next.entry(what.to_owned()).or_insert(now);
            let slot = now.max(*next);
            *next = slot + interval;
            slot
        };
        self.fuse.burn();
        Ok(slot)
    }
}
