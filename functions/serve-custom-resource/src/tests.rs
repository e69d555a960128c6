//! Requests as CloudFormation sends them, on an installation in memory.

use std::time::Duration;

use api::{Brand, Installation, Outside, Service};
use domain::endpoint::attempt::execution_name;
use domain::endpoint::{Attempt, Endpoint, Notifications, Outcome as Ended};
use domain::ports::{
    AttemptJournal, AuditTrail, EndpointReader, FlowStarter, Place, Registry, Room, ServiceFault, Settlement, Started,
    TakenRoom,
};
use serde_json::{Value, json};
use testkit::{Fuse, MemoryEndpoints, MemoryFlows, MemoryProber};
use time::OffsetDateTime;
use vocabulary::certificate::{ListenerPools, TenantLimits};
use vocabulary::names::{Caller, DomainName, EndpointId, NamePolicy, Origin, Scope, TenantId};

use super::*;

const STACK: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/51af3dc0-da77-11e4-872e-1234567db123";
/// As deployed, a hundred times as fast.
const TIME: Duration = Duration::from_secs(3);
const FAST: Pace = Pace {
    for_the_answer: Duration::from_millis(200),
    for_the_last_try: Duration::from_millis(250),
    pause: Duration::from_millis(50),
};

type InMemory<F> = Outside<MemoryEndpoints, F, MemoryProber, NoInspection>;

struct Bench<F> {
    service: Service<InMemory<F>>,
    store: MemoryEndpoints,
}

/// What CloudFormation reads.
#[derive(Debug)]
struct Answer {
    status: String,
    reason: String,
    id: String,
    data: Value,
}

impl Bench<MemoryFlows> {
    fn new() -> Self {
        Self::with(MemoryEndpoints::default(), MemoryFlows::default())
    }
}

impl<F: FlowStarter + Room + Send + Sync + 'static> Bench<F> {
    fn with(store: MemoryEndpoints, flows: F) -> Self {
        let ports = Outside { store: store.clone(), flows, prober: MemoryProber::default(), inspector: NoInspection };
        let installation = Installation {
            platform: testkit::Fixture::platform(),
            profile: None,
            name_policy: NamePolicy::LetsEncrypt,
            persistent_records: true,
            issuer: Some(testkit::MemoryCa::persistent_issuer()),
            account: None,
            orders: None,
            brand: Brand::default(),
            tenant_limits: TenantLimits::default(),
            acm_quotas: None,
            home: "eu-central-1".into(),
            pools: ListenerPools::default(),
            deployment_roles: vec![],
            connect: None,
            export: api::Export::default(),
        };
        Self { service: Service { ports, installation }, store }
    }

    async fn send(&self, event: Value) -> Answer {
        let event = serde_json::from_value(event).expect("an event");
        let response = answer_at(FAST, &self.service, &event, TIME).await;
        let body: Value = serde_json::from_slice(&response.body()).expect("JSON");
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Answer {
            status: text("Status"),
            reason: text("Reason"),
            id: text("PhysicalResourceId"),
            data: body["Data"].clone(),
        }
    }

    async fn create(&self, request: &str, properties: Value) -> Answer {
        self.send(event("Create", request, json!({ "ResourceProperties": properties }))).await
    }

    async fn update(&self, id: &str, before: Value, properties: Value) -> Answer {
        let rest = json!({
            "PhysicalResourceId": id, "ResourceProperties": properties, "OldResourceProperties": before,
        });
        let request = rest.to_string();
        self.send(event("Update", &request, rest)).await
    }

    async fn delete(&self, id: &str, properties: Value) -> Answer {
        let rest = json!({ "PhysicalResourceId": id, "ResourceProperties": properties });
        self.send(event("Delete", "delete", rest)).await
    }

    async fn endpoint(&self, id: &str) -> Option<Endpoint> {
        self.store.find(&id.parse().expect("an id")).await.expect("in memory")
    }

    async fn there(&self, id: &str) -> Endpoint {
        self.endpoint(id).await.expect("it is there")
    }

    async fn registered(&self, tenant: &str, domain: &str) -> Option<EndpointId> {
        let (tenant, domain): (TenantId, DomainName) = (tenant.parse().expect("ok"), domain.parse().expect("ok"));
        self.store.registered_by(&tenant, &domain).await.expect("in memory")
    }

    /// Ends the running attempt.
    async fn settle(&self, id: &str) {
        let (endpoint, now) = (self.there(id).await, OffsetDateTime::now_utc());
        let attempt = ended(&endpoint, Ended::Failed);
        let settlement = Settlement {
            due_at: now + time::Duration::HOUR,
            failing: None,
            drop_order: true,
            withdrawn: false,
            announced: true,
            removing: endpoint.removing,
            told: Notifications::default(),
            unsent: None,
            track: domain::endpoint::TrackRecord::default(),
            returned: vec![],
            authorizations: vec![],
            at: now,
            attempt,
        };
        self.store.settle(&endpoint.id, endpoint.attempt, &settlement).await.expect("ours");
    }

    /// Ends the attempt that cleans up.
    async fn erase(&self, id: &str) {
        let going = self.there(id).await;
        assert!(going.removing);
        self.store.erase(&going, &ended(&going, Ended::Removed)).await.expect("ours");
    }
}

