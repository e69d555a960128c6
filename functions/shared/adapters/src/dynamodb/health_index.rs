use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::endpoint::{Endpoint, Notifications};
use domain::ports::{DueEntry, HealthIndex, ServiceFault, Sight};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use super::items::{self, text};
use super::{Cancelled, EndpointsTable, number};
use crate::aws::{conditional, conflict};

const SAME: &str = "subject = :subject AND generation = :generation";
const IDLE: &str = "certificate.generation = :generation AND attribute_not_exists(lease_until)";

impl HealthIndex for EndpointsTable {
    async fn health_due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        self.entries("health", shard, now, limit).await
    }

    async fn record_health(&self, checked: &Endpoint, sight: &Sight) -> Result<bool, ServiceFault> {
        let Some(held) = &checked.certificate else { return Ok(false) };
        if let Some(seen) = sight.as_before(checked) {
            let result = self
                .update_times(&checked.id)
                .update_expression("SET health_at = :again, seen = :seen")
                .condition_expression(SAME)
                .expression_attribute_values(":again", number(sight.next_check_at.unix_timestamp()))
                .expression_attribute_values(":seen", items::attribute(&seen))
                .expression_attribute_values(":subject", items::subject(checked))
                .expression_attribute_values(":generation", number(held.generation))
                .send()
                .await;
            return Ok(conditional("dynamodb:UpdateItem", result)?.is_some());
        }
        let (unchanged, of_subject) = items::as_checked(checked);
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(&checked.id))
            .key("sk", text(items::ENDPOINT))
            .update_expression("SET health = :health, #check = :summary")
            .condition_expression(format!("{IDLE} AND {unchanged}"))
            .expression_attribute_names("#check", "check")
            .expression_attribute_names("#names", "names")
            .expression_attribute_values(":health", items::attribute(&sight.health))
            .expression_attribute_values(":summary", items::attribute(&sight.summary))
            .expression_attribute_values(":generation", number(held.generation));
        let update =
            of_subject.into_iter().fold(update, |update, (key, value)| update.expression_attribute_values(key, value));
        let times = self
            .times(&checked.id)
            .update_expression("SET health_at = :again")
            .expression_attribute_values(":again", number(sight.next_check_at.unix_timestamp()));
        let built = |update: UpdateBuilder| update.build().expect("table, key and expression are set");
        let updates = [update, times].map(|update| TransactWriteItem::builder().update(built(update)).build());
        let mut writes = Vec::from(updates);
        writes.extend(sight.report.as_ref().map(|report| self.put_report(&checked.id, report)));
        writes.extend(sight.events.iter().map(|event| self.put_event(&checked.id, event)));
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
            // An endpoint from before notifications were recorded has none.
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

    async fn postpone_health(&self, id: &EndpointId, next_check_at: OffsetDateTime) -> Result<(), ServiceFault> {
        let result = self
            .update_times(id)
            .update_expression("SET health_at = :again")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":again", number(next_check_at.unix_timestamp()))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }
}
