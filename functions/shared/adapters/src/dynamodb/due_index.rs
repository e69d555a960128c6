use aws_sdk_dynamodb::types::ReturnValue;
use domain::EndpointId;
use domain::ports::{DueEntry, DueIndex, ServiceFault};
use time::OffsetDateTime;

use super::items;
use super::{EndpointsTable, number};
use crate::aws::{conditional, fault};

impl DueIndex for EndpointsTable {
    async fn due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND due_at <= :now")
            .expression_attribute_values(":shard", items::shard_key(shard))
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .limit(limit.try_into().unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        output.items.unwrap_or_default().iter().map(to_entry).collect()
    }

    async fn claim(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
    ) -> Result<Option<u64>, ServiceFault> {
        let result = self
            .update(&entry.endpoint)
            .update_expression("SET attempt = attempt + :one, lease_until = :until, due_at = :until")
            .condition_expression("due_at = :seen AND (attribute_not_exists(lease_until) OR lease_until <= :now)")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":until", number(lease_until.unix_timestamp()))
            .expression_attribute_values(":seen", number(entry.due_at.unix_timestamp()))
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        let Some(output) = conditional("dynamodb:UpdateItem", result)? else { return Ok(None) };
        let attempt = output.attributes.as_ref().and_then(|item| item.get("attempt")?.as_n().ok()?.parse().ok());
        attempt.map(Some).ok_or_else(|| items::unreadable("attempt is not a number"))
    }

    async fn release(&self, id: &EndpointId, attempt: u64, due_at: OffsetDateTime) -> Result<(), ServiceFault> {
        let result = self
            .update(id)
            .update_expression("SET due_at = :due REMOVE lease_until")
            .condition_expression("attempt = :attempt")
            .expression_attribute_values(":due", number(due_at.unix_timestamp()))
            .expression_attribute_values(":attempt", number(attempt))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }
}

fn to_entry(item: &items::Item) -> Result<DueEntry, ServiceFault> {
    let endpoint = item.get("pk").and_then(|pk| pk.as_s().ok()?.strip_prefix("ENDPOINT#")?.parse().ok());
    let due_at = item
        .get("due_at")
        .and_then(|due| due.as_n().ok()?.parse().ok())
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    endpoint
        .zip(due_at)
        .map(|(endpoint, due_at)| DueEntry { endpoint, due_at })
        .ok_or_else(|| items::unreadable("an entry of the due index"))
}
