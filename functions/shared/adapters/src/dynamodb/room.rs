//! The item that all who start attempts share: how much room a count has found, and what was taken of it since.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::ports::{Place, ServiceFault};
use time::{Duration, OffsetDateTime};

use super::items::text;
use super::rate_limits::{moment, to_moment, whole_milliseconds};
use super::{EndpointsTable, number};
use crate::aws::{conditional, fault};

/// How long a count is good for.
const FRESH: Duration = Duration::seconds(5);
/// For a scan, which waits for attempts to end and asks every few seconds.
const FRESH_FOR_SCANS: Duration = Duration::seconds(2);
/// By when a list of executions shows one that was started: it is eventually consistent.
pub(crate) const LISTED_AFTER: Duration = Duration::seconds(15);
/// How long it is believed that others wait, where no scan says it again.
const WAITING_KEPT: Duration = Duration::minutes(3);
/// How long the item is kept when nobody starts attempts any more.
const KEPT: Duration = Duration::DAY;

/// What the item says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    version: u64,
    counted_at: Option<OffsetDateTime>,
    pub(crate) most: usize,
    pub(crate) left: usize,
    waiting: usize,
    waiting_at: Option<OffsetDateTime>,
    /// How much was taken, by the second.
    taken: BTreeMap<i64, usize>,
}

/// What a count has found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) most: usize,
    pub(crate) left: usize,
}

impl Kept {
    /// Whether the count is new enough at `now` to take room by it.
    pub(crate) fn is_fresh(&self, place: Place, now: OffsetDateTime) -> bool {
        let good_for = match place {
            Place::First => FRESH_FOR_SCANS,
            Place::Last => FRESH,
        };
        self.counted_at.is_some_and(|at| (now - at).abs() < good_for)
    }

    /// How many wait for room at `now`, so far as is known.
    pub(crate) fn waiting(&self, now: OffsetDateTime) -> usize {
        if self.waiting_at.is_some_and(|at| now < at + WAITING_KEPT) { self.waiting } else { 0 }
    }

    /// How much was taken so short a time before `now` that a list need not show it.
    pub(crate) fn taken_lately(&self, now: OffsetDateTime) -> usize {
        let since = (now - LISTED_AFTER).unix_timestamp();
        self.taken.range(since..).map(|(_, count)| count).sum()
    }
}

fn bucket(second: i64) -> String {
    format!("t{second}")
}

impl EndpointsTable {
    pub(crate) async fn room(&self) -> Result<Kept, ServiceFault> {
        let Some(item) = self.get(text("ROOM"), "ROOM").await? else { return Ok(Kept::default()) };
        let integer = |name: &str| item.get(name).and_then(|value| value.as_n().ok()?.parse::<u64>().ok());
        let count = |name: &str| integer(name).and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        let seconds = item.get("waiting_at").and_then(|value| value.as_n().ok()?.parse().ok());
        let taken = item.iter().filter_map(|(name, value)| {
            let second = name.strip_prefix('t')?.parse().ok()?;
            Some((second, value.as_n().ok()?.parse().ok()?))
        });
        Ok(Kept {
            version: integer("version").unwrap_or_default(),
            counted_at: item.get("counted_ms").and_then(to_moment),
            most: count("most"),
            left: count("room_left"),
            waiting: count("waiting"),
            waiting_at: seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
            taken: taken.collect(),
        })
    }

    /// Writes a count down that was made after `seen` was read. False: somebody took or counted in between.
    pub(crate) async fn count_room(
        &self,
        seen: &Kept,
        counted: Counted,
        now: OffsetDateTime,
    ) -> Result<bool, ServiceFault> {
        let since = (now - LISTED_AFTER).unix_timestamp();
        let old: Vec<String> = seen.taken.range(..since).map(|(second, _)| bucket(*second)).collect();
        let mut update = self.update_room();
        let mut expression = "SET counted_ms = :now, most = :most, room_left = :left, version = :next, \
                              expires_at = :expires"
            .to_owned();
        // Names that begin with a letter and have digits are no reserved words.
        if !old.is_empty() {
            expression += " REMOVE ";
            expression += &old.join(", ");
        }
        update = match seen.version {
            0 => update.condition_expression("attribute_not_exists(version)"),
            version => {
                update.condition_expression("version = :seen").expression_attribute_values(":seen", number(version))
            }
        };
        let written = update
            .update_expression(expression)
            .expression_attribute_values(":now", moment(whole_milliseconds(now)))
            .expression_attribute_values(":most", number(counted.most))
            .expression_attribute_values(":left", number(counted.left))
            .expression_attribute_values(":next", number(seen.version + 1))
            .expression_attribute_values(":expires", number((now + KEPT).unix_timestamp()))
            .send()
            .await;
        Ok(conditional("dynamodb:UpdateItem", written)?.is_some())
    }

    /// Takes so much room of the count in `seen`. For the first of all, with how many get none; for the last, only while nobody
    /// waits. False: it is not there any more.
    pub(crate) async fn take_room(
        &self,
        seen: &Kept,
        attempts: usize,
        place: Place,
        (waiting, now): (usize, OffsetDateTime),
    ) -> Result<bool, ServiceFault> {
        let Some(counted_at) = seen.counted_at else { return Ok(false) };
        let taking = "SET room_left = room_left - :n, #second = if_not_exists(#second, :zero) + :n, \
                      version = version + :one";
        let there = "counted_ms = :counted AND room_left >= :n";
        let update = match place {
            Place::First => self
                .update_room()
                .update_expression(format!("{taking}, waiting = :waiting, waiting_at = :now"))
                .condition_expression(there)
                .expression_attribute_values(":waiting", number(waiting))
                .expression_attribute_values(":now", number(now.unix_timestamp())),
            Place::Last => self
                .update_room()
                .update_expression(taking)
                .condition_expression(format!(
                    "{there} AND (attribute_not_exists(waiting) OR waiting = :zero OR waiting_at < :kept)"
                ))
                .expression_attribute_values(":kept", number((now - WAITING_KEPT).unix_timestamp())),
        };
        let taken = update
            .expression_attribute_names("#second", bucket(now.unix_timestamp()))
            .expression_attribute_values(":n", number(attempts))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":counted", moment(counted_at))
            .send()
            .await;
        Ok(conditional("dynamodb:UpdateItem", taken)?.is_some())
    }

    /// Keeps how many wait for room.
    pub(crate) async fn note_waiting(&self, waiting: usize, now: OffsetDateTime) -> Result<(), ServiceFault> {
        let noted = self
            .update_room()
            .update_expression("SET waiting = :waiting, waiting_at = :now")
            .expression_attribute_values(":waiting", number(waiting))
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .send()
            .await;
        noted.map(drop).map_err(|error| fault("dynamodb:UpdateItem", error))
    }

    /// Gives so much back of what was taken at `at`. Nothing if that is so long ago that it has been counted since.
    pub(crate) async fn return_room(&self, attempts: usize, at: OffsetDateTime) -> Result<(), ServiceFault> {
        let returned = self
            .update_room()
            .update_expression("SET room_left = room_left + :n, #second = #second - :n, version = version + :one")
            .condition_expression("#second >= :n")
            .expression_attribute_names("#second", bucket(at.unix_timestamp()))
            .expression_attribute_values(":n", number(attempts))
            .expression_attribute_values(":one", number(1))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", returned).map(drop)
    }

    fn update_room(&self) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("pk", text("ROOM")).key("sk", text("ROOM"))
    }
}
