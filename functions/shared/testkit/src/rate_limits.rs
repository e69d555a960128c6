use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::ports::{RateLimits, ServiceFault};
use time::OffsetDateTime;
use vocabulary::acme::{Bucket, BucketId, Granted, Limit, Take, Taken, Taker, Token};
use vocabulary::names::TenantId;

use crate::Fuse;

/// A bucket with the queues of its tenants.
#[derive(Clone, Debug, Default)]
struct Shared {
    bucket: Bucket,
    lines: BTreeMap<TenantId, OffsetDateTime>,
    last: Option<TenantId>,
    /// When the bucket is full again after each taker's token.
    takers: BTreeMap<Taker, OffsetDateTime>,
}

impl Shared {
    /// As a taker of `tenant` sees it.
    fn seen_by(&self, tenant: Option<&TenantId>) -> Bucket {
        let Some(tenant) = tenant else { return self.bucket };
        let others = self.lines.iter().filter(|(other, _)| *other != tenant).map(|(_, end)| *end);
        Bucket {
            registrations_end: self.lines.get(tenant).copied(),
            others_end: others.chain(self.bucket.registrations_end).max(),
            had_last: self.last.as_ref() == Some(tenant),
            ..self.bucket
        }
    }

    fn keep(&mut self, after: Bucket, tenant: Option<&TenantId>) {
        let Some(tenant) = tenant else {
            self.bucket = after;
            return;
        };
        self.lines.extend(after.registrations_end.map(|end| (tenant.clone(), end)));
        (self.bucket.full_at, self.bucket.renewals_end) = (after.full_at, after.renewals_end);
    }
}

/// Buckets in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryRateLimits {
    buckets: Arc<Mutex<BTreeMap<BucketId, Shared>>>,
    held: Arc<Mutex<BTreeMap<String, OffsetDateTime>>>,
    taken: Arc<AtomicU32>,
    fuse: Fuse,
}

impl MemoryRateLimits {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    fn buckets(&self) -> MutexGuard<'_, BTreeMap<BucketId, Shared>> {
        self.buckets.lock().expect("no test panics in here")
    }

    /// As the end of an attempt does in its one write.
    pub(crate) fn return_all<'a>(&self, tokens: impl IntoIterator<Item = &'a Token>, now: OffsetDateTime) {
        let mut buckets = self.buckets();
        for token in tokens {
            if let Some(bucket) = buckets.get_mut(&token.bucket) {
                bucket.bucket = bucket.bucket.give_back(token.lacking(now));
                if let Some(taker) = &token.taker {
                    bucket.takers.remove(taker);
                }
            }
        }
    }

    /// How many tokens were ever taken.
    pub fn tokens_taken(&self) -> u32 {
        self.taken.load(Ordering::Relaxed)
    }

    /// How many buckets have received any request.
    pub fn len(&self) -> usize {
        self.buckets().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tokens that `take` finds at `now`.
    pub fn tokens(&self, take: &Take, now: OffsetDateTime) -> u32 {
        self.buckets().get(&take.bucket).cloned().unwrap_or_default().bucket.tokens(take.limit, now)
    }
}

impl RateLimits for MemoryRateLimits {
    async fn take(&self, take: &Take, now: OffsetDateTime) -> Result<Granted, ServiceFault> {
        let mut buckets = self.buckets();
        let bucket = buckets.entry(take.bucket.clone()).or_default();
        let tenant = take.tenant.as_ref();
        if let Some(back_at) = take.taker.as_ref().and_then(|taker| bucket.takers.get(taker)) {
            return Ok(Granted::Now(take.token(*back_at)));
        }
        let granted = match (bucket.seen_by(tenant).take(take.limit, take.purpose, take.waited, now), take.place) {
            ((next, Taken::Now), _) => {
                bucket.keep(next, tenant);
                bucket.last = tenant.cloned().or(bucket.last.take());
                let back_at = next.full_at.expect("a token was taken");
                bucket.takers.extend(take.taker.clone().map(|taker| (taker, back_at)));
                Granted::Now(take.token(back_at))
            }
            ((_, Taken::Wait { .. }), Some(until)) => Granted::Wait { until },
            ((next, Taken::Wait { until }), None) => {
                bucket.keep(next, tenant);
                Granted::Wait { until }
            }
        };
        drop(buckets);
        self.taken.fetch_add(u32::from(matches!(granted, Granted::Now(_))), Ordering::Relaxed);
        self.fuse.burn();
        Ok(granted)
    }

    async fn left(&self, bucket: &BucketId, limit: Limit, now: OffsetDateTime) -> Result<u32, ServiceFault> {
        Ok(self.buckets().get(bucket).cloned().unwrap_or_default().bucket.tokens(limit, now))
    }

    async fn taken(&self, planned: &Token) -> Result<Option<Token>, ServiceFault> {
        let buckets = self.buckets();
        let takers = buckets.get(&planned.bucket).map(|bucket| &bucket.takers);
        let back_at = takers.and_then(|takers| takers.get(planned.taker.as_ref()?).copied());
        Ok(back_at.map(|back_at| Token { back_at, ..planned.clone() }))
    }

    async fn forget_taker(&self, token: &Token) -> Result<(), ServiceFault> {
        if let (Some(bucket), Some(taker)) = (self.buckets().get_mut(&token.bucket), &token.taker) {
            bucket.takers.remove(taker);
        }
        self.fuse.burn();
        Ok(())
    }

    async fn give_back(&self, token: &Token, now: OffsetDateTime) -> Result<(), ServiceFault> {
        if token.taker.is_none() || self.taken(token).await?.is_some() {
            self.return_all([token], now);
        }
        self.fuse.burn();
        Ok(())
    }

    async fn hold(&self, directory: &str, limit: Option<Limit>, until: OffsetDateTime) -> Result<(), ServiceFault> {
        let id = BucketId::Account { directory: directory.to_owned() };
        if let Some(limit) = limit {
            let mut buckets = self.buckets();
            let bucket = buckets.entry(id).or_default();
            bucket.bucket = bucket.bucket.empty_until(limit, until);
        }
        let mut held = self.held.lock().expect("no test panics in here");
        let kept = held.entry(directory.to_owned()).or_insert(until);
        *kept = until.max(*kept);
        drop(held);
        self.fuse.burn();
        Ok(())
    }

    async fn held(&self, directory: &str, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, ServiceFault> {
        let held = self.held.lock().expect("no test panics in here");
        Ok(held.get(directory).copied().filter(|until| now < *until))
    }
}
