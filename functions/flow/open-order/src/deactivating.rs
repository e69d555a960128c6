//! Deactivates at the CAs what was validated for names that the registration no longer has.

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
use vocabulary::names::{CertificateName, DomainName};

/// How long a run of the step does nothing else, for all registrations together: a hundred names at a CA that is slow take
/// several runs.
const LONGEST: Duration = Duration::from_secs(20);

/// Before a removal continues: all of them. A CA that does not answer is asked as often as for an order; then the removal
/// continues without it, as its authorizations expire automatically, and we check the proof of each later order ourselves.
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
    // Those that could not be deactivated expire automatically: nothing else of the removal waits for them.
    let left = left.without_authorizations(|_| true);
    if left != *endpoint {
        journal.record_authorizations(&left, input.attempt).await?;
    }
    Ok(())
}

/// Those of `formers`, whose names `endpoint` is about to take. As at a removal, a CA that does not answer is asked as often as
/// for an order.
pub(crate) async fn of_formers<C: CertificateAuthority>(
    cas: &[C],
    endpoint: &Endpoint,
    formers: &[Endpoint],
    input: &StepInput,
) -> Result<(), Failure> {
    let (until, own) = (Instant::now() + LONGEST / 2, endpoint.names.authorization_names());
    for former in formers {
        // A wildcard of the former's goes with the name.
        let kept = |name: &CertificateName| !own.contains(&name.base);
        if let (_, Some(failure)) = within(cas, former, kept, until).await {
            if input.retries + 1 < TRIES {
                return Err(failure);
            }
            tracing::warn!(%failure, former = %former.id, "its authorizations were not deactivated");
        }
    }
    Ok(())
}

/// Those of names that were dropped. What an unavailable CA keeps is retried at the next attempt: the order does not wait
/// for it.
pub(crate) async fn of_dropped_names<C: CertificateAuthority>(
    journal: &impl AttemptJournal,
    cas: &[C],
    endpoint: &Endpoint,
    input: &StepInput,
) -> Result<Endpoint, Failure> {
    let until = Instant::now() + LONGEST / 2;
    let kept = |name: &_| endpoint.names.iter().any(|own| own == name);
    let (left, outage) = within(cas, endpoint, kept, until).await;
    if let Some(failure) = outage {
        tracing::warn!(%failure, "authorizations of dropped names were not deactivated");
    }
    if left != *endpoint {
        journal.record_authorizations(&left, input.attempt).await?;
    }
    Ok(left)
}

/// A new order without a challenge for a name that only the CA's own validation can prove: the CA's authorization was
/// validated for another registration. The order is not used.
pub(crate) struct Unproven<'a> {
    order: &'a OpenOrder,
    first: &'a CertificateName,
    remembered: Vec<String>,
}

impl<'a> Unproven<'a> {
    /// Whether `order` is one. `unseen` are the names of which nothing can be seen from here.
    pub(crate) fn of(order: &'a OpenOrder, unseen: &[DomainName]) -> Option<Self> {
        let valid = order.authorizations.iter().filter(|known| known.status == AuthorizationStatus::Valid);
        let remembered: Vec<_> = valid.filter(|known| unseen.contains(&known.name.base)).collect();
        let first = &remembered.first()?.name;
        Some(Self { order, first, remembered: remembered.iter().map(|known| known.url.clone()).collect() })
    }

    /// Deactivates that authorization, so that the CA validates the name for the next order, which the next attempt makes.
    pub(crate) async fn deactivated<C: CertificateAuthority>(self, cas: &[C]) -> Failure {
        if let Some(ca) = cas.iter().find(|ca| ca.directory() == self.order.directory)
            && let Err(error) = ca.deactivate(&self.remembered).await
        {
            return error.to_failure(CaRequest::NewOrder, None);
        }
        let what = format!(
            "The CA had validated {} before, for another registration. It validates it again for the next order, which is \
             made automatically.",
            self.first
        );
        Failure::without_action(FailureName::OrderLost, WaitingOn::Nobody, what)
    }
}

async fn within<C: CertificateAuthority>(
    cas: &[C],
    endpoint: &Endpoint,
    keeps: impl Fn(&CertificateName) -> bool,
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
    use vocabulary::acme::{KnownAuthorization, OrderStatus, Reachability};
    use vocabulary::failure::FailureName;
    use vocabulary::guidance::WaitingOn;

    use crate::testing::{change, fail, run};

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
    async fn an_unavailable_ca_does_not_block_a_removal() {
        let mut fixture = issued(Reachability::Internal).await;
        fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
        fixture.ca.set_unavailable(true);
        assert_eq!(run(&fixture).await.expect_err("tried again").name, FailureName::Unavailable);
        fixture.input.retries = domain::acts::TRIES - 1;
        assert_eq!(run(&fixture).await.expect_err("going").name, FailureName::EndpointRemoved);
        assert_eq!(fixture.ca.deactivated(), Vec::<String>::new());
        let endpoint = fixture.endpoints.find(&fixture.input.endpoint).await.expect("in memory").expect("there");
        assert!(endpoint.certificate.expect("there").authorizations.is_empty(), "the removal goes on");
    }

    /// After an order that failed for the wildcard, while the CA has the name itself on record.
    async fn failed_for_another_name() -> (Fixture, String) {
        let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await;
        fixture.ca.reuse_authorizations(true);
        let mut order = fixture.order().await;
        order.status = OrderStatus::Invalid;
        let (id, attempt) = (fixture.input.endpoint.clone(), fixture.input.attempt);
        fixture.endpoints.save_order(&id, attempt, &order).await.expect("ours");
        fail(&mut fixture, FailureName::ChallengeFailed, WaitingOn::DomainOwner).await;
        let url = order.authorizations[0].url.clone();
        (fixture, url)
    }

    #[tokio::test]
    async fn a_removal_deactivates_authorizations_of_orders_that_failed_for_another_name() {
        for replaced in [false, true] {
            let (fixture, url) = failed_for_another_name().await;
            if replaced {
                run(&fixture).await.expect("a new order");
                let order = fixture.order().await;
                assert!(order.former.iter().any(|known| known.url == url), "it is remembered with the next order");
            }
            fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
            assert_eq!(run(&fixture).await.expect_err("going").name, FailureName::EndpointRemoved);
            assert!(fixture.ca.deactivated().contains(&url), "{:?}", fixture.ca.deactivated());
            assert_eq!(fixture.endpoint().await.known_authorizations(), [], "and it is kept that this is done");
        }
    }

    #[tokio::test]
    async fn dropping_a_name_deactivates_its_remembered_authorizations() {
        let (mut fixture, _) = failed_for_another_name().await;
        let wildcard = fixture.order().await.authorizations[1].url.clone();
        change(&mut fixture, &[], Reachability::Internal.into()).await;
        run(&fixture).await.expect("opened");
        assert_eq!(fixture.ca.deactivated(), [wildcard]);
        let known = fixture.endpoint().await.known_authorizations();
        assert!(!known.is_empty() && known.iter().all(|known| !known.name.wildcard), "{known:?}");
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
