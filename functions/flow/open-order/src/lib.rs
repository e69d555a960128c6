//! Opens the endpoint's order, or goes on with the one that is open.

mod asking;
mod checking;
mod ordering;
mod resuming;
#[cfg(test)]
mod testing;

use std::collections::BTreeSet;

use domain::acts::Authorities;
use domain::acts::check_records::{check_delegations, check_persistent_records};
use domain::acts::owned_endpoint::owned_endpoint;
use domain::endpoint::attempt::execution_name;
use domain::endpoint::{Attempt, Endpoint, Outcome};
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{
    AttemptJournal, AuthoritativeDns, CaaLookup, CertificateAuthority, CheckLog, KeyVault, Prober, RateLimits,
};
use time::OffsetDateTime;
use vocabulary::acme::challenge::choose_challenge;
use vocabulary::acme::{ChallengeKind, OpenOrder, OrderStatus, Proving};
use vocabulary::dns::PersistentIssuer;
use vocabulary::failure::Failure;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::endpoint_names::persistent_names;
use vocabulary::names::{CertificateName, DomainName};

use asking::Asking;
use checking::check_again;

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
    pub delegation_zone: &'a str,
    pub endpoint_target: &'a str,
}

/// Runs the step.
///
/// The order of effects: the customer's records are looked at before the CA hears of anything, the key is stored
/// before there is an order for it, the tokens for it are taken before it is made, and it is recorded before its challenges are published.
pub async fn open_order<J, K, C, D, L, B>(
    ports: &Ports<'_, J, K, C, D, L, B>,
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<Progress, Failure>
where
    J: AttemptJournal + CheckLog,
    K: KeyVault,
    C: CertificateAuthority,
    D: AuthoritativeDns,
    L: Prober + CaaLookup,
    B: RateLimits,
{
    let endpoint = owned_endpoint(ports.journal, input).await?;
    ports.journal.begin(&endpoint.id, &record_of(input, now)).await?;
    if endpoint.removing {
        return Err(Failure::removed());
    }
    if endpoint.is_current(now) {
        return Ok(input.reached(Status::Current));
    }
    // An order at a CA that has no turn for these names any more is left where it is.
    let turn = ports.authorities.in_turn(&endpoint, now);
    let usable = endpoint
        .order
        .as_ref()
        .filter(|order| turn.iter().any(|ca| order.is_usable(&ca.directory, &endpoint.names, now)))
        .filter(|order| !endpoint.has_used(order.generation, now));
    if usable.is_some_and(|order| order.chain.is_some()) {
        return Ok(input.reached(Status::Issued));
    }
    if endpoint.failing.as_ref().is_some_and(|failing| failing.failure.guidance.waiting_on == WaitingOn::DomainOwner) {
        let subject = endpoint.subject(ports.delegation_zone, ports.endpoint_target);
        check_again(ports.journal, ports.prober, &endpoint, &subject, now).await?;
    }
    let target = endpoint.label.target(ports.delegation_zone);
    let unproven = unproven(&endpoint, usable);
    check_delegations(ports.dns, unproven.delegated(), &target).await?;
    let persistent = persistent_names(unproven.by(ChallengeKind::DnsPersist01));
    if !persistent.is_empty() {
        let issuer = PersistentIssuer::of(&ports.authorities.first().issuer)?;
        check_persistent_records(ports.dns, persistent, &issuer, now).await?;
    }

    let Ports { cas, authorities, keys, rate_limits, prober, .. } = *ports;
    let asking = Asking {
        cas,
        authorities,
        turn: &turn,
        keys,
        rate_limits,
        caa: prober,
        endpoint: &endpoint,
        open: usable,
        tries: input.retries + 1,
        now,
    };
    let order = asking.ask().await?;
    ports.journal.save_order(&endpoint.id, input.attempt, &order).await?;
    let status = match order.status {
        OrderStatus::Pending | OrderStatus::Invalid => Status::ChallengesPending,
        OrderStatus::Ready | OrderStatus::Processing | OrderStatus::Valid => Status::OrderReady,
    };
    Ok(input.reached(status))
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

/// The names that are to be proven, and how.
struct Unproven<'a> {
    proving: Proving,
    names: Vec<&'a CertificateName>,
}

/// Those that the open order still has to prove, or all. By the endpoint's method as it is now, which may have changed since
/// the order was made.
fn unproven<'a>(endpoint: &'a Endpoint, order: Option<&'a OpenOrder>) -> Unproven<'a> {
    let names = match order {
        Some(order) => order.pending().map(|(name, _)| name).collect(),
        None => endpoint.names.iter().collect(),
    };
    Unproven { proving: endpoint.proving(), names }
}

impl<'a> Unproven<'a> {
    fn by(&self, kind: ChallengeKind) -> impl Iterator<Item = &'a CertificateName> {
        self.names.iter().copied().filter(move |name| choose_challenge(self.proving, name) == kind)
    }

    /// The names whose delegation must be right before the CA hears of anything, each base once.
    fn delegated(&self) -> BTreeSet<&'a DomainName> {
        self.by(ChallengeKind::Dns01).map(|name| &name.base).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;
    use domain::ports::Registry;
    use testkit::Fixture;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::FailureName;

    #[tokio::test]
    async fn an_order_is_recorded_with_its_challenges_and_its_key_is_stored() {
        let fixture = Fixture::new(Reachability::External).await;
        assert_eq!(run(&fixture).await.expect("opened").status, Status::ChallengesPending);
        assert_eq!(fixture.challenges(ChallengeKind::Http01).await, 1, "the host itself");
        assert_eq!(fixture.challenges(ChallengeKind::Dns01).await, 1, "its wildcard");
        assert_eq!(fixture.keys.len(), 1);
    }

    #[tokio::test]
    async fn while_the_delegation_is_wrong_the_ca_hears_nothing() {
        let fixture = Fixture::new(Reachability::Internal).await;
        fixture.dns.alias("_acme-challenge.example.com", "elsewhere.example");
        let failure = run(&fixture).await.expect_err("not ready");
        assert_eq!(failure.name, FailureName::RecordsNotReady);
        assert_eq!((fixture.ca.orders(), fixture.keys.len()), (0, 0));
    }

    #[tokio::test]
    async fn with_a_standing_record_the_order_has_nothing_to_publish_and_asks_for_no_delegation() {
        let fixture = Fixture::by_persistent_record().await;
        assert_eq!(run(&fixture).await.expect("opened").status, Status::ChallengesPending);
        assert_eq!(fixture.challenges(ChallengeKind::DnsPersist01).await, 2);
        let order = fixture.order().await;
        assert!(order.published_txt_values().is_empty() && order.published_http().next().is_none());
    }

    #[tokio::test]
    async fn while_the_standing_record_is_wrong_the_ca_hears_nothing() {
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
    async fn an_installation_that_does_not_know_its_account_is_the_operators_to_mend() {
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
