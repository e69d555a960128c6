//! Two registrations of one name: the one whose proof is in DNS holds it.

use domain::acts::Pace;
use domain::endpoint::{Endpoint, LEASE};
use domain::flow::{Status, StepInput};
use domain::ports::{
    AttemptJournal, CertificateAuthority, Claims, DueEntry, DueIndex, EndpointReader, Registry, TxtChange, TxtZone,
};
use testkit::{Fixture, contracts};
use time::Duration;
use vocabulary::acme::{ChallengeKind, Reachability};
use vocabulary::dns::{Platform, TenantProof};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{DelegationLabel, DomainName, EndpointId};

use crate::testing::{UNLIMITED, run_on_at};

const HOST: &str = "www.example.com";

/// The fixture's endpoint, and one of another tenant with the same name, whose attempt is claimed as well.
struct Rivals {
    first: Fixture,
    second: Endpoint,
    platform: Platform,
}

impl Rivals {
    /// The second, where the CA remembers the name as validated for the first, and nobody can see its record.
    async fn second_where_the_first_was_validated(&mut self) -> Endpoint {
        let first = self.first().await;
        self.first.dns.hide(&format!("_acme-challenge.{HOST}"));
        self.first.ca.reuse_authorizations(true);
        self.run(&first).await.expect("the CA decides");
        let order = self.first().await.order.expect("open");
        let target = self.platform.delegation_target(&first.label);
        self.first.zone.change(&[TxtChange::publish(target, &order.txt_values())]).await.expect("in memory");
        self.first.ca.validate(&order, false).await.expect("in memory");
        self.second().await
    }

    async fn new() -> Self {
        let first = Fixture::of(HOST, Reachability::External).await;
        let endpoint = first.endpoint().await;
        let second = Endpoint::register(
            EndpointId::from_random([7; 16]),
            "globex".parse().expect("valid"),
            endpoint.names.clone(),
            Reachability::External,
            DelegationLabel::from_random([8; 16]),
            first.now,
        );
        first.endpoints.register(&second, &contracts::registered(&second), None).await.expect("accepted");
        let entry = DueEntry { endpoint: second.id.clone(), due_at: first.now };
        first.endpoints.claim(&entry, first.now, first.now + LEASE).await.expect("in memory").expect("free");
        let platform =
            Platform { endpoint_target: "*.edge.platform.example".parse().expect("valid"), ..Fixture::platform() };
        Self { first, second, platform }
    }

    fn delegate(&self, to: &Endpoint) {
        self.first.dns.alias(&format!("_acme-challenge.{HOST}"), &self.platform.delegation_target(&to.label));
    }

    fn point(&self, to: &Endpoint) {
        self.first.dns.alias(HOST, &self.platform.endpoint_target.of(&to.label));
    }

    async fn first(&self) -> Endpoint {
        self.first.endpoint().await
    }

    async fn second(&self) -> Endpoint {
        self.first.endpoints.find(&self.second.id).await.expect("in memory").expect("there")
    }

    /// Runs the step for one of them.
    async fn run(&mut self, of: &Endpoint) -> Result<Status, Failure> {
        self.run_at(of, UNLIMITED).await
    }

    /// The same at a CA with limits.
    async fn run_at(&mut self, of: &Endpoint, pace: Pace) -> Result<Status, Failure> {
        let before = std::mem::replace(&mut self.first.input, StepInput::start(of.id.clone(), of.attempt));
        let end = run_on_at(&self.first, &self.platform, pace).await;
        self.first.input = before;
        end.map(|progress| progress.status)
    }

    async fn holder(&self) -> Option<EndpointId> {
        let name: DomainName = HOST.parse().expect("a name");
        let claims = self.first.endpoints.claims(std::slice::from_ref(&name)).await.expect("in memory");
        claims.get(&name).map(|claim| claim.endpoint.clone())
    }
}

#[tokio::test]
async fn registering_a_name_first_does_not_reserve_it() {
    let mut rivals = Rivals::new().await;
    rivals.delegate(&rivals.second.clone());
    let second = rivals.second().await;
    assert_eq!(rivals.run(&second).await.expect("its proof stands"), Status::ChallengesPending);
    let first = rivals.first().await;
    assert_eq!((rivals.holder().await, first.moved.clone()), (Some(second.id), None), "the first has lost nothing");
    let failure = rivals.run(&first).await.expect_err("no proof");
    assert_eq!((failure.name, failure.check.as_deref()), (FailureName::RecordsNotReady, Some("delegation-elsewhere")));
}

