use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, Update};
use domain::ports::{RateLimits, ServiceFault};
use ring::digest::{SHA256, digest};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{Bucket, BucketId, Granted, Limit, Purpose, Take, Taken, Taker, Token};
use vocabulary::names::TenantId;

use super::items::{self, text};
use super::{EndpointsTable, number};
use crate::aws::{conditional, conflict};

/// How often a bucket that changed in between is read again. Takers only add to `full_ms`, so two at once are no conflict
/// unless the bucket became empty, or had been full.
const TRIES: u32 = 8;
/// How long a bucket is kept after it is full again at the latest.
const KEPT: Duration = Duration::DAY;
const FULL_AT: &str = "full_ms";
const REGISTRATIONS: &str = "registrations_ms";
/// The tenant that had the last token.
const LAST: &str = "last_tenant";
/// Until when the CA has said that it takes no order; stored with the account's bucket.
const HELD: &str = "held_ms";
/// Who has a token for an order that is not saved yet, and when the bucket is full again after that token. Later takers remove
/// the mark of a taker that died after that time, at most [`SWEPT`] at once.
const TAKERS: &str = "taken_ms#";
const SWEPT: usize = 20;

impl RateLimits for EndpointsTable {
    async fn take(&self, take: &Take, now: OffsetDateTime) -> Result<Granted, ServiceFault> {
        let now = whole_milliseconds(now);
        for _ in 0..TRIES {
            let item = self.get(bucket_pk(&take.bucket), "BUCKET").await?.unwrap_or_default();
            if let Some(back_at) = take.taker.as_ref().and_then(|taker| to_moment(item.get(&mark_of(taker))?)) {
                return Ok(Granted::Now(take.token(back_at)));
            }
            let seen = read_bucket(&item, take.tenant.as_ref())?;
            let taken = match (seen.take(take.limit, take.purpose, take.waited, now), take.place) {
                ((next, Taken::Now), _) => self.take_token(take, seen, next, &left_behind(&item, now), now).await?,
                ((_, Taken::Wait { .. }), Some(until)) => Some(Granted::Wait { until }),
                ((_, Taken::Wait { until }), None) => self.stand_in_line(take, seen, until, now).await?,
            };
            if let Some(taken) = taken {
                return Ok(taken);
            }
        }
        Err(conflict("dynamodb:UpdateItem"))
    }

    async fn left(&self, bucket: &BucketId, limit: Limit, now: OffsetDateTime) -> Result<u32, ServiceFault> {
        let item = self.get(bucket_pk(bucket), "BUCKET").await?.unwrap_or_default();
        Ok(read_bucket(&item, None)?.tokens(limit, whole_milliseconds(now)))
    }

    async fn taken(&self, planned: &Token) -> Result<Option<Token>, ServiceFault> {
        let Some(taker) = &planned.taker else { return Ok(None) };
        let item = self.get(bucket_pk(&planned.bucket), "BUCKET").await?.unwrap_or_default();
        let back_at = item.get(&mark_of(taker)).and_then(to_moment);
        Ok(back_at.map(|back_at| Token { back_at, ..planned.clone() }))
    }

    async fn forget_taker(&self, token: &Token) -> Result<(), ServiceFault> {
        let Some(taker) = &token.taker else { return Ok(()) };
        let result = self
            .update_bucket(&token.bucket)
            .update_expression("REMOVE #mark")
            .condition_expression("attribute_exists(#mark)")
            .expression_attribute_names("#mark", mark_of(taker))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }

