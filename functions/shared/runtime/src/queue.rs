use std::future::Future;
use std::time::{Duration, Instant};

use adapters::step_functions::Tasks;
use domain::endpoint::StepUsage;
use domain::flow::{FailureReport, Progress, RecordJob};
use futures::stream::{self, StreamExt};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tracing::{Instrument, Span};
use vocabulary::failure::Failure;

use crate::step::{Spent, now_in_milliseconds};

/// Concurrent answers.
const CONCURRENCY: usize = 16;

/// Lambda's event for an SQS queue.
#[derive(Debug, Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "messageId")]
    id: String,
    body: String,
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    /// Milliseconds since 1970.
    sent_timestamp: String,
}

impl Message {
    fn job(&self) -> serde_json::Result<RecordJob> {
        let milliseconds: Option<i128> = self.attributes.sent_timestamp.parse().ok();
        let sent_at = milliseconds.and_then(|sent| OffsetDateTime::from_unix_timestamp_nanos(sent * 1_000_000).ok());
        Ok(RecordJob { sent_at, ..serde_json::from_str(&self.body)? })
    }
}

/// Which messages are delivered again (`ReportBatchItemFailures`).
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchResponse {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// Serves a queue of steps that wait for their answer, until Lambda stops the process.
///
/// `span` is the span of one job's log entries. `work` takes the jobs of a batch and returns one result for each, in order. The
/// flow gets every result, including failures, which it repeats at its own pace. A message is delivered again only if its
/// answer could not be sent, or if the process died; so `work` must be safe to repeat. What the batch has spent is counted for
/// its first job: the sum stays right. After a batch, `rest` may wait while further messages gather.
pub async fn run_queue<F, Work, Rest>(
    tasks: &Tasks,
    spent: impl Fn() -> Spent,
    span: impl Fn(&RecordJob) -> Span,
    work: F,
    rest: impl Fn() -> Rest,
) -> Result<(), Error>
where
    F: Fn(Vec<RecordJob>, OffsetDateTime) -> Work,
    Work: Future<Output = Vec<Result<Progress, Failure>>>,
    Rest: Future<Output = ()>,
{
    let (spent, span, work, rest) = (&spent, &span, &work, &rest);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Batch>| {
        let mut response = BatchResponse::default();
        let (mut ids, mut jobs) = (Vec::new(), Vec::new());
        for message in event.payload.messages {
            match message.job() {
                Ok(job) => {
                    ids.push(message.id);
                    jobs.push(job);
                }
                Err(error) => {
                    tracing::error!(message = message.id, %error, "a message of the queue is no job");
                    response.batch_item_failures.push(ItemFailure { item_identifier: message.id });
                }
            }
        }
        let (began, clock, before) = (now_in_milliseconds(), Instant::now(), spent());
        let results = Box::pin(work(jobs.clone(), began)).await;
        let milliseconds = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut calls = spent().route53_calls - before.route53_calls;
        tracing::info!(milliseconds, jobs = jobs.len(), route53_calls = calls, "batch done");
        let answers = jobs.iter().zip(results).map(|(job, result)| {
            let usage = StepUsage {
                milliseconds,
                route53_calls: std::mem::take(&mut calls),
                began: Some(began),
                ended: Some(began + Duration::from_millis(milliseconds)),
                ..StepUsage::of(job.work.step())
            };
            answer(tasks, job, result, usage).instrument(span(job))
        });
        let answers: Vec<_> = answers.collect();
        let answered: Vec<bool> = stream::iter(answers).buffered(CONCURRENCY).collect().await;
        let unanswered = ids.into_iter().zip(answered).filter(|(_, answered)| !answered);
        response.batch_item_failures.extend(unanswered.map(|(id, _)| ItemFailure { item_identifier: id }));
        rest().await;
        Ok::<_, Error>(response)
    }))
    .await
}

/// Whether the flow needs no other answer.
async fn answer(tasks: &Tasks, job: &RecordJob, result: Result<Progress, Failure>, usage: StepUsage) -> bool {
    let sent = match result {
        Ok(mut progress) => {
            tracing::info!(status = ?progress.status, "step done");
            progress.record(usage);
            tasks.succeed(&job.task_token, &progress).await
        }
        Err(failure) => {
            tracing::warn!(failure = %failure.name, summary = failure.guidance.summary, "step failed");
            tasks.fail(&job.task_token, &FailureReport { failure, usage }).await
        }
    };
    match sent {
        Ok(true) => {}
        Ok(false) => tracing::info!("the flow no longer waits for this answer"),
        Err(ref fault) => tracing::warn!(%fault, "the flow could not be answered"),
    }
    sent.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::flow::{RecordWork, Status, StepInput};
    use time::macros::datetime;
    use vocabulary::names::EndpointId;

    #[test]
    fn a_message_is_read_as_the_state_machine_writes_it_and_the_response_as_lambda_reads_it() {
        let input = StepInput::start(EndpointId::from_random([7; 16]), 3);
        let body = serde_json::json!({"task_token": "token", "work": "publish", "input": input}).to_string();
        let attributes = serde_json::json!({"SentTimestamp": "1795521600250", "ApproximateReceiveCount": "1"});
        let message =
            serde_json::json!({"messageId": "m1", "body": body, "attributes": attributes, "eventSource": "aws:sqs"});
        let batch: Batch = serde_json::from_value(serde_json::json!({"Records": [message]})).expect("an event");
        let job = batch.messages[0].job().expect("a job");
        assert_eq!((job.work, job.input.progress.status), (RecordWork::Publish, Status::Started));
        assert_eq!(job.sent_at, Some(datetime!(2026-11-24 12:00:00.250 UTC)));
        let response = BatchResponse { batch_item_failures: vec![ItemFailure { item_identifier: "m1".into() }] };
        assert_eq!(
            serde_json::to_value(response).expect("plain data"),
            serde_json::json!({"batchItemFailures": [{"itemIdentifier": "m1"}]})
        );
    }
}
