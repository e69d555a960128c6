//! Hands in the certificate request and brings the chain home.
//!
//! In: `StepInput`. Out: `Progress` with `issued` or `waiting`.
//! Fails as: `CaRefused`, `AccountRefused`, `CertificateRejected`, `OrderLost`, `RateLimited`, `CaUnavailable`,
//! `TimedOut`, `Misconfigured`, `EndpointRemoved`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `Query`, `GetItem`, `UpdateItem`; KMS `Decrypt`; Secrets Manager `GetSecretValue`; the CA's finalize,
//! order and certificate.

use domain::endpoint::Step;
use finalize_order::finalize_order;
use runtime::{Spent, requests_sent};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (journal, keys, cas) = (wiring.endpoints()?, wiring.keys()?, wiring.certificate_authorities(false)?);
    let spent = || Spent { ca_requests: requests_sent(&cas), ..Spent::default() };
    runtime::run_step(Step::FinalizeOrder, spent, async |input, now| {
        finalize_order(&journal, &keys, &cas, &input, now).await
    })
    .await
}
