//! Opens the endpoint's order, or resumes the open one.

mod asking;
mod checking;
mod deactivating;
#[cfg(test)]
mod holding;
#[cfg(test)]
mod one_judgement;
mod ordering;
mod resuming;
mod revoking;
#[cfg(test)]
mod testing;

use std::time::Duration as StdDuration;

use domain::acts::check_records::{Proof, check_persistent_records, check_proofs};
use domain::acts::owned_endpoint::owned_endpoint_with_chain;
use domain::acts::{Authorities, judge_names};
use domain::endpoint::attempt::execution_name;
use domain::endpoint::{Attempt, Endpoint, Outcome};
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{
    AttemptJournal, AuthoritativeDns, CaaLookup, CertificateAuthority, CheckLog, Claims, KeyVault, Prober, RateLimits,
};
use futures::future::try_join_all;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{ChallengeKind, Challenges, OpenOrder, OrderStatus};
use vocabulary::dns::{PersistentIssuer, Platform};
use vocabulary::failure::Failure;
use vocabulary::names::DomainName;
use vocabulary::names::endpoint_names::persistent_names;

use asking::Asking;
use deactivating::Unproven;
use ordering::let_go;
use revoking::revoke_what_is_replaced;

/// For the proofs of all names together. The whole check before that takes eleven seconds at most, and what is left of the
/// function's sixty is the CA's.
const PROOFS_WITHIN: StdDuration = StdDuration::from_secs(8);

/// What the step works with.
pub struct Ports<'a, J, K, C, D, L, B> {
    pub journal: &'a J,
    pub keys: &'a K,
    /// One for each of `authorities`.
    pub cas: &'a [C],
    pub authorities: &'a Authorities,
    pub dns: &'a D,
    pub prober: &'a L,
    pub rate_limits: &'a B,
    pub platform: &'a Platform,
    /// How long the certificate of an endpoint stays whose names have moved here.
    pub move_grace: Duration,
}

