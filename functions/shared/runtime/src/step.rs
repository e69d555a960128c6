use std::future::Future;
use std::time::Instant;

use domain::Failure;
use domain::flow::{Progress, Step, StepInput, StepUsage};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use time::OffsetDateTime;
use tracing::Instrument;

/// A failure on its way to Step Functions: its name becomes the error type that the state machine
/// matches, the rest travels as JSON in the message.
#[derive(Debug)]
pub struct StepError(pub Failure);

impl From<StepError> for Diagnostic {
    fn from(StepError(failure): StepError) -> Self {
        Self {
            error_type: failure.name.as_str().into(),
            error_message: serde_json::to_string(&failure).expect("plain data"),
        }
    }
}

/// Serves a step of the flow until Lambda stops the process.
pub async fn run_step<F, Work>(step: Step, work: F) -> Result<(), Error>
where
    F: Fn(StepInput, OffsetDateTime) -> Work,
    Work: Future<Output = Result<Progress, Failure>>,
{
    lambda_runtime::run(service_fn(|event: LambdaEvent<StepInput>| {
        let input = event.payload;
        let span = tracing::info_span!(
            "step",
            endpoint = %input.endpoint,
            attempt = input.attempt,
            request_id = %event.context.request_id,
        );
        let began = Instant::now();
        // Boxed: the SDK's futures nest deeper than the compiler cares to compute.
        let work = Box::pin(work(input, now_in_milliseconds()));
        async move {
            let result = work.await;
            let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            match result {
                Ok(mut progress) => {
                    progress.record(StepUsage { step, milliseconds, ca_requests: 0, route53_calls: 0 });
                    tracing::info!(milliseconds, status = ?progress.status, "step done");
                    Ok(progress)
                }
                Err(failure) => {
                    tracing::warn!(milliseconds, failure = %failure.name, summary = failure.summary, "step failed");
                    Err(StepError(failure))
                }
            }
        }
        .instrument(span)
    }))
    .await
}

/// Finer than that, times are only harder to read.
fn now_in_milliseconds() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(u32::from(now.millisecond()) * 1_000_000).expect("under a second")
}
