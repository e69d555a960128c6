use std::future::Future;

use time::Date;
use vocabulary::names::TenantId;

use vocabulary::failure::ServiceFault;

/// Which digests went out. Kept for a week.
pub trait DigestLog {
    /// Whether `tenant` has its digest of `day` (UTC).
    fn was_sent(&self, tenant: &TenantId, day: Date) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Records that it was sent. Safe to repeat.
    fn record_sent(&self, tenant: &TenantId, day: Date) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
