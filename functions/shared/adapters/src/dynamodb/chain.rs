//! Issued chains, in their own items: an attempt writes an endpoint several times, and a write costs by the size of the item.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ports::ServiceFault;
use time::OffsetDateTime;
use vocabulary::acme::OpenOrder;
use vocabulary::certificate::chain::{to_der, to_pem};
use vocabulary::names::EndpointId;

use super::items::{self, CHAINS, Item, text};
use super::{EndpointsTable, number};
use crate::aws::{conditional, fault};

/// A chain, and the order that it was issued for.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) generation: u64,
    pub(super) order: String,
    pub(super) pem: String,
}

impl EndpointsTable {
    /// Keeps the chain of `order`, unless a newer order's is there; never over the certificate's (`Endpoint::next_generation`).
    pub(super) async fn put_chain(
        &self,
        id: &EndpointId,
        order: &OpenOrder,
        chain: &str,
        now: OffsetDateTime,
    ) -> Result<(), ServiceFault> {
        let kept = match to_der(chain) {
            Some(ders) => AttributeValue::L(ders.into_iter().map(|der| AttributeValue::B(Blob::new(der))).collect()),
            None => text(chain),
        };
        let item = Item::from([
            ("pk".into(), items::endpoint_pk(id)),
            ("sk".into(), text(CHAINS[usize::from(order.generation % 2 == 1)])),
            ("generation".into(), number(order.generation)),
            ("order".into(), text(&order.url)),
            ("chain".into(), kept),
            // If the endpoint is deleted meanwhile, the chain does not stay for ever.
            ("expires_at".into(), number((now + items::HISTORY_KEPT).unix_timestamp())),
        ]);
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let result = put
            .condition_expression("attribute_not_exists(pk) OR generation <= :generation")
            .expression_attribute_values(":generation", number(order.generation))
            .send()
            .await;
        conditional("dynamodb:PutItem", result).map(drop)
    }

    pub(super) async fn delete_chains(&self, id: &EndpointId) -> Result<(), ServiceFault> {
        for sk in CHAINS {
            let delete = self.client.delete_item().table_name(&self.table);
            let delete = delete.key("pk", items::endpoint_pk(id)).key("sk", text(sk));
            delete.send().await.map_err(|error| fault("dynamodb:DeleteItem", error))?;
        }
        Ok(())
    }
}

/// The chain that an item has.
pub(super) fn to_chain(item: &Item) -> Result<Chain, ServiceFault> {
    let unreadable = || items::unreadable("a chain");
    let generation = item.get("generation").and_then(|value| value.as_n().ok()?.parse().ok());
    let order = item.get("order").and_then(|value| value.as_s().ok()).cloned();
    let pem = match item.get("chain") {
        Some(AttributeValue::S(pem)) => Some(pem.clone()),
        Some(AttributeValue::L(ders)) => {
            let ders: Result<Vec<_>, _> = ders.iter().map(AttributeValue::as_b).collect();
            ders.ok().map(|ders| to_pem(&ders))
        }
        _ => None,
    };
    Ok(Chain {
        generation: generation.ok_or_else(unreadable)?,
        order: order.ok_or_else(unreadable)?,
        pem: pem.ok_or_else(unreadable)?,
    })
}
