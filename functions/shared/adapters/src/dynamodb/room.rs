//! The item shared by all processes that start attempts: how much room a count has found, and how much was taken since.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::ports::{Place, ServiceFault};
use time::{Duration, OffsetDateTime};

use super::items::text;
use super::rate_limits::{moment, to_moment, whole_milliseconds};
use super::{EndpointsTable, number};
use crate::aws::{conditional, fault};

/// How long a count is valid.
const FRESH: Duration = Duration::seconds(5);
/// For a scan, which waits for attempts to end and asks every few seconds.
const FRESH_FOR_SCANS: Duration = Duration::seconds(2);
/// How long until a list of executions shows one that was started: the list is eventually consistent.
pub(crate) const LISTED_AFTER: Duration = Duration::seconds(15);
/// How long others are assumed to wait if no scan says so again.
const WAITING_KEPT: Duration = Duration::minutes(3);
/// How long the item is kept when no attempts are started any more.
const KEPT: Duration = Duration::DAY;

/// The content of the item.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    version: u64,
    counted_at: Option<OffsetDateTime>,
    pub(crate) counted: Counted,
    waiting: usize,
    waiting_at: Option<OffsetDateTime>,
    /// How much was taken, by second.
    taken: BTreeMap<i64, usize>,
}

/// The result of a count, less what was taken since.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) most: usize,
    pub(crate) left: usize,
}

/// What a process that starts attempts takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taking {
    /// At least one.
    pub(crate) attempts: usize,
    pub(crate) place: Place,
    /// The number of attempts without room.
    pub(crate) waiting: usize,
    pub(crate) at: OffsetDateTime,
}

impl Taking {
    /// What is set besides the room, and the condition: [`Place::First`] sets how many wait; [`Place::Last`] takes nothing
    /// while any wait.
    fn expressions(&self) -> (&'static str, &'static str) {
        match self.place {
            Place::First => (", waiting = :waiting, waiting_at = :at", ""),
            Place::Last => ("", " AND (attribute_not_exists(waiting) OR waiting = :none OR waiting_at < :kept)"),
        }
    }

    fn values(&self, update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        let update = update.expression_attribute_names("#second", bucket(self.at.unix_timestamp()));
        match self.place {
            Place::First => update
                .expression_attribute_values(":waiting", number(self.waiting))
                .expression_attribute_values(":at", number(self.at.unix_timestamp())),
            Place::Last => update
                .expression_attribute_values(":none", number(0))
                .expression_attribute_values(":kept", number((self.at - WAITING_KEPT).unix_timestamp())),
        }
    }
}

impl Kept {
    /// Whether the count is recent enough at `now` to take room from it.
    pub(crate) fn is_fresh(&self, place: Place, now: OffsetDateTime) -> bool {
        let good_for = match place {
            Place::First => FRESH_FOR_SCANS,
            Place::Last => FRESH,
        };
        self.counted_at.is_some_and(|at| (now - at).abs() < good_for)
    }

    /// How many wait for room at `now`, as far as is known.
    pub(crate) fn waiting(&self, now: OffsetDateTime) -> usize {
        if self.waiting_at.is_some_and(|at| now < at + WAITING_KEPT) { self.waiting } else { 0 }
    }

    /// How much was taken so shortly before `now` that a list may not show it yet.
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
            counted: Counted { most: count("most"), left: count("room_left") },
            waiting: count("waiting"),
            waiting_at: seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
            taken: taken.collect(),
        })
    }

    /// Writes a count that was made after `seen` was read, less what is taken of it at once. False: another process took or
    /// counted in between, or others wait.
    pub(crate) async fn count_room(
        &self,
        seen: &Kept,
        counted: Counted,
        taking: Option<&Taking>,
        now: OffsetDateTime,
    ) -> Result<bool, ServiceFault> {
        let since = (now - LISTED_AFTER).unix_timestamp();
        let old: Vec<String> = seen.taken.range(..since).map(|(second, _)| bucket(*second)).collect();
        let (beside, holds) = taking.map_or(("", ""), Taking::expressions);
        let second = if taking.is_some() { ", #second = if_not_exists(#second, :zero) + :n" } else { "" };
        // Names that begin with a letter and contain digits are not reserved words.
        let remove = if old.is_empty() { String::new() } else { format!(" REMOVE {}", old.join(", ")) };
        let mut update = self.update_room();
        let unchanged = match seen.version {
            0 => "attribute_not_exists(version)",
            version => {
                update = update.expression_attribute_values(":seen", number(version));
                "version = :seen"
            }
        };
        let attempts = taking.map_or(0, |taking| taking.attempts);
        if let Some(taking) = taking {
            update = taking.values(update);
            update = update
                .expression_attribute_values(":zero", number(0))
                .expression_attribute_values(":n", number(attempts));
        }
        let written = update
            .update_expression(format!(
                "SET counted_ms = :now, most = :most, room_left = :left, version = :next, \
                 expires_at = :expires{second}{beside}{remove}"
            ))
            .condition_expression(format!("{unchanged}{holds}"))
            .expression_attribute_values(":now", moment(whole_milliseconds(now)))
            .expression_attribute_values(":most", number(counted.most))
            .expression_attribute_values(":left", number(counted.left.saturating_sub(attempts)))
            .expression_attribute_values(":next", number(seen.version + 1))
            .expression_attribute_values(":expires", number((now + KEPT).unix_timestamp()))
            .send()
            .await;
        Ok(conditional("dynamodb:UpdateItem", written)?.is_some())
    }

    /// Takes this much room of the count in `seen`. False: the room is gone, or others wait.
    pub(crate) async fn take_room(&self, seen: &Kept, taking: &Taking) -> Result<bool, ServiceFault> {
        let Some(counted_at) = seen.counted_at else { return Ok(false) };
        let (beside, holds) = taking.expressions();
        let taken = taking
            .values(self.update_room())
            .update_expression(format!(
                "SET room_left = room_left - :n, #second = if_not_exists(#second, :zero) + :n, \
                 version = version + :one{beside}"
            ))
            .condition_expression(format!("counted_ms = :counted AND room_left >= :n{holds}"))
            .expression_attribute_values(":n", number(taking.attempts))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":counted", moment(counted_at))
            .send()
            .await;
        Ok(conditional("dynamodb:UpdateItem", taken)?.is_some())
    }

    /// Records how many wait for room.
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

    /// Gives back some of what was taken at `at`. Does nothing if that is so long ago that it has been counted since.
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
