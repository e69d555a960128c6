//! Tells the CA that the challenges can be looked at, and sees how it goes.

use domain::Failure;
use domain::failure::{Actor, FailureName};
use domain::flow::{Progress, Status, Step, StepInput, StepUsage};
use domain::order::{AuthorizationStatus, OrderStatus};
use domain::ports::{AttemptJournal, CaReply, CertificateAuthority, Validation, ordering_endpoint};
use time::{Duration, OffsetDateTime};

/// CAs validate within seconds; some retry for a minute or two.
const PATIENCE: Duration = Duration::minutes(5);

/// Runs the step.
pub async fn submit_challenge(
    journal: &impl AttemptJournal,
    ca: &impl CertificateAuthority,
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<Progress, Failure> {
    let (endpoint, mut order) = ordering_endpoint(journal, input).await?;
    let announced = input.progress.waiting_since.is_some();
    let CaReply { value, requests, nonce } = ca.validate(&order, announced).await?;
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
    let mut progress = match value {
        Validation::Ready => input.reached(Status::OrderReady),
        Validation::Waiting { seconds } => input.wait(seconds, PATIENCE, now, late)?,
        Validation::Failed(problem) => return Err(problem.to_challenge_failure()),
    };
    let usage = StepUsage { step: Step::SubmitChallenge, milliseconds: 0, ca_requests: requests, route53_calls: 0 };
    progress.record(usage);
    Ok(progress)
}

fn late() -> Failure {
    Failure::new(
        FailureName::TimedOut,
        Actor::Ca,
        format!("The CA has not validated the challenges within {} minutes.", PATIENCE.whole_minutes()),
        "Nothing: the order is taken up again by itself. The CA's status page may say more.",
    )
}
