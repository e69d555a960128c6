//! What the indexes `due`, `advice` and `health` have in common: one time per endpoint, in shards.

use domain::ports::{DueEntry, ServiceFault};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use super::{EndpointsTable, items, number};
use crate::aws::fault;

impl EndpointsTable {
    /// Up to `limit` entries of one shard of `index` whose time, the attribute `INDEX_at`, has come, oldest first.
    pub(super) async fn entries(
        &self,
        index: &str,
        shard: u32,
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<DueEntry>, ServiceFault> {
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
        let moment = format!("{index}_at");
        output.items.unwrap_or_default().iter().map(|entry| to_entry(entry, &moment)).collect()
    }
}

/// The endpoint that an index entry belongs to.
pub(super) fn endpoint_of(entry: &items::Item) -> Result<EndpointId, ServiceFault> {
    let id = entry.get("pk").and_then(|pk| pk.as_s().ok()?.strip_prefix("ENDPOINT#")?.parse().ok());
    id.ok_or_else(|| items::unreadable("an entry of an index"))
}

fn to_entry(item: &items::Item, moment: &str) -> Result<DueEntry, ServiceFault> {
    let due_at = item
        .get(moment)
        .and_then(|due| due.as_n().ok()?.parse().ok())
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let due_at = due_at.ok_or_else(|| items::unreadable("an entry of an index"))?;
    Ok(DueEntry { endpoint: endpoint_of(item)?, due_at })
}
