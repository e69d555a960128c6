//! Many attempts at once, where AWS's limits are enforced.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sqs::types::QueueAttributeName;
use end_to_end::{Platform, is_at_rest, is_failing, text};
use futures::stream::{self, StreamExt, TryStreamExt};
use local_cloud::{Alarm, CaOptions, FaultProxy, Options, OwnerZone, Route53Limits};
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Of attempts that start together, so many have asked for their records before any is written.
const MEET: usize = 50;
/// Requests to the API at once.
const CONCURRENCY: usize = 8;

async fn start() -> Result<Platform> {
    let ca = CaOptions { nonce_reject_percent: 0, authz_reuse_percent: 0, ..CaOptions::default() };
    Platform::start(Options { ca, schedule: "rate(23 hours)".into(), ..Options::unique() }).await
}

/// Registers so many internal endpoints whose records stand, none of them with an attempt under way.
async fn prepare(platform: &Platform, count: usize) -> Result<(OwnerZone, Vec<String>)> {
    let created = platform.cloud.create_zone("many.test").await?;
    let zone = &created;
    let domains: Vec<String> = (0..count).map(|n| format!("n{n}.many.test")).collect();
    stream::iter(&domains)
        .map(|domain| async move { platform.register_proven(zone, domain, "internal").await.map(drop) })
        .buffer_unordered(CONCURRENCY)
        .try_collect::<Vec<()>>()
        .await?;
    Ok((created, domains))
}

