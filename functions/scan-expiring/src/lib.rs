//! Starts an attempt for every endpoint that is due.

use domain::ports::{DUE_SHARDS, DueEntry, DueIndex, FlowStarter, ServiceFault};
use domain::schedule::LEASE;
use futures::stream::{self, StreamExt};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

/// Entries read at once.
const PAGE: u32 = 100;
/// Starts under way at once: StartExecution allows bursts of hundreds, and the CA is paced elsewhere.
const CONCURRENCY: usize = 16;
/// When an endpoint whose flow could not be started is looked at again.
const AGAIN_AFTER: Duration = Duration::MINUTE;

/// What one scan did. Logged, and returned to whoever invoked it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScanReport {
    pub due: u32,
    pub started: u32,
    /// Another scan, or the API, was first.
    pub already_taken: u32,
    /// Endpoints whose attempt could not be started, and why; they are due again in a minute.
    pub failed: Vec<String>,
    /// Whether time ran out with more to do: the next scan goes on.
    pub more: bool,
}

/// Runs one scan. `has_time` says whether there is time for another page.
///
/// An endpoint is claimed before its flow is started: the claim counts the attempt up and moves the due
/// time behind the lease, so that neither a second scan nor one that dies half way starts anything twice,
/// and nothing is lost.
pub async fn scan<I: DueIndex + Sync, F: FlowStarter + Sync>(
    index: &I,
    flows: &F,
    now: OffsetDateTime,
    has_time: impl Fn() -> bool,
) -> Result<ScanReport, ServiceFault> {
    let mut report = ScanReport::default();
    for shard in 0..DUE_SHARDS {
        loop {
            if !has_time() {
                report.more = true;
                return Ok(report);
            }
            let entries = index.due(shard, now, PAGE).await?;
            let full = entries.len() == PAGE as usize;
            report.due += u32::try_from(entries.len()).expect("a page is small");
            let mut results =
                stream::iter(entries).map(|entry| start_one(index, flows, entry, now)).buffer_unordered(CONCURRENCY);
            let mut moved = false;
            while let Some(result) = results.next().await {
                match result {
                    Ok(true) => {
                        report.started += 1;
                        moved = true;
                    }
                    Ok(false) => report.already_taken += 1,
                    Err(why) => report.failed.push(why),
                }
            }
            // A page of which nothing could be started would come back unchanged.
            if !full || !moved {
                break;
            }
        }
    }
    Ok(report)
}

/// Claims and starts one endpoint; false if somebody else did.
pub async fn start_one(
    index: &impl DueIndex,
    flows: &impl FlowStarter,
    entry: DueEntry,
    now: OffsetDateTime,
) -> Result<bool, String> {
    let describe = |fault: ServiceFault| format!("{}: {fault}", entry.endpoint);
    let Some(attempt) = index.claim(&entry, now, now + LEASE).await.map_err(describe)? else { return Ok(false) };
    if let Err(fault) = flows.start(&entry.endpoint, attempt).await {
        tracing::warn!(endpoint = %entry.endpoint, attempt, %fault, "the attempt could not be started");
        index.release(&entry.endpoint, attempt, now + AGAIN_AFTER).await.map_err(describe)?;
        return Err(describe(fault));
    }
    Ok(true)
}
