use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use domain::ports::{RateLimits, ServiceFault};
use time::OffsetDateTime;
use vocabulary::acme::{Bucket, BucketId, Limit, Take, Taken};

use crate::Fuse;

/// Buckets in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryRateLimits {
    buckets: Arc<Mutex<BTreeMap<BucketId, Bucket>>>,
    fuse: Fuse,
}

impl MemoryRateLimits {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    fn buckets(&self) -> MutexGuard<'_, BTreeMap<BucketId, Bucket>> {
        self.buckets.lock().expect("no test panics in here")
    }

    /// How many buckets anybody has asked for anything.
    pub fn len(&self) -> usize {
        self.buckets().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tokens that `take` finds at `now`.
    pub fn tokens(&self, take: &Take, now: OffsetDateTime) -> u32 {
        self.buckets().get(&take.bucket).copied().unwrap_or_default().tokens(take.limit, now)
    }
}

impl RateLimits for MemoryRateLimits {
    async fn take(&self, take: &Take, now: OffsetDateTime) -> Result<Taken, ServiceFault> {
        let mut buckets = self.buckets();
        let bucket = buckets.entry(take.bucket.clone()).or_default();
        let (next, taken) = bucket.take(take.limit, take.purpose, take.waited, now);
        *bucket = next;
        drop(buckets);
        self.fuse.burn();
        Ok(taken)
    }

    async fn left(&self, bucket: &BucketId, limit: Limit, now: OffsetDateTime) -> Result<u32, ServiceFault> {
        Ok(self.buckets().get(bucket).copied().unwrap_or_default().tokens(limit, now))
    }

    async fn give_back(&self, take: &Take) -> Result<(), ServiceFault> {
        let mut buckets = self.buckets();
        if let Some(bucket) = buckets.get_mut(&take.bucket) {
            *bucket = bucket.give_back(take.limit);
        }
        drop(buckets);
        self.fuse.burn();
        Ok(())
    }
}
