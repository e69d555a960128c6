//! Starting an attempt, as the scan and the API both do it.

use time::{Duration, OffsetDateTime};

use crate::acts::room::expected_at;
use crate::endpoint::schedule::LEASE;
use crate::ports::flow_starter::{FlowStarter, Started};
use crate::ports::room::{Place, Room};
use crate::ports::store::{DueEntry, DueIndex};
use vocabulary::failure::ServiceFault;

/// Numbers that one call passes over. The next scan goes on where it stopped.
const PASSED_OVER: usize = 25;

/// When an endpoint whose flow could not be started is due again.
const AGAIN_AFTER: Duration = Duration::MINUTE;

/// Claims the endpoint and starts its flow. `None` if somebody else was first.
///
/// The claim goes first: it counts the attempt up and moves the due time behind the lease, so that
/// neither a second caller nor one that dies half way starts anything twice, and nothing is lost.
///
/// In a table that was restored to an earlier time numbers come again whose flows have ended: Step Functions keeps their
/// names for 90 days. Such a number is passed over.
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

/// What came of an attempt that was to be started where there is room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Started(u64),
    /// Somebody else was first.
    TakenBefore,
    /// There is no room, or others wait for it: it is due, keeps its place, and a scan starts it. `fault`: the room could not be
    /// counted.
    Waits {
        expected_at: OffsetDateTime,
        fault: Option<ServiceFault>,
    },
}

/// Starts an attempt that somebody asks for, unless the account has no room for it or others wait for room.
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
        // Without it, the room is free again within a minute.
        let _ = flows.give_room_back(&taken, 1).await;
    }
    Ok(started?.map_or(Start::TakenBefore, Start::Started))
}