/// Waits until no attempt runs. To ask for a thousand endpoints again and again would be most of what the machine does.
async fn all_ended(platform: &Platform, longest: Duration) -> Result<()> {
    tokio::time::timeout(longest, async {
        while executions(platform, ExecutionStatus::Running).await? > 0 {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        Ok(())
    })
    .await
    .context("attempts still run")?
}

/// Waits until all have their certificate.
async fn all_issued(platform: &Platform, domains: &[String], longest: Duration) -> Result<Vec<Value>> {
    let endpoints = tokio::time::timeout(longest, async {
        loop {
            let endpoints: Vec<Value> = stream::iter(domains)
                .map(|domain| platform.endpoint(domain))
                .buffer_unordered(CONCURRENCY)
                .try_collect()
                .await?;
            // None fails but those whose attempt for want of records has not been followed by another yet.
            let failed = endpoints.iter().find(|e| is_failing(e) && e["failure"]["name"] != "RecordsNotReady");
            ensure!(failed.is_none(), "{failed:#?}");
            if endpoints.iter().all(is_at_rest) {
                return anyhow::Ok(endpoints);
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    });
    endpoints.await.context("not all were issued in time")?
}

/// Whether the delegation zone's writer takes what attempts ask it.
async fn take_records(platform: &Platform, enabled: bool) -> Result<()> {
    let mapping = platform.cloud.resource("RecordsToWriter")?;
    let update = platform.cloud.aws().lambda.update_event_source_mapping().uuid(mapping).enabled(enabled);
    update.send().await.context("UpdateEventSourceMapping").map(drop)
}

/// Waits until so many attempts have asked for their records.
async fn all_records_requested(platform: &Platform, count: usize) -> Result<()> {
    let queue = platform.cloud.resource("Records")?;
    let messages = QueueAttributeName::ApproximateNumberOfMessages;
    tokio::time::timeout(Duration::from_secs(120), async {
        loop {
            let attributes = platform.cloud.aws().sqs.get_queue_attributes().queue_url(queue);
            let attributes = attributes.attribute_names(messages.clone()).send().await.context("GetQueueAttributes")?;
            let waiting = attributes.attributes.and_then(|all| all.get(&messages)?.parse::<usize>().ok());
            if waiting.context("no number of messages")? >= count {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    })
    .await
    .context("not all asked in time")?
}

/// So many DNS-01 attempts at once. Returns the calls to Route 53.
async fn dns_attempts(count: usize, longest: Duration) -> Result<usize> {
    let platform = start().await?;
    let (_, domains) = prepare(&platform, count).await?;
    // They are to start together, whatever the account carries.
    platform.cloud.set_function_variable("ApiFunction", "ATTEMPTS_AT_ONCE", Some("2000")).await?;
    let route53 = FaultProxy::before_route53(&platform.cloud, Route53Limits::new(5, Duration::from_secs(40)))?;
    let url = Some(route53.url());
    platform.cloud.set_function_variable("WriteRecordsFunction", "AWS_ENDPOINT_URL_ROUTE_53", url).await?;
    let begun = OffsetDateTime::now_utc();
    // They start together however slow the machine is: nobody takes their records before all of them have asked.
    take_records(&platform, false).await?;
    stream::iter(&domains)
        .map(|domain| platform.start_attempt(domain))
        .buffer_unordered(CONCURRENCY)
        .try_collect::<Vec<u64>>()
        .await?;
    all_records_requested(&platform, count.min(MEET)).await?;
    take_records(&platform, true).await?;
    all_ended(&platform, longest).await?;
    all_issued(&platform, &domains, longest).await?;
    no_alarm(&platform, begun).await?;
    let left = (platform.cloud.txt_records().await?, platform.cloud.tokens().await?);
    ensure!(left.0.is_empty() && left.1.is_empty(), "left: {left:?}");
    let seen = route53.seen();
    let refused: Vec<_> = seen.iter().filter(|seen| seen.status != Some(200)).collect();
    ensure!(refused.is_empty(), "Route 53 refused: {refused:?}");
    let busiest = route53.busiest_second().context("it counts")?;
    ensure!(busiest <= 5, "{busiest} calls in one second");
    let changes = seen.iter().filter(|seen| seen.method == "POST").count();
    let total = seen.len();
    eprintln!("{count} attempts: {total} calls to Route 53 ({changes} changes), {busiest} in the busiest second");
    Ok(seen.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_start_together_share_route_53s_five_calls_a_second() -> Result<()> {
    let calls = dns_attempts(50, Duration::from_secs(240)).await?;
    // One by one: a change, a question or more, and a removal each.
    ensure!(calls <= 75, "{calls} calls for 50 attempts");
    Ok(())
}

/// `make test-many`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes some twenty minutes"]
async fn a_thousand_attempts_that_start_together_cost_a_tenth_of_a_call_each() -> Result<()> {
    let calls = dns_attempts(1000, Duration::from_secs(3000)).await?;
    ensure!(calls <= 100, "{calls} calls for 1000 attempts");
    Ok(())
}

/// So many endpoints that are due at once, where the account has room for eight attempts.
async fn due_at_once(count: usize, longest: Duration) -> Result<()> {
    let platform = start().await?;
    let cloud = &platform.cloud;
    cloud.set_function_variable("ScanExpiringFunction", "ATTEMPTS_AT_ONCE", Some("8")).await?;
    let (_, domains) = prepare(&platform, count).await?;
    let begun = OffsetDateTime::now_utc();
    for domain in &domains {
        due_now(&platform, text(&platform.endpoint(domain).await?["id"])).await?;
    }
    let issue = all_issued(&platform, &domains, longest);
    let scans = async {
        loop {
            let report = cloud.scan().await?;
            ensure!(report.error.is_none() && report.payload["failed"] == json!([]), "{report:?}");
            let running = executions(&platform, ExecutionStatus::Running).await?;
            ensure!(running <= 8, "{running} attempts at once");
        }
    };
    let scans: futures::future::BoxFuture<'_, Result<()>> = Box::pin(scans);
    tokio::select! {
        issued = issue => issued.map(drop)?,
        failed = scans => failed?,
    }
    for status in [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted] {
        ensure!(executions(&platform, status.clone()).await? == 0, "an attempt was not settled: {status}");
    }
    no_alarm(&platform, begun).await?;
    eprintln!("{count} due at once: all issued in {} s", (OffsetDateTime::now_utc() - begun).whole_seconds());
    Ok(())
}

/// Checks that nothing since `begun` raises an alarm, at any time since. The schedules stand still in these tests, so the
/// alarms that silence raises are left out.
async fn no_alarm(platform: &Platform, begun: OffsetDateTime) -> Result<()> {
    let cloud = &platform.cloud;
    let end = OffsetDateTime::now_utc() + time::Duration::seconds(2);
    ensure!(cloud.take_in_metrics("settle-attempt", begun).await? > 0, "settle-attempt wrote no metrics");
    cloud.take_in_metrics("scan-expiring", begun).await?;
    let silent = BTreeSet::from(["ScanSilentAlarm", "AdviceSilentAlarm", "HealthSilentAlarm"]);
    let mut at = end;
    while at > begun {
        let alarms = cloud.evaluate_alarms(at).await?;
        let raised = alarms.iter().filter(|alarm| alarm.state_value == "ALARM").map(Alarm::logical_id);
        let raised: Vec<_> = raised.filter(|name| !silent.contains(name)).collect();
        ensure!(raised.is_empty(), "{raised:?} at {at}");
        at -= time::Duration::seconds(150);
    }
    for queue in ["ScanDeadLetters", "RecordsDeadLetters"] {
        let url = cloud.resource(queue)?;
        let received = cloud.aws().sqs.receive_message().queue_url(url).send().await.context("ReceiveMessage")?;
        ensure!(received.messages().is_empty(), "{queue}: {received:?}");
    }
    Ok(())
}

async fn executions(platform: &Platform, status: ExecutionStatus) -> Result<usize> {
    let machine = platform.cloud.resource("IssueCertificateStateMachine")?;
    let pages = platform.cloud.aws().sfn.list_executions().state_machine_arn(machine).status_filter(status);
    let found: Vec<_> = pages.into_paginator().items().send().try_collect().await.context("ListExecutions")?;
    Ok(found.len())
}

/// As if its next attempt had just become due.
async fn due_now(platform: &Platform, id: &str) -> Result<()> {
    let now = time::OffsetDateTime::now_utc().unix_timestamp().to_string();
    let update = platform.cloud.aws().dynamodb.update_item().table_name(platform.cloud.resource("EndpointsTable")?);
    update
        .key("pk", AttributeValue::S(format!("ENDPOINT#{id}")))
        .key("sk", AttributeValue::S("ENDPOINT".into()))
        .update_expression("SET due_at = :now")
        .expression_attribute_values(":now", AttributeValue::N(now))
        .send()
        .await
        .context("UpdateItem")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_are_due_together_are_issued_eight_at_a_time_where_there_is_room_for_eight() -> Result<()> {
    due_at_once(50, Duration::from_secs(240)).await
}

/// No matter who asks for attempts, no more run at once than there is room for.
#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_people_ask_for_together_wait_where_there_is_no_room() -> Result<()> {
    let platform = start().await?;
    let cloud = &platform.cloud;
    let (zone, mut domains) = prepare(&platform, 20).await?;
    for function in ["ApiFunction", "ScanExpiringFunction"] {
        cloud.set_function_variable(function, "ATTEMPTS_AT_ONCE", Some("8")).await?;
    }
    // Those that run stay: nobody takes their records.
    take_records(&platform, false).await?;
    let renew = |domain: &str| {
        let path = format!("endpoints/{domain}/renew");
        let platform = &platform;
        async move { platform.call(Method::POST, &path, None).await }
    };
    let answers: Vec<_> = stream::iter(&domains).map(|domain| renew(domain)).buffered(20).try_collect().await?;
    ensure!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
    let waiting: Vec<_> =
        domains.iter().zip(&answers).filter(|(_, answer)| !answer.body["expected_at"].is_null()).collect();
    ensure!(waiting.len() == 12, "{answers:?}");
    ensure!(executions(&platform, ExecutionStatus::Running).await? == 8, "eight run");
    for (domain, answer) in &waiting {
        let endpoint = platform.endpoint(domain).await?;
        ensure!(endpoint["next_attempt_at"] == answer.body["expected_at"], "{endpoint:#}");
        ensure!(renew(domain).await?.body == answer.body, "to ask again changes nothing");
    }
    // So do registrations.
    let registered = platform.register("late.many.test", &[], "internal").await?;
    ensure!(registered["attempt"] == 0 && text(&registered["reason"]).contains("waits until others"), "{registered:#}");
    take_records(&platform, true).await?;
    let scans = async {
        loop {
            cloud.scan().await?;
            let running = executions(&platform, ExecutionStatus::Running).await?;
            ensure!(running <= 8, "{running} attempts at once");
        }
    };
    let scans: futures::future::BoxFuture<'_, Result<()>> = Box::pin(scans);
    platform.create_records(&zone, &registered).await?;
    domains.push("late.many.test".into());
    tokio::select! {
        issued = all_issued(&platform, &domains, Duration::from_secs(240)) => issued.map(drop)?,
        failed = scans => failed?,
    }
    for domain in &domains {
        ensure!(platform.attempts(domain).await?.len() <= 2, "nothing was started twice: {domain}");
    }
    Ok(())
}

/// `make test-many`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes some twenty minutes"]
async fn a_thousand_endpoints_that_are_due_together_are_all_issued() -> Result<()> {
    due_at_once(1000, Duration::from_secs(3600)).await
}
