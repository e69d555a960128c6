use std::future::Future;

use time::Date;
use vocabulary::certificate::TenantUsage;
use vocabulary::names::TenantId;

use vocabulary::failure::ServiceFault;

/// Which digests were sent. Kept for a week.
pub trait DigestLog {
    /// Whether the digest of `day` (UTC) was sent to `tenant`.
    fn was_sent(&self, tenant: &TenantId, day: Date) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Stores the tenant's usage, as just counted: see [`Registry::usage`](crate::ports::Registry::usage).
    fn record_usage(
        &self,
        tenant: &TenantId,
        usage: TenantUsage,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Records that it was sent. Safe to repeat.
    fn record_sent(&self, tenant: &TenantId, day: Date) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
