//! An endpoint is three items, of which a registration writes the first together with the claims of its names, which fill a
//! transaction. Whoever reads an endpoint adds what is missing: of a registration that died in between, and of endpoints
//! that an earlier release kept in one item.

use domain::endpoint::Endpoint;
use domain::ports::ServiceFault;
use vocabulary::names::EndpointId;

use super::EndpointsTable;
use super::items::{self, Item};
use crate::aws::{conditional, fault};

impl EndpointsTable {
    /// The endpoint as its items have it now, strongly consistent.
    pub(super) async fn read(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :endpoint)")
            .expression_attribute_values(":pk", items::endpoint_pk(id))
            .expression_attribute_values(":endpoint", items::text(items::ENDPOINT))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        let found = output.items.unwrap_or_default();
        let of_one_piece = found.iter().any(items::is_of_one_piece);
        let whole = found.len() == items::PIECES && !of_one_piece;
        let Some(endpoint) = items::assemble(found)? else { return Ok(None) };
        if !whole {
            self.complete(&endpoint, of_one_piece).await?;
        }
        Ok(Some(endpoint))
    }

    /// Writes the items of the endpoint that are not there.
    pub(super) async fn complete(&self, endpoint: &Endpoint, of_one_piece: bool) -> Result<(), ServiceFault> {
        let [_, times, listed] = items::endpoint_items(endpoint);
        for item in [times, listed] {
            self.put_missing(item).await?;
        }
        if of_one_piece {
            let result = self
                .update(&endpoint.id)
                .update_expression("REMOVE listing, #domain, advice_at, health_at")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_names("#domain", "domain")
                .send()
                .await;
            conditional("dynamodb:UpdateItem", result)?;
        }
        Ok(())
    }

    async fn put_missing(&self, item: Item) -> Result<(), ServiceFault> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let result = put.condition_expression("attribute_not_exists(pk)").send().await;
        conditional("dynamodb:PutItem", result).map(drop)
    }
}
