use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};
use domain::endpoint::{Event, Share};
use domain::ports::{ServiceFault, ShareLinks};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use super::items::{self, text};
use super::{Cancelled, EndpointsTable, number};
use crate::aws::{conflict, fault};

impl ShareLinks for EndpointsTable {
    async fn create(&self, id: &EndpointId, share: &Share, event: &Event) -> Result<(), ServiceFault> {
        let item = items::Item::from([
            ("pk".into(), items::endpoint_pk(id)),
            ("sk".into(), share_key(&share.id)),
            ("share".into(), items::attribute(share)),
            ("expires_at".into(), number(share.expires_at.unix_timestamp())),
        ]);
        match self.transact(vec![self.put_new(item), self.put_event(id, event)]).await? {
            None => Ok(()),
            Some(_) => Err(conflict("dynamodb:TransactWriteItems")),
        }
    }

    async fn link(&self, id: &EndpointId, share: &str) -> Result<Option<Share>, ServiceFault> {
        self.get(items::endpoint_pk(id), format!("SHARE#{share}")).await?.map(to_share).transpose()
    }

    async fn links(&self, id: &EndpointId, now: OffsetDateTime) -> Result<Vec<Share>, ServiceFault> {
        let mut shares = Vec::new();
        let mut start = None;
        loop {
            let output = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":pk", items::endpoint_pk(id))
                .expression_attribute_values(":prefix", text("SHARE#"))
                .set_exclusive_start_key(start)
                .consistent_read(true)
                .send()
                .await
                .map_err(|error| fault("dynamodb:Query", error))?;
            for item in output.items.unwrap_or_default() {
                shares.push(to_share(item)?);
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        shares.retain(|share| share.is_open(now));
        shares.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        Ok(shares)
    }

    async fn revoke(&self, id: &EndpointId, share: &str, event: &Event) -> Result<bool, ServiceFault> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(id))
            .key("sk", share_key(share))
            .condition_expression("attribute_exists(pk)")
            .build()
            .expect("table and key are set");
        let delete = TransactWriteItem::builder().delete(delete).build();
        match self.transact(vec![delete, self.put_event(id, event)]).await? {
            None => Ok(true),
            Some(Cancelled { refused }) if !refused.is_empty() => Ok(false),
            Some(_) => Err(conflict("dynamodb:TransactWriteItems")),
        }
    }
}

fn share_key(share: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    text(format!("SHARE#{share}"))
}

fn to_share(mut item: items::Item) -> Result<Share, ServiceFault> {
    let share = item.remove("share").ok_or_else(|| items::unreadable("a link without its content"))?;
    serde_dynamo::from_attribute_value(share).map_err(|error| items::unreadable(error.to_string()))
}
