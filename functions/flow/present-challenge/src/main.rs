//! Puts the HTTP-01 responses of an order where the CA will look for them, and asks for its TXT values to be written.
//!
//! In: `StepInput`. Out: `Progress` with `presented` or `records_wanted`.
//! Fails as: `OrderLost`, `Misconfigured`, `EndpointRemoved`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `Query`; S3 `PutObject`.

use domain::endpoint::Step;
use present_challenge::present_challenge;
use runtime::Spent;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (journal, tokens) = (wiring.endpoints()?.read_only(), wiring.tokens()?);
    runtime::run_step(Step::PresentChallenge, Spent::default, async |input, _| {
        present_challenge(&journal, &tokens, &input).await
    })
    .await
}
