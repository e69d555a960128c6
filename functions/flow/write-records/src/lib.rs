//! Writes and removes the TXT values of many orders at once.
//!
//! Route 53 takes five calls a second from an account, so orders share calls: one change for up to a hundred of them, and
//! one query whether it has reached all servers. The flow waits, not this function.

mod changing;
mod memory;

use domain::acts::owned_endpoint::{ordering_endpoint, owned_endpoint};
use domain::flow::{Progress, RecordJob, RecordWork, SpanId, Status, StepInput, TraceId};
use domain::ports::{ChangeState, EndpointReader, TxtChange, TxtZone};
use futures::stream::{self, StreamExt};
use time::{Duration, OffsetDateTime};
use tracing::{Instrument, Span};
use vocabulary::acme::OpenOrder;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

pub use memory::{Memory, Waits};

use changing::{Changed, change_all};

/// Endpoints read or written at once.
const CONCURRENCY: usize = 16;

/// Route53 promises 60 seconds; ten times that is an incident.
const PATIENCE: Duration = Duration::minutes(10);
/// Seconds until Route 53 is queried for the status of a change: now and then it takes only a few. Where many wait, the
/// query comes when the change should be done.
const FIRST_WAIT: u32 = 3;
const FIRST_WAIT_OF_MANY: u32 = 45;
const NEXT_WAIT: u32 = 15;
/// More orders than this in one round are many.
const FEW: usize = 3;

/// What the function works with.
pub struct Ports<'a, J, Z> {
    pub journal: &'a J,
    pub zone: &'a Z,
    pub delegation_zone: &'a str,
    pub memory: &'a Memory,
}

/// What a job comes to, before anything is written.
enum Wanted {
    Nothing(Progress),
    /// It is written; whether it has reached all servers.
    Watch(String),
    Write(TxtChange),
}

/// What the jobs of one batch have in common.
struct Round {
    changed: Changed,
    first_wait: u32,
    now: OffsetDateTime,
}

/// Does the jobs of one batch. One result for each, in their order. Safe to repeat, at any point.
pub async fn write_records<J: EndpointReader + Sync, Z: TxtZone + Sync>(
    ports: &Ports<'_, J, Z>,
    jobs: &[RecordJob],
    now: OffsetDateTime,
) -> Vec<Result<Progress, Failure>> {
    let wanted = stream::iter(jobs).map(|job| wanted(ports, job, now).instrument(span_of(job))).buffered(CONCURRENCY);
    let wanted: Vec<Result<Wanted, Failure>> = wanted.collect().await;
    let changes = wanted.iter().filter_map(|wanted| match wanted {
        Ok(Wanted::Write(change)) => Some(change.clone()),
        _ => None,
    });
    let changed = change_all(ports.zone, &ports.memory.waits, changes).await;
    ports.memory.wrote(changed.len()).await;
    let published =
        wanted.iter().filter(|wanted| matches!(wanted, Ok(Wanted::Write(TxtChange::Publish { .. })))).count();
    let first_wait = if published > FEW { FIRST_WAIT_OF_MANY } else { FIRST_WAIT };
    let round = Round { changed, first_wait, now };
    let ends = jobs.iter().zip(wanted).map(|(job, wanted)| end(ports, job, wanted, &round).instrument(span_of(job)));
    stream::iter(ends.collect::<Vec<_>>()).buffered(CONCURRENCY).collect().await
}

/// The span of the lines about one job: its ids find those of one attempt in all logs, though a batch is of many.
pub fn span_of(job: &RecordJob) -> Span {
    let StepInput { endpoint, attempt, .. } = &job.input;
    let trace = TraceId::of(endpoint, *attempt);
    let span = SpanId::of_step(trace, job.work.step());
    tracing::info_span!("step", %endpoint, attempt, trace_id = %trace, span_id = %span)
}

async fn wanted<J: EndpointReader, Z>(
    ports: &Ports<'_, J, Z>,
    job: &RecordJob,
    now: OffsetDateTime,
) -> Result<Wanted, Failure> {
    let input = &job.input;
    if job.is_too_late(now) {
        return Err(Failure::unavailable("The message to publish records came later than the flow waits for."));
    }
    match job.work {
        RecordWork::Publish => {
            let (endpoint, order) = ordering_endpoint(ports.journal, input).await?;
            let values = order.txt_values();
            if values.is_empty() {
                return Ok(Wanted::Nothing(input.reached(Status::Presented)));
            }
            match input.progress.change.clone() {
                Some(change) => Ok(Wanted::Watch(change)),
                None => {
                    let target = endpoint.label.target(ports.delegation_zone);
                    Ok(Wanted::Write(TxtChange::publish(target, &values)))
                }
            }
        }
        RecordWork::Withdraw => {
            let endpoint = owned_endpoint(ports.journal, input).await?;
            let target = endpoint.label.target(ports.delegation_zone);
            match endpoint.order.filter(OpenOrder::may_have_records) {
                None => Ok(Wanted::Nothing(input.reached(clean(input)))),
                Some(order) => Ok(Wanted::Write(TxtChange::withdraw(target, &order.published_txt_values()))),
            }
        }
    }
}

async fn end<J, Z: TxtZone>(
    ports: &Ports<'_, J, Z>,
    job: &RecordJob,
    wanted: Result<Wanted, Failure>,
    round: &Round,
) -> Result<Progress, Failure> {
    let input = &job.input;
    match wanted? {
        Wanted::Nothing(progress) => Ok(progress),
        Wanted::Watch(change) => match ports.memory.state_of(ports.zone, &change).await? {
            ChangeState::InSync => Ok(input.reached(Status::Presented)),
            ChangeState::Pending => {
                Ok(Progress { change: Some(change), ..input.wait(NEXT_WAIT, PATIENCE, round.now, late)? })
            }
        },
        Wanted::Write(change) => {
            let id = round.changed.of(&change)?;
            match job.work {
                RecordWork::Publish => {
                    Ok(Progress { change: Some(id), ..input.wait(round.first_wait, PATIENCE, round.now, late)? })
                }
                // The end of the attempt records it.
                RecordWork::Withdraw => Ok(Progress { withdrawn: true, ..input.reached(clean(input)) }),
            }
        }
    }
}

/// With its values withdrawn. An order that is ready stays so, else the next step would ask the CA for it.
fn clean(input: &StepInput) -> Status {
    match input.progress.status {
        Status::OrderReady => Status::OrderReady,
        _ => Status::Clean,
    }
}

fn late() -> Failure {
    let minutes = PATIENCE.whole_minutes();
    Failure::new(
        FailureName::TimedOut,
        WaitingOn::Operator,
        format!("After {minutes} minutes Route53 has not brought the TXT record to all its servers."),
        "Check the AWS Health Dashboard for Route 53. The next attempt writes the record again automatically.",
    )
}

#[cfg(test)]
mod tests;
