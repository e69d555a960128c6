use domain::ports::ServiceFault;
use vocabulary::certificate::TenantUsage;
use vocabulary::names::{Scope, TenantId};

use super::items::{self, USAGE, text};
use super::{EndpointsTable, number};
use crate::aws::conditional;

/// Endpoints read at once.
const PAGE: u32 = 500;

impl EndpointsTable {
    pub(super) async fn usage_of(&self, tenant: &TenantId) -> Result<TenantUsage, ServiceFault> {
        let Some(item) = self.get(items::usage_pk(tenant), USAGE).await? else { return self.first_count(tenant).await };
        let count = |name: &str| {
            let count = item.get(name).and_then(|value| value.as_n().ok()?.parse::<i64>().ok()).unwrap_or_default();
            u64::try_from(count).unwrap_or_default()
        };
        Ok(TenantUsage { endpoints: count("endpoints"), names: count("names") })
    }

    /// Counts the tenant's endpoints one by one: the tenant is new, or older than the counts.
    async fn first_count(&self, tenant: &TenantId) -> Result<TenantUsage, ServiceFault> {
        let (scope, mut after, mut usage) = (Scope::Tenant(tenant.clone()), None, TenantUsage::default());
        loop {
            let page = self.page(&scope, after.as_ref(), PAGE).await?;
            for endpoint in &page.endpoints {
                usage.endpoints += 1;
                usage.names += endpoint.names.authorization_names().len() as u64;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let kept = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(items::usage_item(tenant, usage)))
            // The first process may have counted on since.
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        conditional("dynamodb:PutItem", kept)?;
        Ok(usage)
    }

    /// Counts what was just written, if there is a count: otherwise the first reader counts it with the rest. A count that
    /// fails does not fail the registration: the next digest corrects it.
    pub(super) async fn count_usage(&self, tenant: &TenantId, endpoints: i64, names: i64) {
        let counted = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", items::usage_pk(tenant))
            .key("sk", text(USAGE))
            .update_expression("ADD endpoints :endpoints, #names :names")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#names", "names")
            .expression_attribute_values(":endpoints", number(endpoints))
            .expression_attribute_values(":names", number(names))
            .send()
            .await;
        if let Err(fault) = conditional("dynamodb:UpdateItem", counted) {
            tracing::warn!(%tenant, %fault, "what the tenant has was not counted");
        }
    }
}

/// How many names, as a difference.
pub(super) fn names(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
