//! Sums up all endpoints, so that an overview costs the same however many there are. Run by a schedule.
//!
//! In: anything. Out: `SummaryReport`. Fails when endpoints cannot be listed; the next run goes on.
//! Calls: DynamoDB `Query`, `BatchGetItem`, `PutItem`.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use summarize_endpoints::summarize;
use time::OffsetDateTime;

/// What the page that is being read, and the summaries that it completes, need at the most.
const RESERVE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let table = wiring.endpoints()?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let deadline = event.context.deadline();
        let has_time = || deadline.duration_since(SystemTime::now()).is_ok_and(|left| left > RESERVE);
        let report = summarize(&table, OffsetDateTime::now_utc, has_time).await?;
        tracing::info!(endpoints = report.endpoints, parts = report.parts, late = report.late, "endpoints summed up");
        Ok::<_, Error>(report)
    }))
    .await
}
