//! Hands in the certificate request, brings the chain home, and waits for its turn at ACM.
//!
//! In: `StepInput`. Out: `Progress` with `issued` or `waiting`.
//! Fails as: `CaRefused`, `AccountRefused`, `CertificateRejected`, `OrderLost`, `RateLimited`, `CaUnavailable`,
//! `TimedOut`, `Misconfigured`, `EndpointRemoved`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `Query`, `GetItem`, `PutItem`, `UpdateItem`; KMS `Decrypt`; Secrets Manager `GetSecretValue`; the CA's finalize,
//! order and certificate.

use domain::endpoint::Step;
use finalize_order::{Ports, finalize_order};
use runtime::{Spent, requests_sent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (journal, keys, cas) = (wiring.endpoints()?, wiring.keys()?, wiring.certificate_authorities(false)?);
    let ports = Ports { journal: &journal, keys: &keys, cas: &cas, pacing: &journal };
    let spent = || Spent { ca_requests: requests_sent(&cas), ..Spent::default() };
    runtime::run_step(Step::FinalizeOrder, spent, async |input, now| finalize_order(&ports, &input, now).await).await
}
