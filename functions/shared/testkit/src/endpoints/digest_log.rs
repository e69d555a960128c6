use domain::ports::{DigestLog, ServiceFault};
use time::Date;
use vocabulary::certificate::TenantUsage;
use vocabulary::names::TenantId;

use super::MemoryEndpoints;

impl DigestLog for MemoryEndpoints {
    async fn was_sent(&self, tenant: &TenantId, day: Date) -> Result<bool, ServiceFault> {
        Ok(self.state().digests.contains(&(tenant.clone(), day)))
    }

    async fn record_usage(&self, tenant: &TenantId, usage: TenantUsage) -> Result<(), ServiceFault> {
        self.state().usage.insert(tenant.clone(), usage);
        self.fuse.burn();
        Ok(())
    }

    async fn record_sent(&self, tenant: &TenantId, day: Date) -> Result<(), ServiceFault> {
        self.state().digests.insert((tenant.clone(), day));
        self.fuse.burn();
        Ok(())
    }
}
