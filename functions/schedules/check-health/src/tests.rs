mod counting;
mod runs;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use diagnosis::report::Serving;
use domain::alert::AlertKind;
use domain::endpoint::{Endpoint, EventKind, Notifications, SymptomKind};
use domain::health::CertificateUse;
use domain::installation::{InstallationCheck, InstallationStatus};
use domain::ports::{AuditTrail, EndpointReader, FaultKind, Inspector, Listeners, Registry, Sight};
use futures::FutureExt;
use testkit::{
    Fuse, MemoryEndpoints, MemoryInspector, MemoryListeners, MemoryNotifier, MemoryProber, MemoryQuotas,
    MemorySharedCauses, contracts,
};
use time::Duration;
use time::macros::datetime;
use vocabulary::certificate::{ImportedLife, ListenerUse, Region, Target};

use super::*;
use runs::Runs;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
/// Until the certificates are settled, and one check in turn is over.
const LATER: OffsetDateTime = datetime!(2026-11-25 12:00 UTC);

/// The table, with its calls counted; one endpoint cannot be read.
#[derive(Default)]
struct Store {
    inner: MemoryEndpoints,
    calls: Mutex<BTreeMap<&'static str, u32>>,
    unreadable: Option<EndpointId>,
}

impl Store {
    fn count(&self, call: &'static str) {
        *self.calls.lock().expect("no test panics in here").entry(call).or_default() += 1;
    }

    fn take_calls(&self) -> BTreeMap<&'static str, u32> {
        std::mem::take(&mut *self.calls.lock().expect("no test panics in here"))
    }
}

impl EndpointReader for Store {
    async fn find(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        self.count("find");
        if self.unreadable.as_ref() == Some(id) {
            return Err(fault("dynamodb:GetItem"));
        }
        self.inner.find(id).await
    }

    async fn find_with_chain(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        self.inner.find_with_chain(id).await
    }
}

impl HealthIndex for Store {
    async fn health_due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        self.inner.health_due(shard, now, limit).await
    }

    async fn record_health(&self, checked: &Endpoint, sight: &Sight) -> Result<bool, ServiceFault> {
        self.count(if sight.report.is_none() && sight.events.is_empty() { "write" } else { "transaction" });
        self.inner.record_health(checked, sight).await
    }

    async fn save_notified(&self, seen: &Endpoint, told: &Notifications) -> Result<bool, ServiceFault> {
        self.count("save_notified");
        self.inner.save_notified(seen, told).await
    }

    async fn postpone_health(&self, id: &EndpointId, at: OffsetDateTime) -> Result<(), ServiceFault> {
        self.count("postpone");
        self.inner.postpone_health(id, at).await
    }
}

/// ACM, in which every certificate is the same.
#[derive(Clone, Default)]
struct Acm {
    gone: bool,
    inspections: Arc<AtomicU32>,
    listeners: MemoryListeners,
}

impl Destinations for Acm {
    type Certificates = Self;
    type Listeners = MemoryListeners;
    type Quotas = MemoryQuotas;

    fn home(&self) -> &Region {
        static HOME: LazyLock<Region> = LazyLock::new(|| "eu-central-1".parse().expect("a region"));
        &HOME
    }

    async fn certificates(&self, _: &Target) -> Result<Self, ServiceFault> {
        Ok(self.clone())
    }

    async fn listeners(&self, _: &Target) -> Result<MemoryListeners, ServiceFault> {
        Ok(self.listeners.clone())
    }

    async fn quotas(&self, _: &Target) -> Result<MemoryQuotas, ServiceFault> {
        Ok(MemoryQuotas::default())
    }
}

impl CertificateInspector for Acm {
    async fn inspect_certificate(&self, _: &str) -> Result<Option<CertificateUse>, ServiceFault> {
        self.inspections.fetch_add(1, Ordering::Relaxed);
        Ok((!self.gone).then(|| CertificateUse { serial: "AB".into(), used_by: vec!["lb".into()] }))
    }

    async fn imported(&self) -> Result<Vec<ImportedLife>, ServiceFault> {
        Ok(Vec::new())
    }
}

fn fault(operation: &'static str) -> ServiceFault {
    ServiceFault { operation, kind: FaultKind::Unavailable, detail: "no answer".into() }
}

/// Everything around some endpoints at rest, each with a certificate.
#[derive(Default)]
struct Fixture {
    store: Store,
    prober: MemoryProber,
    acm: Acm,
    notifier: MemoryNotifier,
    causes: MemorySharedCauses,
    ids: Vec<EndpointId>,
}

