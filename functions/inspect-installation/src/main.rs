//! Checks the installation itself. Invoked by the api function for `GET /v1/installation`.
//!
//! In: anything. Out: a list of `InstallationCheck`. Never fails for what it finds.
//! Calls, all of them reading: ACM `ListCertificates`; CloudWatch `DescribeAlarms`; DynamoDB `DescribeTable`, `GetItem`; EventBridge Scheduler
//! `GetSchedule`; KMS `DescribeKey`; Lambda `GetAccountSettings`, `GetEventSourceMapping`, `GetFunctionConfiguration`; Route 53 `GetHostedZone`; S3
//! `GetBucketLocation`; Secrets Manager `GetSecretValue`; SNS `GetTopicAttributes`, `ListSubscriptionsByTopic`; SQS `GetQueueAttributes`;
//! Step Functions `DescribeStateMachine`; DNS; the CA's directory; the token issuer.

use domain::installation::InstallationStatus;
use inspect_installation::{Installation, InstalledAuthority, Reserved, judge};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use time::OffsetDateTime;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let environment = wiring.environment();
    let installation = Installation {
        stack: environment.required("STACK_NAME")?,
        delegation_zone: wiring.delegation_zone_name()?,
        authorities: wiring
            .deployed_authorities()?
            .map(|(directory, profile, issuer)| InstalledAuthority { directory, profile, issuer })
            .collect(),
        contact: environment.optional("ACME_CONTACT"),
        binds_account: environment.optional("EAB_SECRET").is_some(),
        account_secret: environment.required("ACCOUNT_SECRET")?,
        alerts_topic: environment.required("ALERTS_TOPIC")?,
        records_to_writer: environment.required("RECORDS_TO_WRITER")?,
        dead_letters: environment.required("SCAN_DEAD_LETTERS")?,
        state_machine: environment.required("STATE_MACHINE_ARN")?,
        silence: time::Duration::seconds(environment.parsed("HEARTBEAT_SECONDS")?.unwrap_or(900)),
        issuer: environment.optional("OIDC_ISSUER"),
        acm_quotas: wiring.acm_quotas()?,
        home: wiring.region()?,
        pools: wiring.listener_pools()?,
        reserved: Reserved {
            api: environment.parsed("API_CONCURRENCY")?.unwrap_or_default(),
            challenges: environment.parsed("CHALLENGE_CONCURRENCY")?.unwrap_or_default(),
        },
    };
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
