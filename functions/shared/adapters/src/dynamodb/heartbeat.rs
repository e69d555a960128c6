use domain::ports::{Heartbeat, ServiceFault};
use time::OffsetDateTime;

use super::{EndpointsTable, items, number};
use crate::aws::fault;

impl Heartbeat for EndpointsTable {
    async fn beat(&self, now: OffsetDateTime) -> Result<(), ServiceFault> {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", items::text("INSTALLATION"))
            .key("sk", items::text("SCAN"))
            .update_expression("SET finished_at = :now")
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .send()
            .await
            .map_err(|error| fault("dynamodb:UpdateItem", error))?;
        Ok(())
    }

    async fn last_beat(&self) -> Result<Option<OffsetDateTime>, ServiceFault> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", items::text("INSTALLATION"))
            .key("sk", items::text("SCAN"))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:GetItem", error))?;
        let seconds = output.item.as_ref().and_then(|item| item.get("finished_at")?.as_n().ok()?.parse().ok());
        Ok(seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()))
    }
}
