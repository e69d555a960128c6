//! AWS that throttles, refuses, kills and delivers twice.

use std::time::Duration;

use anyhow::{Result, ensure};
use end_to_end::{Inbox, Platform, text};
use futures::future::try_join_all;
use local_cloud::{Effect, Fault, FaultProxy, Options, pebble, wait_until};
use reqwest::Method;
use serde_json::json;

const STEPS: [&str; 8] = [
    "OpenOrderFunction",
    "PresentChallengeFunction",
    "CheckPropagationFunction",
    "SubmitChallengeFunction",
    "FinalizeOrderFunction",
    "ImportCertificateFunction",
    "CleanUpChallengeFunction",
    "SettleAttemptFunction",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_throttles_is_waited_for_and_one_that_refuses_is_notified() -> Result<()> {
    let platform = Platform::start(Options::unique()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("slow.test").await?;
    let inbox = Inbox::subscribe(cloud).await?;
    let route53 = FaultProxy::before(cloud, &cloud.description().gate)?;
    cloud.set_function_variable("WriteRecordsFunction", "AWS_ENDPOINT_URL_ROUTE_53", Some(route53.url())).await?;
    // More refusals than the writer's own patience takes.
    for (domain, status, code) in [
        ("a.slow.test", 400, "Throttling"),
        ("b.slow.test", 400, "PriorRequestNotComplete"),
        ("c.slow.test", 500, "InternalFailure"),
    ] {
        platform.register_proven(&zone, domain, "internal").await?;
        route53.inject(Fault::route53_error("/2013-04-01/", status, code, "slow down").times(4));
        let attempt = platform.run(domain).await?;
        ensure!(attempt["outcome"] == "issued", "{code}: {attempt:#}");
        platform.check_at_rest(domain, cloud.ca()).await?;
    }
    // A clean-up that fails: the certificate is imported all the same, and the next attempt cleans up.
    platform.register_proven(&zone, "d.slow.test", "internal").await?;
    let denied = FaultProxy::before(cloud, &cloud.description().gate)?;
    // The first change publishes.
    denied.inject(Fault::at("/2013-04-01/hostedzone", Effect::Delay(Duration::ZERO)));
    denied.inject(Fault::route53_error("/2013-04-01/hostedzone", 403, "AccessDenied", "not authorized").always());
    cloud.set_function_variable("WriteRecordsFunction", "AWS_ENDPOINT_URL_ROUTE_53", Some(denied.url())).await?;
    let attempt = platform.run("d.slow.test").await?;
    ensure!(attempt["outcome"] == "issued" && attempt["failure"]["name"] == "Misconfigured", "{attempt:#}");
    ensure!(platform.check_nothing_published("d.slow.test").await.is_err(), "it cannot have been cleaned up");
    denied.clear();
    platform.run("d.slow.test").await?;
    platform.check_at_rest("d.slow.test", cloud.ca()).await?;
    // A clean-up that Route 53 did, and whose answer was lost: sent again, it is refused, and the zone is read.
    denied.inject(Fault::at("/2013-04-01/hostedzone", Effect::Delay(Duration::ZERO)));
    denied.inject(Fault::at("/2013-04-01/hostedzone", Effect::LoseResponse));
    let attempt = platform.run("d.slow.test").await?;
    ensure!(attempt["outcome"] == "renewed" && attempt["failure"].is_null(), "{attempt:#}");
    platform.check_at_rest("d.slow.test", cloud.ca()).await?;

    // ACM says that its quota is spent: the certificate that was issued is kept, and imported later.
    let acm = FaultProxy::before(cloud, &cloud.description().gate)?;
    cloud.set_variable("AWS_ENDPOINT_URL_ACM", acm.url()).await?;
    acm.inject(Fault::aws_json_error("ImportCertificate", 400, "LimitExceededException", "quota reached").always());
    platform.register_proven(&zone, "full.slow.test", "external").await?;
    let attempt = platform.run("full.slow.test").await?;
    ensure!(
        attempt["failure"]["name"] == "DestinationRefused" && attempt["failure"]["actor"] == "operator",
        "{attempt:#}"
    );
    platform.check_nothing_published("full.slow.test").await?;
    inbox.wait_for("full.slow.test", "IssuanceFailed").await?;
    acm.clear();
    let second = platform.run("full.slow.test").await?;
    ensure!(
        second["outcome"] == "issued" && Platform::ca_requests(&second) == 0,
        "nothing is ordered again: {second:#}"
    );
    platform.check_at_rest("full.slow.test", cloud.ca()).await?;

    // A first import whose answer is lost: the certificate that it left is adopted.
    acm.inject(Fault::on_action("ImportCertificate", Effect::LoseResponse).times(3));
    platform.register_proven(&zone, "adopted.slow.test", "external").await?;
    let attempt = platform.run("adopted.slow.test").await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    platform.check_at_rest("adopted.slow.test", cloud.ca()).await?;

    // A certificate that somebody has deleted by hand has no tag any more by which the role might delete it.
    let endpoint = platform.endpoint("adopted.slow.test").await?;
    cloud.aws().acm.delete_certificate().certificate_arn(text(&endpoint["certificate"]["arn"])).send().await?;
    let going = platform.call(Method::DELETE, "endpoints/adopted.slow.test", None).await?;
    ensure!(going.status == 202, "{going:?}");
    wait_until("the removal", Duration::from_secs(60), async || {
        let answer = platform.call(Method::GET, "endpoints/adopted.slow.test", None).await?;
        Ok((answer.status == 404).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_die_and_events_that_come_twice_end_in_one_certificate() -> Result<()> {
    // The scans are those that the test makes.
    let platform = Platform::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("dying.test").await?;
    let proxy = FaultProxy::before_ca(cloud, cloud.ca())?;
    cloud.use_directory(&proxy.directory()).await?;

    // Killed while the CA is at work, in each step that talks to it.
    for (label, path, function) in [
        ("open", pebble::NEW_ORDER, "OpenOrderFunction"),
        ("submit", pebble::CHALLENGE, "SubmitChallengeFunction"),
        ("finalize", pebble::FINALIZE, "FinalizeOrderFunction"),
        ("download", pebble::CERTIFICATE, "FinalizeOrderFunction"),
    ] {
        let domain = format!("{label}.dying.test");
        platform.register_proven(&zone, &domain, "external").await?;
        proxy.inject(Fault::at(path, Effect::Hang));
        let number = platform.start_attempt(&domain).await?;
        // By then the step waits for the answer that does not come.
        tokio::time::sleep(Duration::from_secs(2)).await;
        ensure!(cloud.kill_function(function)? > 0, "{label}: nothing was running");
        let attempt = platform.attempt(&domain, number).await?;
        ensure!(attempt["outcome"] == "issued", "{label}: {attempt:#}");
        platform.check_at_rest(&domain, cloud.ca()).await?;
        proxy.clear();
    }

    // Eight scans at once for four due endpoints: one execution each.
    let due: Vec<String> = (0..4).map(|i| format!("due{i}.dying.test")).collect();
    for domain in &due {
        let endpoint = platform.issue(&zone, domain, &[], "external").await?;
        make_due(&platform, text(&endpoint["id"])).await?;
    }
    let executions = cloud.executions().await?.len();
    let reports = try_join_all((0..8).map(|_| cloud.scan())).await?;
    let started: u64 = reports.iter().filter_map(|report| report.payload["started"].as_u64()).sum();
    ensure!(started == 4, "{reports:?}");
    for domain in &due {
        let attempts = platform.attempts(domain).await?;
        let number = attempts[0]["attempt"].as_u64().unwrap_or_default();
        let number = if attempts[0]["outcome"] == "issued" { number + 1 } else { number };
        let attempt = platform.attempt(domain, number).await?;
        ensure!(attempt["outcome"] == "renewed", "{attempt:#}");
        platform.check_at_rest(domain, cloud.ca()).await?;
    }
    ensure!(cloud.executions().await?.len() == executions + 4, "one execution for each");

    // Every step delivered again when its attempt is long over.
    let endpoint = platform.endpoint(&due[0]).await?;
    let old = json!({"endpoint": endpoint["id"], "attempt": endpoint["attempt"]});
    for step in STEPS {
        let late = cloud.invoke(step, &old).await?;
        ensure!(late.error.as_deref() == Some("Superseded"), "{step}: {late:?}");
    }
    ensure!(platform.endpoint(&due[0]).await? == endpoint, "nothing has changed");
    platform.check_at_rest(&due[0], cloud.ca()).await?;
    Ok(())
}

/// Moves the renewal of an endpoint into the past, as the passing of time would.
async fn make_due(platform: &Platform, id: &str) -> Result<()> {
    let now = time::OffsetDateTime::now_utc();
    let text = |value: String| aws_sdk_dynamodb::types::AttributeValue::S(value);
    let written = now.format(&time::format_description::well_known::Rfc3339)?;
    platform
        .cloud
        .aws()
        .dynamodb
        .update_item()
        .table_name(platform.cloud.resource("EndpointsTable")?)
        .key("pk", text(format!("ENDPOINT#{id}")))
        .key("sk", text("ENDPOINT".into()))
        .update_expression("SET due_at = :now, certificate.renew_at = :written")
        .expression_attribute_values(
            ":now",
            aws_sdk_dynamodb::types::AttributeValue::N(now.unix_timestamp().to_string()),
        )
        .expression_attribute_values(":written", text(written))
        .send()
        .await?;
    Ok(())
}
