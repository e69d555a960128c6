//! Takes away what the endpoint's orders have published, and nothing else.
//!
//! In: `StepInput`. Out: `Progress` with `clean`.
//! Fails as: `Misconfigured`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `GetItem`; S3 `DeleteObject`; Route 53 `ChangeResourceRecordSets`, `ListResourceRecordSets`.

use clean_up_challenge::clean_up_challenge;
use domain::endpoint::Step;
use runtime::Spent;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await;
    let (endpoints, tokens, zone) = (wiring.endpoints()?, wiring.tokens()?, wiring.delegation_zone()?);
    let zone_name = wiring.delegation_zone_name()?;
    let spent = || Spent { route53_calls: zone.calls(), ..Spent::default() };
    runtime::run_step(Step::CleanUpChallenge, spent, async |input, _| {
        clean_up_challenge(&endpoints, &tokens, &zone, &zone_name, &input).await
    })
    .await
}
