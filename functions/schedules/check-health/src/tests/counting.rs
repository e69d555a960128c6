//! How the room for certificates is counted, beside the checks of endpoints.

use domain::acts::{Counting, change_capacity, count_capacity};
use domain::endpoint::{Endpoint, Failing};
use domain::installation::{BalancerUse, Capacity};
use domain::overview::Summary;
use domain::ports::{CapacityLog, EndpointReader, Listeners, QuotaOf, Registry, ServiceFault, Summaries, SummaryPart};
use testkit::{Fuse, MemoryCertificates, MemoryDestinations, MemoryEndpoints, contracts, installed};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::{Deployment, ListenerArn, ListenerUse, LoadBalancerArn};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{EndpointId, Scope};

const NOW: OffsetDateTime = datetime!(2026-11-29 12:00 UTC);

fn listener(number: u32) -> ListenerArn {
    let arn = format!("arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/edge-{number}/1/1");
    arn.parse().expect("a listener")
}

fn certificate(number: u32) -> String {
    format!("arn:aws:acm:eu-central-1:000000000000:certificate/{number}")
}

/// Two load balancers of the pool `eu`, each with one listener.
struct Fixture {
    store: MemoryEndpoints,
    destinations: MemoryDestinations,
    counting: Counting,
}

impl Fixture {
    fn new() -> Self {
        let destinations = MemoryDestinations::new(MemoryCertificates::default(), Fuse::default());
        let members = [1, 2].map(|number| {
            destinations.listeners_here().create(&listener(number), Some(&certificate(0)));
            format!(r#"{{"listener": "{}", "target": "edge-{number}.platform.example"}}"#, listener(number))
        });
        let pools = format!(r#"{{"eu": [{}]}}"#, members.join(",")).parse().expect("pools");
        let counting = Counting { pools, roles: vec![] };
        Self { store: MemoryEndpoints::default(), destinations, counting }
    }

    async fn run(&self, now: OffsetDateTime) -> u32 {
        count_capacity(&self.store, &self.destinations, &self.counting, now, || true).await.expect("counted")
    }

    async fn capacity(&self) -> Capacity {
        self.store.capacity().await.expect("read")
    }

    async fn used(&self, number: u32) -> BalancerUse {
        self.capacity().await.of(&LoadBalancerArn::from(&listener(number))).expect("counted").clone()
    }

    async fn attach(&self, number: u32, certificate_number: u32) {
        let listeners = self.destinations.listeners_here();
        listeners.attach(&listener(number), &certificate(certificate_number)).await.expect("attached");
    }

    /// Registers an endpoint that is promised room on the listener.
    async fn promised(&self, seed: u64, number: u32, spoil: impl Fn(&mut Endpoint)) -> EndpointId {
        let mut endpoint = contracts::endpoint(seed, NOW);
        endpoint.deployment = Deployment { listeners: vec![listener(number)], ..Deployment::default() };
        spoil(&mut endpoint);
        self.store.register(&endpoint, &contracts::registered(&endpoint), None).await.expect("registered");
        self.promise(&endpoint.id, number, NOW).await;
        endpoint.id
    }

    async fn promise(&self, id: &EndpointId, number: u32, at: OffsetDateTime) {
        let promised = change_capacity(&self.store, |capacity| {
            capacity.assign(id, &listener(number), at);
            Ok::<_, ServiceFault>(())
        });
        promised.await.expect("kept");
    }

    async fn promises(&self) -> Vec<EndpointId> {
        self.capacity().await.assigned.into_iter().map(|one| one.endpoint).collect()
    }
}

#[tokio::test]
async fn certificates_in_use_are_counted_once_an_hour() {
    let fixture = Fixture::new();
    fixture.attach(1, 1).await;
    fixture.run(NOW).await;
    let counted = fixture.used(1).await;
    assert_eq!((counted.used, counted.most, counted.as_of), (Some(1), 25, Some(NOW)), "without the default one");
    fixture.attach(1, 2).await;
    fixture.run(NOW + Duration::minutes(59)).await;
    assert_eq!(fixture.used(1).await, counted);
    let version = fixture.capacity().await.version;
    fixture.run(NOW + Duration::minutes(59)).await;
    assert_eq!(fixture.capacity().await.version, version, "where nothing is due nothing is written");
    fixture.run(NOW + Duration::HOUR).await;
    assert_eq!(fixture.used(1).await.used, Some(2));
}

#[tokio::test]
async fn a_load_balancer_without_room_is_counted_at_every_run_so_that_a_granted_quota_counts_soon() {
    let fixture = Fixture::new();
    fixture.destinations.quotas_here().grant(QuotaOf::ApplicationBalancer, 1);
    fixture.attach(1, 1).await;
    fixture.run(NOW).await;
    assert_eq!((fixture.used(1).await.most, fixture.used(2).await.most), (1, 1));
    fixture.destinations.quotas_here().grant(QuotaOf::ApplicationBalancer, 2);
    fixture.run(NOW + Duration::minutes(5)).await;
    assert_eq!((fixture.used(1).await.most, fixture.used(2).await.most), (2, 1), "the other one waits for its hour");
}

#[tokio::test]
async fn the_default_quota_counts_where_aws_gives_none_and_the_reason_is_kept() {
    let fixture = Fixture::new();
    fixture.destinations.quotas_here().deny();
    fixture.run(NOW).await;
    let counted = fixture.used(1).await;
    assert!(counted.most == 25 && counted.most_unknown.is_some_and(|why| why.contains("GetServiceQuota")));
    let acm = fixture.capacity().await.acm;
    assert!(acm.len() == 1 && acm[0].quotas.certificates == 2500 && acm[0].quotas_unknown.is_some(), "{acm:?}");
    assert_eq!(fixture.capacity().await.acm_quotas("eu-central-1"), None, "a tenant's share does not rest on it");
}

#[tokio::test]
async fn a_load_balancer_that_cannot_be_counted_has_no_room_and_delays_no_other() {
    let fixture = Fixture::new();
    fixture.attach(1, 1).await;
    fixture.run(NOW).await;
    fixture.destinations.listeners_here().drop_listener(&listener(1));
    fixture.run(NOW + Duration::HOUR).await;
    let gone = fixture.used(1).await;
    assert_eq!((gone.used, gone.fault.as_deref()), (None, Some("it does not exist")));
    assert_eq!(fixture.capacity().await.room(&gone.balancer), 0);
    assert_eq!(fixture.used(2).await.used, Some(0));
}

#[tokio::test]
async fn a_promise_of_room_lasts_until_the_certificate_is_attached_or_the_endpoint_is_gone() {
    let fixture = Fixture::new();
    let waits = fixture.promised(1, 1, |_| ()).await;
    let has_it = |endpoint: &mut Endpoint| {
        let mut held = installed(endpoint, NOW);
        held.listeners = vec![ListenerUse { listener: listener(1), attached_at: Some(NOW) }];
        endpoint.certificate = Some(held);
    };
    fixture.promised(2, 1, has_it).await;
    fixture.promised(3, 1, |endpoint| endpoint.deployment.listeners.clear()).await;
    fixture.promised(4, 1, |endpoint| endpoint.removing = true).await;
    let (comes, stays_away) = (EndpointId::from_random([8; 16]), EndpointId::from_random([9; 16]));
    fixture.promise(&comes, 1, NOW - Duration::minutes(9)).await;
    fixture.promise(&stays_away, 1, NOW - Duration::minutes(10)).await;
    fixture.run(NOW).await;
    assert_eq!(fixture.promises().await, [waits, comes]);
}

#[tokio::test]
async fn an_endpoint_refused_for_lack_of_room_is_due_when_there_is_some() {
    let fixture = Fixture::new();
    fixture.destinations.quotas_here().grant(QuotaOf::ApplicationBalancer, 1);
    fixture.attach(1, 1).await;
    let later = NOW + Duration::DAY;
    let refused = |endpoint: &mut Endpoint| {
        let failure = Failure::new(FailureName::DestinationRefused, WaitingOn::Operator, "full", "ask for more");
        endpoint.failing = Some(Failing::first(failure, NOW));
        endpoint.due_at = Some(later);
    };
    let (first, second) = (fixture.promised(1, 1, refused).await, fixture.promised(2, 1, refused).await);
    assert_eq!(fixture.run(NOW).await, 0);
    fixture.destinations.quotas_here().grant(QuotaOf::ApplicationBalancer, 2);
    let now = NOW + Duration::minutes(5);
    assert_eq!(fixture.run(now).await, 1, "there is room for one");
    let due = async |id: &EndpointId| fixture.store.find(id).await.expect("read").expect("there").due_at;
    assert_eq!((due(&first).await, due(&second).await), (Some(now), Some(later)));
}

#[tokio::test]
async fn listeners_that_no_pool_has_are_known_by_the_endpoints_that_use_them() {
    let fixture = Fixture::new();
    fixture.destinations.listeners_here().create(&listener(7), None);
    let mut endpoint = contracts::endpoint(1, NOW);
    endpoint.deployment.listeners = vec![listener(7)];
    let mut summary = Summary::default();
    summary.in_use.add(&endpoint, NOW);
    let part = SummaryPart { part: 0, as_of: NOW, summary };
    fixture.store.save_summary(&Scope::Everything, &part).await.expect("kept");
    fixture.run(NOW).await;
    let counted = fixture.used(7).await;
    assert_eq!((counted.used, counted.registrations.endpoints), (Some(0), 1));
    let emptied = SummaryPart { part: 0, as_of: NOW + Duration::MINUTE, summary: Summary::default() };
    fixture.store.save_summary(&Scope::Everything, &emptied).await.expect("kept");
    fixture.run(NOW + Duration::HOUR).await;
    assert_eq!(fixture.capacity().await.balancers.len(), 2, "what nobody uses is forgotten");
}
