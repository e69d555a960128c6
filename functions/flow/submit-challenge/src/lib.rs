//! Tells the CA that the challenges can be looked at, and sees how it goes.

use domain::acts::choose_ca::authority_of;
use domain::acts::owned_endpoint::ordering_endpoint;
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{AttemptJournal, CaReply, CertificateAuthority, Validation};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{AuthorizationStatus, OrderStatus};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

/// CAs validate within seconds; some retry for a minute or two.
const PATIENCE: Duration = Duration::minutes(5);

/// Runs the step.
pub async fn submit_challenge(
    journal: &impl AttemptJournal,
    cas: &[impl CertificateAuthority],
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<Progress, Failure> {
    let (endpoint, mut order) = ordering_endpoint(journal, input).await?;
    let announced = input.progress.waiting_since.is_some();
    let CaReply { value, nonce } = authority_of(cas, &order)?.validate(&order, announced).await?;
    order.nonce = nonce;
    match &value {
        Validation::Ready => {
            order.status = OrderStatus::Ready;
            for authorization in &mut order.authorizations {
                authorization.status = AuthorizationStatus::Valid;
            }
        }
        Validation::Failed(_) => order.status = OrderStatus::Invalid,
        Validation::Waiting { .. } => {}
    }
    journal.save_order(&endpoint.id, input.attempt, &order).await?;
    match value {
        Validation::Ready => Ok(input.reached(Status::OrderReady)),
        Validation::Waiting { seconds } => input.wait(seconds, PATIENCE, now, late),
        Validation::Failed(problem) => Err(problem.to_challenge_failure()),
    }
}

fn late() -> Failure {
    Failure::new(
        FailureName::TimedOut,
        WaitingOn::Ca,
        format!("The CA has not validated the challenges within {} minutes.", PATIENCE.whole_minutes()),
        "Nothing: the order is taken up again by itself. The CA's status page may say more.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice;
    use testkit::Fixture;
    use vocabulary::acme::Reachability;

    async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
        submit_challenge(&fixture.endpoints, slice::from_ref(&fixture.ca), &fixture.input, fixture.now).await
    }

    #[tokio::test]
    async fn a_validated_order_is_ready_and_has_nothing_pending() {
        let fixture = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        assert_eq!(run(&fixture).await.expect("validated").status, Status::OrderReady);
        let order = fixture.order().await;
        assert_eq!((order.status, order.pending().count()), (OrderStatus::Ready, 0));
        assert_eq!(order.published_txt_values().len(), 1, "what was published is still known to the clean-up");
    }

    #[tokio::test]
    async fn the_ca_looks_at_the_standing_record_and_at_no_publication() {
        let fixture = Fixture::by_persistent_record().await.with_order().await;
        assert_eq!(run(&fixture).await.expect("validated").status, Status::OrderReady);
        assert!(fixture.order().await.published_txt_values().is_empty(), "there is nothing to clean up");
        let fixture = Fixture::by_persistent_record().await.with_order().await;
        fixture.stand(false);
        assert_eq!(run(&fixture).await.expect_err("gone").name, FailureName::ChallengeFailed);
    }

    #[tokio::test]
    async fn what_the_ca_does_not_find_ends_the_order() {
        let fixture = Fixture::new(Reachability::External).await.with_order().await;
        let failure = run(&fixture).await.expect_err("not published");
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::ChallengeFailed, WaitingOn::DomainOwner));
        assert_eq!(fixture.order().await.status, OrderStatus::Invalid);
    }
}