    async fn give_back(&self, token: &Token, now: OffsetDateTime) -> Result<(), ServiceFault> {
        let back = token.lacking(now).whole_milliseconds();
        if back == 0 {
            return self.forget_taker(token).await;
        }
        let update = self
            .update_bucket(&token.bucket)
            .expression_attribute_names("#full", FULL_AT)
            .expression_attribute_values(":back", number(back));
        let update = match &token.taker {
            Some(taker) => update
                .update_expression("SET #full = #full - :back REMOVE #mark")
                .condition_expression("attribute_exists(#full) AND attribute_exists(#mark)")
                .expression_attribute_names("#mark", mark_of(taker)),
            None => {
                update.update_expression("SET #full = #full - :back").condition_expression("attribute_exists(#full)")
            }
        };
        conditional("dynamodb:UpdateItem", update.send().await).map(drop)
    }

    async fn hold(&self, directory: &str, limit: Option<Limit>, until: OffsetDateTime) -> Result<(), ServiceFault> {
        let account = BucketId::Account { directory: directory.to_owned() };
        let learned = limit.map(|limit| Bucket::default().empty_until(limit, until)).and_then(|bucket| bucket.full_at);
        for (name, at) in [(HELD, Some(until)), (FULL_AT, learned)] {
            let Some(at) = at else { continue };
            let result = self
                .update_bucket(&account)
                .update_expression("SET #name = :at, expires_at = :expires")
                .condition_expression("attribute_not_exists(#name) OR #name < :at")
                .expression_attribute_names("#name", name)
                .expression_attribute_values(":at", moment(at))
                .expression_attribute_values(":expires", number((at + KEPT).unix_timestamp()))
                .send()
                .await;
            conditional("dynamodb:UpdateItem", result)?;
        }
        Ok(())
    }

    async fn held(&self, directory: &str, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, ServiceFault> {
        let account = BucketId::Account { directory: directory.to_owned() };
        let item = self.get(bucket_pk(&account), "BUCKET").await?.unwrap_or_default();
        Ok(item.get(HELD).and_then(to_moment).filter(|until| now < *until))
    }
}

impl EndpointsTable {
    /// Gives back a token in the write that ends its order. A bucket that has expired meanwhile was full.
    pub(super) fn return_token(&self, token: &Token, now: OffsetDateTime) -> Update {
        let update =
            Update::builder().table_name(&self.table).key("pk", bucket_pk(&token.bucket)).key("sk", text("BUCKET"));
        let set = "SET #full = if_not_exists(#full, :now) - :back, expires_at = if_not_exists(expires_at, :expires)";
        let update = match &token.taker {
            Some(taker) => update
                .update_expression(format!("{set} REMOVE #mark"))
                .expression_attribute_names("#mark", mark_of(taker)),
            None => update.update_expression(set),
        };
        update
            .expression_attribute_names("#full", FULL_AT)
            .expression_attribute_values(":now", moment(now))
            .expression_attribute_values(":back", number(token.lacking(now).whole_milliseconds()))
            .expression_attribute_values(":expires", number((now + KEPT).unix_timestamp()))
            .build()
            .expect("table, key and expression are set")
    }

