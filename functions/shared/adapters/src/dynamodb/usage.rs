use domain::ports::ServiceFault;
use vocabulary::certificate::TenantUsage;
use vocabulary::names::TenantId;

use super::items::{self, USAGE, text};
use super::{EndpointsTable, number};
use crate::aws::fault;

impl EndpointsTable {
    pub(super) async fn usage_of(&self, tenant: &TenantId) -> Result<TenantUsage, ServiceFault> {
        let item = self.get(items::usage_pk(tenant), USAGE).await?.unwrap_or_default();
        let count = |name: &str| {
            let count = item.get(name).and_then(|value| value.as_n().ok()?.parse::<i64>().ok()).unwrap_or_default();
            u64::try_from(count).unwrap_or_default()
        };
        Ok(TenantUsage { endpoints: count("endpoints"), names: count("names") })
    }

    /// Counts what was written just now. Whoever registered has registered: a count that fails is made good by the next
    /// digest.
    pub(super) async fn count_usage(&self, tenant: &TenantId, endpoints: i64, names: i64) {
        let counted = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", items::usage_pk(tenant))
            .key("sk", text(USAGE))
            .update_expression("ADD endpoints :endpoints, #names :names")
            .expression_attribute_names("#names", "names")
            .expression_attribute_values(":endpoints", number(endpoints))
            .expression_attribute_values(":names", number(names))
            .send()
            .await;
        if let Err(fault) = counted.map_err(|error| fault("dynamodb:UpdateItem", error)) {
            tracing::warn!(%tenant, %fault, "what the tenant has was not counted");
        }
    }
}

/// How many names, as a difference.
pub(super) fn names(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
