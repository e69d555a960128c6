//! What the indexes `due`, `advice` and `health` have in common: a moment for each endpoint, in shards.

use domain::ports::ServiceFault;
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use super::{EndpointsTable, items, number};
use crate::aws::fault;

impl EndpointsTable {
    /// Up to `limit` entries of one shard of `index` whose moment, the attribute `INDEX_at`, has come, the oldest first.
    pub(super) async fn entries(
        &self,
        index: &str,
        shard: u32,
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<items::Item>, ServiceFault> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression(format!("due_shard = :shard AND {index}_at <= :now"))
            .expression_attribute_values(":shard", items::shard_key(shard))
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .limit(limit.try_into().unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        Ok(output.items.unwrap_or_default())
    }
}

/// Whose entry of an index it is.
pub(super) fn endpoint_of(entry: &items::Item) -> Result<EndpointId, ServiceFault> {
    let id = entry.get("pk").and_then(|pk| pk.as_s().ok()?.strip_prefix("ENDPOINT#")?.parse().ok());
    id.ok_or_else(|| items::unreadable("an entry of an index"))
}
