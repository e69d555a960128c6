//! Compares the certificates in ACM with the table, a page at a time. Invoked by the api function for
//! `POST /v1/installation/reconcile`.
//!
//! In: `Reconcile`. Out: `Reconciled`.
//! Calls: ACM `ListCertificates`, `ListTagsForCertificate`, `GetCertificate`; DynamoDB `Query`; to record a certificate also
//! `UpdateItem`, `PutItem`.

use domain::installation::Reconcile;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use reconcile_certificates::{Ports, reconcile};
use time::OffsetDateTime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let (store, certificates) = (wiring.endpoints()?, wiring.acm()?);
    runtime::serve(Runtime::new(service_fn(async |event: LambdaEvent<Reconcile>| {
        let ports = Ports { store: &store, certificates: &certificates };
        let reconciled = reconcile(&ports, &event.payload, OffsetDateTime::now_utc()).await?;
        tracing::info!(checked = reconciled.checked, differences = reconciled.differences.len(), "reconciled");
        Ok::<_, Error>(reconciled)
    })))
    .await
}
