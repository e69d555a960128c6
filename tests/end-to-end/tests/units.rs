//! What one of each costs DynamoDB: counted by the gate, as the emulator measures items and indexes.
//!
//! `WRITE_PAGES=1` puts what was counted into docs/reference/costs.md; `make costs` then calculates with it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sfn::types::ExecutionStatus;
use end_to_end::{Platform, million, text};
use local_cloud::{CaOptions, Options, Units};
use reqwest::Method;
use serde_json::json;

const PAGE: &str = "docs/reference/costs.md";
const BEGIN: &str = "<!-- units -->\n";
const END: &str = "<!-- end of units -->";

/// Write units of a renewal, and of a check or a poll without news.
const MOST_OF_A_RENEWAL: f64 = 28.0;
const MOST_OF_A_CHECK: f64 = 3.0;
/// Read units of a page.
const MOST_OF_A_PAGE: f64 = 50.0;

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
    /// To see where it goes: calls, read and write units of each operation.
    by_function: BTreeMap<String, BTreeMap<String, (u32, f64, f64)>>,
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
        let each = operations.into_iter().map(|(operation, one)| (operation, (one.calls, one.reads, one.writes)));
        used.by_function.insert(role, each.collect());
    }
    eprintln!("{used:?}");
    Ok(used)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dynamodb_units_of_attempts_checks_polls_scans_and_pages_are_counted() -> Result<()> {
    // Each order is validated again, as at a CA whose authorizations last for hours.
    let ca = CaOptions { authz_reuse_percent: 0, ..CaOptions::default() };
    let options = Options { schedule: "rate(23 hours)".into(), ca, ..Options::trusting() };
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
    let id = text(&endpoint["id"]);
    // As at a renewal: health checks have been there.
    check(&platform, id).await?;
    used(&platform, Of::Others).await?;
    cloud.scan().await?;
    let scan = used(&platform, Of::Others).await?;
    let renewal = renew(&platform, domain, id, 3).await?;
    let row = "renewal (DNS-01), with its start by the scan";
    rows.push((row, renewal.reads - scan.reads, renewal.writes - scan.writes));
    let host = platform.issue(&zone, "host.units.test", &[], "external").await?;
    check(&platform, text(&host["id"])).await?;
    let newest = platform.attempts("host.units.test").await?[0]["attempt"].as_u64().context("a number")?;
    let by_http = renew(&platform, "host.units.test", text(&host["id"]), newest + 1).await?;
    rows.push(("the same over HTTP-01", by_http.reads - scan.reads, by_http.writes - scan.writes));
    // This also handles the other endpoint.
    cloud.invoke("PollRenewalInfoFunction", &json!({})).await?;

    // The second consecutive check finds nothing new.
    for _ in 0..3 {
        used(&platform, Of::Others).await?;
        check(&platform, id).await?;
    }
    let with_one = used(&platform, Of::Others).await?;
    cloud.invoke("CheckHealthFunction", &json!({})).await?;
    let idle = used(&platform, Of::Others).await?;
    rows.push(("health check without news", with_one.reads - idle.reads, with_one.writes - idle.writes));
    rows.push(("run of check-health with nothing due", idle.reads, idle.writes));
    for _ in 0..2 {
        platform.set_due(id, "advice_at").await?;
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

    million::register_listed(cloud).await?;
    for (what, path) in [
        ("page of the list, 40 endpoints", "endpoints"),
        ("search by the beginning of a name, 40 found", "endpoints?prefix=host-"),
        ("one endpoint", "endpoints/www.units.test"),
        ("order by attention, 62 endpoints in all", "endpoints?sort=attention"),
    ] {
        let answer = platform.call(Method::GET, path, None).await?;
        ensure!(answer.status == 200, "{answer:?}");
        let page = used(&platform, Of::Api).await?;
        rows.push((what, page.reads, page.writes));
    }
    million::sum_up(cloud).await?;
    for (what, path) in [
        ("overview of a million endpoints", "overview"),
        ("order by attention of a million, 40 shown", "endpoints?sort=attention"),
    ] {
        let answer = platform.call(Method::GET, path, None).await?;
        ensure!(answer.status == 200 && (path != "overview" || answer.body["total"] == 1_000_000), "{answer:?}");
        let page = used(&platform, Of::Api).await?;
        rows.push((what, page.reads, page.writes));
    }

    let mut table = String::from("| what | read units | write units |\n|---|---|---|\n");
    for (what, reads, writes) in &rows {
        writeln!(table, "| {what} | {reads} | {writes} |")?;
    }
    println!("{table}");
    let of = |what: &str| rows.iter().find(|row| row.0.starts_with(what)).copied().unwrap_or(("", f64::MAX, f64::MAX));
    let (check, poll, renewal) = (of("health check").2, of("poll").2, of("renewal").2);
    ensure!(check <= MOST_OF_A_CHECK && poll <= MOST_OF_A_CHECK && renewal <= MOST_OF_A_RENEWAL, "{table}");
    let pages = ["page of the list", "search", "overview of a million", "order by attention of a million"];
    ensure!(pages.iter().all(|page| of(page).1 <= MOST_OF_A_PAGE), "{table}");
    if std::env::var_os("WRITE_PAGES").is_some() {
        documentation::fill_in(PAGE, BEGIN, END, &table)?;
    }
    Ok(())
}

/// Its health check is due.
async fn check(platform: &Platform, id: &str) -> Result<()> {
    platform.set_due(id, "health_at").await?;
    let run = platform.cloud.invoke("CheckHealthFunction", &json!({})).await?;
    ensure!(run.payload["checked"] == 1, "{run:?}");
    Ok(())
}

/// Renews as a scan does when the time has come, and returns what that used.
async fn renew(platform: &Platform, domain: &str, id: &str, number: u64) -> Result<Used> {
    let past = "2026-01-01T00:00:00Z";
    platform.set(id, "certificate.renew_at = :value", AttributeValue::S(past.into())).await?;
    platform.set(id, "due_at = :value", AttributeValue::N("1".into())).await?;
    used(platform, Of::Others).await?;
    let scan = platform.cloud.scan().await?;
    ensure!(scan.payload["started"] == 1, "{scan:?}");
    finish(platform, domain, number).await?;
    used(platform, Of::Others).await
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
