//! Takes back at the CAs what was validated for names that the registration has no longer.

use std::time::Duration;

use domain::acts::TRIES;
use domain::acts::deactivate::deactivate;
use domain::endpoint::Endpoint;
use domain::flow::StepInput;
use domain::ports::{AttemptJournal, CaError, CertificateAuthority};
use tokio::time::Instant;
use vocabulary::acme::{AuthorizationStatus, CaRequest, OpenOrder};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::DomainName;

/// How long a run of the step does nothing else, for all registrations together: a hundred names at a CA that is slow take
/// several runs.
const LONGEST: Duration = Duration::from_secs(20);

/// Before a removal goes on: all of them. A CA that does not answer is asked as often as for an order; then the removal goes on
/// without, as what it remembers ends by itself, and the proof of each later order is our own.
pub(crate) async fn at_removal<C: CertificateAuthority>(
    journal: &impl AttemptJournal,
    cas: &[C],
    endpoint: &Endpoint,
    input: &StepInput,
) -> Result<(), Failure> {
    let (left, outage) = within(cas, endpoint, |_| false, Instant::now() + LONGEST).await;
    if let Some(failure) = outage {
        if input.retries + 1 < TRIES {
            return Err(failure);
        }
        tracing::warn!(%failure, "the endpoint is removed without its authorizations being deactivated");
    }
    let Some(mut held) = left.certificate else { return Ok(()) };
    if endpoint.certificate.as_ref().is_some_and(|before| !before.authorizations.is_empty()) {
        held.authorizations.clear();
        journal.record_certificate(&endpoint.id, input.attempt, &held).await?;
    }
    Ok(())
}

/// Those of names that were dropped, and of `formers`, whose names are another registration's now. What a CA that is away
/// keeps is tried again at the next attempt: the order is not held up by it.
pub(crate) async fn of_dropped_names<C: CertificateAuthority>(
    journal: &impl AttemptJournal,
    cas: &[C],
    endpoint: &Endpoint,
    formers: &[Endpoint],
    input: &StepInput,
) -> Result<Endpoint, Failure> {
    let until = Instant::now() + LONGEST;
    for former in formers {
        let kept = |name: &_| endpoint.names.iter().all(|own| own != name);
        if let (_, Some(failure)) = within(cas, former, kept, until).await {
            tracing::warn!(%failure, former = %former.id, "its authorizations were not deactivated");
        }
    }
    let kept = |name: &_| endpoint.names.iter().any(|own| own == name);
    let (left, outage) = within(cas, endpoint, kept, until).await;
    if let Some(failure) = outage {
        tracing::warn!(%failure, "authorizations of dropped names were not deactivated");
    }
    if left.certificate != endpoint.certificate
        && let Some(held) = &left.certificate
    {
        journal.record_certificate(&endpoint.id, input.attempt, held).await?;
    }
    Ok(left)
}

/// Refuses a new order for which the CA would ask nothing about a name that only its own validation can prove: what it remembers
/// was validated for another registration. It forgets that, so that the next order asks.
///
/// # Errors
///
/// [`FailureName::OrderLost`], after which the next attempt orders again.
pub(crate) async fn what_nobody_has_seen_proven<C: CertificateAuthority>(
    cas: &[C],
    order: &OpenOrder,
    unseen: &[DomainName],
) -> Result<(), Failure> {
    let remembered = order.authorizations.iter().filter(|known| known.status == AuthorizationStatus::Valid);
    let remembered: Vec<_> = remembered.filter(|known| unseen.contains(&known.name.base)).collect();
    let Some(first) = remembered.first() else { return Ok(()) };
    let urls: Vec<String> = remembered.iter().map(|known| known.url.clone()).collect();
    if let Some(ca) = cas.iter().find(|ca| ca.directory() == order.directory) {
        ca.deactivate(&urls).await.map_err(|error| error.to_failure(CaRequest::NewOrder, None))?;
    }
    let what = format!(
        "The CA had validated {} before, for another registration. It validates it again for the next order, which is made \
         automatically.",
        first.name
    );
    Err(Failure::without_action(FailureName::OrderLost, WaitingOn::Nobody, what))
}

