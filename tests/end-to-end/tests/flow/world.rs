//! All in-memory ports around one clock, and chaos on top.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ops::Range;
use std::panic::AssertUnwindSafe;

use adapters::acme::AcmeAuthority;
use boulder::Boulder;
use domain::acts::notify::tell;
use domain::acts::{Authorities, Authority, Pace, TENANT_SHARE};
use domain::alert::notifications::decide;
use domain::endpoint::records::required_records;
use domain::endpoint::{Endpoint, LEASE};
use domain::flow::{Progress, RecordJob, Status, StepInput};
use domain::ports::{
    CaError, CaReply, CertificateAuthority, Change, ChangeError, DueEntry, DueIndex, EndpointReader, Finalized,
    HealthIndex, OpenedOrder, Registry, Validation,
};
use futures::FutureExt;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{
    Crash, Fuse, MemoryCa, MemoryCertificates, MemoryDestinations, MemoryDns, MemoryEndpoints, MemoryFlows, MemoryKeys,
    MemoryNotifier, MemoryPacing, MemoryProbe, MemoryProber, MemoryRateLimits, MemorySharedCauses, MemoryTokens,
    MemoryTraces, MemoryZone,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Proving;
use vocabulary::acme::{CaLimits, Challenges, OpenOrder};
use vocabulary::certificate::Deployment;
use vocabulary::certificate::RevocationReason;
use vocabulary::dns::Platform;
use vocabulary::failure::Failure;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

use crate::machine::{End, Invocation, Machine};
use write_records::{Memory, Waits};

/// The flow's own waits move the clock; the writer's would take time.
const AT_ONCE: Waits = Waits {
    again: [std::time::Duration::ZERO; 3],
    gather: std::time::Duration::ZERO,
    not_yet: std::time::Duration::ZERO,
};

/// What the definition calls the queue of the zone's writer.
const QUEUE: &str = "${SendAndWaitArn}";
const PRESENT: &str = "${PresentChallengeFunctionArn}";

pub(crate) const ZONE: &str = "acme.platform.example";
/// The CA in memory has the limits of this one.
pub(crate) const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
pub(crate) const LIFETIME: Duration = Duration::days(90);

/// What goes wrong in one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chaos {
    /// The process dies after so many more side effects, again and again; with `true` its whole execution dies too.
    pub(crate) crashes: Vec<(u32, bool)>,
    /// Which invocations are delivered twice; with `true` the flow sees the first answer.
    pub(crate) duplicates: Vec<Option<bool>>,
    pub(crate) reuse_authorizations: bool,
}

/// When one of the others is away; the end is no longer part of it.
pub(crate) type Outage = Range<OffsetDateTime>;

/// Outages of those that the engine needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outages {
    pub(crate) ca: Vec<Outage>,
    /// Of the CA that stands in for it.
    pub(crate) second_ca: Vec<Outage>,
    pub(crate) route53: Vec<Outage>,
}

/// A change of names or of how they are proven; `also` of `None` leaves the names.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) also: Option<Vec<String>>,
    pub(crate) proving: Proving,
    /// `None` leaves it.
    pub(crate) deployment: Option<Deployment>,
    /// Whether everything that was delivered before comes again right after the change.
    pub(crate) echo: bool,
}

/// A CA of any kind.
#[derive(Clone)]
pub(crate) enum AnyCa {
    Memory(MemoryCa),
    Http(Arc<AcmeAuthority>),
}

impl CertificateAuthority for AnyCa {
    fn directory(&self) -> &str {
        match self {
            Self::Memory(ca) => CertificateAuthority::directory(ca),
            Self::Http(ca) => ca.directory(),
        }
    }

    async fn open(
        &self,
        names: &EndpointNames,
        challenges: &Challenges,
        replaces: Option<&str>,
    ) -> Result<CaReply<OpenedOrder>, CaError> {
        match self {
            Self::Memory(ca) => ca.open(names, challenges, replaces).await,
            // Boxed: the futures of the HTTP client nest deep.
            Self::Http(ca) => Box::pin(ca.open(names, challenges, replaces)).await,
        }
    }

    async fn resume(&self, order: &OpenOrder, challenges: &Challenges) -> Result<CaReply<OpenedOrder>, CaError> {
        match self {
            Self::Memory(ca) => ca.resume(order, challenges).await,
            Self::Http(ca) => Box::pin(ca.resume(order, challenges)).await,
        }
    }

