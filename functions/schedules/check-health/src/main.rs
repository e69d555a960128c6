//! Checks endpoints between their renewals, and the installation. Run by the schedule; where that run falls behind, it begins
//! one for each shard.
//!
//! In: `{"shard": 3}` checks that shard alone; anything else, all of them and the installation. Out: `HealthReport`. Fails when
//! the health index cannot be read; the schedule tries again.
//! Calls: DynamoDB `Query`, `GetItem`, `PutItem`, `UpdateItem`; ACM `GetCertificate`, `DescribeCertificate`; for
//! listeners `DescribeListenerCertificates`, for another account STS `AssumeRole`; once an hour, for the room of each load
//! balancer and of ACM, `DescribeListeners`, `DescribeListenerCertificates`, ACM `ListCertificates` and Service Quotas
//! `GetServiceQuota`; Lambda `Invoke` of inspect-installation and of itself; SNS `Publish`; EventBridge `PutEvents`; DNS,
//! HTTP and TLS to the endpoints' hosts.

mod event;
mod measured;

use check_health::{Ports, Whole};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use runtime::Purpose;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let (settings, counting, authorities) = (event::settings(&wiring)?, wiring.counting()?, wiring.authorities()?);
    let (store, prober, destinations) =
        (wiring.endpoints()?, wiring.prober_inside()?, wiring.destinations(Purpose::Inspect)?);
    let (notifier, inspector, runs) = (wiring.alerts()?, wiring.inspector()?, wiring.health_runs()?);
    let metrics = wiring.metrics()?;
    let ports =
        Ports { store: &store, prober: &prober, destinations: &destinations, notifier: &notifier, causes: &store };
    let whole = Whole { runs: &runs, inspector: &inspector, counting: &counting, first: authorities.first() };
    let ended = async |now| store.record_run(domain::installation::Task::Health, now).await;
    runtime::serve(Runtime::new(service_fn(async |event: LambdaEvent<Value>| {
        let report = event::run(&event, &ports, &settings, &whole, ended).await?;
        metrics.emit(measured::measured(&report));
        Ok::<_, Error>(report)
    })))
    .await
}
