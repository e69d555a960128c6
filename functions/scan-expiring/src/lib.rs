//! Starts an attempt for every endpoint that is due.

use domain::ports::{DUE_SHARDS, DueEntry, DueIndex, FlowStarter, ServiceFault};
use domain::starting::start_attempt;
use futures::stream::{self, StreamExt};
use serde::Serialize;
use time::OffsetDateTime;

/// Entries read at once.
const PAGE: u32 = 100;
/// Starts under way at once: StartExecution allows bursts of hundreds, and the CA is paced elsewhere.
const CONCURRENCY: usize = 16;

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
/// Single failures do not stop it. A scan that dies half way, or two at once, start nothing twice:
/// [`start_attempt`] sees to that.
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

/// Whether this scan started the endpoint's attempt, or why nobody could.
async fn start_one(
    index: &impl DueIndex,
    flows: &impl FlowStarter,
    entry: DueEntry,
    now: OffsetDateTime,
) -> Result<bool, String> {
    let started = start_attempt(index, flows, &entry, now).await;
    started.map(|attempt| attempt.is_some()).map_err(|fault| {
        tracing::warn!(endpoint = %entry.endpoint, %fault, "the attempt could not be started");
        format!("{}: {fault}", entry.endpoint)
    })
}
