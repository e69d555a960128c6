use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::attempt::Attempt;
use domain::ports::{EndpointPage, FaultKind, RegisterError, Registry, ServiceFault};
use domain::{DomainName, Endpoint, EndpointId};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::items::{self, text};
use super::{EndpointsTable, number};
use crate::aws::{conditional, fault};

impl Registry for EndpointsTable {
    async fn register(&self, endpoint: &Endpoint) -> Result<(), RegisterError> {
        let put = |item: items::Item| {
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk)")
                .build()
                .expect("table and item are set");
            TransactWriteItem::builder().put(put).build()
        };
        let bases = endpoint.names.bases();
        let claims = bases.iter().map(|base| put(items::claim_item(base, endpoint)));
        let writes: Vec<_> = claims.chain([put(items::endpoint_item(endpoint))]).collect();
        let result = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(error) = result else { return Ok(()) };
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
            let refused = cancelled.cancellation_reasons().iter().zip(&bases);
            let taken = refused.into_iter().find(|(reason, _)| reason.code() == Some("ConditionalCheckFailed"));
            if let Some((_, base)) = taken {
                return Err(RegisterError::NameTaken((*base).clone()));
            }
            let kind = FaultKind::Throttled;
            let detail = "another registration of the same name is under way".into();
            return Err(ServiceFault { operation: "dynamodb:TransactWriteItems", kind, detail }.into());
        }
        Err(fault("dynamodb:TransactWriteItems", error).into())
    }

    async fn holder(&self, name: &DomainName) -> Result<Option<EndpointId>, ServiceFault> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", items::claim_pk(name))
            .key("sk", text("CLAIM"))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:GetItem", error))?;
        let Some(item) = output.item else { return Ok(None) };
        let id = item.get("endpoint").and_then(|value| value.as_s().ok());
        id.and_then(|id| id.parse().ok()).map(Some).ok_or_else(|| items::unreadable("a claim without its endpoint"))
    }

    async fn list(&self, tenant: &str, cursor: Option<&str>, limit: u32) -> Result<EndpointPage, ServiceFault> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("tenant")
            .key_condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", text(tenant))
            .limit(limit.try_into().unwrap_or(i32::MAX))
            .set_exclusive_start_key(cursor.map(decode_cursor).transpose()?)
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        let endpoints =
            output.items.unwrap_or_default().into_iter().map(items::to_endpoint).collect::<Result<_, _>>()?;
        Ok(EndpointPage { endpoints, next: output.last_evaluated_key.as_ref().map(encode_cursor) })
    }

    async fn begin_removal(&self, id: &EndpointId, now: OffsetDateTime) -> Result<(), ServiceFault> {
        // While an attempt runs, its lease stays the due time: it notices the removal by itself.
        let result = self
            .update(id)
            .update_expression("SET removing = :yes, due_at = if_not_exists(lease_until, :now)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }

    async fn open_renewal(&self, id: &EndpointId, now: OffsetDateTime) -> Result<(), ServiceFault> {
        let now = now.format(&Rfc3339).expect("a year of four digits");
        let result = self
            .update(id)
            .update_expression("SET certificate.renew_at = :now")
            .condition_expression("attribute_exists(certificate)")
            .expression_attribute_values(":now", text(now))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }

    async fn attempts(&self, id: &EndpointId, limit: u32) -> Result<Vec<Attempt>, ServiceFault> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :attempts)")
            .expression_attribute_values(":pk", items::endpoint_pk(id))
            .expression_attribute_values(":attempts", text("ATTEMPT#"))
            .scan_index_forward(false)
            .limit(limit.try_into().unwrap_or(i32::MAX))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        output.items.unwrap_or_default().into_iter().map(items::to_attempt).collect()
    }
}

/// The key of the last row, all of whose parts are strings.
fn encode_cursor(key: &items::Item) -> String {
    let parts: HashMap<&String, &String> =
        key.iter().filter_map(|(name, value)| Some((name, value.as_s().ok()?))).collect();
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&parts).expect("strings serialize"))
}

fn decode_cursor(cursor: &str) -> Result<items::Item, ServiceFault> {
    let parts: Option<HashMap<String, String>> =
        BASE64_URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let parts = parts.ok_or(ServiceFault {
        operation: "dynamodb:Query",
        kind: FaultKind::Refused,
        detail: "the cursor is not one that was handed out".into(),
    })?;
    Ok(parts.into_iter().map(|(name, value)| (name, AttributeValue::S(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_round_trips_and_garbage_is_refused() {
        let key = HashMap::from([("pk".to_owned(), text("ENDPOINT#x")), ("sk".to_owned(), text("ENDPOINT"))]);
        assert_eq!(decode_cursor(&encode_cursor(&key)), Ok(key));
        assert!(decode_cursor("***").is_err());
    }
}
