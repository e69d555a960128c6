//! More health checks than one run can do, while the name servers of half of the domains do not answer.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use adapters::dynamodb::EndpointsTable;
use anyhow::{Context, Result, ensure};
use domain::endpoint::Endpoint;
use domain::ports::{DUE_SHARDS, HealthIndex, Registry};
use end_to_end::Platform;
use futures::future::try_join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use local_cloud::{ACCOUNT, Options, REGION, ServerEffect, ServerFault};
use serde_json::json;
use testkit::contracts;
use time::OffsetDateTime;
use vocabulary::acme::Reachability;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};
use vocabulary::text::grouped;

const PAGE: &str = "docs/reference/scale.md";
const BEGIN: &str = "<!-- make check-many -->\n";
const END: &str = "<!-- end of checks -->";

/// As `HealthSchedule` runs them.
const BETWEEN_RUNS: Duration = Duration::from_secs(300);
/// How often those that are left are counted.
const COUNTED_EVERY: Duration = Duration::from_secs(2);
/// Longer than anything here takes, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(3600);
/// The endpoints are in one of them by turns. The servers of the second are silent.
const ZONES: [&str; 2] = ["answers.test", "silent.test"];

/// How long it took.
#[derive(Debug)]
struct Seen {
    /// Runs of the schedule.
    runs: u32,
    all: Duration,
    /// Until half of each zone was checked.
    half: [Duration; 2],
    /// Until the first shard and the last were done.
    shards: [Duration; 2],
}

/// A page of each shard, and some more: ids fall into shards by chance.
#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_are_late_are_checked_by_a_run_for_each_shard_though_half_of_the_name_servers_are_silent()
-> Result<()> {
    let seen = check_all(400).await?;
    ensure!(seen.runs == 1, "{seen:?}");
    Ok(())
}

/// `make check-many`, which writes what it measures into the page.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes many minutes"]
async fn ten_thousand_endpoints_are_checked_though_half_of_the_name_servers_are_silent() -> Result<()> {
    let many = std::env::var("ENDPOINTS").ok().and_then(|number| number.parse().ok()).unwrap_or(10_000);
    let Seen { runs, all, half: [answers, silent], shards: [first, last] } = check_all(many).await?;
    let seconds = |time: Duration| time.as_secs();
    let table = format!(
        "| endpoints | runs of the schedule | all checked after | a second | half of those that answer after | half of the \
         silent after | first shard done after | last |\n|---|---|---|---|---|---|---|---|\n\
         | {} | {runs} | {} s | {:.1} | {} s | {} s | {} s | {} s |\n",
        grouped(many),
        seconds(all),
        many as f64 / all.as_secs_f64(),
        seconds(answers),
        seconds(silent),
        seconds(first),
        seconds(last),
    );
    println!("{table}");
    if std::env::var_os("WRITE_PAGES").is_some() {
        documentation::fill_in(PAGE, BEGIN, END, &table)?;
    }
    Ok(())
}

/// Has so many endpoints be due for an hour, and runs the health check as its schedule does, until none is due.
async fn check_all(endpoints: u64) -> Result<Seen> {
    let options = Options { schedule: "rate(23 hours)".into(), ..Options::trusting() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    for zone in ZONES {
        cloud.create_zone(zone).await?;
    }
    let silent = ServerFault { zone: ZONES[1].into(), server: None, effect: ServerEffect::Silent };
    cloud.name_servers().spoil(&[silent])?;
    let table = &EndpointsTable::new(cloud.aws().dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    let due_since = contracts::whole_second() - time::Duration::HOUR;
    let register = |number: u64| async move { register(table, number, due_since).await };
    let in_second: BTreeSet<EndpointId> = stream::iter(0..endpoints)
        .map(register)
        .buffer_unordered(16)
        .try_filter_map(|(id, zone)| std::future::ready(Ok((zone == 1).then_some(id))))
        .try_collect::<Vec<_>>()
        .await?
        .into_iter()
        .collect();
    // Those that have not had their turn: what could not be seen is due again in a minute, and was checked.
    let registered = OffsetDateTime::now_utc();
    let left = async || {
        let all = u32::try_from(endpoints)?;
        anyhow::Ok(try_join_all((0..DUE_SHARDS).map(|shard| table.health_due(shard, registered, all))).await?)
    };
    let whole = left().await?;
    ensure!(whole.iter().map(Vec::len).sum::<usize>() as u64 == endpoints);
    // An answer of DynamoDB holds a megabyte: some ten thousand of these.
    let (begin, mut last_run, mut runs) = (Instant::now(), None::<Instant>, 0);
    let (mut half, mut done) = ([None; 2], vec![None; DUE_SHARDS as usize]);
    loop {
        if last_run.is_none_or(|last| last.elapsed() >= BETWEEN_RUNS) {
            (last_run, runs) = (Some(Instant::now()), runs + 1);
            let run = cloud.invoke("CheckHealthFunction", &json!({})).await?;
            ensure!(run.error.is_none() && (runs > 1 || run.payload["handed_over"] == true), "{run:?}");
        }
        let shards = left().await?;
        let since = begin.elapsed();
        let mut of_zone = [0_u64; 2];
        for entry in shards.iter().flatten() {
            of_zone[usize::from(in_second.contains(&entry.endpoint))] += 1;
        }
        for (half, left) in half.iter_mut().zip(of_zone) {
            if left * 4 <= endpoints {
                half.get_or_insert(since);
            }
        }
        for (done, left) in done.iter_mut().zip(&shards) {
            if left.is_empty() {
                done.get_or_insert(since);
            }
        }
        if shards.iter().all(Vec::is_empty) {
            let done: Vec<Duration> = done.into_iter().flatten().collect();
            let (first, last) = (done.iter().min().context("shards")?, done.iter().max().context("shards")?);
            let half = half.map(|half| half.unwrap_or(since));
            return Ok(Seen { runs, all: since, half, shards: [*first, *last] });
        }
        ensure!(since < PATIENCE, "{of_zone:?} are left");
        tokio::time::sleep(COUNTED_EVERY).await;
    }
}

/// Registers an endpoint with a certificate, whose check is late. Returns its zone.
async fn register(table: &EndpointsTable, number: u64, due_since: OffsetDateTime) -> Result<(EndpointId, usize)> {
    let zone = usize::try_from(number % 2)?;
    let names = EndpointNames::parse(&format!("host-{number}.{}", ZONES[zone]), &[], 9)?;
    let random = |salt: u64| (u128::from(number) << 64 | u128::from(salt)).to_be_bytes();
    let (id, label) = (EndpointId::from_random(random(1)), DelegationLabel::from_random(random(2)));
    let now = due_since + time::Duration::HOUR;
    let mut endpoint = Endpoint::register(id.clone(), "late".parse()?, names, Reachability::Internal, label, now);
    let mut held = testkit::installed(&endpoint, now);
    // In the account of the cloud: in another one nothing may be read.
    held.arn = format!("arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{number}");
    (endpoint.due_at, endpoint.certificate, endpoint.health_at) = (Some(held.renew_at), Some(held), Some(due_since));
    table.register(&endpoint, &contracts::registered(&endpoint), None).await?;
    Ok((id, zone))
}
