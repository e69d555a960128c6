//! AWS as slow and as strict as it is: how an attempt copes with its limits, and what people are notified of.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use adapters::dynamodb::EndpointsTable;
use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::endpoint::{Endpoint, Outcome};
use domain::ports::{EndpointReader, Registry};
use end_to_end::balancer::{Balancer, OWN_ACCOUNT};
use end_to_end::{Platform, text};
use futures::future::try_join_all;
use local_cloud::{AwsLimits, CaOptions, Options, Throttle, wait_until};
use reqwest::Method;
use serde_json::json;
use vocabulary::acme::ChallengeKind;
use vocabulary::names::EndpointId;

/// The schedule is too slow to interfere.
fn options() -> Options {
    Options { schedule: "rate(23 hours)".into(), ..Options::unique() }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_outlast_route_53_at_its_own_pace() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("paced.test").await?;
    let domains: Vec<String> = (0..5).map(|number| format!("{number}.paced.test")).collect();
    for domain in &domains {
        platform.register_proven(&zone, domain, "internal").await?;
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
    ensure!(balancer.certificates(cloud).await? == [text(&endpoint["certificate"]["arn"])], "{endpoint:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_acm_has_no_room_for_this_minute_are_imported_in_the_next() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("imports.test").await?;
    let domains: Vec<String> = (0..3).map(|number| format!("{number}.imports.test")).collect();
    for domain in &domains {
        platform.register_proven(&zone, domain, "internal").await?;
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
async fn attempts_queue_for_a_step_that_lambda_has_no_more_concurrency_for() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("room.test").await?;
    let domains: Vec<String> = (0..4).map(|number| format!("{number}.room.test")).collect();
    for domain in &domains {
        platform.register_proven(&zone, domain, "internal").await?;
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

/// Executions that the account has, and those of them that are reserved for the API and for the CA's challenges.
const ACCOUNT: u32 = 8;
const API: i32 = 2;
const CHALLENGES: i32 = 2;
/// Strangers who call without a pause.
const STRANGERS: usize = 3 * ACCOUNT as usize;

/// Asks the API, without an identity, again and again until `stop`. Returns how often it was answered, and how often not.
async fn strangers(cloud: &local_cloud::LocalCloud, stop: &AtomicBool) -> Result<(u64, u64)> {
    let (http, url) = (cloud.http_client()?, format!("{}/health", cloud.description().api));
    let one = async || {
        let (mut answered, mut refused) = (0, 0);
        while !stop.load(Ordering::Relaxed) {
            match http.get(&url).send().await?.status().as_u16() {
                200 => answered += 1,
                _ => refused += 1,
            }
        }
        anyhow::Ok((answered, refused))
    };
    let all = try_join_all((0..STRANGERS).map(|_| one())).await?;
    Ok(all.into_iter().fold((0, 0), |(a, r), (answered, refused)| (a + answered, r + refused)))
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_and_challenges_have_room_while_strangers_use_up_the_apis_share() -> Result<()> {
    let parameters = [("ApiConcurrency", API.to_string()), ("ChallengeConcurrency", CHALLENGES.to_string())];
    let platform = Platform::start(Options {
        schedule: "rate(23 hours)".into(),
        concurrency: ACCOUNT,
        // The CA asks each time.
        ca: CaOptions { authz_reuse_percent: 0, ..CaOptions::default() },
        parameters: parameters.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        ..Options::unique()
    })
    .await?;
    let cloud = &platform.cloud;
    for (function, executions) in [("ApiFunction", API), ("ServeChallengeFunction", CHALLENGES)] {
        let reserved = cloud.aws().lambda.get_function_concurrency().function_name(cloud.resource(function)?);
        let reserved = reserved.send().await?.reserved_concurrent_executions;
        ensure!(reserved == Some(executions), "{function}: {reserved:?}");
    }
    let zone = cloud.create_zone("strangers.test").await?;
    let domain = "www.strangers.test";
    let issued = platform.issue(&zone, domain, &[], "external").await?;
    let id: EndpointId = text(&issued["id"]).parse()?;
    let before = text(&issued["certificate"]["serial"]).to_owned();
    // While strangers are at it, nobody can ask the API what has become of it.
    let table = EndpointsTable::new(cloud.aws().dynamodb.clone(), cloud.resource("EndpointsTable")?.into());

    let stop = AtomicBool::new(false);
    let renewal = async {
        // They have taken what they can get.
        tokio::time::sleep(Duration::from_secs(2)).await;
        for assignment in ["certificate.renew_at = :value", "due_at = :value"] {
            let past = match assignment.starts_with("due_at") {
                true => AttributeValue::N("1".into()),
                false => AttributeValue::S("2026-01-01T00:00:00Z".into()),
            };
            platform.set(id.as_str(), assignment, past).await?;
        }
        let begun = Instant::now();
        let scan = cloud.invoke("ScanExpiringFunction", &json!({})).await?;
        ensure!(scan.error.is_none() && scan.payload["started"] == 1, "{scan:?}");
        let renewed = wait_until("the renewal", Duration::from_secs(60), async || {
            let endpoint: Endpoint = table.find(&id).await?.context("it is there")?;
            let held = endpoint.certificate.as_ref().context("it has a certificate")?;
            Ok((held.serial != before && endpoint.lease_until.is_none()).then(|| begun.elapsed()))
        })
        .await;
        stop.store(true, Ordering::Relaxed);
        renewed
    };
    let ((answered, refused), took) = tokio::try_join!(strangers(cloud, &stop), renewal)?;
    ensure!(answered > 0 && refused * 4 > answered, "their share was used up: {answered} answered, {refused} refused");
    let last = table.attempts(&id, 1).await?.pop().context("the renewal")?;
    ensure!(last.outcome == Outcome::Renewed && last.failure.is_none(), "{last:#?}");
    ensure!(last.method == Some(ChallengeKind::Http01), "the CA asked the responder: {last:#?}");
    ensure!(took < Duration::from_secs(30), "the renewal took {took:?}");
    Ok(())
}