    async fn validate(&self, order: &OpenOrder, announced: bool) -> Result<CaReply<Validation>, CaError> {
        match self {
            Self::Memory(ca) => ca.validate(order, announced).await,
            Self::Http(ca) => Box::pin(ca.validate(order, announced)).await,
        }
    }

    async fn revoke(&self, certificate: &[u8], reason: RevocationReason) -> Result<(), CaError> {
        match self {
            Self::Memory(ca) => ca.revoke(certificate, reason).await,
            Self::Http(ca) => Box::pin(ca.revoke(certificate, reason)).await,
        }
    }

    async fn deactivate(&self, authorizations: &[String]) -> Result<(), CaError> {
        match self {
            Self::Memory(ca) => ca.deactivate(authorizations).await,
            Self::Http(ca) => Box::pin(ca.deactivate(authorizations)).await,
        }
    }

    async fn finalize(&self, order: &OpenOrder, request: &[u8]) -> Result<CaReply<Finalized>, CaError> {
        match self {
            Self::Memory(ca) => ca.finalize(order, request).await,
            Self::Http(ca) => Box::pin(ca.finalize(order, request)).await,
        }
    }
}

pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) endpoints: MemoryEndpoints,
    pub(crate) keys: MemoryKeys,
    pub(crate) tokens: MemoryTokens,
    pub(crate) zone: MemoryZone,
    pub(crate) dns: MemoryDns,
    pub(crate) ca: MemoryCa,
    /// Stands in for the first.
    pub(crate) second: MemoryCa,
    pub(crate) prober: MemoryProber,
    pub(crate) rate_limits: MemoryRateLimits,
    pacing: MemoryPacing,
    authorities: RefCell<Authorities>,
    /// The CAs that the steps are given, one for each of the authorities.
    cas: RefCell<Vec<AnyCa>>,
    boulder: Option<Boulder>,
    pub(crate) platform: Platform,
    pub(crate) certificates: MemoryCertificates,
    /// At home, what is in `certificates`.
    pub(crate) destinations: MemoryDestinations,
    pub(crate) notifier: MemoryNotifier,
    pub(crate) causes: MemorySharedCauses,
    pub(crate) traces: MemoryTraces,
    flows: MemoryFlows,
    probe: MemoryProbe,
    writer: Memory,
    fuse: Fuse,
    outages: Outages,
    now: Cell<OffsetDateTime>,
    crashes: RefCell<VecDeque<(u32, bool)>>,
    duplicates: RefCell<VecDeque<Option<bool>>>,
    wish: RefCell<Option<Wish>>,
    /// Whether present-challenge publishes TXT values itself, as in the previous release.
    presents_as_before: Cell<bool>,
    /// Everything that was ever delivered, to be delivered again when nobody expects it.
    delivered: RefCell<Vec<(String, Value)>>,
}

impl World {
    pub(crate) fn new(chaos: Chaos) -> Self {
        Self::with(chaos, LIFETIME, Outages::default())
    }

    /// `lifetime` is that of the certificates which the CA issues.
    pub(crate) fn with(chaos: Chaos, lifetime: Duration, outages: Outages) -> Self {
        let fuse = Fuse::default();
        let (tokens, zone) = (MemoryTokens::new(fuse.clone()), MemoryZone::new(fuse.clone()));
        let dns = MemoryDns::new(zone.clone());
        let ca = MemoryCa::new(tokens.clone(), dns.clone(), lifetime, fuse.clone());
        ca.reuse_authorizations(chaos.reuse_authorizations);
        // Whatever happens, the CA never has to say that it is too much.
        let pace = Pace::published(LETS_ENCRYPT);
        ca.limit(pace.limits);
        let second = ca.another("memory://second/directory");
        second.limit(pace.limits);
        let listed = |ca: &MemoryCa| Authority {
            directory: CertificateAuthority::directory(ca).to_owned(),
            issuer: MemoryCa::issuer(),
            pace,
        };
        let authorities = Authorities::new(listed(&ca), [listed(&second)]).expect("each once");
        let certificates = MemoryCertificates::new(fuse.clone());
        let rate_limits = MemoryRateLimits::new(fuse.clone());
        let world = Self {
            machine: Machine::load(),
            endpoints: MemoryEndpoints::new(fuse.clone()).beside(&rate_limits),
            keys: MemoryKeys::new(fuse.clone()),
            pacing: MemoryPacing::new(fuse.clone()),
            probe: MemoryProbe::new(tokens.clone()),
            writer: Memory::new(AT_ONCE),
            destinations: MemoryDestinations::new(certificates.clone(), fuse.clone()),
            certificates,
            notifier: MemoryNotifier::new(fuse.clone()),
            causes: MemorySharedCauses::new(fuse.clone()),
            traces: MemoryTraces::default(),
            flows: MemoryFlows::new(fuse.clone()),
            tokens,
            zone,
            dns,
            ca,
            second,
            prober: MemoryProber::default(),
            rate_limits,
            authorities: RefCell::new(authorities),
            cas: RefCell::default(),
            boulder: None,
            platform: testkit::Fixture::platform(),
            fuse,
            outages,
            now: Cell::new(datetime!(2026-11-24 12:00 UTC)),
            crashes: RefCell::new(chaos.crashes.into()),
            duplicates: RefCell::new(chaos.duplicates.into()),
            wish: RefCell::default(),
            presents_as_before: Cell::new(false),
            delivered: RefCell::default(),
        };
        *world.cas.borrow_mut() = vec![AnyCa::Memory(world.ca.clone()), AnyCa::Memory(world.second.clone())];
        world.set_time(world.now.get());
        world
    }

