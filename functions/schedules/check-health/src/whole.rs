//! A run of everything: the endpoints that are due, the room for certificates, and the installation.

use domain::acts::take_tokens::orders_left;
use domain::acts::{Authority, Counting, count_capacity};
use domain::ports::{
    CapacityLog, CertificateInspector, Destinations, DueIndex, EndpointReader, HealthIndex, HealthRuns, Inspector,
    InstallationLog, Notifier, Prober, RateLimits, ServiceFault, SharedCauses, Summaries,
};
use time::OffsetDateTime;

use crate::{HealthReport, Ports, Settings, Share, check_endpoints, check_installation};

/// What a run of everything needs besides what its endpoints need.
pub struct Whole<'a, R, I> {
    /// Begins a run for each shard, where one run is not enough.
    pub runs: &'a R,
    pub inspector: &'a I,
    pub counting: &'a Counting,
    /// The first CA: how much is left of its limits is reported.
    pub first: &'a Authority,
}

/// Sends what a channel has refused before, checks every endpoint that is due, counts what there is room for, and checks the installation.
pub async fn check_all<S, L, C, N, U, R, I>(
    ports: &Ports<'_, S, L, C, N, U>,
    settings: &Settings,
    whole: &Whole<'_, R, I>,
    clock: impl Fn() -> OffsetDateTime,
    has_time: impl Fn() -> bool,
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
    let mut report = HealthReport::default();
    let still_refused = ports.notifier.send_refused().await.unwrap_or_else(Some);
    report.failed.extend(still_refused.map(|fault| format!("notifications: {fault}")));
    check_endpoints(ports, settings, Share::All(whole.runs), &clock, &has_time, &mut report).await?;
    // Before the inspection, which reads it. Whatever keeps it from counting is in what it keeps, or passes.
    match count_capacity(ports.store, ports.destinations, whole.counting, clock(), has_time).await {
        Ok(resumed) => report.resumed = resumed,
        Err(fault) => tracing::warn!(%fault, "the room for certificates could not be counted"),
    }
    let now = clock();
    let sight = check_installation(whole.inspector, ports.store, ports.notifier, settings, now).await?;
    report.keep(sight);
    let Authority { directory, pace, .. } = whole.first;
    report.orders_left = orders_left(ports.store, directory, pace.limits.orders, now).await?;
    Ok(report)
}
