//! Starts an attempt for every endpoint that is due. Run by the schedule.
//!
//! In: anything. Out: `ScanReport`. Fails when the due index cannot be read; the schedule tries again.
//! Calls: DynamoDB `Query`, `GetItem`, `BatchGetItem`, `UpdateItem`; Lambda `GetAccountSettings`; Step Functions
//! `ListExecutions`, `StartExecution`.

mod measured;

use std::time::{Duration, SystemTime};

use domain::installation::Task;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use scan_expiring::{Waits, scan};
use serde_json::Value;
use time::OffsetDateTime;

/// What a round needs at the most.
const RESERVE: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let (index, flows, metrics) = (wiring.endpoints()?, wiring.room()?, wiring.metrics()?);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let deadline = event.context.deadline();
        let has_time = || deadline.duration_since(SystemTime::now()).is_ok_and(|left| left > RESERVE);
        let report = scan(&index, &flows, Waits::default(), OffsetDateTime::now_utc(), has_time).await?;
        // Only `doctor` reads it: a scan does not fail without it.
        if let Err(fault) = index.record_run(Task::Scan, OffsetDateTime::now_utc()).await {
            tracing::warn!(%fault, "the scan could not be recorded");
        }
        metrics.emit(measured::measured(&report));
        Ok::<_, Error>(report)
    }))
    .await
}
