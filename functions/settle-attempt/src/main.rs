//! Ends an attempt: records what came of it and when the next one is due, and tells people.
//!
//! In: `StepInput`, with `failure` and `clean_up_failure` where there were any. Out: `Progress` with
//! `succeeded`, `failed` or `removed`.
//! Fails as: `Misconfigured`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `GetItem`, `TransactWriteItems`, `Query`, `DeleteItem`; SNS `Publish`; for a removal ACM
//! `DeleteCertificate`.

use domain::flow::Step;
use runtime::Spent;
use settle_attempt::{Ports, settle_attempt};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await;
    let (journal, keys) = (wiring.endpoints()?, wiring.keys()?);
    let (store, notifier) = (wiring.acm()?, wiring.alerts()?);
    let ports = Ports { journal: &journal, keys: &keys, store: &store, notifier: &notifier };
    let metrics = wiring.metrics()?;
    runtime::run_step(Step::SettleAttempt, Spent::default, async |input, now| {
        let settled = settle_attempt(&ports, &input, now, runtime::jitter()).await?;
        metrics.emit_attempt(&input, &settled);
        Ok(settled)
    })
    .await
}
