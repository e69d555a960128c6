//! The endpoints table: endpoints, the claims of their names, and what has happened to them.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | endpoint | `ENDPOINT#id` | `ENDPOINT` |
//! | when it is checked and polled for, what every check changes | `ENDPOINT#id` | `ENDPOINT#TIMES` |
//! | what lists are sorted by | `ENDPOINT#id` | `ENDPOINT#LISTED` |
//! | the last two chains that were issued | `ENDPOINT#id` | `ENDPOINT#~CHAIN#0`, `ENDPOINT#~CHAIN#1` |
//! | attempt | `ENDPOINT#id` | `ATTEMPT#0000000012` |
//! | event | `ENDPOINT#id` | `EVENT#001764000000000-00a7` |
//! | link to the domain owner's page | `ENDPOINT#id` | `SHARE#` and the SHA-256 of its token |
//! | report of the last check | `ENDPOINT#id` | `CHECK` |
//! | name that a tenant has registered | `NAME#shop.example.com` | `TENANT#tenant` |
//! | who has proven a name | `NAME#shop.example.com` | `CLAIM` |
//! | request that was done | `IDEMPOTENCY#tenant#key` | `REQUEST` |
//! | cause that many endpoints have in common | `CAUSES` | `CaUnavailable.ca` |
//! | endpoint that meets it | `CAUSE#CaUnavailable.ca` | `ENDPOINT#id` |
//! | digest that was sent | `DIGEST#tenant` | `2026-11-24` |
//! | last scan | `INSTALLATION` | `SCAN` |
//! | what fails of the installation, and what was told of it | `INSTALLATION` | `ENGINE` |
//! | room for certificates, as it was counted, and who was promised some | `INSTALLATION` | `CAPACITY` |
//! | summary of a part of all endpoints, or of a tenant's | `SUMMARY#all`, `SUMMARY#tenant#tenant` | `PART#0` |
//! | what somebody did since | the same | `RECENT#01764000000000#id` |
//! | token bucket | `BUDGET#directory#…`, `BUDGET#TENANT#tenant#…` | `BUCKET` |
//! | what a tenant has | `USAGE#tenant` | `USAGE` |
//! | notification that a channel has refused, for that channel | `REFUSED#ChatTopic` | `01764000000#id` |
//! | room for attempts, as it was counted, and how much of it was taken since | `ROOM` | `ROOM` |
//!
//! Index `due` (due_shard, due_at) holds endpoints. Indexes `tenant` (tenant, domain) and `listing` (four partitions,
//! domain) hold what lists are sorted by, `advice` (due_shard, advice_at) and `health` (due_shard, health_at) the times of
//! endpoints with a certificate. A write costs by the size of the item and of what indexes copy of it: what changes often
//! stands in a small item, and no index copies an endpoint.

mod advice_index;
mod attempts;
mod capacity_log;
mod chain;
mod check_log;
mod claims;
mod complete;
mod digest_log;
mod due_index;
mod health_index;
mod installation_log;
mod items;
mod journal;
mod listing;
mod pacing;
mod rate_limits;
mod refused_messages;
mod registry;
mod room;
mod sharded;
mod share_links;
mod shared_causes;
mod summaries;
mod tasks;
mod trail;
mod usage;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TableStatus, TransactWriteItem, Update};
use domain::endpoint::{Endpoint, Event};
use domain::installation::{Observed, ResourceState};
use domain::ports::{EndpointReader, ServiceFault};
use vocabulary::names::EndpointId;

pub(crate) use self::room::{Counted, Kept, LISTED_AFTER, Taking};
use crate::aws::fault;
use complete::Pieces;

/// The endpoints table.
#[derive(Clone, Debug)]
pub struct EndpointsTable {
    client: Client,
    table: String,
    /// Whether a reader adds what a process left out that died.
    completes: bool,
}

