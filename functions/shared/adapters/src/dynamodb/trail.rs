use domain::endpoint::Event;
use domain::endpoint::event::{day_of, page_of};
use domain::ports::{AuditTrail, Removed, ServiceFault};
use time::{Date, Duration, OffsetDateTime};
use vocabulary::names::EndpointId;

use super::items::{self, text};
use super::{EndpointsTable, attempts};
use crate::aws::fault;

/// Days that are read for the newest events.
const NEWEST_DAYS: i64 = 31;
/// Days that are kept, and so may follow an event.
const KEPT_DAYS: i64 = 400;
/// Items of a day that are read at once. An attempt is listed by its end, and its start is read with it: with many items at
/// once, few starts arrive after events that follow them.
const READ_AT_ONCE: u32 = 1000;

impl AuditTrail for EndpointsTable {
    async fn record(&self, id: &EndpointId, event: &Event) -> Result<(), ServiceFault> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(items::event_item(id, event)))
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("dynamodb:PutItem", error))
    }

    async fn events(&self, id: &EndpointId, after: Option<&str>, limit: u32) -> Result<Vec<Event>, ServiceFault> {
        let Some(after) = after else {
            return self.newest(id, "EVENT#", limit).await?.into_iter().map(to_event).collect();
        };
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :after AND :last")
            .expression_attribute_values(":pk", items::endpoint_pk(id))
            // Below every later key, and above `after` itself.
            .expression_attribute_values(":after", text(format!("EVENT#{after}\u{1}")))
            .expression_attribute_values(":last", text("EVENT#~"))
            .limit(limit.try_into().unwrap_or(i32::MAX))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        output.items.unwrap_or_default().into_iter().rev().map(to_event).collect()
    }

    async fn removed(&self, id: &EndpointId) -> Result<Option<Removed>, ServiceFault> {
        let item = self.get(items::endpoint_pk(id), items::REMOVED).await?;
        item.as_ref().map(items::to_removed).transpose()
    }

    async fn recent(
        &self,
        after: Option<&str>,
        limit: u32,
        now: OffsetDateTime,
    ) -> Result<Vec<(EndpointId, Event)>, ServiceFault> {
        let today = now.date();
        let back = |days: i64| today.saturating_sub(Duration::days(days));
        let (at_once, enough) = (READ_AT_ONCE.max(limit), limit as usize);
        let mut found = Vec::new();
        match after {
            None => {
                for day in (0..NEWEST_DAYS).map(back) {
                    found.extend(self.trail_of(day, None, at_once).await?);
                    if found.len() >= enough {
                        break;
                    }
                }
            }
            Some(after) => {
                let first = day_of(after).unwrap_or(today).max(back(KEPT_DAYS));
                // One more day: clocks differ.
                for day in (0..=(today - first).whole_days() + 1).map(|days| first.saturating_add(Duration::days(days)))
                {
                    found.extend(self.trail_of(day, Some(after), at_once).await?);
                    if found.iter().filter(|(_, event)| event.id.as_str() > after).count() >= enough {
                        break;
                    }
                }
            }
        }
        Ok(page_of(found, |(_, event)| event.id.as_str(), after, enough))
    }
}

impl EndpointsTable {
    /// The items of one day: the newest, or the first after a given one.
    async fn trail_of(
        &self,
        day: Date,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(EndpointId, Event)>, ServiceFault> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("listing")
            .key_condition_expression("listing = :day AND #at > :after")
            .expression_attribute_names("#at", "domain")
            .expression_attribute_values(":day", items::trail_partition(day))
            .expression_attribute_values(":after", text(after.unwrap_or("0")))
            .scan_index_forward(after.is_some())
            .limit(limit.try_into().unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        let events = output.items.unwrap_or_default().into_iter().map(to_events).collect::<Result<Vec<_>, _>>()?;
        Ok(events.concat())
    }
}

/// The events in an item of the trail, and their endpoint.
fn to_events(item: items::Item) -> Result<Vec<(EndpointId, Event)>, ServiceFault> {
    let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    let id = part("pk").strip_prefix("ENDPOINT#").and_then(|id| id.parse::<EndpointId>().ok());
    let id = id.ok_or_else(|| items::unreadable("an event without its endpoint"))?;
    let events = match part("sk").starts_with("ATTEMPT#") {
        true => Event::of_attempt(&attempts::to_attempt(item)?),
        false => vec![to_event(item)?],
    };
    Ok(events.into_iter().map(|event| (id.clone(), event)).collect())
}

fn to_event(item: items::Item) -> Result<Event, ServiceFault> {
    serde_dynamo::from_item(item).map_err(|error| items::unreadable(error.to_string()))
}
