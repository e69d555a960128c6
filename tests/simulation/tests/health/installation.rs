//! Endpoints that know when they are due and nothing else, and what stands around them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};

use check_health::{HealthReport, Ports, Settings, Share, check_endpoints};
use diagnosis::report::{CheckReport, Serving, Unreached};
use diagnosis::subject::Subject;
use domain::alert::Alert;
use domain::endpoint::{Endpoint, Notifications};
use domain::health::CertificateUse;
use domain::health::pace::next_check;
use domain::ports::{
    CertificateInspector, DUE_SHARDS, Destinations, DueEntry, EndpointReader, HealthIndex, HealthRuns, Notifier,
    Prober, ServiceFault, Sight,
};
use futures::future::join_all;
use testkit::{MemoryListeners, MemoryQuotas, MemorySharedCauses, contracts};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::{ImportedLife, Region, Target};
use vocabulary::names::EndpointId;

use super::clock::Clock;

const INTERVAL: Duration = Duration::hours(6);
/// Of an endpoint whose name servers answer, and of one whose do not.
const CHECK: Duration = Duration::SECOND;
const SILENT_CHECK: Duration = Duration::seconds(8);
/// From when on some are silent.
const SILENT_FROM: Duration = Duration::HOUR;
/// What the function has for checks: its 280 seconds without what main.rs keeps back.
const RUN: Duration = Duration::seconds(220);
const RUN_OF_A_SHARD: Duration = Duration::seconds(260);

/// The outcome.
#[derive(Debug)]
pub(crate) struct Checks {
    pub(crate) checked: u64,
    /// Endpoints that were late by more than the time between two runs, at once.
    pub(crate) most_late: u64,
    /// The longest between two checks of one endpoint.
    pub(crate) longest_without: Duration,
    /// How long the first that was due at the end had been.
    pub(crate) late_at_the_end: Duration,
}

pub(crate) struct Installation<'a> {
    clock: &'a Clock,
    store: Store<'a>,
    prober: SlowProber<'a>,
    acm: Acm,
    causes: MemorySharedCauses,
    begun: Mutex<Vec<u32>>,
    settings: Settings,
}

struct Store<'a> {
    clock: &'a Clock,
    numbers: HashMap<EndpointId, u64>,
    index: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    /// By shard: seconds, and the endpoint.
    due: Vec<BTreeSet<(i64, u64)>>,
    /// By endpoint: when it is due, and when it was checked last.
    at: Vec<(i64, i64)>,
    checked: u64,
    longest_without: i64,
    most_late: u64,
}

impl<'a> Installation<'a> {
    /// Each is due by its own turn in the interval, as in an installation that has run for a while.
    pub(crate) fn new(clock: &'a Clock, endpoints: u32, silent: u32) -> Self {
        let mut index = Index { due: vec![BTreeSet::new(); DUE_SHARDS as usize], ..Index::default() };
        let mut numbers = HashMap::new();
        for number in 0..u64::from(endpoints) {
            let id = id_of(number);
            let at = next_check(&id, INTERVAL, clock.now()).unix_timestamp();
            index.due[id.shard(DUE_SHARDS) as usize].insert((at, number));
            index.at.push((at, at - INTERVAL.whole_seconds()));
            numbers.insert(id, number);
        }
        let settings = Settings {
            platform: testkit::Fixture::platform(),
            longest: INTERVAL,
            dashboard: None,
            setup_patience: Duration::ZERO,
        };
        Self {
            clock,
            store: Store { clock, numbers, index: Mutex::new(index) },
            prober: SlowProber { clock, silent, unreached: Mutex::default() },
            acm: Acm("eu-central-1".parse().expect("a region")),
            causes: MemorySharedCauses::default(),
            begun: Mutex::default(),
            settings,
        }
    }

    /// One run of the schedule, and those that it begins.
    pub(crate) async fn run(&self) {
        self.store.count_late();
        self.share(Share::All(self), RUN).await;
        let begun = std::mem::take(&mut *self.begun.lock().expect("nobody panics in here"));
        join_all(begun.into_iter().map(|shard| self.share(Share::Shard(shard), RUN_OF_A_SHARD))).await;
    }

    async fn share(&self, share: Share<'_, Self>, time: Duration) {
        let until = self.clock.now() + time;
        let ports = Ports {
            store: &self.store,
            prober: &self.prober,
            destinations: &self.acm,
            notifier: &Nobody,
            causes: &self.causes,
        };
        let has_time = || self.clock.now() < until;
        let mut report = HealthReport::default();
        let checked = check_endpoints(&ports, &self.settings, share, || self.clock.now(), has_time, &mut report).await;
        checked.expect("in memory");
        assert!(report.failed.is_empty(), "{report:?}");
    }

    pub(crate) fn checks(&self) -> Checks {
        let index = self.store.index();
        let now = self.clock.now().unix_timestamp();
        let first = index.due.iter().filter_map(|shard| shard.first()).map(|(at, _)| *at).min().unwrap_or(now);
        let not_since = index.at.iter().map(|(_, last)| now - last).max().unwrap_or_default();
        Checks {
            checked: index.checked,
            most_late: index.most_late,
            longest_without: Duration::seconds(index.longest_without.max(not_since)),
            late_at_the_end: Duration::seconds((now - first).max(0)),
        }
    }
}

