use domain::endpoint::Event;
use domain::ports::{AuditTrail, ServiceFault};
use vocabulary::names::EndpointId;

use super::EndpointsTable;
use super::items::{self, text};
use crate::aws::fault;

impl AuditTrail for EndpointsTable {
    async fn record(&self, id: &EndpointId, event: &Event) -> Result<(), ServiceFault> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(items::event_item(id, event)))
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("dynamodb:PutItem", error))
    }

    async fn events(&self, id: &EndpointId, after: Option<&str>, limit: u32) -> Result<Vec<Event>, ServiceFault> {
        let Some(after) = after else {
            return self.newest(id, "EVENT#", limit).await?.into_iter().map(to_event).collect();
        };
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :after AND :last")
            .expression_attribute_values(":pk", items::endpoint_pk(id))
            // Below every key that is later, and above `after` itself.
            .expression_attribute_values(":after", text(format!("EVENT#{after}\u{1}")))
            .expression_attribute_values(":last", text("EVENT#~"))
            .limit(limit.try_into().unwrap_or(i32::MAX))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        output.items.unwrap_or_default().into_iter().rev().map(to_event).collect()
    }
}

fn to_event(item: items::Item) -> Result<Event, ServiceFault> {
    serde_dynamo::from_item(item).map_err(|error| items::unreadable(error.to_string()))
}
