use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::alert::shared::key;
use domain::alert::{CAUSE_KEPT, CLAIM, SharedCause};
use domain::endpoint::{Cause, Endpoint, Severity};
use domain::ports::{ServiceFault, SharedCauses};
use serde::Deserialize;
use time::OffsetDateTime;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointId;

use super::items::{self, text};
use super::{EndpointsTable, number};
use crate::aws::{conditional, fault};

/// The only partition of lasting causes; there are few.
const CAUSES: &str = "CAUSES";

impl SharedCauses for EndpointsTable {
    async fn join(
        &self,
        cause: &Cause,
        actor: WaitingOn,
        endpoint: &Endpoint,
        now: OffsetDateTime,
    ) -> Result<SharedCause, ServiceFault> {
        let key = key(cause, actor);
        let expires_at = number((now + CAUSE_KEPT).unix_timestamp());
        let member = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", members(&key))
            .item("sk", items::endpoint_pk(&endpoint.id))
            .item("expires_at", expires_at.clone())
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| fault("dynamodb:PutItem", error))?;
        let output = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(CAUSES))
            .key("sk", text(&key))
            .update_expression(
                "SET cause = :cause, actor = :actor, began_at = if_not_exists(began_at, :now), \
                 first_domain = if_not_exists(first_domain, :domain), told = if_not_exists(told, :nothing), \
                 expires_at = :expires ADD endpoints :new",
            )
            .expression_attribute_values(":cause", items::attribute(cause))
            .expression_attribute_values(":actor", items::attribute(&actor))
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .expression_attribute_values(":domain", text(endpoint.names.primary().to_string()))
            .expression_attribute_values(":nothing", rank(Severity::Info))
            .expression_attribute_values(":expires", expires_at)
            .expression_attribute_values(":new", number(u32::from(member.attributes.is_none())))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| fault("dynamodb:UpdateItem", error))?;
        to_cause(output.attributes.unwrap_or_default())
    }

    async fn claim(
        &self,
        known: &SharedCause,
        teller: &str,
        severity: Option<Severity>,
        now: OffsetDateTime,
    ) -> Result<bool, ServiceFault> {
        let free =
            "began_at = :began AND (attribute_not_exists(claimed_by) OR claimed_by = :me OR claimed_until <= :now)";
        let condition = match severity {
            Some(_) => format!("{free} AND told < :severity"),
            None => free.to_owned(),
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(CAUSES))
            .key("sk", text(known.key()))
            .update_expression("SET claimed_by = :me, claimed_until = :until")
            .condition_expression(condition)
            .expression_attribute_values(":began", number(known.since.unix_timestamp()))
            .expression_attribute_values(":me", text(teller))
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .expression_attribute_values(":until", number((now + CLAIM).unix_timestamp()));
        let update = match severity {
            Some(severity) => update.expression_attribute_values(":severity", rank(severity)),
            None => update,
        };
        Ok(conditional("dynamodb:UpdateItem", update.send().await)?.is_some())
    }

    async fn mark_notified(&self, known: &SharedCause, severity: Severity) -> Result<(), ServiceFault> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(CAUSES))
            .key("sk", text(known.key()))
            .update_expression("SET told = :severity REMOVE claimed_by, claimed_until")
            .condition_expression("began_at = :began AND told < :severity")
            .expression_attribute_values(":began", number(known.since.unix_timestamp()))
            .expression_attribute_values(":severity", rank(severity))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }

    async fn leave(&self, cause: &Cause, actor: WaitingOn, endpoint: &EndpointId) -> Result<(), ServiceFault> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("pk", members(&key(cause, actor)))
            .key("sk", items::endpoint_pk(endpoint))
            .send()
            .await
            .map_err(|error| fault("dynamodb:DeleteItem", error))?;
        Ok(())
    }

    async fn abandoned(&self, cause: &Cause, actor: WaitingOn) -> Result<Option<SharedCause>, ServiceFault> {
        let key = key(cause, actor);
        let left = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :members")
            .expression_attribute_values(":members", members(&key))
            .consistent_read(true)
            .limit(1)
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        if !left.items().is_empty() {
            return Ok(None);
        }
        self.get(text(CAUSES), key).await?.map(to_cause).transpose()
    }

    async fn close(&self, known: &SharedCause) -> Result<(), ServiceFault> {
        let result = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("pk", text(CAUSES))
            .key("sk", text(known.key()))
            .condition_expression("began_at = :began")
            .expression_attribute_values(":began", number(known.since.unix_timestamp()))
            .send()
            .await;
        conditional("dynamodb:DeleteItem", result).map(drop)
    }

    async fn lasting(&self) -> Result<Vec<SharedCause>, ServiceFault> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :causes")
            .expression_attribute_values(":causes", text(CAUSES))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        output.items.unwrap_or_default().into_iter().map(to_cause).collect()
    }
}

/// The partition of the endpoints that have the cause, so that none is counted twice.
fn members(key: &str) -> AttributeValue {
    text(format!("CAUSE#{key}"))
}

/// As numbers, severities can be compared in a condition.
fn rank(severity: Severity) -> AttributeValue {
    number(severity as u8)
}

#[derive(Deserialize)]
struct Row {
    cause: Cause,
    actor: WaitingOn,
    began_at: i64,
    first_domain: String,
    endpoints: u64,
    told: usize,
}

fn to_cause(item: items::Item) -> Result<SharedCause, ServiceFault> {
    let row: Row = serde_dynamo::from_item(item).map_err(items::unreadable)?;
    Ok(SharedCause {
        cause: row.cause,
        owner: row.actor,
        since: OffsetDateTime::from_unix_timestamp(row.began_at).map_err(items::unreadable)?,
        first: row.first_domain,
        endpoints: row.endpoints,
        told: *Severity::ALL.get(row.told).ok_or_else(|| items::unreadable("a severity that is none"))?,
    })
}
