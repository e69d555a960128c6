use std::future::Future;

use time::Date;
use vocabulary::certificate::TenantUsage;
use vocabulary::names::TenantId;

use vocabulary::failure::ServiceFault;

/// Which digests went out. Kept for a week.
pub trait DigestLog {
    /// Whether `tenant` has its digest of `day` (UTC).
    fn was_sent(&self, tenant: &TenantId, day: Date) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Keeps what the tenant has, as it was counted just now: see [`Registry::usage`](crate::ports::Registry::usage).
    fn record_usage(
        &self,
        tenant: &TenantId,
        usage: TenantUsage,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Records that it was sent. Safe to repeat.
    fn record_sent(&self, tenant: &TenantId, day: Date) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