async fn within<C: CertificateAuthority>(
    cas: &[C],
    endpoint: &Endpoint,
    keeps: impl Fn(&vocabulary::names::CertificateName) -> bool,
    until: Instant,
) -> (Endpoint, Option<Failure>) {
    match tokio::time::timeout_at(until, deactivate(cas, endpoint, keeps)).await {
        Ok((left, failed)) => {
            failed.iter().for_each(|error| tracing::warn!(%error, "authorizations were not deactivated"));
            let outage = failed.into_iter().find(CaError::is_outage);
            (left, outage.map(|error| error.to_failure(CaRequest::NewOrder, None)))
        }
        Err(_) => {
            let what = format!("The CA took longer than {} s.", LONGEST.as_secs());
            (endpoint.clone(), Some(Failure::without_action(FailureName::Unavailable, WaitingOn::Ca, what)))
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ports::{AttemptJournal, EndpointReader, Registry};
    use testkit::Fixture;
    use vocabulary::acme::Reachability;
    use vocabulary::certificate::KnownAuthorization;
    use vocabulary::failure::FailureName;

    use crate::testing::{change, run};

    /// With a certificate whose authorizations the CA still has.
    async fn issued(reachability: Reachability) -> Fixture {
        let fixture = Fixture::new(reachability).await.with_order().await;
        let order = fixture.order().await;
        let known = |authorization: &vocabulary::acme::Authorization| KnownAuthorization {
            directory: order.directory.clone(),
            url: authorization.url.clone(),
            name: authorization.name.clone(),
        };
        let endpoint = fixture.endpoint().await;
        let mut held = testkit::installed(&endpoint, fixture.now);
        held.authorizations = order.authorizations.iter().map(known).collect();
        fixture.endpoints.record_certificate(&endpoint.id, fixture.input.attempt, &held).await.expect("ours");
        fixture
    }

    #[tokio::test]
    async fn a_removal_deactivates_all_authorizations_once() {
        let fixture = issued(Reachability::Internal).await;
        fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
        for _ in 0..2 {
            assert_eq!(run(&fixture).await.expect_err("going").name, FailureName::EndpointRemoved);
        }
        assert!(fixture.ca.deactivated().len() >= 2, "of the name and of its wildcard");
        let held = fixture.endpoint().await.certificate.expect("there");
        assert!(held.authorizations.is_empty(), "and it is kept that this is done");
    }

    #[tokio::test]
    async fn a_removal_is_not_held_up_by_a_ca_that_is_away() {
        let mut fixture = issued(Reachability::Internal).await;
        fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
        fixture.ca.set_away(true);
        assert_eq!(run(&fixture).await.expect_err("tried again").name, FailureName::Unavailable);
        fixture.input.retries = domain::acts::TRIES - 1;
        assert_eq!(run(&fixture).await.expect_err("going").name, FailureName::EndpointRemoved);
        assert_eq!(fixture.ca.deactivated(), Vec::<String>::new());
        let endpoint = fixture.endpoints.find(&fixture.input.endpoint).await.expect("in memory").expect("there");
        assert!(endpoint.certificate.expect("there").authorizations.is_empty(), "the removal goes on");
    }

    #[tokio::test]
    async fn a_name_that_is_dropped_is_deactivated_before_the_next_order() {
        let mut fixture = issued(Reachability::Internal).await;
        change(&mut fixture, &[], Reachability::Internal.into()).await;
        run(&fixture).await.expect("opened");
        let held = fixture.endpoint().await.certificate.expect("there");
        let names: Vec<_> = held.authorizations.iter().map(|known| known.name.to_string()).collect();
        assert_eq!(names, ["example.com"], "those of the name that stays are left");
        assert_eq!(fixture.ca.deactivated().len(), 1);
        run(&fixture).await.expect("resumed");
        assert_eq!(fixture.ca.deactivated().len(), 1, "once");
    }
}
