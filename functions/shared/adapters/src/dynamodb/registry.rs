use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use domain::endpoint::{Attempt, Endpoint, Event, Mute};
use domain::ports::{
    Change, ChangeError, EndpointPage, Position, RegisterError, Registered, Registry, RequestError, ServiceFault,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vocabulary::certificate::chain::leaf_der;
use vocabulary::certificate::{Revocation, TenantUsage};
use vocabulary::names::{DomainName, EndpointId, NamedRequest, Scope, TenantId};

use super::complete::Pieces;
use super::items::{self, text};
use super::usage::names;
use super::{Cancelled, EndpointsTable, attempts, number};
use crate::aws::{conditional, conflict};

impl Registry for EndpointsTable {
    async fn register(
        &self,
        endpoint: &Endpoint,
        event: &Event,
        request: Option<&NamedRequest>,
    ) -> Result<Registered, RegisterError> {
        let authorization_names: Vec<_> = endpoint.names.authorization_names().into_iter().collect();
        if let Some(taken) = self.held_of_before(&endpoint.tenant, authorization_names.iter().copied()).await? {
            return Err(RegisterError::NameTaken(taken));
        }
        let mut writes: Vec<_> = authorization_names
            .iter()
            .map(|base| self.put_new(items::name_item(&endpoint.tenant, base, &endpoint.id)))
            .collect();
        let [main, ..] = items::endpoint_items(endpoint);
        writes.push(self.put_new(main));
        writes.push(self.put_event(&endpoint.id, event));
        if let Some(request) = request {
            writes.push(self.put_request(request, &endpoint.id, endpoint.created_at));
        }
        let refused = match self.transact(writes).await? {
            None => {
                // It is registered; its first reader adds what is missing.
                if let Err(fault) = self.complete(endpoint, false).await {
                    tracing::warn!(endpoint = %endpoint.id, %fault, "a registration is incomplete");
                }
                self.count_usage(&endpoint.tenant, 1, names(authorization_names.len())).await;
                return Ok(Registered::Now);
            }
            Some(Cancelled { refused }) => refused,
        };
        // A known request comes first: its own endpoint is the one that has the names.
        if let Some(request) = request
            && refused.contains(&(authorization_names.len() + 2))
        {
            let before = self.registered_before(request, endpoint.created_at).await?;
            return Ok(Registered::Before(before.ok_or_else(|| conflict("dynamodb:TransactWriteItems"))?));
        }
        match refused.first().and_then(|index| authorization_names.get(*index)) {
            Some(base) => Err(RegisterError::NameTaken((*base).clone())),
            None => Err(conflict("dynamodb:TransactWriteItems").into()),
        }
    }

    async fn registered_before(
        &self,
        request: &NamedRequest,
        now: OffsetDateTime,
    ) -> Result<Option<EndpointId>, RequestError> {
        let known = self.get(items::request_pk(request), "REQUEST").await?;
        // The table deletes an item some time after it has expired, not at once.
        let Some(known) = known.filter(|known| items::is_kept(known, now)) else { return Ok(None) };
        if known.get("digest").and_then(|value| value.as_s().ok()) != Some(&request.digest) {
            return Err(RequestError::KeyReused);
        }
        let endpoint = endpoint_of(&known).ok_or_else(|| items::unreadable("a request without its endpoint"))?;
        Ok(Some(endpoint))
    }

    async fn change(&self, seen: &Endpoint, change: &Change, event: &Event) -> Result<(), ChangeError> {
        let (before, after) = (seen.names.authorization_names(), change.names.authorization_names());
        let added: Vec<_> = after.difference(&before).collect();
        if let Some(taken) = self.held_of_before(&seen.tenant, added.iter().copied().copied()).await? {
            return Err(ChangeError::NameTaken(taken));
        }
        let mut writes: Vec<_> =
            added.iter().map(|base| self.put_new(items::name_item(&seen.tenant, base, &seen.id))).collect();
        writes.push(TransactWriteItem::builder().update(self.update_of_change(seen, change)).build());
        let subject = items::subject_of(&change.names, change.reachability, change.dns_method);
        let times = self.times(&seen.id).update_expression("SET subject = :subject REMOVE look_again_ms");
        let times = times.expression_attribute_values(":subject", subject).build();
        let times = times.expect("table, key and expression are set");
        writes.push(TransactWriteItem::builder().update(times).build());
        writes.extend(before.difference(&after).map(|base| self.delete_name(&seen.tenant, base, &seen.id)));
        writes.push(self.put_event(&seen.id, event));
        let refused = match self.transact(writes).await? {
            // A claim that a crash left behind does not count: its endpoint does not have the name.
            None => {
                self.count_usage(&seen.tenant, 0, names(after.len()) - names(before.len())).await;
                return Ok(self.give_claims_back(before.difference(&after).copied(), &seen.id).await?);
            }
            Some(Cancelled { refused }) => refused,
        };
        match refused.first().and_then(|index| added.get(*index)) {
            Some(base) => Err(ChangeError::NameTaken((**base).clone())),
            None if refused.is_empty() => Err(conflict("dynamodb:TransactWriteItems").into()),
            None => Err(ChangeError::Busy),
        }
    }

    async fn registered_by(&self, tenant: &TenantId, name: &DomainName) -> Result<Option<EndpointId>, ServiceFault> {
        let own = self.get(items::name_pk(name), format!("TENANT#{tenant}")).await?;
        if let Some(item) = own {
            return endpoint_of(&item).map(Some).ok_or_else(|| items::unreadable("a name without its endpoint"));
        }
        self.holder_of_before(tenant, name).await
    }

    async fn list(&self, scope: &Scope, after: Option<&Position>, limit: u32) -> Result<EndpointPage, ServiceFault> {
        self.page(scope, after, limit).await
    }

    async fn search(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<EndpointPage, ServiceFault> {
        self.page_that_begins(scope, prefix, after, limit).await
    }

    async fn leaf(&self, id: &EndpointId, generation: u64) -> Result<Option<String>, ServiceFault> {
        let chains = self.read(id, Pieces::AndItsChains).await?.map(|(_, chains)| chains).unwrap_or_default();
        let chain = chains.iter().find(|chain| chain.generation == generation);
        Ok(chain.and_then(|chain| leaf_der(&chain.pem)))
    }

    async fn find_all(&self, ids: &[EndpointId]) -> Result<Vec<Endpoint>, ServiceFault> {
        // DynamoDB accepts each key only once.
        let mut each_once: Vec<&EndpointId> = Vec::new();
        ids.iter().for_each(|id| {
            if !each_once.contains(&id) {
                each_once.push(id)
            }
        });
        self.read_all(each_once.into_iter()).await
    }

    async fn begin_removal(&self, id: &EndpointId, now: OffsetDateTime) -> Result<(), ServiceFault> {
        // While an attempt runs, its lease remains the due time: the attempt notices the removal automatically.
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

    async fn request_revocation(
        &self,
        id: &EndpointId,
        revocation: &Revocation,
        event: &Event,
        now: OffsetDateTime,
    ) -> Result<(), ChangeError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(id))
            .key("sk", text(items::ENDPOINT))
            .update_expression("SET revocation = :revocation, due_at = :now")
            .condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(lease_until) \
                 AND (attribute_not_exists(revocation) OR revocation.serial = :serial)",
            )
            .expression_attribute_values(":revocation", items::attribute(revocation))
            .expression_attribute_values(":serial", text(&revocation.serial))
            .expression_attribute_values(":now", number(now.unix_timestamp()));
        let update = update.build().expect("table, key and expression are set");
        let writes = vec![TransactWriteItem::builder().update(update).build(), self.put_event(id, event)];
        self.write_unless_busy(writes).await
    }

    async fn mute(&self, id: &EndpointId, mute: Option<&Mute>, event: &Event) -> Result<(), ChangeError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(id))
            .key("sk", text(items::ENDPOINT))
            .condition_expression("attribute_exists(pk)");
        let update = match mute {
            Some(mute) => update
                .update_expression("SET mute = :mute")
                .expression_attribute_values(":mute", items::attribute(mute)),
            None => update.update_expression("REMOVE mute"),
        };
        let update = update.build().expect("table, key and expression are set");
        let writes = vec![TransactWriteItem::builder().update(update).build(), self.put_event(id, event)];
        self.write_unless_busy(writes).await
    }

    async fn wake(&self, id: &EndpointId) -> Result<(), ServiceFault> {
        let result = self
            .update(id)
            .update_expression("REMOVE failing.absence")
            .condition_expression("attribute_exists(failing.absence)")
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }

    async fn usage(&self, tenant: &TenantId) -> Result<TenantUsage, ServiceFault> {
        self.usage_of(tenant).await
    }

    async fn attempts(&self, id: &EndpointId, limit: u32) -> Result<Vec<Attempt>, ServiceFault> {
        let items = self.newest(id, "ATTEMPT#", limit).await?;
        items.into_iter().map(attempts::to_attempt).collect()
    }
}