#[tokio::test]
async fn a_name_moves_with_its_records_and_the_former_registration_is_paused_and_fenced_off() {
    let mut rivals = Rivals::new().await;
    let first = rivals.first().await;
    rivals.run(&first).await.expect("proven");
    rivals.first.give_certificate(rivals.first.now + Duration::days(60)).await;
    rivals.delegate(&rivals.second.clone());
    let second = rivals.second().await;
    rivals.run(&second).await.expect("its proof stands now");
    let paused = rivals.first().await;
    let moved = paused.moved.clone().expect("paused");
    assert_eq!(moved.certificate_until - moved.since, domain::acts::MOVE_GRACE);
    assert_eq!((paused.due_at, paused.lease_until), (Some(rivals.first.now), None));
    assert_eq!(rivals.run(&first).await.expect_err("fenced off").name, FailureName::Superseded);

    // Its next attempt goes on with nothing, however good its certificate is.
    let entry = DueEntry { endpoint: first.id.clone(), due_at: rivals.first.now };
    rivals.first.endpoints.claim(&entry, rivals.first.now, rivals.first.now + LEASE).await.expect("in memory");
    let requests = rivals.first.ca.requests();
    let paused = rivals.first().await;
    assert_eq!(rivals.run(&paused).await.expect_err("no proof").name, FailureName::RecordsNotReady);
    assert_eq!(rivals.first.ca.requests(), requests, "the CA hears nothing");

    // The records lead back: so does the name, with the certificate that is still good.
    rivals.delegate(&first);
    let paused = rivals.first().await;
    assert_eq!(rivals.run(&paused).await.expect("proven again"), Status::Current);
    assert_eq!((rivals.holder().await, rivals.first().await.moved), (Some(first.id), None));
    assert!(rivals.second().await.moved.is_some(), "and the other is paused in its turn");
}

#[tokio::test]
async fn a_name_that_cannot_be_checked_from_here_is_proven_only_by_the_cas_validation() {
    let mut rivals = Rivals::new().await;
    let (first, second) = (rivals.first().await, rivals.second().await);
    rivals.first.dns.hide(&format!("_acme-challenge.{HOST}"));
    for endpoint in [&first, &second] {
        assert_eq!(rivals.run(endpoint).await.expect("the CA decides"), Status::ChallengesPending);
        assert_eq!(rivals.holder().await, None, "nobody holds the name by that");
    }
    for endpoint in [rivals.first().await, rivals.second().await] {
        let order = endpoint.order.expect("open");
        let kinds: Vec<_> = order.authorizations.iter().filter_map(|one| Some(one.challenge.as_ref()?.kind)).collect();
        assert_eq!(kinds, [ChallengeKind::Dns01], "a host that answers proves no tenant");
    }
}

/// Who registers a stranger's name among many of its own chooses what a check comes to: no order comes of that.
#[tokio::test]
async fn a_name_that_our_query_limits_left_out_is_not_proven_and_no_order_is_sent() {
    let mut rivals = Rivals::new().await;
    rivals.first.dns.leave_out(&format!("_acme-challenge.{HOST}"));
    let first = rivals.first().await;
    let failure = rivals.run(&first).await.expect_err("nothing is known");
    assert_eq!((failure.name, failure.waiting_on()), (FailureName::Unavailable, WaitingOn::Nobody), "{failure:?}");
    assert_eq!((rivals.first.ca.orders(), rivals.holder().await), (0, None));
}

#[tokio::test]
async fn a_reused_authorization_of_a_name_that_cannot_be_checked_is_not_accepted() {
    let mut rivals = Rivals::new().await;
    let second = rivals.second_where_the_first_was_validated().await;

    let failure = rivals.run(&second).await.expect_err("it has proven nothing");
    assert_eq!((failure.name, failure.waiting_on()), (FailureName::OrderLost, WaitingOn::Nobody), "{failure:?}");
    assert!(rivals.second().await.order.is_none());
    assert_eq!(rivals.run(&second).await.expect("now it is asked"), Status::ChallengesPending);
}

#[tokio::test]
async fn an_order_dropped_for_a_reused_authorization_costs_an_order_token_and_no_certificate_token() {
    let mut rivals = Rivals::new().await;
    let second = rivals.second_where_the_first_was_validated().await;

    let pace = Pace { limits: "orders=9/9h,domain=9/9d,names=9/9d".parse().expect("limits"), tenant_share: 100 };
    let left = |rivals: &Rivals| {
        let takes = pace.takes(&second, "memory://ca/directory", rivals.first.now);
        takes.iter().map(|take| rivals.first.rate_limits.tokens(take, rivals.first.now)).collect::<Vec<_>>()
    };
    rivals.run_at(&second, pace).await.expect_err("it has proven nothing");
    assert_eq!(left(&rivals), [9, 9, 8, 8], "names, domain, tenant, account");
    // The flow repeats the step where the CA does not answer in between: that is another order.
    rivals.run_at(&second, pace).await.expect("now it is asked");
    assert_eq!((left(&rivals), rivals.first.ca.orders()), (vec![8, 8, 7, 7], 3));
}

