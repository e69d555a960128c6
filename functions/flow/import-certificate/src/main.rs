//! Puts the issued certificate into ACM, under the same ARN when there is one, at home and in additional regions; and onto
//! the endpoint's listeners.
//!
//! In: `StepInput`. Out: `Progress` with `imported`.
//! Fails as: `CertificateRejected`, `DestinationRefused`, `OrderLost`, `Misconfigured`, `EndpointRemoved`,
//! `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `Query`, `GetItem`, `PutItem`, `UpdateItem`, `DeleteItem`; KMS `Decrypt`; ACM `ImportCertificate`,
//! `GetCertificate`, after a crash `ListCertificates`, of a region that is no longer wanted, or retired,
//! `DeleteCertificate`; for changed tags `AddTagsToCertificate` and `RemoveTagsFromCertificate`; for listeners Elastic Load
//! Balancing `DescribeListenerCertificates`, `AddListenerCertificates`, `RemoveListenerCertificates`; for another account
//! STS `AssumeRole`; for an exported key Secrets Manager `PutResourcePolicy`, `CreateSecret` and `PutSecretValue`, and
//! `DeleteSecret` when that ends.

use domain::endpoint::Step;
use import_certificate::{Ports, import_certificate};
use runtime::{Purpose, Spent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (journal, keys, destinations) = (wiring.endpoints()?, wiring.keys()?, wiring.destinations(Purpose::Install)?);
    let exports = wiring.exports()?;
    let ports = Ports { journal: &journal, keys: &keys, destinations: &destinations, exports: &exports };
    runtime::run_step(Step::ImportCertificate, Spent::default, async |input, now| {
        import_certificate(&ports, &input, now, runtime::jitter()).await
    })
    .await
}
