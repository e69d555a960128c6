//! Looks at what is in place between renewals: records, hosts, certificates in ACM, and the engine itself.

mod endpoint;
mod installation;

pub use endpoint::{Ports, Settings};
pub use installation::{InstallationSight, check_installation};

use std::collections::BTreeMap;

use domain::health::ASK_AGAIN;
use domain::ports::{
    CertificateInspector, DUE_SHARDS, Destinations, HealthIndex, Notifier, Prober, ServiceFault, SharedCauses,
};
use futures::stream::{self, StreamExt};
use serde::Serialize;
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use endpoint::{Checked, look_at};

/// Entries read at once.
const PAGE: u32 = 100;
/// Looks under way at once. Each waits for other people's name servers and hosts, mostly under a second, at the most eight.
const CONCURRENCY: usize = 8;

/// What one run did. Logged, and returned to whoever invoked it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HealthReport {
    pub looked: u32,
    /// Endpoints of which something is wrong beyond doubt.
    pub ailing: u32,
    /// Those whose host presents another certificate than the one in ACM.
    pub another_served: u32,
    /// The least that one of their certificates has left of its lifetime, in whole percent.
    pub least_life_left: Option<u32>,
    /// Endpoints that an attempt was at work on; they are looked at in five minutes.
    pub busy: u32,
    /// Messages that were sent.
    pub told: u32,
    /// Endpoints that could not be looked at or told of, and why; they are looked at in five minutes.
    pub failed: Vec<String>,
    /// Checks of the engine that failed, by name.
    pub engine: Vec<String>,
    /// What the account at the first CA has left of its new orders, in whole percent; absent where it has no limit.
    pub orders_left: Option<u32>,
    /// Percent of limits that are used, by name.
    pub used: BTreeMap<String, u32>,
    /// Whether time ran out with more to do: the next run goes on.
    pub more: bool,
}

impl HealthReport {
    /// Adds what was seen of the engine.
    pub fn keep(&mut self, sight: InstallationSight) {
        self.engine = sight.failing;
        self.used = sight.used.into_iter().map(|used| (used.of, used.percent)).collect();
    }
}

/// Looks at every endpoint whose turn it is. `clock` tells the time; `has_time` whether another look may begin.
///
/// Single failures do not stop it: what is in the way of one is postponed, so that it does not hold up the others.
pub async fn check_endpoints<S, L, C, N, U>(
    ports: &Ports<'_, S, L, C, N, U>,
    settings: &Settings,
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
{
    for shard in 0..DUE_SHARDS {
        loop {
            if !has_time() {
                report.more = true;
                return Ok(());
            }
            let due = ports.store.health_due(shard, clock(), PAGE).await?;
            let (full, mut begun) = (due.len() == PAGE as usize, 0);
            let whole = due.len();
            let look = |id: EndpointId| {
                begun += 1;
                let now = clock();
                async move { (look_at(ports, settings, &id, now).await, id, now) }
            };
            let within = stream::iter(due).take_while(|_| std::future::ready(has_time()));
            let mut looks = within.map(look).buffer_unordered(CONCURRENCY);
            let mut stuck = false;
            while let Some((looked, id, now)) = looks.next().await {
                stuck |= count(ports, looked, &id, now, report).await;
            }
            drop(looks);
            if begun < whole {
                report.more = true;
                return Ok(());
            }
            // A page that could not even be postponed would come back unchanged.
            if !full || stuck {
                break;
            }
        }
    }
    Ok(())
}

/// True if the endpoint stays due although it was its turn.
async fn count<S: HealthIndex, L, C, N, U>(
    ports: &Ports<'_, S, L, C, N, U>,
    looked: Result<Checked, ServiceFault>,
    id: &EndpointId,
    now: OffsetDateTime,
    report: &mut HealthReport,
) -> bool {
    let postponed = match looked {
        Ok(Checked::Kept { ailing, another_served, life_left, told }) => {
            report.looked += 1;
            report.ailing += u32::from(ailing);
            report.another_served += u32::from(another_served);
            report.least_life_left = Some(report.least_life_left.map_or(life_left, |least| least.min(life_left)));
            report.told += told;
            return false;
        }
        Ok(Checked::Busy) => {
            report.busy += 1;
            ports.store.postpone_health(id, now + ASK_AGAIN).await
        }
        Err(fault) => {
            tracing::warn!(endpoint = %id, %fault, "its health could not be looked at");
            report.failed.push(format!("{id}: {fault}"));
            ports.store.postpone_health(id, now + ASK_AGAIN).await
        }
    };
    postponed.is_err()
}

#[cfg(test)]
mod tests;
