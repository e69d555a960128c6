//! A service in memory with one endpoint.

use domain::endpoint::Endpoint;
use domain::ports::Registry;
use testkit::{MemoryEndpoints, MemoryFlows, MemoryInspector, MemoryProber, contracts};
use time::OffsetDateTime;
use vocabulary::names::{Caller, NamePolicy, Origin, Scope};

use super::{Outside, Service};
use crate::installation::{Brand, Installation};

type InMemory = Outside<MemoryEndpoints, MemoryFlows, MemoryProber, MemoryInspector>;

pub(super) struct Fixture {
    pub(super) service: Service<InMemory>,
    pub(super) endpoint: Endpoint,
    pub(super) operator: Caller,
    pub(super) now: OffsetDateTime,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let now = contracts::whole_second();
        let store = MemoryEndpoints::default();
        let endpoint = contracts::endpoint(1, now);
        store.register(&endpoint, &contracts::registered(&endpoint), None).await.expect("registered");
        let ports = Outside {
            store,
            flows: MemoryFlows::default(),
            prober: MemoryProber::default(),
            inspector: MemoryInspector::default(),
        };
        let installation = Installation {
            platform: testkit::Fixture::platform(),
            profile: None,
            name_policy: NamePolicy::Private,
            persistent_records: false,
            issuer: None,
            account: None,
            orders: None,
            brand: Brand::default(),
            tenant_limits: vocabulary::certificate::TenantLimits::UNLIMITED,
            acm_quotas: None,
            home: "eu-central-1".into(),
            pools: vocabulary::certificate::ListenerPools::default(),
            deployment_roles: vec![],
            connect: None,
            export: crate::installation::Export::default(),
        };
        let origin = Origin { who: "olga".into(), address: None, operator: true };
        let operator = Caller { scope: Scope::Everything, origin };
        Self { service: Service { ports, installation }, endpoint, operator, now }
    }
}
