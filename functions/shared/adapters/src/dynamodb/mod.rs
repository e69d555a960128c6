//! The endpoints table: endpoints, the claims of their names, their attempts.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | endpoint | `ENDPOINT#id` | `ENDPOINT` |
//! | attempt | `ENDPOINT#id` | `ATTEMPT#0000000012` |
//! | claim of a name | `NAME#shop.example.com` | `CLAIM` |
//!
//! Index `advice` (due_shard, advice_at) holds endpoints with a certificate.
//! Index `due` (due_shard, due_at) holds endpoints only: attempts and claims have no `due_shard`. Index
//! `tenant` (tenant, domain) likewise.

mod advice_index;
mod due_index;
mod items;
mod journal;
mod registry;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ports::{EndpointReader, ServiceFault};
use domain::{Endpoint, EndpointId};

use crate::aws::fault;

/// The endpoints table.
#[derive(Clone, Debug)]
pub struct EndpointsTable {
    client: Client,
    table: String,
}

impl EndpointsTable {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// An update of the endpoint's item; what and on which condition is the caller's to say.
    fn update(&self, id: &EndpointId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(id))
            .key("sk", items::text("ENDPOINT"))
    }

    async fn read(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(id))
            .key("sk", items::text("ENDPOINT"))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:GetItem", error))?;
        output.item.map(items::to_endpoint).transpose()
    }
}

impl EndpointReader for EndpointsTable {
    async fn find(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        self.read(id).await
    }
}

/// An attribute for a condition's value.
fn number(n: impl ToString) -> AttributeValue {
    AttributeValue::N(n.to_string())
}
