//! Tells the CA that the challenges can be looked at, and sees how it goes.
//!
//! In: `StepInput`. Out: `Progress` with `order_ready` or `waiting`.
//! Fails as: `ChallengeFailed`, `OrderLost`, `RateLimited`, `CaUnavailable`, `CaRefused`, `TimedOut`, `Misconfigured`,
//! `EndpointRemoved`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `GetItem`, `UpdateItem`; Secrets Manager `GetSecretValue`; the CA's challenge and order.

use domain::flow::Step;
use runtime::Spent;
use submit_challenge::submit_challenge;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await;
    let (journal, ca) = (wiring.endpoints()?, wiring.authority(false)?);
    let spent = || Spent { ca_requests: ca.requests_sent(), ..Spent::default() };
    runtime::run_step(Step::SubmitChallenge, spent, async |input, now| {
        submit_challenge(&journal, &ca, &input, now).await
    })
    .await
}
