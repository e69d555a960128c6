//! IAM denies a way on which people are notified: what has happened is recorded all the same, and what is still to be told is told
//! once it can be.

use anyhow::{Context, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use end_to_end::{Inbox, Platform, text};
use local_cloud::{Execution, LocalCloud, Options, wait_until};
use serde_json::json;
use std::time::Duration;

/// The end of the newest execution.
async fn last_execution(cloud: &LocalCloud) -> Result<Execution> {
    wait_until("the end of the execution", Duration::from_secs(30), async || {
        let newest = cloud.executions().await?.into_iter().next().context("one has run")?;
        let execution = cloud.execution(&newest).await?;
        Ok((execution.status != ExecutionStatus::Running).then_some(execution))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_channel_is_denied_the_certificate_is_recorded_and_its_message_comes_once() -> Result<()> {
    let platform = Platform::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("denied.test").await?;
    let inbox = Inbox::subscribe(cloud).await?;
    let issued = async |domain: &str| {
        let told = inbox.about(domain).await?;
        anyhow::Ok(told.iter().filter(|(kind, _)| kind == "CertificateIssued").count())
    };
    for (domain, denied) in [
        ("bus.denied.test", &["events:PutEvents"][..]),
        ("topics.denied.test", &["sns:Publish"][..]),
        ("all.denied.test", &["events:PutEvents", "sns:Publish"][..]),
    ] {
        platform.register_proven(&zone, domain, "internal").await?;
        cloud.deny("SettleAttemptFunction", denied).await?;
        let attempt = platform.run(domain).await?;
        ensure!(attempt["outcome"] == "issued" && attempt["failure"].is_null(), "{domain}: {attempt:#}");
        let endpoint = platform.endpoint(domain).await?;
        ensure!(endpoint["status"] == "ready", "{domain}: {endpoint:#}");
        platform.check_at_rest(domain, cloud.ca()).await?;
        // The alarm for the operator: the flow says that somebody was not told.
        let execution = last_execution(cloud).await?;
        let refused = cloud.take_refusals(|refusal| denied.iter().any(|action| refusal.why.contains(action)))?;
        ensure!(!refused.is_empty(), "IAM denied it");
        ensure!(execution.status == ExecutionStatus::Failed, "{execution:?}");
        let (name, cause) = execution.error.clone().context("it says why")?;
        ensure!(name == "SettleFailed" && cause.contains("nobody could be told"), "{execution:?}");
        cloud.deny("SettleAttemptFunction", &[]).await?;
        platform.set_turn(text(&endpoint["id"]), "health_at").await?;
        let run = cloud.invoke("CheckHealthFunction", &json!({})).await?;
        ensure!(run.error.is_none() && run.payload["checked"] == 1, "{run:?}");
        let expected = usize::from(denied != ["sns:Publish"]);
        ensure!(issued(domain).await? == expected, "{domain}: once at the most, and not lost where nobody had it");
    }
    Ok(())
}