impl EndpointsTable {
    /// All of `writes`, or none if one of their conditions does not hold.
    async fn write_unless_busy(&self, writes: Vec<TransactWriteItem>) -> Result<(), ChangeError> {
        match self.transact(writes).await? {
            None => Ok(()),
            Some(Cancelled { refused }) if refused.is_empty() => Err(conflict("dynamodb:TransactWriteItems").into()),
            Some(_) => Err(ChangeError::Busy),
        }
    }

    fn put_request(&self, request: &NamedRequest, endpoint: &EndpointId, now: OffsetDateTime) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(items::request_item(request, endpoint, now)))
            // The table deletes an item some time after it has expired, not at once.
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
            .expression_attribute_values(":now", number(now.unix_timestamp()));
        TransactWriteItem::builder().put(put.build().expect("table and item are set")).build()
    }

    fn update_of_change(&self, seen: &Endpoint, change: &Change) -> Update {
        // New names make an order's result worthless; the change is refused while that result is being imported into ACM.
        let idle = "attempt = :seen AND attribute_not_exists(lease_until) AND removing = :no";
        let condition = match change.names.same_set_as(&seen.names) {
            true => idle.to_owned(),
            false => format!(
                "{idle} AND (attribute_not_exists(#order) OR #order.importing = :no \
                 OR certificate.generation = #order.generation)"
            ),
        };
        let moved = seen.moved.as_ref().and_then(|moved| moved.within(&change.names));
        let named = (!change.names.same_set_as(&seen.names)).then_some(("#order", "order"));
        let names = [("#names", "names"), ("#check", "check")].into_iter().chain(named);
        Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(&seen.id))
            .key("sk", text(items::ENDPOINT))
            .update_expression(
                "SET #names = :names, reachability = :reachability, dns_method = :dns_method, \
                 deployment = :deployment, due_at = :due, attempt = attempt + :one, told = :told, moved = :moved \
                 REMOVE failing, #check, health",
            )
            .expression_attribute_values(":moved", items::attribute(&moved))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names.map(|(k, v)| (k.to_owned(), v.to_owned())).collect()))
            .expression_attribute_values(":names", items::attribute(&change.names))
            .expression_attribute_values(":reachability", items::attribute(&change.reachability))
            .expression_attribute_values(":dns_method", items::attribute(&change.dns_method))
            .expression_attribute_values(":deployment", items::attribute(&change.deployment))
            .expression_attribute_values(":due", number(change.due_at.unix_timestamp()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":told", items::attribute(&seen.told.after_change()))
            .expression_attribute_values(":seen", number(seen.attempt))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .build()
            .expect("table, key and expression are set")
    }

    /// Gives a tenant's name back; no error if it is gone.
    pub(super) fn delete_name(&self, tenant: &TenantId, base: &DomainName, holder: &EndpointId) -> TransactWriteItem {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", items::name_pk(base))
            .key("sk", items::name_sk(tenant))
            .condition_expression("attribute_not_exists(pk) OR endpoint = :endpoint")
            .expression_attribute_values(":endpoint", text(holder.to_string()));
        TransactWriteItem::builder().delete(delete.build().expect("table and key are set")).build()
    }
}

pub(super) fn endpoint_of(item: &items::Item) -> Option<EndpointId> {
    item.get("endpoint")?.as_s().ok()?.parse().ok()
}
