use aws_sdk_dynamodb::types::ReturnValue;
use domain::ports::{Pacing, ServiceFault};
use time::{Duration, OffsetDateTime};

use super::items::{self, text};
use super::rate_limits::{moment, to_moment, whole_milliseconds};
use super::{EndpointsTable, number};
use crate::aws::{conditional, conflict};

/// How often taking a slot is tried if other processes take slots in between.
const TRIES: u32 = 8;
/// The time of the slot after the last one taken.
const NEXT: &str = "next_ms";
/// How long the item is kept when no slots are taken any more.
const KEPT: Duration = Duration::DAY;

impl Pacing for EndpointsTable {
    async fn slot(&self, what: &str, interval: Duration, now: OffsetDateTime) -> Result<OffsetDateTime, ServiceFault> {
        let now = whole_milliseconds(now);
        let update = || {
            self.client
                .update_item()
                .table_name(&self.table)
                .key("pk", text(format!("PACE#{what}")))
                .key("sk", text("PACE"))
                .expression_attribute_names("#next", NEXT)
                .expression_attribute_values(":now", moment(now))
                .return_values(ReturnValue::UpdatedNew)
        };
        for _ in 0..TRIES {
            // Usually there is no concurrent taker: one write.
            let free = update()
                .update_expression("SET #next = :next, expires_at = :expires")
                .condition_expression("attribute_not_exists(#next) OR #next <= :now")
                .expression_attribute_values(":next", moment(now + interval))
                .expression_attribute_values(":expires", number((now + KEPT).unix_timestamp()))
                .send()
                .await;
            if conditional("dynamodb:UpdateItem", free)?.is_some() {
                return Ok(now);
            }
            let behind = update()
                .update_expression("SET #next = #next + :interval")
                .condition_expression("#next > :now")
                .expression_attribute_values(":interval", number(interval.whole_milliseconds()))
                .send()
                .await;
            if let Some(output) = conditional("dynamodb:UpdateItem", behind)? {
                let next = output.attributes.as_ref().and_then(|item| to_moment(item.get(NEXT)?));
                return next.map(|next| next - interval).ok_or_else(|| items::unreadable(NEXT));
            }
        }
        Err(conflict("dynamodb:UpdateItem"))
    }
}