impl HealthRuns for Installation<'_> {
    async fn begin(&self, shard: u32) -> Result<(), ServiceFault> {
        self.begun.lock().expect("nobody panics in here").push(shard);
        Ok(())
    }
}

fn id_of(number: u64) -> EndpointId {
    EndpointId::from_random((u128::from(number) << 64 | 1).to_be_bytes())
}

impl Store<'_> {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().expect("nobody panics in here")
    }

    fn count_late(&self) {
        let mut index = self.index();
        let late = (self.clock.now() - Duration::minutes(5)).unix_timestamp();
        let count = index.due.iter().map(|shard| shard.range(..(late, 0)).count() as u64).sum();
        index.most_late = index.most_late.max(count);
    }

    fn move_to(&self, id: &EndpointId, again: OffsetDateTime, checked: bool) {
        let (number, now) = (self.numbers[id], self.clock.now().unix_timestamp());
        let shard = id.shard(DUE_SHARDS) as usize;
        let mut index = self.index();
        let (at, last) = index.at[usize::try_from(number).expect("it fits")];
        assert!(index.due[shard].remove(&(at, number)), "each is due once");
        index.due[shard].insert((again.unix_timestamp(), number));
        index.longest_without = index.longest_without.max(now - last);
        index.checked += u64::from(checked);
        index.at[usize::try_from(number).expect("it fits")] = (again.unix_timestamp(), now);
    }
}

impl EndpointReader for Store<'_> {
    async fn find(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        let mut endpoint = contracts::endpoint(self.numbers[id], self.clock.now() - Duration::days(20));
        endpoint.certificate = Some(testkit::installed(&endpoint, endpoint.created_at));
        Ok(Some(endpoint))
    }

    async fn find_with_chain(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        self.find(id).await
    }
}

impl HealthIndex for Store<'_> {
    async fn health_due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        let index = self.index();
        let due = index.due[shard as usize].range(..(now.unix_timestamp() + 1, 0)).take(limit as usize);
        let entry = |(at, number): &(i64, u64)| {
            let due_at = OffsetDateTime::from_unix_timestamp(*at).expect("a time of these years");
            DueEntry { endpoint: id_of(*number), due_at }
        };
        Ok(due.map(entry).collect())
    }

    async fn record_health(&self, checked: &Endpoint, sight: &Sight) -> Result<bool, ServiceFault> {
        self.move_to(&checked.id, sight.next_check_at, true);
        Ok(true)
    }

    async fn save_notified(&self, _: &Endpoint, _: &Notifications) -> Result<bool, ServiceFault> {
        Ok(true)
    }

    async fn postpone_health(&self, id: &EndpointId, at: OffsetDateTime) -> Result<(), ServiceFault> {
        self.move_to(id, at, false);
        Ok(())
    }
}

struct SlowProber<'a> {
    clock: &'a Clock,
    /// Of a hundred endpoints.
    silent: u32,
    unreached: Mutex<HashMap<String, Unreached>>,
}

impl Prober for SlowProber<'_> {
    async fn probe(&self, subject: &Subject, now: OffsetDateTime) -> CheckReport {
        let domain = subject.names.primary().to_string();
        let number: u32 =
            domain.trim_start_matches("host-").split('.').next().and_then(|n| n.parse().ok()).expect("so");
        let is_silent = self.clock.elapsed() >= SILENT_FROM && number % 100 < self.silent;
        self.clock.sleep(if is_silent { SILENT_CHECK } else { CHECK }).await;
        let unreached = is_silent.then(|| {
            let mut unreached = self.unreached.lock().expect("nobody panics in here");
            let known = unreached.entry(domain).or_insert(Unreached { since: now, checks: 0, known: None });
            known.checks += 1;
            known.clone()
        });
        CheckReport {
            checked_at: now,
            records: Vec::new(),
            findings: Vec::new(),
            provider: None,
            serving: Serving::NotChecked,
            over_dns: Vec::new(),
            unreached,
            connect: Vec::new(),
        }
    }
}

/// ACM, in which every certificate is there.
struct Acm(Region);

struct Inspector;

impl Destinations for Acm {
    type Certificates = Inspector;
    type Listeners = MemoryListeners;
    type Quotas = MemoryQuotas;

    fn home(&self) -> &Region {
        &self.0
    }

    async fn certificates(&self, _: &Target) -> Result<Inspector, ServiceFault> {
        Ok(Inspector)
    }

    async fn listeners(&self, _: &Target) -> Result<MemoryListeners, ServiceFault> {
        Ok(MemoryListeners::default())
    }

    async fn quotas(&self, _: &Target) -> Result<MemoryQuotas, ServiceFault> {
        Ok(MemoryQuotas::default())
    }
}

impl CertificateInspector for Inspector {
    async fn inspect_certificate(&self, _: &str) -> Result<Option<CertificateUse>, ServiceFault> {
        Ok(Some(CertificateUse { serial: "AB".into(), used_by: vec!["lb".into()] }))
    }

    async fn imported(&self) -> Result<Vec<ImportedLife>, ServiceFault> {
        Ok(Vec::new())
    }
}

struct Nobody;

impl Notifier for Nobody {
    async fn notify(&self, _: &Alert) -> Result<(), ServiceFault> {
        Ok(())
    }

    async fn notify_programs(&self, _: &Alert) -> Result<(), ServiceFault> {
        Ok(())
    }
}
