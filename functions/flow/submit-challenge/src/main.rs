//! Asks the CA to validate the challenges, and checks the result.
//!
//! In: `StepInput`. Out: `Progress` with `order_ready` or `waiting`.
//! Fails as: `ChallengeFailed`, `OrderLost`, `RateLimited`, `CaUnavailable`, `CaRefused`, `AccountRefused`, `TimedOut`,
//! `Misconfigured`, `EndpointRemoved`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `Query`, `UpdateItem`; Secrets Manager `GetSecretValue`; the CA's challenge and order.

use domain::endpoint::Step;
use runtime::{Spent, requests_sent};
use submit_challenge::submit_challenge;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (journal, cas) = (wiring.endpoints()?, wiring.certificate_authorities(false)?);
    let spent = || Spent { ca_requests: requests_sent(&cas), ..Spent::default() };
    runtime::run_step(Step::SubmitChallenge, spent, async |input, now| {
        submit_challenge(&journal, &cas, &input, now).await
    })
    .await
}
