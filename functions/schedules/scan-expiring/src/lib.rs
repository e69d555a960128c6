//! Starts an attempt for every endpoint that is due.

mod fair_queue;

use domain::acts::DueRound;
use domain::acts::start_attempt::start_attempt;
use domain::ports::{DUE_SHARDS, DueEntry, DueIndex, FlowStarter, ServiceFault};
use fair_queue::{Plan, Turns};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use time::OffsetDateTime;

/// Entries of one shard that are put into order at once.
const PAGE: u32 = 250;
/// Starts under way at once: StartExecution allows bursts of hundreds, and the CA is paced elsewhere.
const CONCURRENCY: usize = 16;

/// What one scan did. Logged, and returned to whoever invoked it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScanReport {
    pub due: u32,
    pub started: u32,
    /// Another scan, or the API, was first.
    pub already_taken: u32,
    /// Too many of one tenant: they are due a little later, so that others are not behind them.
    pub postponed: u32,
    /// Endpoints whose attempt could not be started, and why; they are due again in a minute.
    pub failed: Vec<String>,
    /// Whether time ran out with more to do: the next scan goes on.
    pub more: bool,
}

/// Runs one scan. `has_time` says whether there is time for another round.
///
/// A round reads a page of each shard, the longest due first, and puts all of them into the order of `Turns`. Whatever
/// it has seen is not due any more after it, so the next round sees what lay behind. Single failures do not stop it. A
/// scan that dies half way, or two at once, start nothing twice: [`start_attempt`] sees to that.
pub async fn scan<I: DueIndex + Sync, F: FlowStarter + Sync>(
    index: &I,
    flows: &F,
    now: OffsetDateTime,
    has_time: impl Fn() -> bool,
) -> Result<ScanReport, ServiceFault> {
    let (mut report, mut turns) = (ScanReport::default(), Turns::default());
    loop {
        if !has_time() {
            report.more = true;
            return Ok(report);
        }
        let pages: Vec<_> = stream::iter(0..DUE_SHARDS)
            .map(|shard| index.due(shard, now, PAGE))
            .buffered(DUE_SHARDS as usize)
            .try_collect()
            .await?;
        let DueRound { entries: due, more: full } = DueRound::merge(&pages, PAGE);
        report.due += u32::try_from(due.len()).expect("a round is small");
        if due.is_empty() {
            return Ok(report);
        }
        let Plan { start, postpone } = turns.plan(index.describe(due).await?, now);
        let mut results =
            stream::iter(start).map(|entry| start_one(index, flows, entry, now)).buffer_unordered(CONCURRENCY);
        let mut moved = false;
        while let Some(result) = results.next().await {
            match result {
                Ok(true) => {
                    report.started += 1;
                    moved = true;
                }
                Ok(false) => report.already_taken += 1,
                Err(why) => report.failed.push(why),
            }
        }
        let mut results = stream::iter(postpone)
            .map(|(entry, due_at)| async move { index.postpone(&entry, now, due_at).await })
            .buffer_unordered(CONCURRENCY);
        while let Some(result) = results.next().await {
            result?;
            report.postponed += 1;
            moved = true;
        }
        // A round of which nothing could be moved would come back unchanged.
        if !full || !moved {
            return Ok(report);
        }
    }
}

/// Whether this scan started the endpoint's attempt, or why nobody could.
async fn start_one(
    index: &impl DueIndex,
    flows: &impl FlowStarter,
    entry: DueEntry,
    now: OffsetDateTime,
) -> Result<bool, String> {
    let started = start_attempt(index, flows, &entry, now).await;
    started.map(|attempt| attempt.is_some()).map_err(|fault| {
        tracing::warn!(endpoint = %entry.endpoint, %fault, "the attempt could not be started");
        format!("{}: {fault}", entry.endpoint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::endpoint::Endpoint;
    use domain::ports::{EndpointReader, FaultKind, Registry, Started};
    use testkit::{MemoryEndpoints, MemoryFlows};
    use time::macros::datetime;
    use vocabulary::acme::Reachability;
    use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    /// Endpoints of tenants by turns.
    async fn due(count: u32, tenants: u32) -> MemoryEndpoints {
        let endpoints = MemoryEndpoints::default();
        for n in 0..count {
            let names = EndpointNames::parse(&format!("n{n}.example.com"), &[], 9).expect("valid");
            let (id, label) = (id(n), DelegationLabel::from_random(u128::from(n).to_be_bytes()));
            let tenant = format!("tenant-{}", n % tenants).parse().expect("a tenant");
            let endpoint = Endpoint::register(id, tenant, names, Reachability::Internal, label, NOW);
            endpoints.register(&endpoint, &testkit::contracts::registered(&endpoint), None).await.expect("registered");
        }
        endpoints
    }

    fn id(n: u32) -> EndpointId {
        EndpointId::from_random((u128::from(n) * 0x9e37_79b9_7f4a_7c15).to_be_bytes())
    }

    /// Starts no flow for one endpoint.
    struct Refusing(EndpointId, MemoryFlows);

    impl FlowStarter for Refusing {
        async fn start(&self, endpoint: &EndpointId, attempt: u64) -> Result<Started, ServiceFault> {
            match *endpoint == self.0 {
                false => self.1.start(endpoint, attempt).await,
                true => Err(ServiceFault {
                    operation: "states:StartExecution",
                    kind: FaultKind::Throttled,
                    detail: "slow down".into(),
                }),
            }
        }
    }

    #[tokio::test]
    async fn every_due_endpoint_is_started_once_over_as_many_pages_as_it_takes() {
        let (endpoints, flows) = (due(5000, 100).await, MemoryFlows::default());
        let report = scan(&endpoints, &flows, NOW, || true).await.expect("in memory");
        assert_eq!((report.due, report.started), (5000, 5000));
        assert_eq!(flows.take().len(), 5000);
        let again = scan(&endpoints, &flows, NOW, || true).await.expect("in memory");
        assert_eq!(again, ScanReport::default());
    }

    #[tokio::test]
    async fn what_is_too_much_of_one_tenant_is_due_later_and_nothing_of_it_is_lost() {
        let (endpoints, flows) = (due(3000, 1).await, MemoryFlows::default());
        let report = scan(&endpoints, &flows, NOW, || true).await.expect("in memory");
        assert_eq!((report.due, report.started, report.postponed), (3000, 250, 2750));
        let mut scans = 1;
        let mut started = report.started;
        while started < 3000 {
            let now = NOW + time::Duration::MINUTE * scans;
            started += scan(&endpoints, &flows, now, || true).await.expect("in memory").started;
            scans += 1;
        }
        assert_eq!((started, scans), (3000, 12), "so many a minute");
    }

    #[tokio::test]
    async fn one_that_cannot_be_started_does_not_stop_the_others_and_is_due_again() {
        let endpoints = due(20, 1).await;
        let refused = id(7);
        let flows = Refusing(refused.clone(), MemoryFlows::default());
        let report = scan(&endpoints, &flows, NOW, || true).await.expect("in memory");
        assert_eq!((report.started, report.failed.len()), (19, 1));
        assert!(report.failed[0].contains(refused.as_str()) && report.failed[0].contains("slow down"));
        let endpoint = endpoints.find(&refused).await.expect("in memory").expect("there");
        assert_eq!((endpoint.due_at, endpoint.lease_until), (Some(NOW + time::Duration::MINUTE), None));
    }

    #[tokio::test]
    async fn without_time_left_it_says_that_there_is_more() {
        let report = scan(&due(3, 1).await, &MemoryFlows::default(), NOW, || false).await.expect("in memory");
        assert!(report.more && report.started == 0);
    }
}
