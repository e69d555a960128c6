//! An API whose outside world is in memory, and the people who call it.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::{Brand, ClaimNames, Export, Installation, OrderLimit, Outside, Service, Surroundings, application, router};
use axum::Router;
use axum::body::Body;
use domain::endpoint::attempt::execution_name;
use domain::endpoint::{Absence, Attempt, Endpoint, Failing, Notifications, Outcome};
use domain::installation::InstallationStatus;
use domain::ports::{AttemptJournal, Claims, DueIndex, EndpointReader, Registry, Settlement};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use testkit::{MemoryEndpoints, MemoryFlows, MemoryInspector, MemoryProber, contracts};
use time::{Duration, OffsetDateTime};
use tower::ServiceExt;
use vocabulary::acme::{Limit, OpenOrder, Reachability};
use vocabulary::certificate::{InstalledCertificate, ListenerPools, ListenerUse, TenantLimits};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, NamePolicy};

use crate::callers::Who;

/// The installation's own account, and the one role that it may assume in another.
pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const ROLE: &str = "arn:aws:iam::444455556666:role/managed-https";
/// Reads exported keys.
pub(crate) const READER: &str = "arn:aws:iam::123456789012:role/reader";
/// The first CA, and what it lets the account order.
pub(crate) const DIRECTORY: &str = "https://ca.example/directory";
pub(crate) const ORDERS: Limit = Limit { capacity: 5, period: Duration::HOUR, reserve: 0 };
pub(crate) const ZONE: &str = "acme.platform.example";

pub(crate) struct Api {
    router: Router,
    /// The same with the pages, below a path.
    pub(crate) pages: Router,
    pub(crate) store: MemoryEndpoints,
    pub(crate) flows: MemoryFlows,
    pub(crate) prober: MemoryProber,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Null where there is no body.
    pub(crate) body: Value,
}

impl Answer {
    /// The problem's name.
    pub(crate) fn problem(&self) -> &str {
        self.body["type"].as_str().and_then(|kind| kind.strip_prefix("urn:managed-https:problem:")).unwrap_or_default()
    }

    pub(crate) fn field(&self) -> &str {
        self.body["field"].as_str().unwrap_or_default()
    }

    /// What each endpoint of a list is called.
    pub(crate) fn domains(&self) -> Vec<String> {
        let all = self.body["endpoints"].as_array().expect("a list");
        all.iter().map(|endpoint| text(&endpoint["domain"]).to_owned()).collect()
    }
}

/// The table of problems in docs/reference/api.md: status and name.
pub(crate) fn documented_problems() -> BTreeSet<(u16, &'static str)> {
    let rows = include_str!("../../../../docs/reference/api.md").lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let status = cells.next()?.parse().ok()?;
        Some((status, cells.next()?.strip_prefix('`')?.strip_suffix('`')?))
    });
    rows.collect()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// The listeners of `pool:eu`, each of a load balancer of its own.
pub(crate) fn listener(number: u32) -> String {
    format!("arn:aws:elasticloadbalancing:eu-central-1:{ACCOUNT}:listener/app/edge-{number}/1/2")
}