impl EndpointsTable {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table, completes: true }
    }

    /// For a function that may only query: what another process has left out, or is about to write, is for others to add.
    pub fn read_only(self) -> Self {
        Self { completes: false, ..self }
    }

    /// Whether the table serves.
    pub async fn describe(&self) -> Observed<ResourceState> {
        describe(&self.client, &self.table).await
    }

    /// An update of the endpoint's item; what and on which condition is the caller's to say.
    fn update(&self, id: &EndpointId) -> UpdateItemFluentBuilder {
        self.update_of(id, items::ENDPOINT)
    }

    /// Likewise of its times. Without a condition it would make an item of an endpoint that is gone.
    fn update_times(&self, id: &EndpointId) -> UpdateItemFluentBuilder {
        self.update_of(id, items::TIMES_OF)
    }

    fn update_of(&self, id: &EndpointId, sk: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("pk", items::endpoint_pk(id)).key("sk", items::text(sk))
    }

    /// An update of the endpoint's times as a part of a transaction, whose other parts say that the endpoint is there.
    fn times(&self, id: &EndpointId) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(id))
            .key("sk", items::text(items::TIMES_OF))
            .condition_expression("attribute_exists(pk)")
    }

    /// One item, strongly consistent.
    async fn get(&self, pk: AttributeValue, sk: impl Into<String>) -> Result<Option<items::Item>, ServiceFault> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", pk)
            .key("sk", items::text(sk))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:GetItem", error))?;
        Ok(output.item)
    }

    /// The last `limit` items of the endpoint whose sort key begins with `prefix`, backwards.
    async fn newest(&self, id: &EndpointId, prefix: &str, limit: u32) -> Result<Vec<items::Item>, ServiceFault> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", items::endpoint_pk(id))
            .expression_attribute_values(":prefix", items::text(prefix))
            .scan_index_forward(false)
            .limit(limit.try_into().unwrap_or(i32::MAX))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        Ok(output.items.unwrap_or_default())
    }

    /// Writes an item that must not be there.
    fn put_new(&self, item: items::Item) -> TransactWriteItem {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)").build().expect("table and item are set");
        TransactWriteItem::builder().put(put).build()
    }

    /// Writes an event; the same again is fine.
    fn put_event(&self, id: &EndpointId, event: &Event) -> TransactWriteItem {
        let put = Put::builder().table_name(&self.table).set_item(Some(items::event_item(id, event)));
        TransactWriteItem::builder().put(put.build().expect("table and item are set")).build()
    }

    /// All writes or none; what came in between if none.
    async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Option<Cancelled>, ServiceFault> {
        let result = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(error) = result else { return Ok(None) };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
            return Err(fault("dynamodb:TransactWriteItems", error));
        };
        let reasons = cancelled.cancellation_reasons().iter().enumerate();
        let refused = reasons.filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"));
        Ok(Some(Cancelled { refused: refused.map(|(index, _)| index).collect() }))
    }
}

/// A transaction that was not done.
struct Cancelled {
    /// The writes whose condition did not hold. None of them: another transaction was at the same items.
    refused: Vec<usize>,
}

impl EndpointReader for EndpointsTable {
    async fn find(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        Ok(self.read(id, Pieces::Endpoint).await?.map(|(endpoint, _)| endpoint))
    }

    async fn find_with_chain(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        let Some((mut endpoint, chains)) = self.read(id, Pieces::AndItsChains).await? else { return Ok(None) };
        chains.iter().for_each(|chain| endpoint.add_chain(chain.generation, &chain.order, &chain.pem));
        Ok(Some(endpoint))
    }
}

/// Whether a table serves.
pub async fn describe(client: &Client, table: &str) -> Observed<ResourceState> {
    let output = client.describe_table().table_name(table).send().await;
    let status = output.map_err(|error| fault("dynamodb:DescribeTable", error))?.table.and_then(|t| t.table_status);
    match status {
        Some(TableStatus::Active | TableStatus::Updating) => Ok(ResourceState::Ready),
        other => Ok(ResourceState::NotReady(other.map(|status| status.as_str().to_owned()).unwrap_or_default())),
    }
}

/// An attribute for a condition's value.
fn number(n: impl ToString) -> AttributeValue {
    AttributeValue::N(n.to_string())
}
