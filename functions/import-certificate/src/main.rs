//! Puts the issued certificate into ACM, under the same ARN when there is one.
//!
//! In: `StepInput`. Out: `Progress` with `imported`.
//! Fails as: `CertificateRejected`, `DestinationRefused`, `OrderLost`, `Misconfigured`, `EndpointRemoved`,
//! `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `GetItem`, `UpdateItem`, `Query`, `DeleteItem`; KMS `Decrypt`; ACM `ImportCertificate`,
//! `GetCertificate`, and after a crash `ListCertificates`.

use domain::flow::Step;
use import_certificate::import_certificate;
use runtime::Spent;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await;
    let (journal, keys, acm) = (wiring.endpoints()?, wiring.keys()?, wiring.acm()?);
    runtime::run_step(Step::ImportCertificate, Spent::default, async |input, now| {
        import_certificate(&journal, &keys, &acm, &input, now, runtime::jitter()).await
    })
    .await
}
