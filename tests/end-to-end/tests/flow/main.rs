//! The whole flow over the in-memory ports, run by the real state machine definition, with a crash after
//! any side effect, steps delivered twice, and whole executions that die: it must always end in the
//! same place. The invariants are those of the design.

mod absent;
mod beside;
mod definition;
mod deployments;
mod fair;
mod fallback;
mod lets_encrypt;
mod machine;
mod secret;
mod simulation;
mod tenants;
mod tokens;
mod upgrade;
mod year;

use domain::alert::AlertKind;
use domain::endpoint::{Endpoint, Outcome};
use domain::flow::TraceId;
use domain::ports::{Claims, Registry, SharedCauses};
use simulation::{Chaos, Simulation, Wish};
use testkit::proptest::prelude::*;
use vocabulary::acme::{DnsMethod, Proving, Reachability};
use vocabulary::certificate::Deployment;
use vocabulary::names::{EndpointId, EndpointNames};

/// How many random runs. Each is three flows or four: issue, change, renew, remove.
const RUNS: u32 = 4000;

#[derive(Clone, Debug)]
struct Scenario {
    domain: &'static str,
    also: Vec<String>,
    proving: Proving,
    deployment: Deployment,
    /// What its owner wants changed, as early as it can be.
    wish: Option<Wish>,
    chaos: Chaos,
}

fn wishes() -> impl Strategy<Value = Wish> {
    let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let also = prop_oneof![
        Just(None),
        Just(Some(vec![])),
        Just(Some(names(&["new.example.org"]))),
        Just(Some(names(&["c.example.org", "*.new.example.org", "b.example.com"]))),
    ];
    let reachability = prop_oneof![Just(Reachability::External), Just(Reachability::Internal)];
    let deployment = prop::option::weighted(0.4, deployments::any_of_them());
    (also, reachability, methods(), deployment, any::<bool>()).prop_map(
        |(also, reachability, dns_method, deployment, echo)| Wish {
            also,
            proving: Proving { reachability, dns_method },
            deployment,
            echo,
        },
    )
}

fn methods() -> impl Strategy<Value = DnsMethod> {
    prop_oneof![2 => Just(DnsMethod::Dns01), 1 => Just(DnsMethod::DnsPersist01)]
}

fn scenarios() -> impl Strategy<Value = Scenario> {
    let wildcard = || vec!["*.example.com".to_owned()];
    let shapes = prop_oneof![
        Just(("www.example.com", vec![], Reachability::External)),
        Just(("db.example.com", vec![], Reachability::Internal)),
        Just(("example.com", wildcard(), Reachability::Internal)),
        Just(("example.com", wildcard(), Reachability::External)),
        Just(("a.example.com", vec!["b.example.com".to_owned(), "c.example.org".to_owned()], Reachability::External)),
    ];
    let crashes = prop::collection::vec((1_u32..14, prop::bool::weighted(0.3)), 0..7);
    let duplicates = prop::collection::vec(prop::option::weighted(0.3, any::<bool>()), 0..40);
    let wish = prop::option::weighted(0.6, wishes());
    (shapes, methods(), deployments::any_of_them(), crashes, duplicates, any::<bool>(), wish).prop_map(
        |((domain, also, reachability), dns_method, deployment, crashes, duplicates, reuse, wish)| {
            let chaos = Chaos { crashes, duplicates, reuse_authorizations: reuse };
            Scenario { domain, also, proving: Proving { reachability, dns_method }, deployment, wish, chaos }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: RUNS, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn crashes_and_duplicate_deliveries_end_in_the_same_state(scenario in scenarios()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(live(scenario));
    }
}

#[test]
fn without_any_chaos_one_order_and_one_message_are_enough() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let simulation = Simulation::new(Chaos { crashes: vec![], duplicates: vec![], reuse_authorizations: false });
        let id = simulation.register("www.example.com", &[], Reachability::External).await;
        simulation.run_until(&id, is_settled).await;
        assert_eq!(simulation.ca.orders(), 1);
        assert_eq!(simulation.notifier.kinds(), [AlertKind::CertificateIssued]);
    });
}

