//! Ends an attempt: records what came of it and when the next one is due, and tells people.
//!
//! In: `StepInput`, with `failure` and `clean_up_failure` where there were any. Out: `Progress` with
//! `succeeded`, `failed` or `removed`.
//! Fails as: `Misconfigured`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `GetItem`, `TransactWriteItems`, `Query`, `DeleteItem`; for news SNS `Publish` (twice) and
//! EventBridge `PutEvents`; for a cause that many endpoints have in common DynamoDB `PutItem`, `UpdateItem`,
//! `DeleteItem`, `Query`; Secrets Manager `GetSecretValue` when it starts; for a removal, and after the grace of one whose
//! names have moved, ACM `DeleteCertificate`, Elastic Load Balancing
//! `DescribeListenerCertificates` and `RemoveListenerCertificates`, and for another account STS `AssumeRole`; where there
//! is one, the collector of traces.

use domain::alert::NotificationPolicy;
use domain::endpoint::Step;
use runtime::{Purpose, Spent};
use settle_attempt::{Ports, Settled, settle_attempt};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (journal, keys) = (wiring.endpoints()?, wiring.keys()?);
    let (destinations, notifier, dashboard) =
        (wiring.destinations(Purpose::Remove)?, wiring.alerts()?, wiring.dashboard());
    let traces = wiring.traces().await?;
    let unproven_patience = wiring.unproven_patience()?;
    let ports = Ports {
        journal: &journal,
        keys: &keys,
        destinations: &destinations,
        notifier: &notifier,
        causes: &journal,
        traces: &traces,
        policy: NotificationPolicy { dashboard: dashboard.as_deref(), setup_patience: wiring.setup_patience()? },
        unproven_patience,
        setup_messages: wiring.tenant_limits()?.messages,
    };
    let metrics = wiring.metrics()?;
    runtime::run_step(Step::SettleAttempt, Spent::default, async |input, now| {
        let Settled { progress, untold } = settle_attempt(&ports, &input, now, runtime::jitter()).await?;
        metrics.emit_attempt(&input, &progress);
        // The end is recorded. That nobody hears of it is the installation's fault, and fails the execution: an alarm tells.
        match untold {
            Some(failure) => Err(failure),
            None => Ok(progress),
        }
    })
    .await
}