    /// The same world at `now`, in the time of this CA.
    pub(crate) fn at(mut self, ca: &Boulder, now: OffsetDateTime) -> Self {
        self.boulder = Some(ca.clone());
        let pace = Pace { limits: CaLimits { orders: None, domain: None, names: None }, tenant_share: TENANT_SHARE };
        let only = Authority { directory: ca.directory(), issuer: MemoryCa::issuer(), pace };
        *self.authorities.borrow_mut() = Authorities::new(only, []).expect("one");
        self.set_time(now);
        self
    }

    /// From now on the steps are given this CA and no other.
    pub(crate) fn use_ca(&self, ca: AnyCa) {
        *self.cas.borrow_mut() = vec![ca];
    }

    /// The second CA stands in for the one that is used. Returns its directory.
    pub(crate) fn add_fallback(&self) -> String {
        let first = self.authorities.borrow().first().clone();
        let directory = CertificateAuthority::directory(&self.second).to_owned();
        let second = Authority { directory: directory.clone(), issuer: MemoryCa::issuer(), pace: first.pace };
        *self.authorities.borrow_mut() = Authorities::new(first, [second]).expect("each once");
        self.cas.borrow_mut().push(AnyCa::Memory(self.second.clone()));
        directory
    }

    /// The first CA's limits are known to be these.
    pub(crate) fn limit(&self, limits: &str) {
        let first = self.authorities.borrow().first().clone();
        let pace = Pace { limits: limits.parse().expect("limits"), tenant_share: 100 };
        *self.authorities.borrow_mut() = Authorities::new(Authority { pace, ..first }, []).expect("one");
    }

    /// As if the step that made the order had died before it could save it.
    pub(crate) fn forget_order(&self, id: &EndpointId) {
        self.endpoints.forget_order(id);
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.now.get()
    }

    pub(crate) fn set_time(&self, now: OffsetDateTime) {
        self.now.set(now);
        self.ca.set_time(now);
        self.second.set_time(now);
        if let Some(boulder) = &self.boulder {
            boulder.set_time(now);
        }
        let during = |outages: &[Outage]| outages.iter().any(|outage| outage.contains(&now));
        self.ca.set_away(during(&self.outages.ca));
        self.second.set_away(during(&self.outages.second_ca));
        self.zone.set_away(during(&self.outages.route53));
    }

    /// Registers the endpoint; its owner has created the records.
    pub(crate) async fn register(&self, domain: &str, also: &[String], proving: impl Into<Proving>) -> EndpointId {
        self.register_deployed(domain, also, proving, Deployment::default()).await
    }

    /// As [`Self::register`], with somewhere else for the certificate to go to.
    pub(crate) async fn register_deployed(
        &self,
        domain: &str,
        also: &[String],
        proving: impl Into<Proving>,
        deployment: Deployment,
    ) -> EndpointId {
        let names = EndpointNames::parse(domain, also, 100).expect("valid names");
        self.put("default", 1, names, proving.into(), true, deployment).await
    }

