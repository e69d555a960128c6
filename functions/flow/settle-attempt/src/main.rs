//! Ends an attempt: records its outcome and when the next one is due, and notifies people.
//!
//! In: `StepInput`, with `failure` and `clean_up_failure` where there were any. Out: `Progress` with
//! `succeeded`, `failed` or `removed`.
//! Fails as: `Misconfigured`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `GetItem`, `TransactWriteItems`, `Query`, `DeleteItem`; for news SNS `Publish` (twice), EventBridge
//! `PutEvents`; for a cause that many endpoints share DynamoDB `PutItem`, `UpdateItem`, `DeleteItem`, `Query`; Secrets Manager
//! `GetSecretValue` when it starts; for a removal, and after the grace of one whose names have moved, ACM `DeleteCertificate`,
//! Elastic Load Balancing `DescribeListenerCertificates` and `RemoveListenerCertificates`, Secrets Manager `DeleteSecret`, and
//! for another account STS `AssumeRole`; where there is one, the collector of traces.

use domain::alert::NotificationPolicy;
use domain::endpoint::Step;
use runtime::{Purpose, Spent};
use settle_attempt::{Ports, settle_attempt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (journal, keys, destinations) = (wiring.endpoints()?, wiring.keys()?, wiring.destinations(Purpose::Remove)?);
    let (notifier, traces, metrics) = (wiring.alerts()?, wiring.traces().await?, wiring.metrics()?);
    let (dashboard, exports) = (wiring.dashboard(), wiring.exports()?);
    let ports = Ports {
        journal: &journal,
        keys: &keys,
        destinations: &destinations,
        notifier: &notifier,
        causes: &journal,
        traces: &traces,
        exports: &exports,
        policy: NotificationPolicy { dashboard: dashboard.as_deref(), setup_patience: wiring.setup_patience()? },
        unproven_patience: wiring.unproven_patience()?,
        setup_messages: wiring.tenant_limits()?.messages,
    };
    runtime::run_step(Step::SettleAttempt, Spent::default, async |input, now| {
        let settled = settle_attempt(&ports, &input, now, runtime::jitter()).await?;
        metrics.emit_attempt(&input, &settled.progress, &settled.counted);
        settled.told()
    })
    .await
}