/// Runs the step.
///
/// The order of effects: the domain owner's records are checked, and the names held, before the CA is contacted; the key is
/// stored before there is an order for it; the tokens for the order are taken before it is made; and the order is recorded
/// before its challenges are published.
pub async fn open_order<J, K, C, D, L, B>(
    ports: &Ports<'_, J, K, C, D, L, B>,
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<Progress, Failure>
where
    J: AttemptJournal + CheckLog + Claims,
    K: KeyVault,
    C: CertificateAuthority,
    D: AuthoritativeDns,
    L: Prober + CaaLookup,
    B: RateLimits,
{
    let endpoint = owned_endpoint_with_chain(ports.journal, input).await?;
    ports.journal.begin(&endpoint.id, &record_of(input, now)).await?;
    revoke_what_is_replaced(ports.journal, ports.cas, &endpoint, input, now).await?;
    if endpoint.removing {
        deactivating::at_removal(ports.journal, ports.cas, &endpoint, input).await?;
        return Err(Failure::removed());
    }
    // While another registration has proven its names, the existing certificate and order are not used.
    let holds = endpoint.moved.is_none();
    if holds && endpoint.is_current(now) {
        return Ok(input.reached(Status::Current));
    }
    // An order at a CA that is no longer in turn for these names is left where it is.
    let turn = ports.authorities.in_turn(&endpoint, &endpoint.proving().into(), now);
    let usable = endpoint
        .order
        .as_ref()
        .filter(|order| turn.iter().any(|ca| order.is_usable(&ca.directory, &endpoint.names, now)))
        .filter(|order| !endpoint.has_used(order.generation, now));
    let is_issued = usable.is_some_and(|order| order.chain.is_some());
    if holds && is_issued {
        return Ok(input.reached(Status::Issued));
    }
    let Prepared { challenges, unseen } = prepare(ports, &endpoint, usable, input, now).await?;
    if endpoint.is_current(now) {
        return Ok(input.reached(Status::Current));
    }
    if is_issued {
        return Ok(input.reached(Status::Issued));
    }
    let turn = ports.authorities.in_turn(&endpoint, &challenges, now);
    // For the new order, the CA must not reuse what it has validated for somebody else.
    let endpoint = &deactivating::of_dropped_names(ports.journal, ports.cas, &endpoint, input).await?;

    let Ports { cas, authorities, keys, rate_limits, prober, .. } = *ports;
    let asking = Asking {
        journal: ports.journal,
        attempt: input.attempt,
        cas,
        authorities,
        turn: &turn,
        keys,
        rate_limits,
        caa: prober,
        endpoint,
        challenges: &challenges,
        open: usable,
        tries: input.retries + 1,
        now,
    };
    let (mut order, taken) = asking.ask().await?;
    if usable.is_none_or(|open| open.url != order.url)
        && let Some(refused) = Unproven::of(&order, &unseen)
    {
        // It leads to no certificate, but the CA has counted the order.
        let_go(rate_limits, &taken, true, now).await;
        return Err(refused.deactivated(cas).await);
    }
    // Before the writer gets its message: whatever happens to that message, the clean-up knows that there may be records.
    order.withdrawn = false;
    ports.journal.save_order(&endpoint.id, input.attempt, &order).await?;
    // The order has recorded them. A taker that is not forgotten only takes up room.
    if let Err(fault) = try_join_all(taken.iter().map(|token| rate_limits.forget_taker(token))).await {
        tracing::warn!(%fault, "takers of tokens are remembered until the tokens come back");
    }
    let status = match order.status {
        OrderStatus::Pending | OrderStatus::Invalid => Status::ChallengesPending,
        OrderStatus::Ready | OrderStatus::Processing | OrderStatus::Valid => Status::OrderReady,
    };
    Ok(Progress { nonce: order.nonce, ..input.reached(status) })
}

/// What an order can be made with.
struct Prepared {
    /// By which challenge each name is validated.
    challenges: Challenges,
    /// Names of which nothing can be seen from here: only the CA's validation of this very order proves them.
    unseen: Vec<DomainName>,
}

fn record_of(input: &StepInput, now: OffsetDateTime) -> Attempt {
    Attempt {
        attempt: input.attempt,
        started_at: now,
        finished_at: None,
        outcome: Outcome::Running,
        method: None,
        order: None,
        directory: None,
        failure: None,
        execution: execution_name(&input.endpoint, input.attempt),
        steps: Vec::new(),
    }
}

/// What comes before the CA: the whole check where it is due, and in any case the proof of every name, which holds the name
/// for this registration. Returns the challenge by which each is validated.
async fn prepare<J, K, C, D, L, B>(
    ports: &Ports<'_, J, K, C, D, L, B>,
    endpoint: &Endpoint,
    usable: Option<&OpenOrder>,
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<Prepared, Failure>
where
    J: CheckLog + Claims,
    C: CertificateAuthority,
    D: AuthoritativeDns,
    L: Prober,
{
    let Ports { journal, prober, dns, platform, .. } = *ports;
    let over_dns = match checking::is_due(endpoint, usable) {
        true => checking::check_whole(journal, prober, endpoint, &endpoint.subject(platform), now).await?.over_dns,
        false => endpoint.check.as_ref().map(|check| check.over_dns.clone()).unwrap_or_default(),
    };
    let dns = &dns.session(endpoint.names.iter().count(), PROOFS_WITHIN);
    let challenges = Challenges::new(endpoint.proving(), over_dns.clone());
    let proven = match check_proofs(dns, endpoint, platform, &challenges).await {
        Ok(proven) => proven,
        // A renewal's failure is described in the words of a check, which knows what is around the record.
        Err(failure) if !checking::is_due(endpoint, usable) => {
            checking::check_whole(journal, prober, endpoint, &endpoint.subject(platform), now).await?;
            return Err(failure);
        }
        Err(failure) => return Err(failure),
    };
    let unseen = proven.iter().filter(|one| one.proof == Proof::Unseen).map(|one| one.name.clone());
    let unseen: Vec<DomainName> = unseen.collect();
    // A host that answers proves no tenant.
    let challenges = Challenges::new(endpoint.proving(), over_dns.into_iter().chain(unseen.iter().cloned()));
    let taking = judge_names(journal, endpoint, &proven, platform).await?;
    // Before the names change hands: a run that repeats this after that finds no former holders.
    deactivating::of_formers(ports.cas, endpoint, &taking.formers(journal).await?, input).await?;
    taking.hand_over(journal, endpoint, ports.move_grace, now).await?;
    let persistent = endpoint.names.iter().filter(|name| challenges.of(name) == ChallengeKind::DnsPersist01);
    let persistent = persistent_names(persistent);
    if !persistent.is_empty() {
        let issuer = PersistentIssuer::of(&ports.authorities.first().issuer)?;
        let checked = check_persistent_records(dns, persistent, &issuer, now).await;
        if checked.is_err() && !checking::is_due(endpoint, usable) {
            // Likewise.
            checking::check_whole(journal, prober, endpoint, &endpoint.subject(platform), now).await?;
        }
        checked?;
    }
    Ok(Prepared { challenges, unseen })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{run, run_on};
    use domain::ports::Registry;
    use testkit::Fixture;
    use vocabulary::acme::Reachability;
    use vocabulary::dns::TenantProof;
    use vocabulary::failure::FailureName;
    use vocabulary::guidance::WaitingOn;

    #[tokio::test]
    async fn an_order_is_recorded_with_its_challenges_and_its_key_is_stored() {
        let fixture = Fixture::new(Reachability::External).await;
        assert_eq!(run(&fixture).await.expect("opened").status, Status::ChallengesPending);
        assert_eq!(fixture.challenges(ChallengeKind::Http01).await, 1, "the host itself");
        assert_eq!(fixture.challenges(ChallengeKind::Dns01).await, 1, "its wildcard");
        assert_eq!(fixture.keys.len(), 1);
    }

    #[tokio::test]
    async fn while_the_delegation_is_wrong_the_ca_is_not_contacted() {
        let fixture = Fixture::new(Reachability::Internal).await;
        fixture.dns.alias("_acme-challenge.example.com", "elsewhere.example");
        let failure = run(&fixture).await.expect_err("not ready");
        assert_eq!(failure.name, FailureName::RecordsNotReady);
        assert_eq!((fixture.ca.orders(), fixture.keys.len()), (0, 0));
    }

    #[tokio::test]
    async fn a_host_that_is_not_the_platforms_yet_is_validated_over_dns_before_the_switch() {
        let fixture = Fixture::new(Reachability::External).await;
        fixture.prober.lead_hosts_elsewhere(true);
        run(&fixture).await.expect("opened");
        assert_eq!(fixture.challenges(ChallengeKind::Http01).await, 0);
        assert_eq!(fixture.challenges(ChallengeKind::Dns01).await, 2);
    }

    #[tokio::test]
    async fn a_renewal_chooses_its_challenge_by_the_newest_check_of_the_host() {
        for elsewhere in [false, true] {
            let fixture = Fixture::new(Reachability::External).await;
            fixture.give_certificate(fixture.now).await;
            fixture.prober.lead_hosts_elsewhere(elsewhere);
            let endpoint = fixture.endpoint().await;
            let report = fixture.prober.probe(&endpoint.subject(&Fixture::platform()), fixture.now).await;
            fixture.endpoints.record_check(&endpoint, &report).await.expect("in memory");
            run(&fixture).await.expect("opened");
            assert_eq!(fixture.challenges(ChallengeKind::Http01).await, usize::from(!elsewhere));
        }
    }

    #[tokio::test]
    async fn every_name_is_proven_for_its_registration_even_if_the_ca_would_not_validate_again() {
        let fixture = Fixture::new(Reachability::External).await.with_order().await;
        fixture.dns.alias("_acme-challenge.example.com", &format!("another.{}", Fixture::ZONE));
        let requests = fixture.ca.requests();
        let failure = run(&fixture).await.expect_err("another registration's");
        assert_eq!((failure.name, fixture.ca.requests()), (FailureName::RecordsNotReady, requests));
    }

    #[tokio::test]
    async fn a_renewal_continues_without_the_delegation_unless_it_points_to_another_registration() {
        let another = format!("another.{}", Fixture::ZONE);
        for (leads, goes_on) in [("gone.example", true), (another.as_str(), false)] {
            let fixture = Fixture::of("www.example.com", Reachability::External).await;
            fixture.give_certificate(fixture.now).await;
            fixture.dns.alias("_acme-challenge.www.example.com", leads);
            assert_eq!(run(&fixture).await.is_ok(), goes_on, "{leads}");
        }
    }

    #[tokio::test]
    async fn a_first_order_needs_the_delegation_or_a_host_that_leads_through_this_registrations_own_target() {
        let shared = Fixture::platform();
        let own = Platform { endpoint_target: "*.edge.platform.example".parse().expect("valid"), ..shared.clone() };
        let trusting = Platform { tenant_proof: TenantProof::Off, ..shared.clone() };
        for (platform, host, goes_on) in [
            (&shared, "edge.platform.example", false),
            (&own, "another.edge.platform.example", false),
            (&own, "LABEL", true),
            (&own, "through.example.com", true),
            (&trusting, "edge.platform.example", true),
        ] {
            let fixture = Fixture::of("www.example.com", Reachability::External).await;
            let target = own.endpoint_target.of(&fixture.endpoint().await.label);
            fixture.dns.alias("_acme-challenge.www.example.com", "gone.example");
            fixture.dns.alias("through.example.com", &target);
            fixture.dns.alias("www.example.com", if host == "LABEL" { &target } else { host });
            assert_eq!(run_on(&fixture, platform).await.is_ok(), goes_on, "{host}");
            assert_eq!(fixture.ca.orders(), usize::from(goes_on));
        }
    }

    #[tokio::test]
    async fn a_persistent_record_needs_no_publication_and_the_delegation_only_as_proof_of_tenancy() {
        let fixture = Fixture::by_persistent_record().await;
        fixture.dns.alias("_acme-challenge.example.com", "nowhere.example");
        let failure = run(&fixture).await.expect_err("the record names our account, not the tenant");
        assert_eq!((failure.check.as_deref(), fixture.ca.requests()), (Some("delegation-elsewhere"), 0));
        let trusting = Platform { tenant_proof: TenantProof::Off, ..Fixture::platform() };
        assert_eq!(run_on(&fixture, &trusting).await.expect("opened").status, Status::ChallengesPending);
        assert_eq!(fixture.challenges(ChallengeKind::DnsPersist01).await, 2);
        let order = fixture.order().await;
        assert!(order.published_txt_values().is_empty() && order.published_http().next().is_none());
    }

    #[tokio::test]
    async fn while_the_persistent_record_is_wrong_the_ca_is_not_contacted() {
        let fixture = Fixture::by_persistent_record().await;
        let for_the_name_alone = testkit::MemoryCa::persistent_issuer().value(false);
        for text in [None, Some(for_the_name_alone.as_str()), Some("ca.example; accounturi=https://ca.example/other")] {
            fixture.dns.text("_validation-persist.example.com", text);
            let failure = run(&fixture).await.expect_err("not ready");
            assert_eq!(
                (failure.name, failure.guidance.waiting_on),
                (FailureName::RecordsNotReady, WaitingOn::DomainOwner),
                "{text:?}"
            );
            assert!(failure.guidance.record.is_some_and(|record| record.kind == "TXT"));
        }
        assert_eq!((fixture.ca.orders(), fixture.keys.len()), (0, 0));
    }

    #[tokio::test]
    async fn an_installation_that_does_not_know_its_account_waits_on_the_operator() {
        let fixture = Fixture::by_persistent_record().await;
        let failure =
            crate::testing::run_as(&fixture, &vocabulary::dns::Issuer::default()).await.expect_err("not known");
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::Misconfigured, WaitingOn::Operator));
        assert_eq!(fixture.ca.orders(), 0);
    }

    #[tokio::test]
    async fn an_endpoint_that_is_being_removed_gets_no_order() {
        let fixture = Fixture::new(Reachability::Internal).await;
        fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
        assert_eq!(run(&fixture).await.expect_err("going").name, FailureName::EndpointRemoved);
        assert_eq!(fixture.ca.orders(), 0);
    }

    #[tokio::test]
    async fn an_attempt_that_is_not_the_endpoints_latest_touches_nothing() {
        let mut fixture = Fixture::new(Reachability::Internal).await;
        fixture.input.attempt += 1;
        assert_eq!(run(&fixture).await.expect_err("not ours").name, FailureName::Superseded);
        assert_eq!((fixture.ca.orders(), fixture.keys.len()), (0, 0));
    }
}
