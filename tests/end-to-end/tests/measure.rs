//! How long people and programs wait for the API's function, cold and warm, with 10,000 endpoints.
//!
//! Measures, asserts nothing, and is not part of `make test`:
//! `cargo nextest run --workspace --test measure --run-ignored all --no-capture`

use std::time::{Duration, Instant};

use adapters::dynamodb::EndpointsTable;
use anyhow::{Context, Result, ensure};
use domain::endpoint::Endpoint;
use domain::ports::Registry;
use futures::StreamExt;
use local_cloud::{LocalCloud, Options, operator};
use testkit::contracts;
use vocabulary::acme::Reachability;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};

const ENDPOINTS: u64 = 10_000;
/// Of what is answered at once; of what reads all endpoints, which takes the emulator seconds, a third.
const RUNS: usize = 15;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures, and takes minutes"]
async fn the_time_that_answers_take_with_ten_thousand_endpoints() -> Result<()> {
    // Nothing else is to be at work.
    let cloud = LocalCloud::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    register_all(&cloud).await?;
    let session = format!("__Secure-managed-https-session={}", cloud.token(&operator())?);
    println!("{:<44} {:>10} {:>10} {:>10}", "with 10,000 endpoints, in ms", "median", "slowest", "cold");
    for (what, path, cookie, runs) in [
        ("GET /health", "/health", false, RUNS),
        ("GET /dashboard/register", "/dashboard/register", true, RUNS),
        ("GET /v1/endpoints (50 of them)", "/v1/endpoints", false, RUNS),
        ("GET /v1/endpoints?limit=200", "/v1/endpoints?limit=200", false, RUNS),
        ("GET /dashboard (the overview)", "/dashboard", true, RUNS / 3),
        ("GET /v1/endpoints?sort=attention", "/v1/endpoints?sort=attention", false, RUNS / 3),
    ] {
        let url = format!("{}{path}", cloud.description().api);
        let mut cold = Vec::new();
        for run in 0..runs {
            // Another configuration: the processes with the one before are not used again.
            cloud.set_function_variable("ApiFunction", "MEASURED", Some(&format!("{path} {run}"))).await?;
            cold.push(answer_time(&cloud, &url, cookie.then_some(session.as_str())).await?);
        }
        let mut warm = Vec::new();
        for _ in 0..runs {
            warm.push(answer_time(&cloud, &url, cookie.then_some(session.as_str())).await?);
        }
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let slowest = warm.iter().max().copied().context("runs")?;
        println!("{what:<44} {:>10.0} {:>10.0} {:>10.0}", ms(median(warm)), ms(slowest), ms(median(cold)));
    }
    Ok(())
}

/// Endpoints at rest of ten tenants.
async fn register_all(cloud: &LocalCloud) -> Result<()> {
    let table = EndpointsTable::new(cloud.aws().dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    let now = contracts::whole_second();
    let register = async |number: u64| {
        let names = EndpointNames::parse(&format!("host-{number}.customer-{}.test", number % 97), &[], 9)?;
        let random = |salt: u64| (u128::from(number) << 64 | u128::from(salt)).to_be_bytes();
        let tenant: TenantId = format!("tenant-{}", number % 10).parse()?;
        let (id, label) = (EndpointId::from_random(random(1)), DelegationLabel::from_random(random(2)));
        let mut endpoint = Endpoint::register(id, tenant, names, Reachability::External, label, now);
        let held = testkit::installed(&endpoint, now);
        endpoint.due_at = Some(held.renew_at);
        endpoint.certificate = Some(held);
        table.register(&endpoint, &contracts::registered(&endpoint), None).await?;
        anyhow::Ok(())
    };
    let mut registered = futures::stream::iter((0..ENDPOINTS).map(register)).buffer_unordered(32);
    while let Some(result) = registered.next().await {
        result?;
    }
    Ok(())
}

async fn answer_time(cloud: &LocalCloud, url: &str, cookie: Option<&str>) -> Result<Duration> {
    let request = cloud.http_client()?.get(url);
    let request = match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request.header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/execute-api/aws4_request, SignedHeaders=host, Signature=0",
        ),
    };
    let begun = Instant::now();
    let response = request.send().await?;
    let status = response.status();
    let body = response.text().await?;
    ensure!(status.is_success(), "{url}: {status}: {body}");
    Ok(begun.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