    /// Registers the endpoint of this `number` for a tenant; `delegated`: whether its owner has created the records.
    pub(crate) async fn register_for(
        &self,
        tenant: &str,
        number: u128,
        names: EndpointNames,
        proving: impl Into<Proving>,
        delegated: bool,
    ) -> EndpointId {
        self.put(tenant, number, names, proving.into(), delegated, Deployment::default()).await
    }

    async fn put(
        &self,
        tenant: &str,
        number: u128,
        names: EndpointNames,
        proving: Proving,
        delegated: bool,
        deployment: Deployment,
    ) -> EndpointId {
        // Spread over the shards, as random ids are.
        let random = (number * 0x9e37_79b9_7f4a_7c15_f39c_0c8b).to_be_bytes();
        let (id, label) = (EndpointId::from_random(random), DelegationLabel::from_random(random));
        let tenant = tenant.parse().expect("a tenant");
        let mut endpoint = Endpoint::register(id.clone(), tenant, names, proving.reachability, label, self.now());
        (endpoint.dns_method, endpoint.deployment) = (proving.dns_method, deployment);
        if delegated {
            self.create_records(&endpoint);
        }
        self.endpoints.register(&endpoint, &testkit::contracts::registered(&endpoint), None).await.expect("registered");
        id
    }

    /// As the owner of the names does.
    fn create_records(&self, endpoint: &Endpoint) {
        for record in required_records(endpoint, &self.platform, Some(&MemoryCa::persistent_issuer())) {
            match record.kind.as_str() {
                "TXT" => self.dns.text(&record.name, Some(&record.value)),
                _ => self.dns.alias(&record.name, &record.value),
            }
        }
    }

    /// Whether present-challenge publishes TXT values itself from now on, as in the previous release.
    pub(crate) fn present_as_before(&self, before: bool) {
        self.presents_as_before.set(before);
    }

    pub(crate) async fn endpoint(&self, id: &EndpointId) -> Option<Endpoint> {
        self.endpoints.find(id).await.expect("in memory")
    }

    /// Arms the next crash of the plan.
    pub(crate) fn arm(&self) {
        self.fuse.set(self.crashes.borrow().front().map(|(effects, _)| *effects));
    }

    /// Lets nothing die for a while.
    pub(crate) fn disarm(&self) {
        self.fuse.set(None);
    }

    /// Takes the crash that just happened off the plan; true if it takes the execution along.
    fn crashed(&self) -> bool {
        let crash = self.crashes.borrow_mut().pop_front();
        self.arm();
        crash.expect("only a planned crash happens").1
    }

    /// Scans and runs flows, moving on to the next due time, until `done` says so.
    pub(crate) async fn run_until(&self, id: &EndpointId, done: impl Fn(Option<&Endpoint>) -> bool) {
        for _ in 0..60 {
            self.try_wish(id).await;
            self.scan_and_run().await;
            let endpoint = self.endpoint(id).await;
            if done(endpoint.as_ref()) && self.wish.borrow().is_none() {
                return;
            }
            let due = endpoint.and_then(|endpoint| endpoint.due_at).expect("an endpoint is always due some time");
            self.set_time(due.max(self.now() + Duration::SECOND));
        }
        panic!("it never settles: {:#?}", self.endpoint(id).await);
    }

    /// Tells what an attempt that died had recorded and not told, as a health check does.
    pub(crate) async fn tell_unsent(&self, id: &EndpointId) {
        let Some(endpoint) = self.endpoint(id).await.filter(|endpoint| endpoint.unsent.is_some()) else { return };
        let decision = decide(&endpoint, self.now(), &domain::alert::NotificationPolicy::default());
        self.fuse.set(None);
        tell(&self.notifier, &self.causes, &endpoint, &decision, None, self.now()).await.expect("in memory");
        assert_eq!(self.endpoints.save_notified(&endpoint, &decision.notifications).await, Ok(true));
        self.arm();
    }

    /// What the owner wants changed once no attempt holds the endpoint.
    pub(crate) fn wish(&self, wish: Option<Wish>) {
        *self.wish.borrow_mut() = wish;
    }

