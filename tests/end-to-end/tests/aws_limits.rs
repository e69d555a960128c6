//! AWS as slow and as strict as it is: what an attempt does about its limits, and what is told of them.

use std::time::Instant;

use anyhow::{Result, ensure};
use end_to_end::balancer::{Balancer, OWN_ACCOUNT};
use end_to_end::{Platform, text};
use futures::future::try_join_all;
use local_cloud::{AwsLimits, Options, Throttle};
use reqwest::Method;
use serde_json::json;

/// The schedule is too slow to be in the way.
fn options() -> Options {
    Options { schedule: "rate(23 hours)".into(), ..Options::trusting() }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_outlast_route_53_at_its_own_pace() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("paced.test").await?;
    let domains: Vec<String> = (0..5).map(|number| format!("{number}.paced.test")).collect();
    for domain in &domains {
        let endpoint = platform.register(domain, &[], "internal").await?;
        platform.attempt(domain, 1).await?;
        platform.create_records(&zone, &endpoint).await?;
    }
    let insync_seconds = 25.0;
    let limits = AwsLimits {
        route53_calls_per_second: Some(5),
        prior_request_seconds: Some(0.2),
        insync_seconds: Some(insync_seconds),
        ..AwsLimits::default()
    };
    cloud.limit(&limits).await?;
    let begun = Instant::now();
    let attempts = try_join_all(domains.iter().map(|domain| platform.run(domain))).await?;
    for attempt in attempts {
        ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    }
    ensure!(begun.elapsed().as_secs_f64() >= insync_seconds, "the CA was asked before Route 53 was in sync");
    for domain in &domains {
        platform.check_at_rest(domain, cloud.ca()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_reaches_a_listener_that_learns_of_it_late() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("late.test").await?;
    let balancer = Balancer::create(cloud, "application", local_cloud::REGION, OWN_ACCOUNT).await?;
    let limits = AwsLimits {
        elb_delay_seconds: Some(4.0),
        throttle: ["acm:ImportCertificate", "kms:Encrypt", "secretsmanager:GetSecretValue", "dynamodb:UpdateItem"]
            .map(|operation| Throttle { operation, times: 2 })
            .to_vec(),
        ..AwsLimits::default()
    };
    cloud.limit(&limits).await?;
    let domain = "www.late.test";
    let body = json!({"domain": domain, "reachability": "internal", "listeners": [balancer.listener]});
    let answer = platform.call(Method::POST, "endpoints", Some(body)).await?;
    ensure!(answer.status == 201, "{answer:?}");
    platform.attempt(domain, 1).await?;
    platform.create_records(&zone, &answer.body).await?;
    let attempt = platform.run(domain).await?;
    ensure!(attempt["outcome"] == "issued" && attempt["failure"].is_null(), "{attempt:#}");
    let endpoint = platform.endpoint(domain).await?;
    ensure!(balancer.held(cloud).await? == [text(&endpoint["certificate"]["arn"])], "{endpoint:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_acm_has_no_room_for_this_minute_are_imported_in_the_next() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("imports.test").await?;
    let domains: Vec<String> = (0..3).map(|number| format!("{number}.imports.test")).collect();
    for domain in &domains {
        let endpoint = platform.register(domain, &[], "internal").await?;
        platform.attempt(domain, 1).await?;
        platform.create_records(&zone, &endpoint).await?;
    }
    cloud.limit(&AwsLimits { acm_imports_per_minute: Some(2), ..AwsLimits::default() }).await?;
    let begun = Instant::now();
    let attempts = try_join_all(domains.iter().map(|domain| platform.run(domain))).await?;
    for attempt in attempts {
        ensure!(attempt["outcome"] == "issued" && attempt["failure"].is_null(), "{attempt:#}");
    }
    ensure!(begun.elapsed().as_secs() >= 60, "the third one had to wait for the next minute");
    let mut serials = Vec::new();
    for domain in &domains {
        platform.check_at_rest(domain, cloud.ca()).await?;
        serials.push(text(&platform.endpoint(domain).await?["certificate"]["serial"]).to_owned());
    }
    serials.sort();
    serials.dedup();
    ensure!(serials.len() == domains.len(), "one certificate each, and none thrown away: {serials:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_issued_together_are_imported_at_the_rate_that_acm_takes() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("rate.test").await?;
    let domains: Vec<String> = (0..12).map(|number| format!("{number}.rate.test")).collect();
    for domain in &domains {
        let endpoint = platform.register(domain, &[], "internal").await?;
        platform.attempt(domain, 1).await?;
        platform.create_records(&zone, &endpoint).await?;
    }
    cloud.limit(&AwsLimits { acm_imports_per_second: Some(1.0), ..AwsLimits::default() }).await?;
    let attempts = try_join_all(domains.iter().map(|domain| platform.run(domain))).await?;
    for attempt in attempts {
        ensure!(attempt["outcome"] == "issued" && attempt["failure"].is_null(), "{attempt:#}");
    }
    // Step Functions waits for whole seconds, so that two may come closer together.
    let refused = cloud.imports_refused().await?;
    ensure!(refused <= 3, "ACM refused {refused} imports of 12");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_take_turns_at_a_step_that_lambda_has_no_more_room_for() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("room.test").await?;
    let domains: Vec<String> = (0..4).map(|number| format!("{number}.room.test")).collect();
    for domain in &domains {
        let endpoint = platform.register(domain, &[], "internal").await?;
        platform.attempt(domain, 1).await?;
        platform.create_records(&zone, &endpoint).await?;
    }
    for step in ["OpenOrderFunction", "FinalizeOrderFunction", "SettleAttemptFunction"] {
        let name = cloud.resource(step)?;
        let reserve = cloud.aws().lambda.put_function_concurrency().function_name(name);
        reserve.reserved_concurrent_executions(1).send().await?;
    }
    let attempts = try_join_all(domains.iter().map(|domain| platform.run(domain))).await?;
    for attempt in attempts {
        ensure!(attempt["outcome"] == "issued" && attempt["failure"].is_null(), "{attempt:#}");
    }
    Ok(())
}
