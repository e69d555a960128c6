//! Notifications that one of the ways has refused while the others took them: kept until it takes them.

use domain::ports::ServiceFault;
use time::{Duration, OffsetDateTime};

use super::items::{self, text};
use super::{EndpointsTable, number};
use crate::aws::fault;

/// After a week it is old news, and the alarm has lasted as long.
const KEPT: Duration = Duration::days(7);
/// So many are read for one way at once.
const PAGE: i32 = 50;

/// One of them, as it was kept.
#[derive(Clone, Debug)]
pub(crate) struct RefusedMessage {
    pub(crate) message: String,
    /// In the service's own words.
    pub(crate) why: String,
    sk: String,
}

impl EndpointsTable {
    /// Keeps `message` of the event `id`, which happened at `at`, for the way `channel`, which refuses it with `why`. To repeat
    /// it keeps nothing twice.
    pub(crate) async fn keep_refused(
        &self,
        channel: &str,
        (id, at): (&str, OffsetDateTime),
        message: String,
        why: String,
    ) -> Result<(), ServiceFault> {
        let kept = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", pk(channel))
            .item("sk", text(format!("{:011}#{id}", at.unix_timestamp())))
            .item("message", text(message))
            .item("why", text(why))
            .item("expires_at", number((at + KEPT).unix_timestamp()))
            .send()
            .await;
        kept.map(drop).map_err(|error| fault("dynamodb:PutItem", error))
    }

    /// The oldest that are kept for that way.
    pub(crate) async fn refused_by(&self, channel: &str) -> Result<Vec<RefusedMessage>, ServiceFault> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", pk(channel))
            .limit(PAGE)
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        let part = |item: &items::Item, name: &str| Some(item.get(name)?.as_s().ok()?.clone());
        let kept = output.items().iter().filter_map(|item| {
            let (message, why) = (part(item, "message"), part(item, "why"));
            Some(RefusedMessage {
                sk: part(item, "sk")?,
                message: message.unwrap_or_default(),
                why: why.unwrap_or_default(),
            })
        });
        Ok(kept.collect())
    }

    /// It has been sent, or will never be.
    pub(crate) async fn forget_refused(&self, channel: &str, kept: &RefusedMessage) -> Result<(), ServiceFault> {
        let key = (pk(channel), text(&kept.sk));
        let gone = self.client.delete_item().table_name(&self.table).key("pk", key.0).key("sk", key.1).send().await;
        gone.map(drop).map_err(|error| fault("dynamodb:DeleteItem", error))
    }
}

fn pk(channel: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    text(format!("REFUSED#{channel}"))
}
