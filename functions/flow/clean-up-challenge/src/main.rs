//! Removes the HTTP-01 responses that the endpoint's orders have published, and asks for their TXT values to be removed.
//!
//! In: `StepInput`. Out: `Progress` with `clean` or `records_left`.
//! Fails as: `Misconfigured`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `Query`; S3 `DeleteObject`.

use clean_up_challenge::clean_up_challenge;
use domain::endpoint::Step;
use runtime::Spent;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (endpoints, tokens) = (wiring.endpoints()?.read_only(), wiring.tokens()?);
    runtime::run_step(Step::CleanUpChallenge, Spent::default, async |input, _| {
        clean_up_challenge(&endpoints, &tokens, &input).await
    })
    .await
}
