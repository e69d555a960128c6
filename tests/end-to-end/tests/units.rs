//! What one of each costs DynamoDB: counted by the gate, as the emulator measures items and indexes.
//!
//! `WRITE_PAGES=1` puts what was counted into docs/reference/costs.md; `make costs` then calculates with it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use adapters::dynamodb::EndpointsTable;
use anyhow::{Context, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use domain::endpoint::Endpoint;
use domain::ports::Registry;
use end_to_end::{Platform, text};
use local_cloud::{Options, Units};
use reqwest::Method;
use serde_json::json;
use testkit::contracts;
use vocabulary::acme::Reachability;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

const PAGE: &str = "docs/reference/costs.md";
const BEGIN: &str = "<!-- units -->\n";
const END: &str = "<!-- end of units -->";

/// Endpoints that are listed.
const LISTED: u64 = 60;

#[derive(Clone, Copy, PartialEq)]
enum Of {
    Api,
    Others,
}

/// All that was used, function by function.
#[derive(Debug, Default)]
struct Used {
    reads: f64,
    writes: f64,
    /// For whoever wonders where it goes.
    by_function: BTreeMap<String, (f64, f64)>,
}

/// What was used since the last call. `of`: the API's own requests, with which a test watches, or all others.
async fn used(platform: &Platform, of: Of) -> Result<Used> {
    let mut used = Used::default();
    for (role, operations) in platform.cloud.take_units().await? {
        if role.contains("ApiFunction") != (of == Of::Api) {
            continue;
        }
        let all = operations.values().fold(Units::default(), |sum, one| Units {
            calls: sum.calls + one.calls,
            reads: sum.reads + one.reads,
            writes: sum.writes + one.writes,
        });
        used.reads += all.reads;
        used.writes += all.writes;
        used.by_function.insert(role, (all.reads, all.writes));
    }
    eprintln!("{used:?}");
    Ok(used)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_attempts_checks_polls_scans_and_pages_cost_dynamodb() -> Result<()> {
    let options = Options { schedule: "rate(23 hours)".into(), ..Options::trusting() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("units.test").await?;
    let mut rows: Vec<(&str, f64, f64)> = Vec::new();
    cloud.count_units().await?;

    let domain = "www.units.test";
    let endpoint = platform.register(domain, &[], "internal").await?;
    platform.attempt(domain, 1).await?;
    let registered = used(&platform, Of::Others).await?;
    rows.push(("attempt that finds no records", registered.reads, registered.writes));
    platform.create_records(&zone, &endpoint).await?;
    platform.start_attempt(domain).await?;
    finish(&platform, domain, 2).await?;
    let first = used(&platform, Of::Others).await?;
    rows.push(("first certificate (DNS-01)", first.reads, first.writes));
    platform.start_attempt(domain).await?;
    finish(&platform, domain, 3).await?;
    let renewal = used(&platform, Of::Others).await?;
    rows.push(("renewal (DNS-01)", renewal.reads, renewal.writes));

    // The second check in a row tells nothing new.
    let id = text(&endpoint["id"]);
    for _ in 0..3 {
        platform.set_turn(id, "health_at").await?;
        used(&platform, Of::Others).await?;
        let run = cloud.invoke("CheckHealthFunction", &json!({})).await?;
        ensure!(run.payload["checked"] == 1, "{run:?}");
    }
    let with_one = used(&platform, Of::Others).await?;
    cloud.invoke("CheckHealthFunction", &json!({})).await?;
    let idle = used(&platform, Of::Others).await?;
    rows.push(("health check without news", with_one.reads - idle.reads, with_one.writes - idle.writes));
    rows.push(("run of check-health with nothing due", idle.reads, idle.writes));
    for _ in 0..2 {
        platform.set_turn(id, "advice_at").await?;
        used(&platform, Of::Others).await?;
        let run = cloud.invoke("PollRenewalInfoFunction", &json!({})).await?;
        ensure!(run.payload["asked"] == 1, "{run:?}");
    }
    let with_one = used(&platform, Of::Others).await?;
    cloud.invoke("PollRenewalInfoFunction", &json!({})).await?;
    let idle = used(&platform, Of::Others).await?;
    rows.push((
        "poll for the suggested window without news",
        with_one.reads - idle.reads,
        with_one.writes - idle.writes,
    ));
    rows.push(("run of poll-renewal-info with nothing due", idle.reads, idle.writes));
    cloud.scan().await?;
    let scan = used(&platform, Of::Others).await?;
    rows.push(("scan with nothing due", scan.reads, scan.writes));

    register_many(&platform).await?;
    for (what, path) in [
        ("page of the list, 50 endpoints", "endpoints"),
        ("one endpoint", "endpoints/www.units.test"),
        ("order by attention, 61 endpoints in all", "endpoints?sort=attention"),
    ] {
        let answer = platform.call(Method::GET, path, None).await?;
        ensure!(answer.status == 200, "{answer:?}");
        let page = used(&platform, Of::Api).await?;
        rows.push((what, page.reads, page.writes));
    }

    let mut table = String::from("| what | read units | write units |\n|---|---|---|\n");
    for (what, reads, writes) in &rows {
        writeln!(table, "| {what} | {reads} | {writes} |")?;
    }
    println!("{table}");
    let of = |what: &str| rows.iter().find(|row| row.0.starts_with(what)).map(|row| row.2).unwrap_or(f64::MAX);
    ensure!(of("health check") <= 3.0 && of("poll") <= 3.0, "{table}");
    if std::env::var_os("WRITE_PAGES").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PAGE);
        let page = std::fs::read_to_string(&path)?;
        let (before, rest) = page.split_once(BEGIN).context("the page has a place for the table")?;
        let (_, after) = rest.split_once(END).context("the place has an end")?;
        std::fs::write(path, format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
    }
    Ok(())
}

/// Waits until the flow is over: what comes after the record of its end counts, too.
async fn finish(platform: &Platform, domain: &str, number: u64) -> Result<()> {
    let machine = platform.cloud.resource("IssueCertificateStateMachine")?;
    local_cloud::wait_until("the end of the attempt", Duration::from_secs(90), async || {
        let running = platform.cloud.aws().sfn.list_executions().state_machine_arn(machine);
        let running = running.status_filter(ExecutionStatus::Running).send().await?;
        Ok(running.executions.is_empty().then_some(()))
    })
    .await?;
    let attempt = platform.attempt(domain, number).await?;
    ensure!(attempt["failure"].is_null(), "{attempt:#}");
    Ok(())
}

async fn register_many(platform: &Platform) -> Result<()> {
    let cloud = &platform.cloud;
    let table = EndpointsTable::new(cloud.aws().dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    let now = contracts::whole_second();
    for number in 0..LISTED {
        let names = EndpointNames::parse(&format!("host-{number}.units.test"), &[], 9)?;
        let random = |salt: u64| (u128::from(number) << 64 | u128::from(salt)).to_be_bytes();
        let (id, label) = (EndpointId::from_random(random(1)), DelegationLabel::from_random(random(2)));
        let mut endpoint = Endpoint::register(id, "units".parse()?, names, Reachability::External, label, now);
        let held = testkit::installed(&endpoint, now);
        (endpoint.due_at, endpoint.certificate) = (Some(held.renew_at), Some(held));
        table.register(&endpoint, &contracts::registered(&endpoint), None).await?;
    }
    Ok(())
}
