//! How long people and programs wait for the API's function, cold and warm, with 10,000 endpoints.
//!
//! Measures, asserts nothing, and is not part of `make test`: `make measure` writes what it has measured into
//! docs/reference/performance.md.

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use adapters::dynamodb::EndpointsTable;
use anyhow::{Context, Result, ensure};
use domain::endpoint::Endpoint;
use domain::ports::Registry;
use end_to_end::million;
use futures::StreamExt;
use local_cloud::{LocalCloud, Options, operator};
use testkit::contracts;
use vocabulary::acme::Reachability;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};

const PAGE: &str = "docs/reference/performance.md";
const BEGIN: &str = "<!-- response times -->\n";
const END: &str = "<!-- end of response times -->";

const ENDPOINTS: u64 = 10_000;
const RUNS: usize = 15;

/// Of what Lambda gives a function for its time: a whole processor has 1,769 MB, and the API 256.
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const SHARE_OF_A_PROCESSOR: f64 = 256.0 / 1769.0;

/// What is asked for: how people say it, its path, and whether a browser asks.
const REQUESTS: [(&str, &str, bool); 8] = [
    ("`GET /health`", "/health", false),
    ("`GET /dashboard/register`", "/dashboard/register", true),
    ("`GET /v1/endpoints` (40 of them)", "/v1/endpoints", false),
    ("`GET /v1/endpoints?limit=200`", "/v1/endpoints?limit=200", false),
    ("`GET /v1/endpoints?prefix=host-1`", "/v1/endpoints?prefix=host-1", false),
    ("`GET /v1/overview`, of a million", "/v1/overview", false),
    ("`GET /dashboard` (the overview), of a million", "/dashboard", true),
    ("`GET /v1/endpoints?sort=attention`, of a million", "/v1/endpoints?sort=attention", false),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures, and takes minutes"]
async fn the_time_of_answers_is_measured_with_ten_thousand_endpoints() -> Result<()> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../target/{}-unknown-linux-gnu/release/api", std::env::consts::ARCH));
    ensure!(program.is_file(), "the program as it is deployed is missing: run make measure");
    // Nothing else is to be at work.
    let cloud = LocalCloud::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    cloud.redeploy("api", &program).await?;
    register_all(&cloud).await?;
    million::register_listed(&cloud).await?;
    million::sum_up(&cloud).await?;
    let session = format!("__Secure-managed-https-session={}", cloud.token(&operator())?);
    let mut table = String::from(
        "| | warm, median | warm, slowest | cold, median | CPU, warm | on Lambda with 256 MB |\n|---|---|---|---|---|---|\n",
    );
    for (what, path, by_browser) in REQUESTS {
        let url = format!("{}{path}", cloud.description().api);
        let cookie = by_browser.then_some(session.as_str());
        let mut cold = Vec::new();
        for run in 0..RUNS {
            // Another configuration: the processes with the one before are not used again.
            cloud.set_function_variable("ApiFunction", "MEASURED", Some(&format!("{path} {run}"))).await?;
            cold.push(answer_time(&cloud, &url, cookie).await?);
        }
        let (mut warm, before) = (Vec::new(), cloud.cpu_of("ApiFunction")?);
        for _ in 0..RUNS {
            warm.push(answer_time(&cloud, &url, cookie).await?);
        }
        let cpu = (cloud.cpu_of("ApiFunction")? - before) / u32::try_from(RUNS)?;
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let slowest = warm.iter().max().copied().context("runs")?;
        let times = [ms(median(warm)), ms(slowest), ms(median(cold))];
        let [warm, slowest, cold] = times.map(|time| format!("{time:.0}"));
        let on_lambda = ms(cpu) / SHARE_OF_A_PROCESSOR;
        writeln!(table, "| {what} | {warm} | {slowest} | {cold} | {:.1} | {on_lambda:.0} |", ms(cpu))?;
    }
    println!("{table}");
    if std::env::var_os("WRITE_PAGES").is_some() {
        documentation::fill_in(PAGE, BEGIN, END, &table)?;
    }
    Ok(())
}

/// Endpoints at rest of ten tenants.
async fn register_all(cloud: &LocalCloud) -> Result<()> {
    let table = EndpointsTable::new(cloud.aws().dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    let now = contracts::whole_second();
    let register = async |number: u64| {
        let names = EndpointNames::parse(&format!("host-{number}.customer-{}.test", number % 97), &[], 9)?;
        // Others than those of `million`.
        let random = |salt: u64| (u128::from(number) << 64 | u128::from(salt)).to_be_bytes();
        let tenant: TenantId = format!("tenant-{}", number % 10).parse()?;
        let (id, label) = (EndpointId::from_random(random(3)), DelegationLabel::from_random(random(4)));
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
