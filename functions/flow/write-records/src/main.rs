//! Writes TXT records into the delegation zone, and takes them away: the zone's one writer.
//!
//! In: messages of the queue `Records`, each a `RecordJob`. Out: which of them come again. Answers each job's task with
//! `Progress`: `presented`, `waiting`, `order_ready` or `clean`, or fails it as: `TimedOut`, `OrderLost`, `Misconfigured`,
//! `EndpointRemoved`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `Query`; Route 53 `ChangeResourceRecordSets`, `GetChange`, `ListResourceRecordSets`;
//! Step Functions `SendTaskSuccess`, `SendTaskFailure`.

use runtime::Spent;
use write_records::{Memory, Ports, span_of, write_records};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (journal, zone, tasks) = (wiring.endpoints()?.read_only(), wiring.zone_writer()?, wiring.tasks());
    let (zone_name, memory) = (wiring.delegation_zone_name()?, Memory::default());
    let ports = Ports { journal: &journal, zone: &zone, delegation_zone: &zone_name, memory: &memory };
    let spent = || Spent { route53_calls: zone.calls(), ..Spent::default() };
    let work = async |jobs: Vec<_>, now| write_records(&ports, &jobs, now).await;
    runtime::run_queue(&tasks, spent, span_of, work, || memory.rest()).await
}
