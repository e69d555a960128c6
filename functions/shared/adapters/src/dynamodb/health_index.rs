use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::endpoint::{Endpoint, Notifications};
use domain::ports::{DueEntry, HealthIndex, ServiceFault, Sight};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use super::items::{self, text};
use super::{Cancelled, EndpointsTable, number};
use crate::aws::{conditional, conflict};

const UPDATE: &str = "SET health = :health, health_at = :again, #check = :summary";
const IDLE: &str = "certificate.generation = :generation AND attribute_not_exists(lease_until)";

impl HealthIndex for EndpointsTable {
    async fn health_due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        self.entries("health", shard, now, limit).await
    }

    async fn record_health(&self, looked_at: &Endpoint, sight: &Sight) -> Result<bool, ServiceFault> {
        let Some(held) = &looked_at.certificate else { return Ok(false) };
        let values = [
            (":health", items::attribute(&sight.health)),
            (":again", number(sight.look_again_at.unix_timestamp())),
            (":summary", items::attribute(&sight.summary)),
            (":generation", number(held.generation)),
        ];
        let (unchanged, of_subject) = items::as_looked_at(looked_at);
        let values: Vec<_> = values.into_iter().chain(of_subject).collect();
        let unchanged = format!("{IDLE} AND {unchanged}");
        let names = [("#check", "check"), ("#names", "names")];
        if sight.report.is_none() && sight.events.is_empty() {
            let update = self.update(&looked_at.id).update_expression(UPDATE).condition_expression(unchanged);
            let update =
                names.into_iter().fold(update, |update, (key, name)| update.expression_attribute_names(key, name));
            let update: UpdateItemFluentBuilder =
                values.into_iter().fold(update, |update, (key, value)| update.expression_attribute_values(key, value));
            return Ok(conditional("dynamodb:UpdateItem", update.send().await)?.is_some());
        }
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(&looked_at.id))
            .key("sk", text("ENDPOINT"))
            .update_expression(UPDATE)
            .condition_expression(unchanged);
        let update = names.into_iter().fold(update, |update, (key, name)| update.expression_attribute_names(key, name));
        let update =
            values.into_iter().fold(update, |update, (key, value)| update.expression_attribute_values(key, value));
        let update = update.build().expect("table, key and expression are set");
        let mut writes = vec![TransactWriteItem::builder().update(update).build()];
        writes.extend(sight.report.as_ref().map(|report| self.put_report(&looked_at.id, report)));
        writes.extend(sight.events.iter().map(|event| self.put_event(&looked_at.id, event)));
        match self.transact(writes).await? {
            None => Ok(true),
            Some(Cancelled { refused }) if !refused.is_empty() => Ok(false),
            Some(_) => Err(conflict("dynamodb:TransactWriteItems")),
        }
    }

    async fn save_notified(&self, seen: &Endpoint, told: &Notifications) -> Result<bool, ServiceFault> {
        let result = self
            .update(&seen.id)
            .update_expression("SET told = :told REMOVE unsent")
            // An endpoint from before there were ledgers has none.
            .condition_expression(
                "attempt = :attempt AND attribute_not_exists(lease_until) \
                 AND (told.#sequence = :seen OR attribute_not_exists(told))",
            )
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_values(":told", items::attribute(told))
            .expression_attribute_values(":attempt", number(seen.attempt))
            .expression_attribute_values(":seen", number(seen.told.sequence))
            .send()
            .await;
        Ok(conditional("dynamodb:UpdateItem", result)?.is_some())
    }

    async fn postpone_health(&self, id: &EndpointId, look_again_at: OffsetDateTime) -> Result<(), ServiceFault> {
        let result = self
            .update(id)
            .update_expression("SET health_at = :again")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":again", number(look_again_at.unix_timestamp()))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }
}
