use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use domain::endpoint::Endpoint;
use domain::ports::{Claim, Claims, EndpointReader, FencedError, Former, Handover, ServiceFault};
use futures::stream::{self, StreamExt, TryStreamExt};
use time::OffsetDateTime;
use vocabulary::names::{DomainName, EndpointId, TenantId};

use super::items::{self, CLAIM, text};
use super::registry::endpoint_of;
use super::{Cancelled, EndpointsTable, number};
use crate::aws::{conditional, conflict, fault};

/// Claims that are read or given back concurrently.
const SIDE_BY_SIDE: usize = 16;

impl Claims for EndpointsTable {
    async fn claims(&self, names: &[DomainName]) -> Result<BTreeMap<DomainName, Claim>, ServiceFault> {
        let read = |name: DomainName| async move { self.claim(&name).await.map(|claim| (name, claim)) };
        let found: Vec<_> =
            stream::iter(names.iter().cloned()).map(read).buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
        Ok(found.into_iter().filter_map(|(name, claim)| Some((name, claim?))).collect())
    }

    async fn registrations(&self, name: &DomainName) -> Result<Vec<EndpointId>, ServiceFault> {
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let output = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", items::name_pk(name))
                .set_exclusive_start_key(start)
                .consistent_read(true)
                .send()
                .await
                .map_err(|error| fault("dynamodb:Query", error))?;
            found.extend(output.items.unwrap_or_default().iter().filter_map(endpoint_of));
            start = output.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    async fn hand_over(
        &self,
        endpoint: &Endpoint,
        handover: &Handover,
        now: OffsetDateTime,
    ) -> Result<(), FencedError> {
        let Handover { names, former } = handover;
        let mut writes = vec![self.own_again(endpoint)];
        if let Some(former) = former {
            writes.push(self.pause(former, now));
            writes.push(self.put_event(&former.seen.id, &former.event));
        }
        for (name, seen) in names {
            writes.push(self.put_claim(name, seen.as_ref(), &endpoint.id, now));
            // Endpoints of earlier releases have no such item.
            let own = items::name_item(&endpoint.tenant, name, &endpoint.id);
            let put = Put::builder().table_name(&self.table).set_item(Some(own));
            writes.push(TransactWriteItem::builder().put(put.build().expect("table and item are set")).build());
        }
        match self.transact(writes).await? {
            None => Ok(()),
            Some(Cancelled { refused }) if refused.contains(&0) => Err(FencedError::Superseded),
            Some(_) => Err(conflict("dynamodb:TransactWriteItems").into()),
        }
    }
}

impl EndpointsTable {
    async fn claim(&self, name: &DomainName) -> Result<Option<Claim>, ServiceFault> {
        let Some(item) = self.get(items::name_pk(name), CLAIM).await? else { return Ok(None) };
        let endpoint = endpoint_of(&item).ok_or_else(|| items::unreadable("a claim without its endpoint"))?;
        let seconds = item.get("proven_at").and_then(|value| value.as_n().ok()?.parse().ok());
        let proven_at = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        Ok(Some(Claim { endpoint, proven_at }))
    }

    /// The tenant's endpoint that has had `name` since a release in which only the claim said so.
    pub(super) async fn holder_of_before(
        &self,
        tenant: &TenantId,
        name: &DomainName,
    ) -> Result<Option<EndpointId>, ServiceFault> {
        let Some(claim) = self.claim(name).await?.filter(|claim| claim.proven_at.is_none()) else { return Ok(None) };
        let holder = self.find(&claim.endpoint).await?;
        Ok(holder.filter(|holder| holder.tenant == *tenant).map(|holder| holder.id))
    }

    /// The first of `names` that the tenant has had since then.
    pub(super) async fn held_of_before(
        &self,
        tenant: &TenantId,
        names: impl IntoIterator<Item = &DomainName>,
    ) -> Result<Option<DomainName>, ServiceFault> {
        let names: Vec<DomainName> = names.into_iter().cloned().collect();
        for (name, claim) in self.claims(&names).await? {
            if claim.proven_at.is_none() && self.holder_of_before(tenant, &name).await?.is_some() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Deletes those claims of `names` that `holder` has.
    pub(super) async fn give_claims_back(
        &self,
        names: impl IntoIterator<Item = &DomainName>,
        holder: &EndpointId,
    ) -> Result<(), ServiceFault> {
        let delete = |name: DomainName| async move {
            let deleted = self
                .client
                .delete_item()
                .table_name(&self.table)
                .key("pk", items::name_pk(&name))
                .key("sk", text(CLAIM))
                .condition_expression("endpoint = :endpoint")
                .expression_attribute_values(":endpoint", text(holder.to_string()))
                .send()
                .await;
            conditional("dynamodb:DeleteItem", deleted).map(drop)
        };
        let names: Vec<DomainName> = names.into_iter().cloned().collect();
        stream::iter(names).map(delete).buffer_unordered(SIDE_BY_SIDE).try_collect().await
    }

    /// Only the endpoint's current attempt may take names; then all the names that it had lost are its own again.
    fn own_again(&self, endpoint: &Endpoint) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(&endpoint.id))
            .key("sk", text(items::ENDPOINT))
            .update_expression("REMOVE moved")
            .condition_expression("attempt = :attempt AND removing = :no")
            .expression_attribute_values(":attempt", number(endpoint.attempt))
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        TransactWriteItem::builder().update(update.build().expect("table, key and expression are set")).build()
    }

    /// Uses up an attempt number, so that later writes of an earlier attempt are refused.
    fn pause(&self, former: &Former, now: OffsetDateTime) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(&former.seen.id))
            .key("sk", text(items::ENDPOINT))
            .update_expression("SET moved = :moved, due_at = :now, attempt = attempt + :one REMOVE lease_until")
            .condition_expression("attempt = :seen AND removing = :no")
            .expression_attribute_values(":moved", items::attribute(&former.moved))
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":seen", number(former.seen.attempt))
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        TransactWriteItem::builder().update(update.build().expect("table, key and expression are set")).build()
    }

    fn put_claim(
        &self,
        name: &DomainName,
        seen: Option<&Claim>,
        holder: &EndpointId,
        now: OffsetDateTime,
    ) -> TransactWriteItem {
        let put = Put::builder().table_name(&self.table).set_item(Some(items::claim_item(name, holder, now)));
        let put = match seen {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(claim) => put
                .condition_expression("endpoint = :seen")
                .expression_attribute_values(":seen", text(claim.endpoint.to_string())),
        };
        TransactWriteItem::builder().put(put.build().expect("table and item are set")).build()
    }
}