#[tokio::test]
async fn of_two_proofs_in_dns_the_delegation_takes_precedence() {
    let mut rivals = Rivals::new().await;
    let (first, second) = (rivals.first().await, rivals.second().await);
    rivals.delegate(&first);
    rivals.point(&second);
    let failure = rivals.run(&second).await.expect_err("the delegation is another's");
    assert_eq!(failure.check.as_deref(), Some("delegation-elsewhere"));
    rivals.run(&first).await.expect("delegated");

    // What a removed registration left there proves nothing for anybody.
    rivals.first.endpoints.begin_removal(&first.id, rivals.first.now).await.expect("in memory");
    rivals.run(&second).await.expect("its host proves it");
    assert_eq!(rivals.holder().await, Some(second.id));
}

#[tokio::test]
async fn an_older_proof_yields_to_a_newer_one() {
    let mut rivals = Rivals::new().await;
    let (first, second) = (rivals.first().await, rivals.second().await);
    rivals.run(&first).await.expect("proven");
    rivals.first.give_certificate(rivals.first.now).await;
    rivals.first.dns.alias(&format!("_acme-challenge.{HOST}"), "gone.example");
    rivals.run(&first).await.expect("a renewal goes on without the record");
    rivals.point(&second);
    rivals.run(&second).await.expect("its host proves it");
    let entry = DueEntry { endpoint: first.id.clone(), due_at: rivals.first.now };
    rivals.first.endpoints.claim(&entry, rivals.first.now, rivals.first.now + LEASE).await.expect("in memory");
    let paused = rivals.first().await;
    let failure = rivals.run(&paused).await.expect_err("now it is another's");
    assert_eq!((failure.name, failure.check.as_deref()), (FailureName::RecordsNotReady, Some("delegation-elsewhere")));
}

#[tokio::test]
async fn a_claim_of_the_release_before_counts_as_proven_if_there_is_a_certificate() {
    for certified in [false, true] {
        let mut rivals = Rivals::new().await;
        let (first, second) = (rivals.first().await, rivals.second().await);
        rivals.first.endpoints.as_of_the_previous_release(&first).await;
        if certified {
            rivals.first.give_certificate(rivals.first.now).await;
        }
        rivals.delegate(&second);
        rivals.run(&second).await.expect("its proof stands");
        assert_eq!(rivals.first().await.moved.is_some(), certified);
        assert_eq!(rivals.holder().await, Some(second.id));
    }
}

#[tokio::test]
async fn without_proof_of_tenancy_the_first_keeps_the_name() {
    let mut rivals = Rivals::new().await;
    rivals.platform.tenant_proof = TenantProof::Off;
    rivals.first.dns.alias(&format!("_acme-challenge.{HOST}"), "gone.example");
    let (first, second) = (rivals.first().await, rivals.second().await);
    rivals.run(&first).await.expect("nobody asks");
    let failure = rivals.run(&second).await.expect_err("the first has it");
    assert!(failure.guidance.next_step().contains("had the name first"), "{failure}");
    rivals.first.endpoints.begin_removal(&first.id, rivals.first.now).await.expect("in memory");
    rivals.run(&second).await.expect("nobody else has it any more");
    assert_eq!(rivals.holder().await, Some(second.id));
}

#[tokio::test]
async fn a_crash_before_or_after_the_name_has_moved_ends_in_the_same_state() {
    for effects in 1..6 {
        let mut rivals = Rivals::new().await;
        let first = rivals.first().await;
        rivals.run(&first).await.expect("proven");
        let known = rivals.first().await.known_authorizations();
        assert!(!known.is_empty(), "the CA has authorizations of the first");
        rivals.delegate(&rivals.second.clone());
        let second = rivals.second().await;
        rivals.first.fuse.set(Some(effects));
        let crashed = {
            use futures::FutureExt;
            std::panic::AssertUnwindSafe(rivals.run(&second)).catch_unwind().await
        };
        rivals.first.fuse.set(None);
        if crashed.is_err() {
            rivals.first.input = StepInput::start(first.id.clone(), first.attempt);
        }
        rivals.run(&second).await.expect("again");
        assert_eq!((rivals.holder().await, rivals.first().await.moved.is_some()), (Some(second.id), true), "{effects}");
        assert_eq!(rivals.first().await.attempt, first.attempt + 1, "paused once");
        let deactivated = rivals.first.ca.deactivated();
        assert!(known.iter().all(|one| deactivated.contains(&one.url)), "{effects}: {deactivated:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_is_at_work_when_the_name_moves_writes_nothing_more() {
    let mut rivals = Rivals::new().await;
    let first = rivals.first().await;
    rivals.run(&first).await.expect("proven");
    let order = rivals.first().await.order.expect("open");
    rivals.delegate(&rivals.second.clone());
    let second = rivals.second().await;
    rivals.run(&second).await.expect("its proof stands now");
    assert!(rivals.first.endpoints.save_order(&first.id, first.attempt, &order).await.is_err());
    assert_eq!(rivals.first().await.order, Some(order), "what it has published is still known, and is taken away");
}