impl Fixture {
    async fn with(count: u64, fuse: &Fuse) -> Self {
        let inner = MemoryEndpoints::new(fuse.clone());
        let mut ids = Vec::new();
        for number in 0..count {
            let mut endpoint = contracts::endpoint(number, NOW);
            let held = testkit::installed(&endpoint, NOW);
            endpoint.due_at = Some(held.renew_at);
            endpoint.health_at = Some(LATER);
            endpoint.certificate = Some(held);
            inner.register(&endpoint, &contracts::registered(&endpoint), None).await.expect("in memory");
            ids.push(endpoint.id);
        }
        let store = Store { inner, ..Store::default() };
        Self { store, notifier: MemoryNotifier::new(fuse.clone()), ids, ..Self::default() }
    }

    async fn new(count: u64) -> Self {
        Self::with(count, &Fuse::default()).await
    }

    async fn run_while(&self, now: OffsetDateTime, has_time: impl Fn() -> bool) -> HealthReport {
        self.run_share(Share::All(&Runs::default()), now, has_time).await
    }

    async fn run_share(
        &self,
        share: Share<'_, Runs>,
        now: OffsetDateTime,
        has_time: impl Fn() -> bool,
    ) -> HealthReport {
        let Self { store, prober, acm, notifier, causes, .. } = self;
        let ports = Ports { store, prober, destinations: acm, notifier, causes };
        let mut report = HealthReport::default();
        check_endpoints(&ports, &settings(), share, || now, has_time, &mut report).await.expect("the index answers");
        report
    }

    async fn run(&self, now: OffsetDateTime) -> HealthReport {
        self.run_while(now, || true).await
    }

    /// When the first endpoint's check is due.
    async fn next_check(&self) -> OffsetDateTime {
        self.endpoint(0).await.health_at.expect("it is checked")
    }

    async fn endpoint(&self, number: usize) -> Endpoint {
        self.store.inner.find(&self.ids[number]).await.expect("in memory").expect("there")
    }
}

fn settings() -> Settings {
    Settings {
        platform: testkit::Fixture::platform(),
        longest: Duration::hours(6),
        dashboard: None,
        setup_patience: Duration::ZERO,
    }
}

/// README's "What it costs" has these numbers.
#[tokio::test]
async fn an_unchanged_check_costs_one_read_one_write_and_one_inspection_of_the_certificate() {
    let fixture = Fixture::new(1).await;
    assert_eq!(fixture.run(LATER).await.checked, 1);
    fixture.store.take_calls();
    let next_check = fixture.next_check().await;
    assert!(LATER < next_check && next_check <= LATER + Duration::hours(6));
    // A day or a little more of ninety is over.
    let quiet = HealthReport { checked: 1, least_life_left: Some(98), ..HealthReport::default() };
    assert_eq!(fixture.run(next_check).await, quiet);
    assert_eq!(fixture.store.take_calls(), BTreeMap::from([("find", 1), ("write", 1)]));
    assert_eq!(fixture.acm.inspections.load(Ordering::Relaxed), 2, "one for each check");
    assert_eq!(fixture.run(next_check).await.checked, 0, "its next check is hours away");
    assert_eq!(fixture.notifier.kinds(), []);
}

#[tokio::test]
async fn a_dns_issue_is_notified_at_the_second_check_with_its_last_good_time_and_the_expiry() {
    let fixture = Fixture::new(1).await;
    fixture.run(LATER).await;
    fixture.prober.miss_the_delegation(true);
    let broke = fixture.next_check().await;
    assert_eq!((fixture.run(broke).await.ailing, fixture.notifier.kinds()), (0, vec![]), "once may be a moment");
    let certain = fixture.next_check().await;
    assert!(certain <= broke + Duration::minutes(10), "so it is checked again soon");
    let report = fixture.run(certain).await;
    assert_eq!((report.ailing, report.told), (1, 1));
    let alert = fixture.notifier.alerts().remove(0);
    assert_eq!((alert.kind, alert.since), (AlertKind::ActionRequired, Some(broke)));
    assert_eq!(alert.until, fixture.endpoint(0).await.certificate.map(|held| held.not_after));
    assert!(alert.guidance.summary.contains("2026-11-25 12:00 UTC"), "its last good time: {}", alert.guidance.summary);
    assert!(alert.guidance.record.is_some_and(|record| record.name.starts_with("_acme-challenge.")));
    for _ in 0..3 {
        fixture.run(fixture.next_check().await).await;
    }
    assert_eq!(fixture.notifier.kinds(), [AlertKind::ActionRequired], "once, however long it lasts");
    fixture.prober.miss_the_delegation(false);
    fixture.run(fixture.next_check().await).await;
    fixture.run(fixture.next_check().await).await;
    assert_eq!(fixture.notifier.kinds(), [AlertKind::ActionRequired, AlertKind::Recovered]);
    let acts = fixture.store.inner.events(&fixture.ids[0], None, 50).await.expect("in memory");
    assert_eq!(acts.iter().filter(|event| event.kind == EventKind::Checked).count(), 2, "{acts:#?}");
}

