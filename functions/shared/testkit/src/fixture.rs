//! All in-memory ports around one endpoint whose first attempt has been claimed: the starting point of step tests.

use domain::endpoint::{Endpoint, LEASE};
use domain::flow::StepInput;
use domain::ports::{CertificateAuthority, DueEntry, DueIndex, EndpointReader, KeyVault, Registry};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{ChallengeKind, DnsMethod, OpenOrder, Proving, Reachability};
use vocabulary::certificate::{Deployment, InstalledCertificate};
use vocabulary::dns::{Platform, TenantProof};
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};

use crate::contracts::registered;
use crate::{
    Fuse, MemoryCa, MemoryCertificates, MemoryDestinations, MemoryDns, MemoryEndpoints, MemoryExports, MemoryKeys,
    MemoryNotifier, MemoryPacing, MemoryProber, MemoryRateLimits, MemorySharedCauses, MemoryTokens, MemoryTraces,
    MemoryZone,
};

pub struct Fixture {
    pub now: OffsetDateTime,
    /// Of everything that the steps write to, except the CA.
    pub fuse: Fuse,
    pub input: StepInput,
    pub endpoints: MemoryEndpoints,
    pub keys: MemoryKeys,
    pub tokens: MemoryTokens,
    pub zone: MemoryZone,
    pub dns: MemoryDns,
    pub ca: MemoryCa,
    pub prober: MemoryProber,
    pub rate_limits: MemoryRateLimits,
    pub pacing: MemoryPacing,
    pub certificates: MemoryCertificates,
    /// Its home certificates are `certificates`.
    pub destinations: MemoryDestinations,
    pub exports: MemoryExports,
    pub notifier: MemoryNotifier,
    pub causes: MemorySharedCauses,
    pub traces: MemoryTraces,
}

impl Fixture {
    pub const ZONE: &'static str = "acme.platform.example";

    /// `example.com` and its wildcard, correctly delegated.
    pub async fn new(reachability: Reachability) -> Self {
        Self::set(reachability.into(), Deployment::default()).await
    }

    /// `domain` alone, correctly delegated.
    pub async fn of(domain: &str, reachability: Reachability) -> Self {
        let names = EndpointNames::parse(domain, &[], 100).expect("valid names");
        Self::named(names, reachability.into(), Deployment::default()).await
    }

    async fn validated(proving: Proving) -> Self {
        Self::set(proving, Deployment::default()).await
    }

    /// As [`Self::new`], with another deployment of the certificate. Its listeners exist.
    pub async fn deployed(reachability: Reachability, deployment: Deployment) -> Self {
        Self::set(reachability.into(), deployment).await
    }

    /// An external endpoint with these names, each with its own host.
    pub async fn with_names(names: &[String]) -> Self {
        let names = EndpointNames::parse(&names[0], &names[1..], names.len()).expect("valid names");
        Self::named(names, Reachability::External.into(), Deployment::default()).await
    }

    async fn set(proving: Proving, deployment: Deployment) -> Self {
        let names = EndpointNames::parse("example.com", &["*.example.com".into()], 100).expect("valid names");
        Self::named(names, proving, deployment).await
    }

    async fn named(names: EndpointNames, proving: Proving, deployment: Deployment) -> Self {
        let now = datetime!(2026-11-24 12:00 UTC);
        let (id, label) = (EndpointId::from_random([1; 16]), DelegationLabel::from_random([2; 16]));
        let tenant = TenantId::fallback();
        let mut endpoint = Endpoint::register(id.clone(), tenant, names, proving.reachability, label, now);
        (endpoint.dns_method, endpoint.deployment) = (proving.dns_method, deployment);
        let fuse = Fuse::default();
        let rate_limits = MemoryRateLimits::new(fuse.clone());
        let endpoints = MemoryEndpoints::new(fuse.clone()).beside(&rate_limits);
        endpoints.register(&endpoint, &registered(&endpoint), None).await.expect("registered");
        let entry = DueEntry { endpoint: id.clone(), due_at: now };
        let attempt = endpoints.claim(&entry, now, now + LEASE).await.expect("in memory").expect("free");
        let (tokens, zone) = (MemoryTokens::default(), MemoryZone::default());
        let dns = MemoryDns::new(zone.clone());
        dns.alias(&endpoint.names.primary().base.challenge_name(), &endpoint.label.target(Self::ZONE));
        let ca = MemoryCa::new(tokens.clone(), dns.clone(), Duration::days(90), Fuse::default());
        ca.set_time(now);
        let certificates = MemoryCertificates::new(fuse.clone());
        let destinations = MemoryDestinations::new(certificates.clone(), fuse.clone());
        let exports = MemoryExports::new(fuse.clone());
        for listener in &endpoint.deployment.listeners {
            destinations.listeners_here().create(listener, None);
        }
        Self {
            now,
            input: StepInput::start(id, attempt),
            endpoints,
            keys: MemoryKeys::new(fuse.clone()),
            fuse,
            tokens,
            zone,
            dns,
            ca,
            prober: MemoryProber::default(),
            rate_limits,
            pacing: MemoryPacing::default(),
            certificates,
            destinations,
            exports,
            notifier: MemoryNotifier::default(),
            causes: MemorySharedCauses::default(),
            traces: MemoryTraces::default(),
        }
    }