fn ended(endpoint: &Endpoint, outcome: Ended) -> Attempt {
    let now = OffsetDateTime::now_utc();
    Attempt {
        attempt: endpoint.attempt,
        started_at: now,
        finished_at: Some(now),
        outcome,
        method: None,
        order: None,
        directory: None,
        failure: None,
        execution: execution_name(&endpoint.id, endpoint.attempt),
        steps: Vec::new(),
    }
}

#[expect(clippy::disallowed_methods, reason = "what happens beside a request that waits")]
async fn meanwhile(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

fn event(kind: &str, request: &str, rest: Value) -> Value {
    let mut event = json!({
        "RequestType": kind, "ResponseURL": "https://b.s3.amazonaws.com/a", "StackId": STACK, "RequestId": request,
        "ResourceType": "Custom::ManagedHttpsEndpoint", "LogicalResourceId": "Shop",
    });
    let (Value::Object(all), Value::Object(rest)) = (&mut event, rest) else { panic!("objects") };
    all.extend(rest);
    event
}

fn external(domain: &str) -> Value {
    json!({ "ServiceToken": "arn:aws:lambda:…", "Domain": domain, "Reachability": "external", "Tenant": "acme" })
}

fn internal(domain: &str) -> Value {
    json!({ "ServiceToken": "arn:aws:lambda:…", "Domain": domain, "Reachability": "internal", "Tenant": "acme" })
}

fn succeeded(answer: Answer) -> Answer {
    assert_eq!((answer.status.as_str(), answer.reason.as_str()), ("SUCCESS", ""));
    answer
}

fn refused(answer: Answer) -> Answer {
    assert_eq!(answer.status, "FAILED");
    assert!(!answer.reason.is_empty() && !answer.id.is_empty());
    answer
}

#[tokio::test]
async fn a_resource_is_an_endpoint_of_the_tenant_that_the_template_names() {
    let bench = Bench::new();
    let made = succeeded(bench.create("r1", external("www.example.com")).await);
    let endpoint = bench.there(&made.id).await;
    assert_eq!((endpoint.tenant.as_str(), endpoint.attempt), ("acme", 1), "its first attempt has begun");
    assert_eq!(made.data["EndpointId"], made.id);
    assert_eq!(made.data["CertificateArn"], "", "there at once, and empty until there is one");
    assert_eq!(made.data["DelegationName"], "_acme-challenge.www.example.com");
    let label = testkit::Fixture::platform().delegation_target(&endpoint.label);
    assert_eq!(made.data["DelegationTarget"], label);
    assert_eq!((&made.data["HostName"], &made.data["HostType"]), (&json!("www.example.com"), &json!("CNAME")));
    assert_eq!((&made.data["RecordCount"], &made.data["Record1Value"]), (&json!("2"), &json!(label)));
    let apex = succeeded(
        bench
            .send(event(
                "Create",
                "r2",
                json!({
        "LogicalResourceId": "Apex", "ResourceProperties": external("example.org") }),
            ))
            .await,
    );
    assert_eq!(apex.data["HostType"], "ALIAS");
    let inside = succeeded(
        bench
            .send(event(
                "Create",
                "r3",
                json!({
        "LogicalResourceId": "Db", "ResourceProperties": internal("db.example.com") }),
            ))
            .await,
    );
    assert_eq!((&inside.data["HostName"], &inside.data["HostType"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn the_events_name_the_stack_and_tenants_read_that_it_was_an_operator() {
    let bench = Bench::new();
    let made = succeeded(bench.create("r1", external("www.example.com")).await);
    let events = bench.store.events(&made.id.parse().expect("an id"), None, 10).await.expect("in memory");
    let by = events.iter().map(|event| event.by.clone()).find(|by| by.who.contains(STACK)).expect("the stack's");
    assert!(by.operator && by.who.ends_with(" Shop"), "{by:?}");
    assert_eq!(by.in_public(), "operator");
}

#[tokio::test]
async fn a_request_that_is_delivered_twice_is_done_once() {
    let bench = Bench::new();
    let first = succeeded(bench.create("r1", external("www.example.com")).await);
    let second = succeeded(bench.create("r1", external("www.example.com")).await);
    assert_eq!(first.id, second.id);
    succeeded(bench.delete(&first.id, external("www.example.com")).await);
    succeeded(bench.delete(&first.id, external("www.example.com")).await);
    bench.erase(&first.id).await;
    succeeded(bench.delete(&first.id, external("www.example.com")).await);
}

#[tokio::test]
async fn an_update_changes_what_can_be_changed_and_the_id_stays() {
    let bench = Bench::new();
    let before = external("www.example.com");
    let made = succeeded(bench.create("r1", before.clone()).await);
    bench.settle(&made.id).await;
    let mut after = internal("www.example.com");
    after["AdditionalNames"] = json!(["shop.example.com"]);
    let changed = succeeded(bench.update(&made.id, before.clone(), after.clone()).await);
    assert_eq!(changed.id, made.id);
    let endpoint = bench.there(&made.id).await;
    assert_eq!(
        (endpoint.names.iter().count(), endpoint.attempt),
        (2, 3),
        "a change takes a number, and an attempt begins"
    );
    // Delivered twice, and taken back.
    assert_eq!(succeeded(bench.update(&made.id, before.clone(), after.clone()).await).id, made.id);
    assert_eq!(bench.there(&made.id).await.attempt, 3, "nothing was left to change");
    bench.settle(&made.id).await;
    assert_eq!(succeeded(bench.update(&made.id, after, before).await).id, made.id);
    assert_eq!(bench.there(&made.id).await.names.iter().count(), 1);
}

#[tokio::test]
async fn an_update_waits_for_the_end_of_an_attempt_but_not_for_ever() {
    let bench = Bench::new();
    let made = succeeded(bench.create("r1", external("www.example.com")).await);
    let update = bench.update(&made.id, external("www.example.com"), internal("www.example.com"));
    let attempt = async {
        meanwhile(600).await;
        bench.settle(&made.id).await;
    };
    let (changed, ()) = tokio::join!(update, attempt);
    succeeded(changed);

    let began = Instant::now();
    let answer = refused(bench.update(&made.id, internal("www.example.com"), external("www.example.com")).await);
    assert!(answer.reason.starts_with("An attempt is running: "), "{}", answer.reason);
    assert_eq!(answer.id, made.id, "it is not replaced");
    assert!(began.elapsed() < TIME - FAST.for_the_answer, "there is time for the answer");
}

#[tokio::test]
async fn another_domain_or_tenant_is_another_endpoint() {
    let bench = Bench::new();
    let before = external("www.example.com");
    let made = succeeded(bench.create("r1", before.clone()).await);
    let other = succeeded(bench.update(&made.id, before.clone(), external("www.example.org")).await);
    assert_ne!(other.id, made.id, "CloudFormation has the former one deleted");
    assert!(bench.endpoint(&made.id).await.is_some(), "until the update is complete, it stays");
    let mut globex = external("www.example.org");
    globex["Tenant"] = json!("globex");
    assert_ne!(succeeded(bench.update(&other.id, external("www.example.org"), globex).await).id, other.id);
    succeeded(bench.delete(&made.id, before).await);
    assert!(bench.there(&made.id).await.removing);
}

/// What another resource of the template broke: the update is taken back while the former endpoint is still there.
#[tokio::test]
async fn a_replacement_that_is_rolled_back_ends_at_the_former_endpoint() {
    let bench = Bench::new();
    let (before, after) = (external("www.example.com"), external("www.example.org"));
    let made = succeeded(bench.create("r1", before.clone()).await);
    let other = succeeded(bench.update(&made.id, before.clone(), after.clone()).await);
    let back = succeeded(bench.update(&other.id, after.clone(), before.clone()).await);
    assert_eq!(back.id, made.id);
    succeeded(bench.delete(&other.id, after).await);
    assert!(bench.there(&other.id).await.removing && !bench.there(&made.id).await.removing);
}

/// The replacement itself was refused: CloudFormation asks for what was before, under the id that it knows.
#[tokio::test]
async fn a_replacement_that_is_refused_leaves_the_former_endpoint() {
    let bench = Bench::new();
    let (before, after) = (external("www.example.com"), external("localhost"));
    let made = succeeded(bench.create("r1", before.clone()).await);
    let answer = refused(bench.update(&made.id, before.clone(), after.clone()).await);
    assert_eq!(answer.id, made.id);
    assert!(answer.reason.contains("(Domain)"), "{}", answer.reason);
    assert_eq!(succeeded(bench.update(&made.id, after, before).await).id, made.id);
}

#[tokio::test]
async fn a_creation_that_fails_can_be_deleted_and_takes_nobody_elses_endpoint_along() {
    let bench = Bench::new();
    let caller =
        Caller { scope: Scope::Everything, origin: Origin { who: "olga".into(), address: None, operator: true } };
    let by_hand = serde_json::from_value(json!({
        "domain": "www.example.com", "reachability": "external", "tenant": "acme",
    }));
    let now = OffsetDateTime::now_utc();
    let by_hand = bench.service.register_for(&caller, by_hand.expect("a request"), None, None, now).await.expect("new");

    let answer = refused(bench.create("r1", external("www.example.com")).await);
    assert!(answer.reason.contains(&by_hand.id), "{}", answer.reason);
    assert!(answer.id.starts_with("not-registered-"), "{}", answer.id);
    assert_eq!(refused(bench.create("r1", external("www.example.com")).await).id, answer.id, "of one request, one id");
    succeeded(bench.delete(&answer.id, external("www.example.com")).await);
    succeeded(bench.delete(&by_hand.id, external("www.example.com")).await);
    assert!(!bench.there(&by_hand.id).await.removing, "it was registered by hand");

    let answer = refused(bench.create("r2", json!({ "Domian": "www.example.com" })).await);
    assert!(answer.reason.contains("`Domian`"), "{}", answer.reason);
    succeeded(bench.delete(&answer.id, json!({ "Domian": "www.example.com" })).await);
}

/// The function died after the registration: CloudFormation gives the resource a name of its own, and has it deleted.
#[tokio::test]
async fn an_endpoint_registered_without_an_answer_is_deleted_only_with_its_own_resource() {
    let bench = Bench::new();
    let made = succeeded(bench.create("r1", external("www.example.com")).await);
    let other = json!({
        "LogicalResourceId": "Other", "PhysicalResourceId": "shop-Other-1ABC", "ResourceProperties": external("www.example.com"),
    });
    succeeded(bench.send(event("Delete", "d1", other)).await);
    assert!(!bench.there(&made.id).await.removing, "of another resource");
    let lost = json!({ "PhysicalResourceId": "shop-Shop-1ABC", "ResourceProperties": external("www.example.com") });
    succeeded(bench.send(event("Delete", "d2", lost)).await);
    assert!(bench.there(&made.id).await.removing);
}

#[tokio::test]
async fn a_stack_that_is_deployed_again_waits_for_the_end_of_the_removal() {
    let bench = Bench::new();
    let made = succeeded(bench.create("r1", external("www.example.com")).await);
    succeeded(bench.delete(&made.id, external("www.example.com")).await);
    let again = bench.send(event(
        "Create",
        "r1",
        json!({ "StackId": STACK.replace("51af", "62b0"), "ResourceProperties": external("www.example.com") }),
    ));
    let removal = async {
        meanwhile(400).await;
        bench.erase(&made.id).await;
    };
    let (again, ()) = tokio::join!(again, removal);
    let again = succeeded(again);
    assert_ne!(again.id, made.id);
    assert_eq!(bench.registered("acme", "www.example.com").await.map(|id| id.to_string()), Some(again.id));
}

#[tokio::test]
async fn an_endpoint_that_was_removed_by_hand_is_registered_again_by_an_update() {
    let bench = Bench::new();
    let made = succeeded(bench.create("r1", external("www.example.com")).await);
    let id: EndpointId = made.id.parse().expect("an id");
    bench.store.begin_removal(&id, OffsetDateTime::now_utc()).await.expect("in memory");
    bench.erase(&made.id).await;
    let again = succeeded(bench.update(&made.id, external("www.example.com"), internal("www.example.com")).await);
    assert_ne!(again.id, made.id);
}

/// It died after the registration was written, and said so.
#[tokio::test]
async fn a_function_that_fails_answers_and_what_it_left_is_deleted() {
    let fuse = Fuse::default();
    let bench = Bench::with(MemoryEndpoints::new(fuse.clone()), MemoryFlows::default());
    fuse.set(Some(1));
    let answer = refused(bench.create("r1", external("www.example.com")).await);
    assert!(answer.reason.starts_with("The function failed."), "{}", answer.reason);
    let left = bench.registered("acme", "www.example.com").await.expect("it was registered").to_string();
    succeeded(bench.delete(&answer.id, external("www.example.com")).await);
    assert!(bench.there(&left).await.removing);
}

/// A service that never answers.
#[derive(Clone, Debug)]
struct Stuck;

impl FlowStarter for Stuck {
    async fn start(&self, _: &EndpointId, _: u64) -> Result<Started, ServiceFault> {
        std::future::pending().await
    }
}

impl Room for Stuck {
    async fn take_room(&self, _: usize, _: Place, _: OffsetDateTime) -> Result<TakenRoom, ServiceFault> {
        std::future::pending().await
    }

    async fn give_room_back(&self, _: &TakenRoom, _: usize) -> Result<(), ServiceFault> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_function_that_hangs_answers_in_time() {
    let bench = Bench::with(MemoryEndpoints::default(), Stuck);
    let began = Instant::now();
    let answer = refused(bench.create("r1", external("www.example.com")).await);
    assert!(answer.reason.contains("took too long"), "{}", answer.reason);
    assert!(began.elapsed() < TIME - FAST.for_the_answer / 2);
}

#[tokio::test]
async fn a_request_of_an_unknown_kind_is_refused() {
    let bench = Bench::new();
    let answer =
        refused(bench.send(event("Rename", "r1", json!({ "ResourceProperties": external("a.example.com") }))).await);
    assert!(answer.reason.contains("Create, Update and Delete"), "{}", answer.reason);
}
