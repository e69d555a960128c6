//! Starts an attempt; used by both the scan and the API.

use time::{Duration, OffsetDateTime};

use crate::acts::room::expected_at;
use crate::endpoint::schedule::LEASE;
use crate::ports::flow_starter::{FlowStarter, Started};
use crate::ports::room::{Place, Room};
use crate::ports::store::{DueEntry, DueIndex};
use vocabulary::failure::ServiceFault;

/// Numbers that one call skips. The next scan continues there.
const PASSED_OVER: usize = 25;

/// When an endpoint whose flow could not be started is due again.
const AGAIN_AFTER: Duration = Duration::MINUTE;

/// Claims the endpoint and starts its flow. `None` if another process was first.
///
/// The claim goes first: it increments the attempt and moves the due time behind the lease, so that neither a second caller nor
/// one that dies halfway starts anything twice, and nothing is lost.
///
/// After a table was restored to an earlier time, numbers recur whose flows have ended: Step Functions keeps their names for 90
/// days. Such a number is skipped.
pub async fn start_attempt(
    index: &impl DueIndex,
    flows: &impl FlowStarter,
    entry: &DueEntry,
    now: OffsetDateTime,
) -> Result<Option<u64>, ServiceFault> {
    let mut entry = entry.clone();
    for _ in 0..PASSED_OVER {
        let Some(attempt) = index.claim(&entry, now, now + LEASE).await? else { return Ok(None) };
        match flows.start(&entry.endpoint, attempt).await {
            Ok(Started::Now) => return Ok(Some(attempt)),
            Ok(Started::Before) => {
                index.release(&entry.endpoint, attempt, now).await?;
                entry.due_at = now;
            }
            Err(fault) => {
                index.release(&entry.endpoint, attempt, now + AGAIN_AFTER).await?;
                return Err(fault);
            }
        }
    }
    Ok(None)
}

/// The result of starting an attempt if there is room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Started(u64),
    /// Another process was first.
    TakenBefore,
    /// There is no room, or others wait for it: it is due, keeps its place, and a scan starts it. `fault`: the room could not
    /// be counted.
    Waits {
        expected_at: OffsetDateTime,
        fault: Option<ServiceFault>,
    },
}

/// Starts a requested attempt, unless the account has no room for it or others wait for room.
pub async fn start_where_room(
    index: &impl DueIndex,
    flows: &(impl FlowStarter + Room),
    entry: &DueEntry,
    now: OffsetDateTime,
) -> Result<Start, ServiceFault> {
    let taken = match flows.take_room(1, Place::Last, now).await {
        Ok(taken) if taken.attempts > 0 => taken,
        refused => {
            let expected_at = match &refused {
                Ok(taken) => expected_at(taken.waiting.saturating_sub(1), taken.most, now),
                Err(_) => now + AGAIN_AFTER,
            };
            index.wait(entry, now, expected_at).await?;
            return Ok(Start::Waits { expected_at, fault: refused.err() });
        }
    };
    let started = start_attempt(index, flows, entry, now).await;
    if !matches!(started, Ok(Some(_))) {
        // If this fails, the room is free again within a minute.
        let _ = flows.give_room_back(&taken, 1).await;
    }
    Ok(started?.map_or(Start::TakenBefore, Start::Started))
}
