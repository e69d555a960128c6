//! Puts the challenge responses of an order where the CA will look for them.
//!
//! In: `StepInput`. Out: `Progress` with `presented`.
//! Fails as: `OrderLost`, `Misconfigured`, `EndpointRemoved`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `GetItem`, `UpdateItem`; S3 `PutObject`; Route 53 `ChangeResourceRecordSets`.

use domain::endpoint::Step;
use present_challenge::present_challenge;
use runtime::Spent;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await;
    let (journal, tokens, zone) = (wiring.endpoints()?, wiring.tokens()?, wiring.delegation_zone()?);
    let zone_name = wiring.delegation_zone_name()?;
    let spent = || Spent { route53_calls: zone.calls(), ..Spent::default() };
    runtime::run_step(Step::PresentChallenge, spent, async |input, _| {
        present_challenge(&journal, &tokens, &zone, &zone_name, &input).await
    })
    .await
}