    fn update_bucket(&self, id: &BucketId) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.table);
        update.key("pk", bucket_pk(id)).key("sk", text("BUCKET"))
    }

    /// Takes the token that `seen` had, unless another taker was faster. Removes the marks in `left_behind`.
    async fn take_token(
        &self,
        take: &Take,
        seen: Bucket,
        next: Bucket,
        left_behind: &[String],
        now: OffsetDateTime,
    ) -> Result<Option<Granted>, ServiceFault> {
        let limit = take.limit;
        let after = next.full_at.expect("a token was taken");
        let mut update = self
            .update_bucket(&take.bucket)
            .expression_attribute_names("#full", FULL_AT)
            .expression_attribute_values(":now", moment(now))
            .expression_attribute_values(":expires", number((now + limit.depth() + KEPT).unix_timestamp()));
        // Extra writes and conditions, besides the time at which the bucket is full again and the room for it.
        let (mut writes, mut remove, mut only_if) = (String::new(), String::new(), String::new());
        if let Some(tenant) = &take.tenant {
            writes.push_str(", #last = :tenant");
            update = update
                .expression_attribute_names("#last", LAST)
                .expression_attribute_values(":tenant", text(tenant.as_str()));
        }
        for (index, name) in left_behind.iter().enumerate() {
            remove.push_str(if index == 0 { " REMOVE " } else { ", " });
            remove.push_str(&format!("#left{index}"));
            update = update.expression_attribute_names(format!("#left{index}"), name);
        }
        if let Some(taker) = &take.taker {
            only_if.push_str(" AND attribute_not_exists(#mark)");
            update = update.expression_attribute_names("#mark", mark_of(taker));
        }
        let marked = |value: &str| if take.taker.is_some() { format!(", #mark = {value}") } else { String::new() };
        let update = match seen.full_at.filter(|at| now <= *at) {
            // Full: the first taker sets when it is full again.
            None => update
                .update_expression(format!(
                    "SET #full = :after, expires_at = :expires{}{writes}{remove}",
                    marked(":after")
                ))
                .condition_expression(format!("(attribute_not_exists(#full) OR #full < :now){only_if}"))
                .expression_attribute_values(":after", moment(after)),
            // Each taker adds one interval; the last one that fits leaves exactly what must stay.
            Some(_) => {
                let last = seen.latest(limit, take.purpose, take.waited, now);
                let lined_up = seen.line(take.purpose).is_some_and(|end| now <= end);
                if !take.waited && !lined_up {
                    only_if.push_str(" AND (attribute_not_exists(#line) OR #line < :now)");
                    update = update.expression_attribute_names("#line", line_of(take.purpose, take.tenant.as_ref()));
                }
                update
                    .update_expression(format!(
                        "SET #full = #full + :interval, expires_at = :expires{}{writes}{remove}",
                        // Both expressions read the old value.
                        marked("#full + :interval")
                    ))
                    .condition_expression(format!("#full >= :now AND #full <= :last{only_if}"))
                    .expression_attribute_values(":interval", number(limit.interval().whole_milliseconds()))
                    .expression_attribute_values(":last", moment(last))
            }
        };
        let update = update.return_values(ReturnValue::UpdatedNew);
        let Some(output) = conditional("dynamodb:UpdateItem", update.send().await)? else { return Ok(None) };
        let back_at = output.attributes.as_ref().and_then(|item| to_moment(item.get(FULL_AT)?));
        let back_at = back_at.ok_or_else(|| items::unreadable(FULL_AT))?;
        Ok(Some(Granted::Now(take.token(back_at))))
    }

    /// Takes the next place at the end of the queue; if another taker was faster, the one after it.
    async fn stand_in_line(
        &self,
        take: &Take,
        seen: Bucket,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Option<Granted>, ServiceFault> {
        let (interval, line) = (take.limit.interval(), line_of(take.purpose, take.tenant.as_ref()));
        // The taker keeps its place within the queue.
        if seen.line(take.purpose).is_some_and(|end| now <= end && until <= end) {
            return Ok(Some(Granted::Wait { until }));
        }
        let update = self
            .update_bucket(&take.bucket)
            .expression_attribute_names("#line", line.as_str())
            .expression_attribute_values(":expires", number((until + take.limit.depth() + KEPT).unix_timestamp()))
            .return_values(ReturnValue::UpdatedNew);
        let behind = seen.line(take.purpose).filter(|end| now <= *end).filter(|end| *end + interval == until);
        let update = match behind {
            Some(end) => update
                .update_expression("SET #line = #line + :interval, expires_at = :expires")
                .condition_expression("#line >= :end")
                .expression_attribute_values(":interval", number(interval.whole_milliseconds()))
                .expression_attribute_values(":end", moment(end)),
            None => update
                .update_expression("SET #line = :until, expires_at = :expires")
                .condition_expression("attribute_not_exists(#line) OR #line < :until")
                .expression_attribute_values(":until", moment(until)),
        };
        let Some(output) = conditional("dynamodb:UpdateItem", update.send().await)? else { return Ok(None) };
        let end = output.attributes.as_ref().and_then(|item| to_moment(item.get(&line)?));
        end.map(|until| Some(Granted::Wait { until })).ok_or_else(|| items::unreadable(&line))
    }
}