/// Issue, change, renew, remove.
async fn live(scenario: Scenario) {
    let simulation = Simulation::new(scenario.chaos.clone());
    deployments::prepare(&simulation);
    let Scenario { domain, also, proving, deployment, .. } = &scenario;
    let id = simulation.register_deployed(domain, also, *proving, deployment.clone()).await;
    let wish = scenario.wish.clone();
    let methods = [Some(scenario.proving), wish.as_ref().map(|wish| wish.proving)];
    let persistent = methods.iter().flatten().all(|proving| proving.dns_method == DnsMethod::DnsPersist01);
    simulation.wish(scenario.wish);
    simulation.arm();

    simulation.run_until(&id, is_settled).await;
    let first = check_settled(&simulation, &id, Outcome::Issued).await;
    if let Some(wish) = wish {
        assert_eq!(first.proving(), wish.proving);
        assert_eq!(first.deployment, wish.deployment.unwrap_or(scenario.deployment));
        let names = wish.also.map_or(scenario.also.clone(), |also| also);
        let names = EndpointNames::parse(scenario.domain, &names, 100).expect("valid names");
        assert!(first.names.same_set_as(&names), "it is as was wished: {:?}", first.names);
    }

    simulation.set_time(first.certificate.as_ref().expect("checked").renew_at);
    let serial = first.certificate.as_ref().expect("checked").serial.clone();
    let is_renewed = |endpoint: Option<&Endpoint>| {
        is_settled(endpoint)
            && endpoint.is_some_and(|e| e.certificate.as_ref().is_some_and(|held| held.serial != serial))
    };
    simulation.run_until(&id, is_renewed).await;
    let second = check_settled(&simulation, &id, Outcome::Renewed).await;
    assert_eq!(deployments::arns(&first), deployments::arns(&second), "a renewal keeps the ARN in each place");

    simulation.deliver_all_again().await;
    check_settled(&simulation, &id, Outcome::Renewed).await;

    if let Err(crash) = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(
        simulation.endpoints.begin_removal(&id, simulation.now()),
    ))
    .await
    {
        assert!(crash.is::<testkit::Crash>());
        simulation.endpoints.begin_removal(&id, simulation.now()).await.expect("in memory");
    }
    simulation.run_until(&id, |endpoint| endpoint.is_none()).await;
    assert!(simulation.endpoints.is_empty(), "no endpoint and no claim is left");
    deployments::check_gone(&simulation);
    check_nothing_published(&simulation);
    let last = simulation.endpoints.attempts(&id, 1).await.expect("in memory");
    assert_eq!(last[0].outcome, Outcome::Removed, "the history says so");
    assert!(simulation.notifier.kinds().contains(&AlertKind::EndpointRemoved));
    assert_eq!(simulation.causes.lasting().await, Ok(vec![]), "what was told for all has been told to be over");
    assert!(
        !persistent || simulation.zone.calls() == 0,
        "with standing records nothing is ever written to the delegation zone"
    );
    assert_eq!(simulation.ca.over_limits(), 0, "the CA never had to say that it is too much");
}

fn is_settled(endpoint: Option<&Endpoint>) -> bool {
    endpoint.is_some_and(|endpoint| {
        endpoint.lease_until.is_none()
            && endpoint.failing.is_none()
            && endpoint.certificate.as_ref().is_some_and(|held| held.announced && endpoint.names.same_set(&held.names))
            // Not before the attempt that a change has asked for.
            && endpoint.due_at == endpoint.certificate.as_ref().map(|held| held.renew_at)
    })
}

/// The invariants of an endpoint at rest.
async fn check_settled(simulation: &Simulation, id: &EndpointId, outcome: Outcome) -> Endpoint {
    simulation.send_unsent(id).await;
    let endpoint = simulation.endpoint(id).await.expect("it is there");
    let held = endpoint.certificate.clone().expect("it has a certificate");
    deployments::check(simulation, &endpoint, &held);
    assert!(endpoint.names.same_set(&held.names), "the certificate is for the endpoint's names: {held:?}");
    let names: Vec<_> = endpoint.names.authorization_names().into_iter().cloned().collect();
    let claims = simulation.endpoints.claims(&names).await.expect("in memory");
    assert!(claims.len() == names.len() && claims.values().all(|claim| claim.endpoint == *id), "every name is claimed");
    assert_eq!(endpoint.due_at, Some(held.renew_at), "it is due at its renewal");
    assert_eq!(endpoint.order, None, "no order is open");
    check_nothing_published(simulation);
    let attempts = simulation.endpoints.attempts(id, 100).await.expect("in memory");
    assert!(attempts.iter().any(|attempt| attempt.outcome == outcome), "the history says {outcome:?}");
    let ended = attempts.iter().filter(|attempt| attempt.finished_at.is_some());
    for trace in ended.map(|attempt| TraceId::of(id, attempt.attempt)) {
        assert!(
            simulation.traces.taken().iter().any(|taken| taken.id == trace),
            "each attempt that ended has its trace"
        );
    }
    let kind = match outcome {
        Outcome::Renewed => AlertKind::CertificateRenewed,
        _ => AlertKind::CertificateIssued,
    };
    // If one was replaced before anybody could be notified of it, people are notified of its successor.
    let kinds = simulation.notifier.kinds();
    assert!(kinds.contains(&kind) || kinds.contains(&AlertKind::CertificateRenewed), "people were told");
    endpoint
}

fn check_nothing_published(simulation: &Simulation) {
    assert!(simulation.tokens.is_empty(), "no token is left lying");
    assert!(simulation.zone.is_empty(), "no TXT record is left lying");
    assert!(simulation.keys.is_empty(), "no key is left lying");
}
