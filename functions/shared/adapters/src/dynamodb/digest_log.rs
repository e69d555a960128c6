use domain::ports::{DigestLog, ServiceFault};
use time::{Date, Duration, Time};
use vocabulary::certificate::TenantUsage;
use vocabulary::names::TenantId;

use super::items::{self, text};
use super::{EndpointsTable, number};
use crate::aws::fault;

const KEPT: Duration = Duration::days(7);

impl DigestLog for EndpointsTable {
    async fn was_sent(&self, tenant: &TenantId, day: Date) -> Result<bool, ServiceFault> {
        Ok(self.get(text(format!("DIGEST#{tenant}")), day.to_string()).await?.is_some())
    }

    async fn record_usage(&self, tenant: &TenantId, usage: TenantUsage) -> Result<(), ServiceFault> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(items::usage_item(tenant, usage)))
            .send()
            .await
            .map_err(|error| fault("dynamodb:PutItem", error))?;
        Ok(())
    }

    async fn record_sent(&self, tenant: &TenantId, day: Date) -> Result<(), ServiceFault> {
        let expires = (day + KEPT).with_time(Time::MIDNIGHT).assume_utc();
        self.client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(format!("DIGEST#{tenant}")))
            .item("sk", text(day.to_string()))
            .item("expires_at", number(expires.unix_timestamp()))
            .send()
            .await
            .map_err(|error| fault("dynamodb:PutItem", error))?;
        Ok(())
    }
}
