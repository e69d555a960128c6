use domain::ports::{RateLimits, ServiceFault};
use time::OffsetDateTime;
use vocabulary::acme::{BucketId, Granted, Limit, Take, Token};

use super::MemoryEndpoints;

/// The buckets are in the same table.
impl RateLimits for MemoryEndpoints {
    async fn take(&self, take: &Take, now: OffsetDateTime) -> Result<Granted, ServiceFault> {
        self.rate_limits.take(take, now).await
    }

    async fn left(&self, bucket: &BucketId, limit: Limit, now: OffsetDateTime) -> Result<u32, ServiceFault> {
        self.rate_limits.left(bucket, limit, now).await
    }

    async fn taken(&self, planned: &Token) -> Result<Option<Token>, ServiceFault> {
        self.rate_limits.taken(planned).await
    }

    async fn forget_taker(&self, token: &Token) -> Result<(), ServiceFault> {
        self.rate_limits.forget_taker(token).await
    }

    async fn give_back(&self, token: &Token, now: OffsetDateTime) -> Result<(), ServiceFault> {
        self.rate_limits.give_back(token, now).await
    }

    async fn hold(&self, directory: &str, limit: Option<Limit>, until: OffsetDateTime) -> Result<(), ServiceFault> {
        self.rate_limits.hold(directory, limit, until).await
    }

    async fn held(&self, directory: &str, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, ServiceFault> {
        self.rate_limits.held(directory, now).await
    }
}
