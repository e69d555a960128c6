//! All in-memory ports around one clock, and chaos on top.

mod any_ca;
mod chaos;
mod running;
mod steps;

pub(crate) use any_ca::AnyCa;
pub(crate) use chaos::{Chaos, Outage, Outages, Wish};

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use boulder::Boulder;
use domain::acts::{Authorities, Authority, Pace, TENANT_SHARE};
use domain::endpoint::Endpoint;
use domain::endpoint::records::required_records;
use domain::ports::{CertificateAuthority, EndpointReader, Registry};
use serde_json::Value;
use testkit::{
    Crash, Fuse, MemoryCa, MemoryCertificates, MemoryDestinations, MemoryDns, MemoryEndpoints, MemoryExports,
    MemoryFlows, MemoryKeys, MemoryNotifier, MemoryPacing, MemoryProbe, MemoryProber, MemoryRateLimits,
    MemorySharedCauses, MemoryTokens, MemoryTraces, MemoryZone,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{CaLimits, Proving};
use vocabulary::certificate::Deployment;
use vocabulary::dns::Platform;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};
use write_records::{Memory, Waits};

use crate::machine::Machine;

/// The flow's own waits move the clock; the writer's would take time.
const AT_ONCE: Waits = Waits {
    again: [std::time::Duration::ZERO; 3],
    gather: std::time::Duration::ZERO,
    not_yet: std::time::Duration::ZERO,
};

pub(crate) const ZONE: &str = "acme.platform.example";
/// The CA in memory has the limits of this one.
pub(crate) const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
pub(crate) const LIFETIME: Duration = Duration::days(90);

pub(crate) struct Simulation {
    pub(crate) machine: Machine,
    pub(crate) endpoints: MemoryEndpoints,
    pub(crate) keys: MemoryKeys,
    pub(crate) tokens: MemoryTokens,
    pub(crate) zone: MemoryZone,
    pub(crate) dns: MemoryDns,
    pub(crate) ca: MemoryCa,
    /// The fallback CA.
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
    pub(crate) exports: MemoryExports,
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

impl Simulation {
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
        let simulation = Self {
            machine: Machine::load(),
            endpoints: MemoryEndpoints::new(fuse.clone()).beside(&rate_limits),
            keys: MemoryKeys::new(fuse.clone()),
            pacing: MemoryPacing::new(fuse.clone()),
            probe: MemoryProbe::new(tokens.clone()),
            writer: Memory::new(AT_ONCE),
            destinations: MemoryDestinations::new(certificates.clone(), fuse.clone()),
            certificates,
            exports: MemoryExports::new(fuse.clone()),
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
        *simulation.cas.borrow_mut() =
            vec![AnyCa::Memory(simulation.ca.clone()), AnyCa::Memory(simulation.second.clone())];
        simulation.set_time(simulation.now.get());
        simulation
    }

    /// The same simulation at `now`, in the time of this CA.
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

    /// The second CA becomes the fallback of the one that is used. Returns its directory.
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

    /// There is room for so many attempts at once from now on.
    pub(crate) fn make_room_for(&mut self, attempts: usize) {
        self.flows = MemoryFlows::with_room(attempts);
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
        self.ca.set_unavailable(during(&self.outages.ca));
        self.second.set_unavailable(during(&self.outages.second_ca));
        self.zone.set_unavailable(during(&self.outages.route53));
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
}

/// Lets a failed assertion through, and keeps a planned crash.
fn expect_crash(payload: Box<dyn std::any::Any + Send>) {
    if payload.downcast_ref::<Crash>().is_none() {
        std::panic::resume_unwind(payload);
    }
}
