use std::future::Future;
use std::time::{Duration, Instant};

use domain::endpoint::{Step, StepUsage};
use domain::flow::{FailureReport, Progress, SpanId, StepInput, TraceId};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, Runtime, service_fn};
use time::OffsetDateTime;
use tracing::Instrument;
use vocabulary::failure::Failure;

/// A failure for Step Functions: its name becomes the error type that the state machine matches, the rest is JSON in the
/// message.
#[derive(Debug)]
pub struct StepError(pub FailureReport);

impl From<StepError> for Diagnostic {
    fn from(StepError(report): StepError) -> Self {
        Self {
            error_type: report.failure.name.as_str().into(),
            error_message: serde_json::to_string(&report).expect("plain data"),
        }
    }
}

/// What a process has spent since it started, as counted by its adapters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    pub ca_requests: u32,
    pub route53_calls: u32,
}

/// Serves a step of the flow until Lambda stops the process. `spent` is read before and after each run.
pub async fn run_step<F, Work>(step: Step, spent: impl Fn() -> Spent, work: F) -> Result<(), Error>
where
    F: Fn(StepInput, OffsetDateTime) -> Work,
    Work: Future<Output = Result<Progress, Failure>>,
{
    let spent = &spent;
    crate::settings::serve(Runtime::new(service_fn(|event: LambdaEvent<StepInput>| {
        let input = event.payload;
        let trace = TraceId::of(&input.endpoint, input.attempt);
        let span = tracing::info_span!(
            "step",
            endpoint = %input.endpoint,
            attempt = input.attempt,
            request_id = %event.context.request_id,
            trace_id = %trace,
            span_id = %SpanId::of_step(trace, step),
            // A separate trace: X-Ray's, of the AWS services involved.
            xray_trace_id = event.context.xray_trace_id.as_deref(),
        );
        let (now, clock, before) = (now_in_milliseconds(), Instant::now(), spent());
        // Boxed: the SDK's futures nest deeper than the compiler's limit.
        let work = Box::pin(work(input, now));
        async move {
            let result = work.await;
            let (milliseconds, after) = (u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX), spent());
            let usage = StepUsage {
                step,
                milliseconds,
                ca_requests: after.ca_requests - before.ca_requests,
                route53_calls: after.route53_calls - before.route53_calls,
                began: Some(now),
                ended: Some(now + Duration::from_millis(milliseconds)),
            };
            match result {
                Ok(mut progress) => {
                    tracing::info!(milliseconds, status = ?progress.status, "step done");
                    progress.record(usage);
                    Ok(progress)
                }
                Err(failure) => {
                    tracing::warn!(milliseconds, failure = %failure.name, summary = failure.guidance.summary, "step failed");
                    Err(StepError(FailureReport { failure, usage }))
                }
            }
        }
        .instrument(span)
    })))
    .await
}

/// Finer times are only harder to read.
pub(crate) fn now_in_milliseconds() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(u32::from(now.millisecond()) * 1_000_000).expect("under a second")
}