    /// Makes the change if it can be made now. Its owner has created the records for it.
    async fn try_wish(&self, id: &EndpointId) {
        let Some(Wish { also, proving, deployment, echo }) = self.wish.borrow().clone() else { return };
        // Not before the first attempt: then it would be a registration like any other.
        let Some(seen) = self.endpoint(id).await.filter(|endpoint| endpoint.attempt > 0) else { return };
        let names = match also {
            Some(also) => EndpointNames::parse(&seen.names.primary().to_string(), &also, 100).expect("valid names"),
            None => seen.names.clone(),
        };
        let Proving { reachability, dns_method } = proving;
        self.create_records(&Endpoint { names: names.clone(), reachability, dns_method, ..seen.clone() });
        let deployment = deployment.unwrap_or_else(|| seen.deployment.clone());
        let change = Change { names, reachability, dns_method, deployment, due_at: self.now() };
        let event = testkit::contracts::registered(&seen);
        let changed = AssertUnwindSafe(self.endpoints.change(&seen, &change, &event)).catch_unwind().await;
        match changed {
            Ok(Ok(())) => {}
            Ok(Err(ChangeError::Busy)) => return,
            Ok(Err(error)) => panic!("{error}"),
            // It died right after the change, which nobody repeats.
            Err(payload) => {
                expect_crash(payload);
                self.crashed();
            }
        }
        self.wish(None);
        if echo {
            self.deliver_all_again().await;
        }
    }

    /// One scan, and the flows that it started, one after the other. Returns those, in order.
    pub(crate) async fn scan_and_run(&self) -> Vec<(EndpointId, u64)> {
        let scan =
            scan_expiring::scan(&self.endpoints, &self.flows, scan_expiring::Waits::default(), self.now(), || true);
        match AssertUnwindSafe(scan).catch_unwind().await {
            Ok(report) => assert!(report.expect("in memory").failed.is_empty()),
            Err(payload) => {
                expect_crash(payload);
                self.crashed();
            }
        }
        let started = self.flows.take();
        for (endpoint, attempt) in started.clone() {
            self.run_attempt(endpoint, attempt).await;
        }
        started
    }

    async fn run_attempt(&self, endpoint: EndpointId, attempt: u64) {
        let input = serde_json::to_value(StepInput::start(endpoint, attempt)).expect("plain data");
        let end = self
            .machine
            .run(
                input,
                async |resource, input| self.deliver(resource, input).await,
                |seconds| self.set_time(self.now() + Duration::seconds(i64::try_from(seconds).expect("short"))),
            )
            .await;
        assert_ne!(end, End::Failed("SettleFailed".into()));
    }

    /// An attempt now, though it is not due, as the API starts one.
    pub(crate) async fn renew_now(&self, id: &EndpointId) {
        let due_at = self.endpoint(id).await.and_then(|endpoint| endpoint.due_at).expect("due some time");
        let entry = DueEntry { endpoint: id.clone(), due_at };
        let claimed = self.endpoints.claim(&entry, self.now(), self.now() + LEASE).await.expect("in memory");
        self.run_attempt(id.clone(), claimed.expect("free")).await;
    }

    /// Delivers everything again that was ever delivered, long after its time.
    pub(crate) async fn deliver_all_again(&self) {
        let all = self.delivered.borrow().clone();
        for (resource, input) in all {
            let _ = self.invoke(&resource, input).await;
        }
    }

    async fn deliver(&self, resource: &str, input: Value) -> Invocation {
        self.delivered.borrow_mut().push((resource.to_owned(), input.clone()));
        let duplicate = self.duplicates.borrow_mut().pop_front().flatten();
        let Some(sees_first) = duplicate else { return self.invoke(resource, input).await };
        let first = self.invoke(resource, input.clone()).await;
        if matches!(first, Invocation::Dead) {
            return first;
        }
        let second = self.invoke(resource, input).await;
        match (sees_first, &second) {
            (true, Invocation::Dead) | (false, _) => second,
            (true, _) => first,
        }
    }

    async fn invoke(&self, resource: &str, input: Value) -> Invocation {
        let result = match resource {
            QUEUE => {
                let job = serde_json::from_value(input["MessageBody"].clone()).expect("the message is a RecordJob");
                AssertUnwindSafe(self.write_records(job)).catch_unwind().await
            }
            PRESENT if self.presents_as_before.get() => Ok(self.present_and_publish(input).await),
            function => {
                let input: StepInput = serde_json::from_value(input).expect("the state is a StepInput");
                AssertUnwindSafe(self.step(function, &input)).catch_unwind().await
            }
        };
        match result {
            Ok(Ok(progress)) => Invocation::Returned(serde_json::to_value(progress).expect("plain data")),
            Ok(Err(failure)) => {
                let message = serde_json::to_string(&failure).expect("plain data");
                let cause = json!({"errorType": failure.name, "errorMessage": message}).to_string();
                Invocation::Failed { error: failure.name.to_string(), cause }
            }
            Err(payload) => {
                expect_crash(payload);
                match self.crashed() {
                    true => Invocation::Dead,
                    false => Invocation::Failed { error: "Runtime.ExitError".into(), cause: "{}".into() },
                }
            }
        }
    }

