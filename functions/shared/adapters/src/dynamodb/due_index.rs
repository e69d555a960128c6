use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValue};
use domain::endpoint::Failing;
use domain::ports::{DueEndpoint, DueEntry, DueIndex, DueReason, ServiceFault};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vocabulary::names::{EndpointId, TenantId};

use super::{EndpointsTable, items, number};
use crate::aws::{conditional, fault};

/// Items per BatchGetItem.
const MOST_READ: usize = 100;
/// How often DynamoDB is asked again for unprocessed keys.
const PATIENCE: u32 = 5;

impl DueIndex for EndpointsTable {
    async fn due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        self.entries("due", shard, now, limit).await
    }

    async fn describe(&self, entries: Vec<DueEntry>) -> Result<Vec<DueEndpoint>, ServiceFault> {
        let mut known = HashMap::new();
        for some in entries.chunks(MOST_READ) {
            for item in self.read_many(some.iter().map(|entry| &entry.endpoint)).await? {
                let (endpoint, described) = to_description(&item)?;
                known.insert(endpoint, described);
            }
        }
        let describe = |entry: DueEntry| {
            let (tenant, due_reason, expected_at) = known.remove(&entry.endpoint)?;
            Some(DueEndpoint { entry, tenant, due_reason, expected_at })
        };
        Ok(entries.into_iter().filter_map(describe).collect())
    }

    async fn postpone(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        due_at: OffsetDateTime,
    ) -> Result<(), ServiceFault> {
        let result = self
            .update(&entry.endpoint)
            .update_expression("SET due_at = :due")
            .condition_expression("due_at = :seen AND (attribute_not_exists(lease_until) OR lease_until <= :now)")
            .expression_attribute_values(":due", number(due_at.unix_timestamp()))
            .expression_attribute_values(":seen", number(entry.due_at.unix_timestamp()))
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }

    async fn wait(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        expected_at: OffsetDateTime,
    ) -> Result<(), ServiceFault> {
        let result = self
            .update(&entry.endpoint)
            .update_expression("SET expected_at = :expected, due_at = :due")
            .condition_expression("due_at = :seen AND (attribute_not_exists(lease_until) OR lease_until <= :now)")
            .expression_attribute_values(":expected", items::text(items::written(expected_at)))
            .expression_attribute_values(":due", number(entry.due_at.min(now).unix_timestamp()))
            .expression_attribute_values(":seen", number(entry.due_at.unix_timestamp()))
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }

    async fn claim(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
    ) -> Result<Option<u64>, ServiceFault> {
        let result = self
            .update(&entry.endpoint)
            .update_expression("SET attempt = attempt + :one, lease_until = :until, due_at = :until REMOVE expected_at")
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

impl EndpointsTable {
    /// What a scan needs to know of at most [`MOST_READ`] endpoints.
    async fn read_many(&self, ids: impl Iterator<Item = &EndpointId>) -> Result<Vec<items::Item>, ServiceFault> {
        let key = |id| {
            HashMap::from([("pk".to_owned(), items::endpoint_pk(id)), ("sk".to_owned(), items::text(items::ENDPOINT))])
        };
        let mut wanted = KeysAndAttributes::builder().set_keys(Some(ids.map(key).collect()));
        for (name, attribute) in [
            ("#pk", "pk"),
            ("#tenant", "tenant"),
            ("#removing", "removing"),
            ("#failing", "failing"),
            ("#certificate", "certificate"),
            ("#expected", "expected_at"),
        ] {
            wanted = wanted.expression_attribute_names(name, attribute);
        }
        let wanted = wanted.projection_expression("#pk, #tenant, #removing, #failing, #certificate, #expected");
        let mut asked = HashMap::from([(self.table.clone(), wanted.build().expect("keys are set"))]);
        let mut found = Vec::new();
        // DynamoDB returns as many items as it can right now.
        for _ in 0..PATIENCE {
            let output = self.client.batch_get_item().set_request_items(Some(asked)).send().await;
            let output = output.map_err(|error| fault("dynamodb:BatchGetItem", error))?;
            found.extend(output.responses.into_iter().flatten().flat_map(|(_, items)| items));
            asked = output.unprocessed_keys.unwrap_or_default();
            if asked.is_empty() {
                return Ok(found);
            }
        }
        // The others are still due at the next scan.
        tracing::warn!("DynamoDB did not read all endpoints that are due");
        Ok(found)
    }
}

/// What decides the order of starts for an endpoint, and the start time that was announced for it.
type Described = (TenantId, DueReason, Option<OffsetDateTime>);

fn to_description(item: &items::Item) -> Result<(EndpointId, Described), ServiceFault> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let endpoint = text("pk").and_then(|pk| pk.strip_prefix("ENDPOINT#")?.parse().ok());
    let tenant = text("tenant").and_then(|tenant| tenant.parse().ok());
    let failing = item.get("failing").filter(|value| value.is_m()).cloned();
    let failing: Option<Failing> =
        failing.map(serde_dynamo::from_attribute_value).transpose().map_err(items::unreadable)?;
    let removing = item.get("removing").and_then(|value| value.as_bool().ok()).copied().unwrap_or_default();
    let has_certificate = item.get("certificate").is_some_and(AttributeValue::is_m);
    let due_reason =
        DueReason::of(has_certificate, removing, failing.map(|failing| failing.failure.guidance.waiting_on));
    let (endpoint, tenant) = endpoint.zip(tenant).ok_or_else(|| items::unreadable("an endpoint that is due"))?;
    let expected_at = text("expected_at").and_then(|time| OffsetDateTime::parse(time, &Rfc3339).ok());
    Ok((endpoint, (tenant, due_reason, expected_at)))
}
