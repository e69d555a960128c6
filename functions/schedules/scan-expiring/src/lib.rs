//! Starts an attempt for every endpoint that is due.

mod fair_queue;

use domain::acts::start_attempt::start_attempt;
use domain::acts::{DueRound, expected_at};
use domain::ports::{DUE_SHARDS, DueEndpoint, DueEntry, DueIndex, FlowStarter, Place, Room, ServiceFault, TakenRoom};
use fair_queue::{Plan, Turns};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

/// Entries of one shard that are sorted at once.
const PAGE: u32 = 250;
/// Starts under way at once: StartExecution allows bursts of hundreds, and the CA is paced elsewhere.
const CONCURRENCY: usize = 16;

/// How a scan waits for room.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// How often it counts again.
    pub count_again: Duration,
    /// For how long: the next scan comes in a minute.
    pub longest: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { count_again: Duration::from_secs(5), longest: Duration::from_secs(45) }
    }
}

/// What one scan did. Logged, and returned to the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScanReport {
    pub due: u32,
    pub started: u32,
    /// Another scan, or the API, was first.
    pub already_taken: u32,
    /// Too many of one tenant: they are due a little later, so that others are not behind them.
    pub postponed: u32,
    /// The account can carry no more attempts at once: they stay due, and keep their place.
    pub waiting: u32,
    /// Endpoints whose attempt could not be started, and why; they are due again in a minute.
    pub failed: Vec<String>,
    /// Whether time ran out with more to do: the next scan goes on.
    pub more: bool,
}

/// Runs one scan. `has_time` says whether there is time for another round.
///
/// A round reads a page of each shard, the longest due first, and puts all of them into the order of `Turns`. What it has
/// handled is no longer due after it, so the next round reads what comes next. Single failures do not stop it. A scan that
/// dies half way, or two at once, start nothing twice: [`start_attempt`] sees to that.
///
/// No more attempts are started than there is room for. An endpoint that waits gets an expected start time; while some do,
/// the scan continues as others end.
#[expect(clippy::disallowed_methods, reason = "no flow waits for room: the scan is what starts them")]
pub async fn scan<I: DueIndex + Sync, F: FlowStarter + Room + Sync>(
    index: &I,
    flows: &F,
    waits: Waits,
    now: OffsetDateTime,
    has_time: impl Fn() -> bool,
) -> Result<ScanReport, ServiceFault> {
    let (mut report, mut turns, began) = (ScanReport::default(), Turns::default(), Instant::now());
    loop {
        if !has_time() {
            report.more = true;
            return Ok(report.counted());
        }
        let pages: Vec<_> = stream::iter(0..DUE_SHARDS)
            .map(|shard| index.due(shard, now, PAGE))
            .buffered(DUE_SHARDS as usize)
            .try_collect()
            .await?;
        let DueRound { entries: due, more: full } = DueRound::merge(&pages, PAGE);
        report.waiting = 0;
        if due.is_empty() {
            return Ok(report.counted());
        }
        let described = index.describe(due).await?;
        let counted_at = now + began.elapsed();
        let taken = flows.take_room(described.len(), Place::First, counted_at).await?;
        let Plan { start, postpone, waiting } = turns.plan(described, taken.attempts, now);
        flows.give_room_back(&taken, taken.attempts - start.len()).await?;
        report.waiting = u32::try_from(waiting.len()).expect("a round is small");
        tell_waiting(index, &waiting, &taken, counted_at).await?;
        let mut not_started = 0;
        let mut results =
            stream::iter(start).map(|entry| start_one(index, flows, entry, now)).buffer_unordered(CONCURRENCY);
        let mut moved = false;
        while let Some(result) = results.next().await {
            match result {
                Ok(true) => {
                    report.started += 1;
                    moved = true;
                }
                Ok(false) => {
                    report.already_taken += 1;
                    not_started += 1;
                }
                Err(why) => {
                    report.failed.push(why);
                    not_started += 1;
                }
            }
        }
        flows.give_room_back(&taken, not_started).await?;
        let mut results = stream::iter(postpone)
            .map(|(entry, due_at)| async move { index.postpone(&entry, now, due_at).await })
            .buffer_unordered(CONCURRENCY);
        while let Some(result) = results.next().await {
            result?;
            report.postponed += 1;
            moved = true;
        }
        if !waiting.is_empty() {
            if began.elapsed() >= waits.longest {
                return Ok(report.counted());
            }
            sleep(waits.count_again).await;
            continue;
        }
        // A round of which nothing could be moved would come back unchanged.
        if !full || !moved {
            return Ok(report.counted());
        }
    }
}

