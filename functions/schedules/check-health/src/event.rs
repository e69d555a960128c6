//! What one event asks for, and how long it may take.

use std::time::{Duration, SystemTime};

use check_health::{HealthReport, Ports, Settings, Share, Whole, check_all, check_endpoints};
use domain::ports::{
    CapacityLog, CertificateInspector, Destinations, DueIndex, EndpointReader, HealthIndex, HealthRuns, Inspector,
    InstallationLog, Notifier, Prober, RateLimits, ServiceFault, SharedCauses, Summaries,
};
use lambda_runtime::LambdaEvent;
use runtime::{ConfigurationError, SHARD, Wiring};
use serde_json::Value;
use time::OffsetDateTime;

/// For the checks that have begun and, after those of all shards, for that of the installation.
const RESERVE: Duration = Duration::from_secs(60);
const RESERVE_OF_A_SHARD: Duration = Duration::from_secs(20);

/// What the installation was deployed with.
pub(crate) fn settings(wiring: &Wiring) -> Result<Settings, ConfigurationError> {
    Ok(Settings {
        platform: wiring.platform()?,
        longest: time::Duration::minutes(wiring.environment().parsed("HEALTH_MINUTES")?.unwrap_or(360)),
        dashboard: wiring.dashboard(),
        setup_patience: wiring.setup_patience()?,
    })
}

/// Checks one shard, or everything; `ended` records that everything was checked.
pub(crate) async fn run<S, L, C, N, U, R, I>(
    event: &LambdaEvent<Value>,
    ports: &Ports<'_, S, L, C, N, U>,
    settings: &Settings,
    whole: &Whole<'_, R, I>,
    ended: impl AsyncFn(OffsetDateTime) -> Result<(), ServiceFault>,
) -> Result<HealthReport, ServiceFault>
where
    S: HealthIndex + EndpointReader + CapacityLog + Summaries + DueIndex + InstallationLog + RateLimits + Sync,
    L: Prober + Sync,
    C: Destinations<Certificates: CertificateInspector> + Sync,
    N: Notifier + Sync,
    U: SharedCauses + Sync,
    R: HealthRuns + Sync,
    I: Inspector,
{
    let deadline = event.context.deadline();
    let has_time = |reserve: Duration| deadline.duration_since(SystemTime::now()).is_ok_and(|left| left > reserve);
    let clock = OffsetDateTime::now_utc;
    let shard = event.payload[SHARD].as_u64().and_then(|shard| u32::try_from(shard).ok());
    let Some(shard) = shard else {
        let report = check_all(ports, settings, whole, clock, || has_time(RESERVE)).await?;
        ended(clock()).await?;
        return Ok(report);
    };
    let (mut report, share) = (HealthReport::default(), Share::<R>::Shard(shard));
    check_endpoints(ports, settings, share, clock, || has_time(RESERVE_OF_A_SHARD), &mut report).await?;
    Ok(report)
}