#[tokio::test]
async fn a_certificate_gone_from_acm_and_a_different_one_served_are_two_issues() {
    let mut fixture = Fixture::new(1).await;
    fixture.prober.present(Serving::Presented {
        host: "host-0.example.com".into(),
        serial: "01".into(),
        issuer: "CN=before".into(),
        not_after: NOW + Duration::days(9),
        ours: false,
        name_matches: true,
        chain_complete: true,
    });
    fixture.run(LATER).await;
    fixture.run(fixture.next_check().await).await;
    assert_eq!(fixture.notifier.kinds(), [AlertKind::ServedCertificateDiffers]);
    fixture.acm.gone = true;
    fixture.run(fixture.next_check().await).await;
    fixture.run(fixture.next_check().await).await;
    assert_eq!(fixture.notifier.kinds(), [AlertKind::ServedCertificateDiffers, AlertKind::CertificateMissing]);
    let health = fixture.endpoint(0).await.health.expect("kept");
    let kinds: Vec<_> = health.confirmed().map(|symptom| symptom.kind).collect();
    assert_eq!(kinds, [SymptomKind::CertificateMissing, SymptomKind::AnotherServed], "the gravest first");
    fixture.acm.gone = false;
    fixture.prober.present(Serving::NotChecked);
    fixture.run(fixture.next_check().await).await;
    assert_eq!(fixture.notifier.kinds()[2..], [AlertKind::Recovered], "both ends are one message");
}

