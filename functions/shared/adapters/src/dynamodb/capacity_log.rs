use domain::installation::Capacity;
use domain::ports::{CapacityLog, ServiceFault};

use super::{EndpointsTable, items, number};
use crate::aws::conditional;

const SORT_KEY: &str = "CAPACITY";

impl CapacityLog for EndpointsTable {
    async fn capacity(&self) -> Result<Capacity, ServiceFault> {
        let Some(item) = self.get(items::text("INSTALLATION"), SORT_KEY).await? else { return Ok(Capacity::default()) };
        let kept = item.get("kept").and_then(|kept| kept.as_s().ok());
        serde_json::from_str(kept.ok_or_else(|| items::unreadable("the capacity"))?).map_err(items::unreadable)
    }

    async fn save_capacity(&self, after: &Capacity) -> Result<bool, ServiceFault> {
        let next = Capacity { version: after.version + 1, ..after.clone() };
        let first = if after.version == 0 { " OR attribute_not_exists(revision)" } else { "" };
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", items::text("INSTALLATION"))
            .key("sk", items::text(SORT_KEY))
            .update_expression("SET kept = :kept, revision = :next")
            .condition_expression(format!("revision = :before{first}"))
            .expression_attribute_values(":kept", items::text(serde_json::to_string(&next).expect("plain data")))
            .expression_attribute_values(":before", number(after.version))
            .expression_attribute_values(":next", number(next.version))
            .send()
            .await;
        Ok(conditional("dynamodb:UpdateItem", result)?.is_some())
    }
}
