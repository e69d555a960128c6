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

mod measured;

use std::time::{Duration, SystemTime};

use check_health::{HealthReport, Ports, Settings, Share, check_endpoints, check_installation};
use domain::acts::count_capacity;
use domain::acts::take_tokens::orders_left;
use domain::installation::Task;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use runtime::{Purpose, SHARD};
use serde_json::Value;
use time::OffsetDateTime;

/// What the checks that have begun need at the most, with the check of the installation.
/// For the checks that have begun and, after those of all shards, for that of the installation.
const RESERVE: Duration = Duration::from_secs(60);
const RESERVE_OF_A_SHARD: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let settings = Settings {
        platform: wiring.platform()?,
        longest: time::Duration::minutes(wiring.environment().parsed("HEALTH_MINUTES")?.unwrap_or(360)),
        dashboard: wiring.dashboard(),
        setup_patience: wiring.setup_patience()?,
    };
    let (store, prober, destinations) =
        (wiring.endpoints()?, wiring.prober_inside()?, wiring.destinations(Purpose::Inspect)?);
    let first = wiring.authorities()?.first().clone();
    let counting = wiring.counting()?;
    let (notifier, inspector, metrics) = (wiring.alerts()?, wiring.inspector()?, wiring.metrics()?);
    let runs = wiring.health_runs()?;
    runtime::serve(Runtime::new(service_fn(async |event: LambdaEvent<Value>| {
        let deadline = event.context.deadline();
        let shard = event.payload[SHARD].as_u64().and_then(|shard| u32::try_from(shard).ok());
        let (share, reserve) = match shard {
            Some(shard) => (Share::Shard(shard), RESERVE_OF_A_SHARD),
            None => (Share::All(&runs), RESERVE),
        };
        let has_time = || deadline.duration_since(SystemTime::now()).is_ok_and(|left| left > reserve);
        let ports =
            Ports { store: &store, prober: &prober, destinations: &destinations, notifier: &notifier, causes: &store };
        let mut report = HealthReport::default();
        check_endpoints(&ports, &settings, share, OffsetDateTime::now_utc, has_time, &mut report).await?;
        if shard.is_some() {
            metrics.emit(measured::measured(&report));
            return Ok::<_, Error>(report);
        }
        let now = OffsetDateTime::now_utc();
        // Before the inspection, which reads it. Whatever keeps it from counting is in what it keeps, or passes.
        match count_capacity(&store, &destinations, &counting, now, has_time).await {
            Ok(resumed) => report.resumed = resumed,
            Err(fault) => tracing::warn!(%fault, "the room for certificates could not be counted"),
        }
        let now = OffsetDateTime::now_utc();
        report.keep(check_installation(&inspector, &store, &notifier, &settings, now).await?);
        report.orders_left = orders_left(&store, &first.directory, first.pace.limits.orders, now).await?;
        store.record_run(Task::Health, OffsetDateTime::now_utc()).await?;
        metrics.emit(measured::measured(&report));
        Ok(report)
    })))
    .await
}
