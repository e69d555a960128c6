//! IAM denies a way on which people are notified: what has happened is recorded all the same, and what is still to be told is told
//! once it can be.

use anyhow::{Context, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use end_to_end::{Inbox, Platform, Queue, text};
use local_cloud::{Execution, LocalCloud, Options, wait_until};
use serde_json::{Value, json};
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
async fn a_denied_channel_loses_no_certificate_and_each_channel_gets_its_message_once() -> Result<()> {
    let platform = Platform::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("denied.test").await?;
    let inbox = Inbox::subscribe(cloud).await?;
    let (chat, bus) = (Queue::create(cloud, "chat").await?, Queue::create(cloud, "bus").await?);
    let to_chat = cloud.aws().sns.subscribe().topic_arn(cloud.resource("ChatTopic")?).protocol("sqs");
    to_chat.endpoint(&chat.arn).send().await?;
    bus.follow_bus(cloud).await?;
    // People, chat and programs: how often each was told of the certificate.
    let issued = async |domain: &str| {
        let people = inbox.about(domain).await?;
        let people = people.iter().filter(|(kind, _)| kind == "CertificateIssued").count();
        let said = |body: &Value| text(&body["Message"]).contains(domain) && text(&body["Message"]).contains("issued");
        let chat = chat.bodies().await?.iter().filter(|body| said(body)).count();
        let put = |body: &Value| body["detail"]["domain"] == domain && body["detail-type"] == "CertificateIssued";
        let programs = bus.bodies().await?.iter().filter(|body| put(body)).count();
        anyhow::Ok([people, chat, programs])
    };
    let check = async || {
        let run = cloud.invoke("CheckHealthFunction", &json!({})).await?;
        ensure!(run.error.is_none(), "{run:?}");
        anyhow::Ok(run.payload)
    };
    let cases = [
        ("bus.denied.test", &["events:PutEvents"][..], [1, 1, 0]),
        ("topics.denied.test", &["sns:Publish"][..], [0, 0, 1]),
        ("all.denied.test", &["events:PutEvents", "sns:Publish"][..], [0, 0, 0]),
    ];
    for (domain, denied, told_at_once) in cases {
        platform.register_proven(&zone, domain, "internal").await?;
        cloud.deny("SettleAttemptFunction", denied).await?;
        let attempt = platform.run(domain).await?;
        ensure!(attempt["outcome"] == "issued" && attempt["failure"].is_null(), "{domain}: {attempt:#}");
        let endpoint = platform.endpoint(domain).await?;
        ensure!(endpoint["status"] == "ready", "{domain}: {endpoint:#}");
        platform.check_at_rest(domain, cloud.ca()).await?;
        // The alarm for the operator: the flow says that somebody was not told.
        let execution = last_execution(cloud).await?;
        let refusals = || cloud.take_refusals(|refusal| denied.iter().any(|action| refusal.why.contains(action)));
        ensure!(!refusals()?.is_empty(), "IAM denied it");
        ensure!(execution.status == ExecutionStatus::Failed, "{execution:?}");
        let (name, cause) = execution.error.clone().context("it says why")?;
        ensure!(name == "SettleFailed" && cause.contains("nobody could be told"), "{execution:?}");
        cloud.deny("SettleAttemptFunction", &[]).await?;
        ensure!(issued(domain).await? == told_at_once, "{domain}: {:?}", issued(domain).await?);

        // What is still refused is kept, and every run says so.
        if told_at_once != [0; 3] {
            cloud.deny("CheckHealthFunction", denied).await?;
            let run = check().await?;
            ensure!(run["failed"].to_string().contains(&format!("notifications: {}", denied[0])), "{run:#}");
            ensure!(!refusals()?.is_empty(), "IAM denied it");
            cloud.deny("CheckHealthFunction", &[]).await?;
        }
        platform.set_due(text(&endpoint["id"]), "health_at").await?;
        let run = check().await?;
        ensure!(run["checked"] == 1 && run["failed"] == json!([]), "{run:#}");
        wait_until("the message on every channel", Duration::from_secs(20), async || {
            Ok((issued(domain).await? == [1; 3]).then_some(()))
        })
        .await?;
    }
    check().await?;
    for (domain, ..) in cases {
        ensure!(issued(domain).await? == [1; 3], "{domain}: once each, {:?}", issued(domain).await?);
    }
    Ok(())
}