    /// As present-challenge did in the previous release.
    async fn present_and_publish(&self, state: Value) -> Result<Progress, Failure> {
        let input: StepInput = serde_json::from_value(state.clone()).expect("the state is a StepInput");
        let progress = self.step(PRESENT, &input).await?;
        if progress.status != Status::RecordsWanted {
            return Ok(progress);
        }
        let message = json!({"task_token": "t", "work": "publish", "input": state});
        self.write_records(serde_json::from_value(message).expect("a RecordJob")).await
    }

    /// As the writer of the delegation zone does with a batch of one.
    async fn write_records(&self, job: RecordJob) -> Result<Progress, Failure> {
        let ports = write_records::Ports {
            journal: &self.endpoints,
            zone: &self.zone,
            delegation_zone: ZONE,
            memory: &self.writer,
        };
        write_records::write_records(&ports, &[job], self.now()).await.remove(0)
    }

    async fn step(&self, resource: &str, input: &StepInput) -> Result<Progress, Failure> {
        let (endpoints, keys, now) = (&self.endpoints, &self.keys, self.now());
        let (cas, authorities) = (self.cas.borrow().clone(), self.authorities.borrow().clone());
        let cas = cas.as_slice();
        match resource {
            "${OpenOrderFunctionArn}" => {
                let ports = open_order::Ports {
                    journal: endpoints,
                    keys,
                    cas,
                    authorities: &authorities,
                    dns: &self.dns,
                    prober: &self.prober,
                    rate_limits: &self.rate_limits,
                    platform: &self.platform,
                    move_grace: domain::acts::MOVE_GRACE,
                };
                open_order::open_order(&ports, input, now).await
            }
            PRESENT => present_challenge::present_challenge(endpoints, &self.tokens, input).await,
            "${CheckPropagationFunctionArn}" => {
                let ports = check_propagation::Ports {
                    endpoints,
                    dns: &self.dns,
                    probe: &self.probe,
                    prober: &self.prober,
                    platform: &self.platform,
                    issuer: &MemoryCa::issuer(),
                    longest: check_propagation::LONGEST,
                };
                check_propagation::check_propagation(&ports, input, now).await
            }
            "${SubmitChallengeFunctionArn}" => submit_challenge::submit_challenge(endpoints, cas, input, now).await,
            "${FinalizeOrderFunctionArn}" => {
                let ports = finalize_order::Ports { journal: endpoints, keys, cas, pacing: &self.pacing };
                finalize_order::finalize_order(&ports, input, now).await
            }
            "${ImportCertificateFunctionArn}" => {
                let ports = import_certificate::Ports { journal: endpoints, keys, destinations: &self.destinations };
                import_certificate::import_certificate(&ports, input, now, 0.5).await
            }
            "${CleanUpChallengeFunctionArn}" => {
                clean_up_challenge::clean_up_challenge(endpoints, &self.tokens, input).await
            }
            "${SettleAttemptFunctionArn}" => {
                let (destinations, notifier, causes) = (&self.destinations, &self.notifier, &self.causes);
                let traces = &self.traces;
                let ports = settle_attempt::Ports {
                    journal: endpoints,
                    keys,
                    destinations,
                    notifier,
                    causes,
                    traces,
                    policy: domain::alert::NotificationPolicy::default(),
                    unproven_patience: domain::endpoint::UNPROVEN_PATIENCE,
                    setup_messages: vocabulary::certificate::TenantLimits::default().messages,
                };
                settle_attempt::settle_attempt(&ports, input, now, 0.5).await.map(|settled| settled.progress)
            }
            other => panic!("the definition names {other}, which is no step"),
        }
    }
}

/// Lets a failed assertion through, and keeps a planned crash.
fn expect_crash(payload: Box<dyn std::any::Any + Send>) {
    if payload.downcast_ref::<Crash>().is_none() {
        std::panic::resume_unwind(payload);
    }
}