impl ScanReport {
    /// With the number of all that were due.
    fn counted(mut self) -> Self {
        let failed = u32::try_from(self.failed.len()).unwrap_or(u32::MAX);
        self.due = self.started + self.already_taken + self.postponed + self.waiting + failed;
        self
    }
}

/// Records when each endpoint that waits for room is expected to start, where no time is known yet or it has passed.
async fn tell_waiting(
    index: &impl DueIndex,
    waiting: &[DueEndpoint],
    taken: &TakenRoom,
    now: OffsetDateTime,
) -> Result<(), ServiceFault> {
    let untold = waiting.iter().enumerate().filter(|(_, one)| one.expected_at.is_none_or(|at| at <= now));
    let mut told = stream::iter(untold)
        .map(|(before, one)| index.wait(&one.entry, now, expected_at(before, taken.most, now)))
        .buffer_unordered(CONCURRENCY);
    while let Some(result) = told.next().await {
        result?;
    }
    Ok(())
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

    impl Room for Refusing {
        async fn take_room(&self, wanted: usize, place: Place, now: OffsetDateTime) -> Result<TakenRoom, ServiceFault> {
            self.1.take_room(wanted, place, now).await
        }

        async fn give_room_back(&self, taken: &TakenRoom, unused: usize) -> Result<(), ServiceFault> {
            self.1.give_room_back(taken, unused).await
        }
    }

    #[tokio::test]
    async fn every_due_endpoint_is_started_once_over_as_many_pages_as_it_takes() {
        let (endpoints, flows) = (due(5000, 100).await, MemoryFlows::default());
        let report = scan(&endpoints, &flows, Waits::default(), NOW, || true).await.expect("in memory");
        assert_eq!((report.due, report.started), (5000, 5000));
        assert_eq!(flows.take().len(), 5000);
        let again = scan(&endpoints, &flows, Waits::default(), NOW, || true).await.expect("in memory");
        assert_eq!(again, ScanReport::default());
    }

    #[tokio::test]
    async fn the_excess_of_one_tenant_is_due_later_and_none_of_it_is_lost() {
        let (endpoints, flows) = (due(3000, 1).await, MemoryFlows::default());
        let report = scan(&endpoints, &flows, Waits::default(), NOW, || true).await.expect("in memory");
        assert_eq!((report.due, report.started, report.postponed), (3000, 250, 2750));
        let mut scans = 1;
        let mut started = report.started;
        while started < 3000 {
            let now = NOW + time::Duration::MINUTE * scans;
            started += scan(&endpoints, &flows, Waits::default(), now, || true).await.expect("in memory").started;
            scans += 1;
        }
        assert_eq!((started, scans), (3000, 12), "so many a minute");
    }

    #[tokio::test]
    async fn one_that_cannot_be_started_does_not_stop_the_others_and_is_due_again() {
        let endpoints = due(20, 1).await;
        let refused = id(7);
        let flows = Refusing(refused.clone(), MemoryFlows::default());
        let report = scan(&endpoints, &flows, Waits::default(), NOW, || true).await.expect("in memory");
        assert_eq!((report.started, report.failed.len()), (19, 1));
        assert!(report.failed[0].contains(refused.as_str()) && report.failed[0].contains("slow down"));
        let endpoint = endpoints.find(&refused).await.expect("in memory").expect("there");
        assert_eq!((endpoint.due_at, endpoint.lease_until), (Some(NOW + time::Duration::MINUTE), None));
    }

    /// As after the table was restored to an earlier time.
    #[tokio::test]
    async fn attempt_numbers_that_were_used_before_are_skipped() {
        let (endpoints, flows) = (due(1, 1).await, MemoryFlows::default());
        for attempt in 1..=30 {
            flows.start(&id(0), attempt).await.expect("in memory");
        }
        flows.take();
        let scans = async |minute: i32| {
            let now = NOW + time::Duration::MINUTE * minute;
            scan(&endpoints, &flows, Waits::default(), now, || true).await.expect("in memory").started
        };
        assert_eq!((scans(0).await, scans(1).await), (0, 1));
        assert_eq!(flows.take(), [(id(0), 31)]);
        let endpoint = endpoints.find(&id(0)).await.expect("in memory").expect("there");
        assert!(endpoint.is_leased(NOW + time::Duration::HOUR), "the attempt runs");
    }

    #[tokio::test]
    async fn a_thousand_that_are_due_are_all_started_and_never_more_at_once_than_there_is_room_for() {
        let (endpoints, flows) = (due(1000, 10).await, MemoryFlows::with_room(8));
        let ends = flows.clone();
        let most = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let seen = most.clone();
        // An attempt takes some seconds.
        tokio::spawn(async move {
            loop {
                #[expect(clippy::disallowed_methods, reason = "it plays attempts that take a while")]
                sleep(Duration::from_millis(1)).await;
                seen.fetch_max(ends.take().len(), std::sync::atomic::Ordering::Relaxed);
            }
        });
        let waits = Waits { count_again: Duration::from_millis(2), longest: Duration::from_millis(60) };
        let (mut started, mut scans) = (0, 0);
        while started < 1000 {
            let now = NOW + time::Duration::MINUTE * scans;
            let report = scan(&endpoints, &flows, waits, now, || true).await.expect("in memory");
            assert_eq!((report.postponed, report.failed.len()), (0, 0), "who waits for room stays due");
            assert_eq!(report.waiting, 1000 - started - report.started);
            started += report.started;
            scans += 1;
            assert!(scans < 100, "it goes on while others end: {started}");
        }
        assert_eq!((started, most.load(std::sync::atomic::Ordering::Relaxed)), (1000, 8));
    }

    #[tokio::test]
    async fn an_endpoint_that_waits_for_room_gets_an_estimate_and_keeps_its_place_in_the_queue() {
        let (endpoints, flows) = (due(20, 4).await, MemoryFlows::with_room(8));
        let waits = Waits { count_again: Duration::from_millis(2), longest: Duration::ZERO };
        let report = scan(&endpoints, &flows, waits, NOW, || true).await.expect("in memory");
        assert_eq!((report.started, report.waiting), (8, 12));
        let told = async || {
            let mut all = Vec::new();
            for n in 0..20 {
                let endpoint = endpoints.find(&id(n)).await.expect("in memory").expect("there");
                if let Some(expected) = endpoint.expected_at {
                    assert_eq!(endpoint.due_at, Some(NOW), "it stays due");
                    all.push((expected - NOW).whole_minutes());
                }
            }
            all.sort_unstable();
            all
        };
        assert_eq!(told().await, [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
        // Still nobody has ended, and the first estimates are over.
        let later = NOW + time::Duration::seconds(90);
        let report = scan(&endpoints, &flows, waits, later, || true).await.expect("in memory");
        assert_eq!((report.started, report.waiting), (0, 12));
        assert_eq!(told().await, [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        flows.take();
        let report = scan(&endpoints, &flows, waits, later, || true).await.expect("in memory");
        assert_eq!((report.started, report.waiting, told().await.len()), (8, 4, 4), "whoever is started waits no more");
    }

    #[tokio::test]
    async fn without_time_left_a_scan_reports_that_there_is_more() {
        let report =
            scan(&due(3, 1).await, &MemoryFlows::default(), Waits::default(), NOW, || false).await.expect("in memory");
        assert!(report.more && report.started == 0);
    }
}