/// The bucket as a taker of `tenant` sees it.
fn read_bucket(item: &items::Item, tenant: Option<&TenantId>) -> Result<Bucket, ServiceFault> {
    let moment = |name: &str| match item.get(name) {
        None => Ok(None),
        Some(value) => to_moment(value).map(Some).ok_or_else(|| items::unreadable(name)),
    };
    Ok(Bucket {
        full_at: moment(FULL_AT)?,
        renewals_end: moment(&line_of(Purpose::Renewal, None))?,
        registrations_end: moment(&line_of(Purpose::Registration, tenant))?,
        others_end: tenant.and_then(|tenant| others_end(item, tenant)),
        had_last: tenant.is_some_and(|tenant| item.get(LAST) == Some(&text(tenant.as_str()))),
    })
}

/// The attribute that says that a taker has a token.
fn mark_of(taker: &Taker) -> String {
    format!("{TAKERS}{}", taker.as_str())
}

/// Some of the marks whose tokens have come back with time: their takers died, or did not remove them.
fn left_behind(item: &items::Item, now: OffsetDateTime) -> Vec<String> {
    let marks = item.iter().filter(|(name, _)| name.starts_with(TAKERS));
    let over = marks.filter(|(_, back_at)| to_moment(back_at).is_none_or(|back_at| back_at < now));
    over.map(|(name, _)| name.clone()).take(SWEPT).collect()
}

/// The attribute with the end of a queue. All renewals share one queue.
fn line_of(purpose: Purpose, tenant: Option<&TenantId>) -> String {
    match (purpose, tenant) {
        (Purpose::Renewal, _) => "renewals_ms".to_owned(),
        (Purpose::Registration, None) => REGISTRATIONS.to_owned(),
        (Purpose::Registration, Some(tenant)) => format!("{REGISTRATIONS}#{tenant}"),
    }
}

/// The last place in the queues of other tenants; an earlier release had one queue for all.
fn others_end(item: &items::Item, tenant: &TenantId) -> Option<OffsetDateTime> {
    let own = line_of(Purpose::Registration, Some(tenant));
    let others = item.iter().filter(|(name, _)| name.starts_with(REGISTRATIONS) && **name != own);
    others.filter_map(|(_, end)| to_moment(end)).max()
}

fn bucket_pk(id: &BucketId) -> AttributeValue {
    text(match id {
        BucketId::Account { directory } => format!("BUDGET#{directory}#ACCOUNT"),
        BucketId::Asked { tenant, what } => format!("BUDGET#TENANT#{tenant}#{}", what.as_str()),
        BucketId::Tenant { directory, tenant } => format!("BUDGET#{directory}#TENANT#{tenant}"),
        BucketId::Domain { directory, domain } => format!("BUDGET#{directory}#DOMAIN#{domain}"),
        // A hundred names are too long for a key.
        BucketId::Names { directory, names } => {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let digest = digest(&SHA256, names.join(",").as_bytes());
            let hash: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            format!("BUDGET#{directory}#NAMES#{hash}")
        }
    })
}

pub(super) fn whole_milliseconds(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(u32::from(at.millisecond()) * 1_000_000).expect("under a second")
}

pub(super) fn moment(at: OffsetDateTime) -> AttributeValue {
    number(at.unix_timestamp_nanos() / 1_000_000)
}

pub(super) fn to_moment(value: &AttributeValue) -> Option<OffsetDateTime> {
    let milliseconds: i128 = value.as_n().ok()?.parse().ok()?;
    OffsetDateTime::from_unix_timestamp_nanos(milliseconds * 1_000_000).ok()
}
