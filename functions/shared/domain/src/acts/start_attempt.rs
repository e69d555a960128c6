//! Starting an attempt, as the scan and the API both do it.

use time::{Duration, OffsetDateTime};

use crate::endpoint::schedule::LEASE;
use crate::ports::flow_starter::FlowStarter;
use crate::ports::store::{DueEntry, DueIndex};
use vocabulary::failure::ServiceFault;

/// When an endpoint whose flow could not be started is due again.
const AGAIN_AFTER: Duration = Duration::MINUTE;

/// Claims the endpoint and starts its flow. `None` if somebody else was first.
///
/// The claim goes first: it counts the attempt up and moves the due time behind the lease, so that
/// neither a second caller nor one that dies half way starts anything twice, and nothing is lost.
pub async fn start_attempt(
    index: &impl DueIndex,
    flows: &impl FlowStarter,
    entry: &DueEntry,
    now: OffsetDateTime,
) -> Result<Option<u64>, ServiceFault> {
    let Some(attempt) = index.claim(entry, now, now + LEASE).await? else { return Ok(None) };
    match flows.start(&entry.endpoint, attempt).await {
        Ok(_) => Ok(Some(attempt)),
        Err(fault) => {
            index.release(&entry.endpoint, attempt, now + AGAIN_AFTER).await?;
            Err(fault)
        }
    }
}
