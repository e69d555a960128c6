//! Sends each tenant once a day what its endpoints need. Run by a schedule.
//!
//! In: anything. Out: `DigestReport`. Fails when the endpoints cannot be listed, or a digest could not be sent; run
//! again it sends what is missing.
//! Calls: DynamoDB `Query`, `BatchGetItem`, `GetItem`, `PutItem`, `UpdateItem`, `DeleteItem`; SNS `Publish`; EventBridge `PutEvents`.

use domain::alert::NotificationPolicy;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use send_digest::{Ports, send_digests};
use serde_json::Value;
use time::OffsetDateTime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let (table, notifier, dashboard) = (wiring.endpoints()?, wiring.alerts()?, wiring.dashboard());
    let policy = NotificationPolicy { dashboard: dashboard.as_deref(), setup_patience: wiring.setup_patience()? };
    let ports = Ports { registry: &table, log: &table, causes: &table, notifier: &notifier, policy };
    lambda_runtime::run(service_fn(async |_: LambdaEvent<Value>| {
        let report = send_digests(&ports, OffsetDateTime::now_utc()).await?;
        tracing::info!(endpoints = report.endpoints, tenants = report.tenants, sent = report.sent, "digests sent");
        Ok::<_, Error>(report)
    }))
    .await
}
