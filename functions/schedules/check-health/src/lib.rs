//! Checks endpoints between renewals: records, hosts, certificates in ACM, and the installation itself.

mod endpoint;
mod installation;
mod whole;

pub use endpoint::{Ports, Settings};
pub use installation::{InstallationSight, check_installation};
pub use whole::{Whole, check_all};

use std::collections::BTreeMap;

use domain::acts::DueRound;
use domain::health::ASK_AGAIN;
use domain::ports::{
    CertificateInspector, DUE_SHARDS, Destinations, DueEntry, HealthIndex, HealthRuns, Notifier, Prober, ServiceFault,
    SharedCauses,
};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use vocabulary::names::EndpointId;

use endpoint::{Checked, check};

/// Entries of one shard that a run for all shards reads at once. A run for one shard reads as many as all of them have: a
/// round ends with its slowest check, and meanwhile the places of those that are done stay empty.
const PAGE: u32 = 25;
/// Checks under way at once. Each waits for other people's name servers and hosts, mostly under a second, at the most eight:
/// with half of them silent, a run checks some six endpoints a second.
const CONCURRENCY: usize = 32;
/// A run that finds every shard full of endpoints that have been due for so long is not enough. Runs are five minutes apart.
const FALLEN_BEHIND: Duration = Duration::minutes(10);

/// What a run is for.
pub enum Share<'a, R> {
    /// All that is due. Where that is too much for one run, it begins one for each shard and leaves them to it.
    All(&'a R),
    /// What is due in one shard.
    Shard(u32),
}

/// What one run did. Logged, and returned to the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HealthReport {
    pub checked: u32,
    /// Endpoints of which something is wrong beyond doubt.
    pub ailing: u32,
    /// Those whose host serves a different certificate than the one in ACM.
    pub another_served: u32,
    /// The least that one of their certificates has left of its lifetime, in whole percent.
    pub least_life_left: Option<u32>,
    /// Endpoints that an attempt was at work on; they are checked in five minutes.
    pub busy: u32,
    /// Messages that were sent.
    pub told: u32,
    /// Endpoints that waited for room on a load balancer, and are due as there is some.
    pub resumed: u32,
    /// Endpoints whose check or notification failed, and why; they are checked in five minutes.
    pub failed: Vec<String>,
    /// Checks of the installation that failed, by name.
    pub engine: Vec<String>,
    /// What the account at the first CA has left of its new orders, in whole percent; absent where it has no limit.
    pub orders_left: Option<u32>,
    /// Percent of limits that are used, by name.
    pub used: BTreeMap<String, u32>,
    /// For how many seconds one of them had been due when this run came to it.
    pub longest_overdue: i64,
    /// Whether time ran out with more to do: the next run goes on.
    pub more: bool,
    /// Whether it left the endpoints to a run for each shard.
    pub handed_over: bool,
}

impl HealthReport {
    /// Adds what was seen of the installation.
    pub fn keep(&mut self, sight: InstallationSight) {
        self.engine = sight.failing;
        self.used = sight.used.into_iter().map(|used| (used.of, used.percent)).collect();
    }
}

/// Checks every endpoint that is due. `clock` returns the time; `has_time` whether another check may begin.
///
/// Single failures do not stop it: an endpoint that fails is postponed, so that it does not hold up the others.
pub async fn check_endpoints<S, L, C, N, U, R>(
    ports: &Ports<'_, S, L, C, N, U>,
    settings: &Settings,
    share: Share<'_, R>,
    clock: impl Fn() -> OffsetDateTime,
    has_time: impl Fn() -> bool,
    report: &mut HealthReport,
) -> Result<(), ServiceFault>
where
    S: HealthIndex + Sync,
    L: Prober + Sync,
    C: Destinations<Certificates: CertificateInspector> + Sync,
    N: Notifier + Sync,
    U: SharedCauses + Sync,
    R: HealthRuns + Sync,
{
    let (shards, page) = match share {
        Share::All(_) => (0..DUE_SHARDS, PAGE),
        Share::Shard(shard) => (shard..shard + 1, PAGE * DUE_SHARDS),
    };
    loop {
        if !has_time() {
            report.more = true;
            return Ok(());
        }
        let now = clock();
        let pages: Vec<_> = stream::iter(shards.clone())
            .map(|shard| ports.store.health_due(shard, now, page))
            .buffered(DUE_SHARDS as usize)
            .try_collect()
            .await?;
        let round = DueRound::merge(&pages, page);
        report.longest_overdue = report.longest_overdue.max(round.longest_overdue(now).whole_seconds());
        if let Share::All(runs) = share
            && has_fallen_behind(&round, now)
            && hand_over(runs).await
        {
            report.handed_over = true;
            return Ok(());
        }
        let (whole, mut begun) = (round.entries.len(), 0);
        let begin = |entry: DueEntry| {
            begun += 1;
            let (id, now) = (entry.endpoint, clock());
            async move { (check(ports, settings, &id, now).await, id, now) }
        };
        let within = stream::iter(round.entries).take_while(|_| std::future::ready(has_time()));
        let mut checks = within.map(begin).buffer_unordered(CONCURRENCY);
        let mut moved = false;
        while let Some((checked, id, now)) = checks.next().await {
            moved |= count(ports, checked, &id, now, report).await;
        }
        drop(checks);
        report.failed.extend(ports.notifier.refused().map(|fault| format!("notifications: {fault}")));
        if begun < whole {
            report.more = true;
            return Ok(());
        }
        // A round of which nothing could be moved would come back unchanged.
        if !round.more || !moved {
            return Ok(());
        }
    }
}

/// Whether every shard has a full page, and the first of them is late.
fn has_fallen_behind(round: &DueRound, now: OffsetDateTime) -> bool {
    round.entries.len() >= (PAGE * DUE_SHARDS) as usize && round.longest_overdue(now) >= FALLEN_BEHIND
}

/// Begins a run for each shard. False if one could not be begun: then this run continues.
async fn hand_over(runs: &impl HealthRuns) -> bool {
    let begun = futures::future::try_join_all((0..DUE_SHARDS).map(|shard| runs.begin(shard))).await;
    if let Err(fault) = &begun {
        tracing::warn!(%fault, "a run for a shard could not be begun: one run goes on alone");
    }
    begun.is_ok()
}

/// False if the endpoint stays due although it was checked.
async fn count<S: HealthIndex, L, C, N, U>(
    ports: &Ports<'_, S, L, C, N, U>,
    checked: Result<Checked, ServiceFault>,
    id: &EndpointId,
    now: OffsetDateTime,
    report: &mut HealthReport,
) -> bool {
    let postponed = match checked {
        Ok(Checked::Kept { ailing, another_served, life_left, told }) => {
            report.checked += 1;
            report.ailing += u32::from(ailing);
            report.another_served += u32::from(another_served);
            report.least_life_left = Some(report.least_life_left.map_or(life_left, |least| least.min(life_left)));
            report.told += told;
            return true;
        }
        Ok(Checked::Busy) => {
            report.busy += 1;
            ports.store.postpone_health(id, now + ASK_AGAIN).await
        }
        Err(fault) => {
            tracing::warn!(endpoint = %id, %fault, "its health could not be checked");
            report.failed.push(format!("{id}: {fault}"));
            ports.store.postpone_health(id, now + ASK_AGAIN).await
        }
    };
    postponed.is_ok()
}

#[cfg(test)]
mod tests;