#[tokio::test]
async fn a_listener_without_the_certificate_is_notified_like_a_missing_certificate() {
    let listener = "arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/edge/1/1";
    let listener: vocabulary::certificate::ListenerArn = listener.parse().expect("a listener");
    let inner = MemoryEndpoints::default();
    let mut endpoint = contracts::endpoint(1, NOW);
    let mut held = testkit::installed(&endpoint, NOW);
    held.listeners = vec![ListenerUse { listener: listener.clone(), attached_at: Some(NOW) }];
    endpoint.deployment.listeners = vec![listener.clone()];
    (endpoint.due_at, endpoint.health_at, endpoint.certificate) =
        (Some(held.renew_at), Some(LATER), Some(held.clone()));
    inner.register(&endpoint, &contracts::registered(&endpoint), None).await.expect("in memory");
    let store = Store { inner, ..Store::default() };
    let fixture = Fixture { store, ids: vec![endpoint.id], ..Fixture::default() };
    let listeners = &fixture.acm.listeners;
    listeners.create(&listener, None);
    listeners.attach(&listener, &held.arn).await.expect("in memory");
    fixture.run(LATER).await;
    fixture.run(fixture.next_check().await).await;
    assert_eq!(fixture.notifier.kinds(), []);
    listeners.strip(&listener);
    fixture.run(fixture.next_check().await).await;
    fixture.run(fixture.next_check().await).await;
    assert_eq!(fixture.notifier.kinds(), [AlertKind::CertificateMissing]);
    assert!(
        fixture.notifier.alerts()[0].guidance.summary.contains(listener.as_str()),
        "{:?}",
        fixture.notifier.alerts()
    );
    listeners.attach(&listener, &held.arn).await.expect("in memory");
    fixture.run(fixture.next_check().await).await;
    assert_eq!(fixture.notifier.kinds(), [AlertKind::CertificateMissing, AlertKind::Recovered]);
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_checked_delays_no_other() {
    let mut fixture = Fixture::new(40).await;
    fixture.store.unreadable = Some(fixture.ids[7].clone());
    let report = fixture.run(LATER).await;
    assert_eq!((report.checked, report.failed.len(), report.more), (39, 1, false));
    assert!(report.failed[0].contains(fixture.ids[7].as_str()) && report.failed[0].contains("no answer"));
    assert_eq!(fixture.endpoint(7).await.health_at, Some(LATER + ASK_AGAIN));
}

#[tokio::test]
async fn a_busy_endpoint_is_checked_later() {
    let fixture = Fixture::new(1).await;
    fixture.store.inner.begin_removal(&fixture.ids[0], LATER).await.expect("in memory");
    assert_eq!(fixture.run(LATER).await, HealthReport { busy: 1, ..HealthReport::default() });
    assert_eq!((fixture.next_check().await, fixture.prober.take()), (LATER + ASK_AGAIN, vec![]));
}

#[tokio::test]
async fn when_time_runs_out_no_check_is_begun_and_the_next_run_goes_on() {
    let fixture = Fixture::new(40).await;
    let none = fixture.run_while(LATER, || false).await;
    assert_eq!((none.checked, none.more), (0, true));
    let asked = AtomicU32::new(0);
    let some = fixture.run_while(LATER, || asked.fetch_add(1, Ordering::Relaxed) < 20).await;
    assert!(some.more && (1..40).contains(&some.checked), "{some:?}");
    let rest = fixture.run(LATER).await;
    assert_eq!((some.checked + rest.checked, rest.more), (40, false));
}

#[tokio::test]
async fn wherever_a_run_dies_people_are_notified_and_the_state_is_complete() {
    for effects in 1..8 {
        let fuse = Fuse::default();
        let fixture = Fixture::with(1, &fuse).await;
        fixture.prober.miss_the_delegation(true);
        fixture.run(LATER).await;
        let certain = fixture.next_check().await;
        fuse.set(Some(effects));
        let _crash = AssertUnwindSafe(fixture.run(certain)).catch_unwind().await;
        fuse.set(None);
        // A check that died half way is repeated at once if it is still due, else when it is due next.
        fixture.run(certain).await;
        fixture.run(fixture.next_check().await).await;
        let told = fixture.notifier.alerts();
        let ids: std::collections::BTreeSet<_> = told.iter().map(|alert| &alert.id).collect();
        assert_eq!(ids.len(), 1, "told, and if twice then with the same id, after {effects} effects: {told:#?}");
        let endpoint = fixture.endpoint(0).await;
        assert_eq!(endpoint.told.told.len(), 1, "after {effects} effects");
        assert!(endpoint.health.is_some_and(|health| health.confirmed().count() == 1));
    }
}

fn check(status: InstallationStatus) -> MemoryInspector {
    let remedy = (status != InstallationStatus::Ok).then(|| "Enable it.".to_owned());
    MemoryInspector(vec![InstallationCheck {
        name: "schedule".into(),
        status,
        detail: "It is disabled.".into(),
        remedy,
        used: vec![],
    }])
}

#[tokio::test]
async fn an_unhealthy_installation_is_notified_once_and_its_recovery_once() {
    let (store, notifier) = (MemoryEndpoints::default(), MemoryNotifier::default());
    let inspect = async |inspector: &MemoryInspector, minutes| {
        let now = NOW + Duration::minutes(minutes);
        check_installation(inspector, &store, &notifier, &settings(), now).await.expect("in memory").failing
    };
    let (ill, well) = (check(InstallationStatus::Failed), check(InstallationStatus::Ok));
    for minutes in [0, 5, 10] {
        assert_eq!(inspect(&ill, minutes).await, ["schedule"]);
    }
    assert_eq!(notifier.kinds(), [AlertKind::InstallationUnhealthy]);
    assert_eq!(notifier.alerts()[0].since, Some(NOW));
    assert_eq!(inspect(&well, 15).await, Vec::<String>::new());
    inspect(&well, 20).await;
    assert_eq!(notifier.kinds(), [AlertKind::InstallationUnhealthy, AlertKind::Recovered]);
}

#[tokio::test]
async fn an_inspection_that_does_not_finish_is_a_failure_of_its_own() {
    struct Silent;
    impl Inspector for Silent {
        async fn inspect(&self) -> Result<Vec<InstallationCheck>, ServiceFault> {
            Err(fault("lambda:InvokeFunction"))
        }
    }
    let (store, notifier) = (MemoryEndpoints::default(), MemoryNotifier::default());
    for _ in 0..2 {
        assert_eq!(
            check_installation(&Silent, &store, &notifier, &settings(), NOW).await.expect("in memory").failing,
            ["inspection"]
        );
    }
    assert!(notifier.alerts()[0].guidance.summary.contains("no answer"));
}