    /// The records that an installation with one shared target requires.
    pub fn platform() -> Platform {
        Platform {
            delegation_zone: Self::ZONE.into(),
            endpoint_target: "edge.platform.example".parse().expect("a name"),
            tenant_proof: TenantProof::On,
            reserved: Vec::new(),
        }
    }

    /// The same, validated by a persistent record, which exists; the delegation proves the tenant.
    pub async fn by_persistent_record() -> Self {
        let proving = Proving { reachability: Reachability::Internal, dns_method: DnsMethod::DnsPersist01 };
        let fixture = Self::validated(proving).await;
        fixture.set_persistent_record(true);
        fixture
    }

    /// Creates the persistent record, or removes it.
    pub fn set_persistent_record(&self, there: bool) {
        let value = MemoryCa::persistent_issuer().value(true);
        self.dns.text("_validation-persist.example.com", Some(value.as_str()).filter(|_| there));
    }

    /// Gives the endpoint a certificate whose renewal is due at `renew_at`.
    pub async fn give_certificate(&self, renew_at: OffsetDateTime) {
        use domain::ports::AttemptJournal;
        let endpoint = self.endpoint().await;
        let held = InstalledCertificate { renew_at, ..crate::installed(&endpoint, self.now) };
        self.endpoints.record_certificate(&endpoint.id, self.input.attempt, &held).await.expect("ours");
    }

    pub async fn endpoint(&self) -> Endpoint {
        self.endpoints.find(&self.input.endpoint).await.expect("in memory").expect("it is there")
    }

    /// The name of the endpoint's TXT values.
    pub async fn target(&self) -> String {
        self.endpoint().await.label.target(Self::ZONE)
    }

    /// An order as the first step leaves it: opened and recorded, with its key stored.
    pub async fn with_order(self) -> Self {
        use domain::ports::AttemptJournal;
        use vocabulary::certificate::CertificateKey;
        let endpoint = self.endpoint().await;
        self.keys.ensure(&endpoint.id, 1, CertificateKey::generate).await.expect("in memory");
        let opened = self.ca.open(&endpoint.names, &endpoint.proving().into(), None).await.expect("in memory").value;
        let order = OpenOrder {
            url: opened.url,
            finalize_url: opened.finalize_url,
            directory: opened.directory,
            generation: 1,
            names: endpoint.names.iter().cloned().collect(),
            status: opened.status,
            opened_at: self.now,
            expires: opened.expires,
            authorizations: opened.authorizations,
            stale: vec![],
            nonce: None,
            withdrawn: false,
            chain: None,
            importing: false,
            taken: vec![],
            owed: vec![],
            former: vec![],
        };
        self.endpoints.save_order(&endpoint.id, self.input.attempt, &order).await.expect("ours");
        self
    }

    /// The endpoint's open order.
    pub async fn order(&self) -> OpenOrder {
        let endpoint = self.endpoints.find_with_chain(&self.input.endpoint).await.expect("in memory");
        endpoint.and_then(|endpoint| endpoint.order).expect("an order is open")
    }

    /// Publishes the order's TXT values, as the second step does.
    pub async fn with_publications(self) -> Self {
        use domain::ports::{TokenStore, TxtChange, TxtZone};
        let (order, target) = (self.order().await, self.target().await);
        for http in order.http_publications() {
            self.tokens.publish(http.host, http.token, http.key_authorization).await.expect("in memory");
        }
        let values = order.txt_values();
        if !values.is_empty() {
            self.zone.change(&[TxtChange::publish(target, &values)]).await.expect("in memory");
        }
        self
    }

    /// The chosen challenges of one kind.
    pub async fn challenges(&self, kind: ChallengeKind) -> usize {
        self.order().await.pending().filter(|(_, challenge)| challenge.kind == kind).count()
    }
}
