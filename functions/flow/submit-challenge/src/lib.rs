//! Asks the CA to validate the challenges, and checks the result.

use domain::acts::choose_ca::authority_of;
use domain::acts::owned_endpoint::ordering_endpoint;
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{AttemptJournal, CaReply, CertificateAuthority, Validation};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{CaRequest, OrderStatus, Refusal};
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
    let before = endpoint.failing.as_ref().map(|failing| &failing.failure);
    order.nonce = input.nonce();
    let answer = authority_of(cas, &order)?.validate(&order, announced).await;
    let CaReply { value, nonce } = answer.map_err(|error| error.to_failure(CaRequest::Challenge, before))?;
    match value {
        // Not recorded: the flow knows it, and a later attempt asks the CA.
        Validation::Ready => {
            let records_spent = order.may_have_records();
            Ok(Progress { nonce, records_spent, ..input.reached(Status::OrderReady) })
        }
        Validation::Waiting { seconds } => Ok(Progress { nonce, ..input.wait(seconds, PATIENCE, now, late)? }),
        Validation::Failed(problem) => {
            order.status = OrderStatus::Invalid;
            journal.save_order(&endpoint.id, input.attempt, &order).await?;
            Err(Refusal::from(problem).to_failure(CaRequest::Challenge, before))
        }
    }
}

fn late() -> Failure {
    let minutes = PATIENCE.whole_minutes();
    let summary = format!(
        "The CA has not validated the challenges within {minutes} minutes. The next attempt resumes the order automatically."
    );
    Failure::without_action(FailureName::TimedOut, WaitingOn::Ca, summary)
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
    async fn a_validated_order_is_ready_and_costs_no_write() {
        let fixture = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        let before = fixture.order().await;
        let reached = run(&fixture).await.expect("validated");
        assert_eq!((reached.status, reached.records_spent), (Status::OrderReady, true), "it has a wildcard");
        assert_eq!(fixture.order().await, before, "nothing has to be written down");
        assert_eq!(before.published_txt_values().len(), 1, "what was published is known to the clean-up");
    }

    #[tokio::test]
    async fn the_ca_checks_the_persistent_record_and_no_publication() {
        let fixture = Fixture::by_persistent_record().await.with_order().await;
        let reached = run(&fixture).await.expect("validated");
        assert_eq!((reached.status, reached.records_spent), (Status::OrderReady, false));
        assert!(fixture.order().await.published_txt_values().is_empty(), "there is nothing to clean up");
        let fixture = Fixture::by_persistent_record().await.with_order().await;
        fixture.set_persistent_record(false);
        assert_eq!(run(&fixture).await.expect_err("gone").name, FailureName::ChallengeFailed);
    }

    #[tokio::test]
    async fn the_nonce_of_the_answer_is_for_the_next_step() {
        let mut fixture = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        fixture.input.progress.nonce = Some("first".into());
        let reached = run(&fixture).await.expect("validated");
        assert!(reached.nonce.is_some_and(|nonce| nonce != "first"), "each is used once");
    }

    #[tokio::test]
    async fn a_challenge_that_the_ca_does_not_find_ends_the_order_and_waits_on_nobody_yet() {
        let fixture = Fixture::new(Reachability::External).await.with_order().await;
        let failure = run(&fixture).await.expect_err("not published");
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::ChallengeFailed, WaitingOn::Nobody));
        assert_eq!(fixture.order().await.status, OrderStatus::Invalid);
    }
}
