//! Checks the installation itself. Invoked by the api function for `GET /v1/installation`.
//!
//! In: anything. Out: a list of `InstallationCheck`. Never fails for what it finds.
//! Calls, all of them reading: ACM `ListCertificates`; CloudWatch `DescribeAlarms`; DynamoDB `DescribeTable`, `GetItem`, `Query`; EventBridge Scheduler
//! `GetSchedule`; KMS `DescribeKey`; Lambda `GetAccountSettings`, `GetEventSourceMapping`, `GetFunctionConfiguration`; Route 53 `GetHostedZone`; S3
//! `GetBucketLocation`; Secrets Manager `GetSecretValue`; SNS `GetTopicAttributes`, `ListSubscriptionsByTopic`; SQS `GetQueueAttributes`;
//! Step Functions `DescribeStateMachine`; DNS; the CA's directory; the token issuer.

mod installed;

use domain::installation::InstallationStatus;
use inspect_installation::judge;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use time::OffsetDateTime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let installation = installed::installed(&wiring)?;
    let inspection = wiring.inspection()?;
    runtime::serve(Runtime::new(service_fn(async |_: LambdaEvent<Value>| {
        let now = OffsetDateTime::now_utc();
        let checks = judge(&inspection.describe(now).await, &installation, now);
        let wrong = checks.iter().filter(|check| check.status != InstallationStatus::Ok).count();
        tracing::info!(checks = checks.len(), wrong, "inspected");
        Ok::<_, Error>(checks)
    })))
    .await
}
