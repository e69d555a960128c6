//! Asks the CA when it wants certificates renewed (RFC 9773). Run by the schedule.
//!
//! In: anything. Out: `PollReport`. Fails when the advice index cannot be read; the schedule tries again.
//! Calls: DynamoDB `Query`, `UpdateItem`, for an endpoint of an earlier release `PutItem`; the CA's directory and renewalInfo.

use std::time::{Duration, SystemTime};

use domain::installation::Task;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use poll_renewal_info::poll;
use runtime::AdviceMetrics;
use serde_json::Value;
use time::OffsetDateTime;

/// What a page needs at the most.
const RESERVE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let (index, cas, metrics) = (wiring.endpoints()?, wiring.renewal_informations()?, wiring.metrics()?);
    runtime::serve(Runtime::new(service_fn(async |event: LambdaEvent<Value>| {
        let deadline = event.context.deadline();
        let has_time = || deadline.duration_since(SystemTime::now()).is_ok_and(|left| left > RESERVE);
        let report = poll(&index, &cas, OffsetDateTime::now_utc(), runtime::jitter, has_time).await?;
        // Only `doctor` reads it: a poll does not fail without it.
        if let Err(fault) = index.record_run(Task::Advice, OffsetDateTime::now_utc()).await {
            tracing::warn!(%fault, "the poll could not be recorded");
        }
        metrics.emit(AdviceMetrics {
            at: SystemTime::now(),
            advice_asked: report.asked,
            advice_unanswered: u32::try_from(report.failed.len()).unwrap_or(u32::MAX),
            renewals_moved: report.moved,
            advice_overdue: Duration::from_secs(report.longest_overdue.unsigned_abs()),
        });
        Ok::<_, Error>(report)
    })))
    .await
}