fn pools() -> ListenerPools {
    let members =
        [1, 2].map(|n| format!(r#"{{"listener": "{}", "target": "edge-{n}.platform.example"}}"#, listener(n)));
    format!(r#"{{"eu": [{}]}}"#, members.join(",")).parse().expect("pools")
}

impl Api {
    pub(crate) fn new() -> Self {
        Self::with_persistent_records(false)
    }

    pub(crate) fn with_persistent_records(persistent_records: bool) -> Self {
        Self::with(persistent_records, NamePolicy::LetsEncrypt, TenantLimits::default(), true)
    }

    /// An API whose CA issues for these names.
    pub(crate) fn with_name_policy(name_policy: NamePolicy) -> Self {
        Self::with(true, name_policy, TenantLimits::default(), true)
    }

    /// An API whose tenants have these limits.
    pub(crate) fn with_limits(limits: &str) -> Self {
        Self::with(true, NamePolicy::LetsEncrypt, limits.parse().expect("limits"), true)
    }

    /// An API whose account has room for so many attempts at once.
    pub(crate) fn with_room(attempts: usize) -> Self {
        Self::on(MemoryFlows::with_room(attempts), false, NamePolicy::LetsEncrypt, TenantLimits::default(), true)
    }

    /// An API whose private keys never leave it.
    pub(crate) fn without_export() -> Self {
        Self::with(true, NamePolicy::LetsEncrypt, TenantLimits::default(), false)
    }

    fn with(persistent_records: bool, name_policy: NamePolicy, tenant_limits: TenantLimits, exporting: bool) -> Self {
        Self::on(MemoryFlows::default(), persistent_records, name_policy, tenant_limits, exporting)
    }

    fn on(
        flows: MemoryFlows,
        persistent_records: bool,
        name_policy: NamePolicy,
        tenant_limits: TenantLimits,
        exporting: bool,
    ) -> Self {
        let (store, prober) = (MemoryEndpoints::default(), MemoryProber::default());
        let installation = Installation {
            platform: testkit::Fixture::platform(),
            profile: None,
            name_policy,
            persistent_records,
            issuer: Some(testkit::MemoryCa::persistent_issuer()),
            account: Some(ACCOUNT.parse().expect("an account")),
            orders: Some(OrderLimit { directory: DIRECTORY.to_owned(), limit: ORDERS }),
            brand: Brand::default(),
            tenant_limits,
            acm_quotas: None,
            home: "eu-central-1".into(),
            pools: pools(),
            deployment_roles: vec![ROLE.parse().expect("a role")],
            connect: "platform.example/certificate/host".parse().ok(),
            export: Export { reader: exporting.then(|| READER.parse().expect("a role")), stack: "stack".into() },
        };
        let check = |name: &str, status, detail: &str| domain::installation::InstallationCheck {
            name: name.into(),
            status,
            detail: detail.into(),
            remedy: None,
            used: vec![],
        };
        let inspector = MemoryInspector(vec![
            check("zone-delegation", InstallationStatus::Ok, "The zone is delegated."),
            check("schedule", InstallationStatus::Failed, "No scan for 32 minutes."),
            check("acme-account", InstallationStatus::Ok, "It is there."),
        ]);
        let ports = Outside { store: store.clone(), flows: flows.clone(), prober: prober.clone(), inspector };
        let claims = ClaimNames { tenant: "tenant".into(), roles: "roles".into(), operator_role: "operator".into() };
        let service = Arc::new(Service { ports, installation });
        let base = "https://pages.example/below".parse().ok();
        let pages = application(Arc::clone(&service), Surroundings { identity: None, base, console: None });
        Self { router: router(service, Some(claims)), pages, store, flows, prober }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        let kind = headers.get("content-type").map(|kind| kind.to_str().expect("text"));
        let expected = if status.is_success() { "application/json" } else { "application/problem+json" };
        let body = match bytes.is_empty() {
            true => Value::Null,
            false => {
                assert_eq!(kind, Some(expected), "{status}");
                serde_json::from_slice(&bytes).expect("JSON")
            }
        };
        if !status.is_success() && !bytes.is_empty() {
            let name = text(&body["type"]).strip_prefix("urn:managed-https:problem:").expect("one of ours");
            assert!(
                documented_problems().contains(&(status.as_u16(), name)),
                "docs/reference/api.md has no {status} {name}"
            );
            assert_eq!(body["status"], status.as_u16());
            for part in ["type", "title", "detail", "remedy"] {
                assert!(!text(&body[part]).is_empty(), "{part} of {body}");
            }
        }
        Answer { status, headers, body }
    }

    /// Calls an operation; `path` is below `/v1`.
    pub(crate) async fn call(&self, who: Who, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request =
            Request::builder().method(method).uri(format!("{}{path}", who.prefix())).header("host", "api.example");
        if let Some(authorization) = who.authorization() {
            request = request.header("authorization", authorization);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.extension(who.context()).body(body).expect("a request")).await
    }

    pub(crate) async fn get(&self, who: Who, path: &str) -> Answer {
        self.call(who, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, who: Who, path: &str, body: Value) -> Answer {
        self.call(who, Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, who: Who, path: &str, body: Value) -> Answer {
        self.call(who, Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn put_at(&self, who: Who, path: &str, body: Value) -> Answer {
        self.call(who, Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, who: Who, path: &str) -> Answer {
        self.call(who, Method::DELETE, path, None).await
    }

    /// Registers an internal endpoint, whose first attempt then runs.
    pub(crate) async fn registered(&self, who: Who, domain: &str) -> EndpointId {
        let answer = self.post(who, "/endpoints", internal(domain)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        text(&answer.body["id"]).parse().expect("an id")
    }

    /// Registers under an idempotency key.
    pub(crate) async fn register_under(&self, key: &str, who: Who, body: &Value) -> Answer {
        let mut request = Request::post(format!("{}/endpoints", who.prefix()))
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        if let Some(authorization) = who.authorization() {
            request = request.header("authorization", authorization);
        }
        self.send(request.extension(who.context()).body(Body::from(body.to_string())).expect("a request")).await
    }

    pub(crate) async fn endpoint(&self, id: &EndpointId) -> Endpoint {
        self.store.find(id).await.expect("in memory").expect("it is there")
    }

    /// Ends the running attempt with a certificate that is good for 90 days.
    pub(crate) async fn issued(&self, id: &EndpointId) {
        self.issued_on(id, Vec::new()).await;
    }

    /// Likewise, with what is known of its listeners.
    pub(crate) async fn issued_on(&self, id: &EndpointId, listeners: Vec<ListenerUse>) {
        self.issued_as(id, |held| InstalledCertificate { listeners, ..held }).await;
    }

    /// Likewise, by the first CA and with a copy to show it.
    pub(crate) async fn issued_by_ca(&self, id: &EndpointId) {
        let (leaf, directory) = (Some("MIIB".into()), Some(DIRECTORY.into()));
        self.issued_as(id, |held| InstalledCertificate { leaf, directory, ..held }).await;
    }

    async fn issued_as(&self, id: &EndpointId, with: impl FnOnce(InstalledCertificate) -> InstalledCertificate) {
        let (endpoint, now) = (self.endpoint(id).await, contracts::whole_second());
        let certificate = with(InstalledCertificate {
            arn: format!("arn:aws:acm:eu-central-1:123456789012:certificate/{id}"),
            serial: "0AB1".into(),
            issuer: "CN=Test CA".into(),
            not_before: now - Duration::HOUR,
            directory: None,
            renewal_id: None,
            announced: true,
            ..testkit::installed(&endpoint, now)
        });
        self.store.record_certificate(id, endpoint.attempt, &certificate).await.expect("ours");
        self.settle(id, certificate.renew_at, None).await;
    }

    /// Who holds a name.
    pub(crate) async fn holder_of(&self, name: &str) -> EndpointId {
        let name = name.parse().expect("a name");
        let found = self.store.registrations(&name).await.expect("in memory");
        found.into_iter().next().expect("it is registered")
    }

    /// Ends the running attempt without one.
    pub(crate) async fn failed(&self, id: &EndpointId, name: FailureName, actor: WaitingOn) {
        self.failed_by(id, Failure::new(name, actor, "It is not as it must be.", "Make it so.")).await;
    }

    pub(crate) async fn failed_by(&self, id: &EndpointId, failure: Failure) {
        let now = contracts::whole_second();
        let failing = Failing::first(failure, now - Duration::HOUR);
        self.settle(id, now + Duration::HOUR, Some(failing)).await;
    }

    /// Ends the running attempt as the last of very many that found the domain owner's part undone.
    pub(crate) async fn paused(&self, id: &EndpointId) {
        let now = contracts::whole_second();
        let failure = Failure::new(
            FailureName::RecordsNotReady,
            WaitingOn::DomainOwner,
            "It is not as it must be.",
            "Make it so.",
        );
        let since = now - Duration::days(30);
        let absence = Some(Absence { since, checks: 99, paused_since: Some(now - Duration::days(20)) });
        let failing = Failing { absence, ..Failing::first(failure, since) };
        self.settle(id, now + Duration::WEEK, Some(failing)).await;
    }

    /// Ends the running attempt after it has begun to import a certificate, which may be in ACM.
    pub(crate) async fn importing(&self, id: &EndpointId) {
        let (endpoint, now) = (self.endpoint(id).await, contracts::whole_second());
        let order = OpenOrder { importing: true, ..contracts::order_of(&endpoint, now) };
        self.store.save_order(id, endpoint.attempt, &order).await.expect("ours");
        self.store.release(id, endpoint.attempt, now).await.expect("in memory");
    }

    async fn settle(&self, id: &EndpointId, due_at: OffsetDateTime, failing: Option<Failing>) {
        // As they are: one attempt ends before the next begins.
        let (number, now) = (self.endpoint(id).await.attempt, OffsetDateTime::now_utc());
        let attempt = Attempt {
            attempt: number,
            started_at: now,
            finished_at: Some(now),
            outcome: if failing.is_some() { Outcome::Failed } else { Outcome::Issued },
            method: None,
            order: None,
            directory: None,
            failure: failing.as_ref().map(|failing| failing.failure.clone()),
            execution: execution_name(id, number),
            steps: Vec::new(),
        };
        let told = Notifications::default();
        let settlement = Settlement {
            due_at,
            failing,
            drop_order: true,
            withdrawn: false,
            announced: true,
            removing: false,
            told,
            unsent: None,
            authorizations: vec![],
            track: domain::endpoint::TrackRecord::default(),
            returned: vec![],
            at: due_at,
            attempt,
        };
        self.store.settle(id, number, &settlement).await.expect("ours");
    }

    /// Removes the endpoint, by an attempt that cleaned up.
    pub(crate) async fn erased(&self, id: &EndpointId) {
        self.delete(Who::Operator, &format!("/endpoints/{id}")).await;
        let (going, now) = (self.endpoint(id).await, OffsetDateTime::now_utc());
        let attempt = Attempt {
            attempt: going.attempt,
            started_at: now,
            finished_at: Some(now),
            outcome: Outcome::Removed,
            method: None,
            order: None,
            directory: None,
            failure: None,
            execution: execution_name(id, going.attempt),
            steps: Vec::new(),
        };
        self.store.erase(&going, &attempt).await.expect("ours");
    }

    /// Puts an endpoint into the store without the API: fast for many of them.
    pub(crate) async fn put(&self, tenant: &str, domain: &str) -> EndpointId {
        let names = EndpointNames::parse(domain, &[], 1).expect("a valid name");
        let seed = ring_of(domain);
        let (id, label) = (EndpointId::from_random(seed), DelegationLabel::from_random(seed));
        let tenant = tenant.parse().expect("valid");
        let endpoint = Endpoint::register(id, tenant, names, Reachability::External, label, contracts::whole_second());
        self.store.register(&endpoint, &contracts::registered(&endpoint), None).await.expect("registered");
        endpoint.id
    }
}

/// Sixteen bytes that no other short name has.
fn ring_of(text: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    text.bytes().rev().zip(&mut bytes).for_each(|(from, to)| *to = from);
    bytes
}

pub(crate) fn internal(domain: &str) -> Value {
    json!({"domain": domain, "reachability": "internal"})
}
