//! Drills of docs/how-to/restore.md and move.md with a whole stack: it was deleted, and it moves to another region.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_route53::types::RrType;
use end_to_end::drill::typed;
use end_to_end::{Platform, text};
use local_cloud::{LocalCloud, Options, OwnerZone, STACK_NAME, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

/// Where the installation moves to.
const AWAY: &str = "eu-west-1";

async fn account(cloud: &LocalCloud) -> Result<String> {
    let read = cloud.aws().secrets.get_secret_value().secret_id(cloud.resource("AccountSecret")?).send().await?;
    read.secret_string.context("the account")
}

/// What is of its registration and certificate, whatever the time.
fn lasting(endpoint: &Value) -> Value {
    json!([endpoint["id"], endpoint["tenant"], endpoint["label"], endpoint["names"], endpoint["certificate"]])
}

async fn all_is_there_again(platform: &Platform, before: &[Value]) -> Result<()> {
    for endpoint in before {
        let domain = text(&endpoint["domain"]);
        let now = platform.endpoint(domain).await?;
        ensure!(lasting(&now) == lasting(endpoint), "{domain}: {now:#} was {endpoint:#}");
        let events = platform.call(Method::GET, &format!("endpoints/{domain}/events"), None).await?;
        ensure!(events.body["events"].to_string().contains("Registered"), "{domain}: its history: {events:?}");
    }
    let answer = platform.call(Method::POST, "installation/reconcile", Some(json!({"adopt": false}))).await?;
    ensure!(answer.status == 200 && answer.body["differences"] == json!([]), "{answer:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_stack_takes_over_what_a_deleted_one_has_left() -> Result<()> {
    let options = Options { schedule: "rate(23 hours)".into(), ..Options::unique() };
    let mut platform = Platform::start(options).await?;
    let zone = platform.cloud.create_zone("kept.test").await?;
    platform.issue(&zone, "www.kept.test", &[], "internal").await?;
    platform.register_proven(&zone, "cut.kept.test", "internal").await?;
    platform.interrupt_attempt("cut.kept.test").await?;
    let before = [platform.endpoint("www.kept.test").await?, platform.endpoint("cut.kept.test").await?];
    let secret = account(&platform.cloud).await?;
    let table = platform.cloud.resource("EndpointsTable")?.to_owned();

    platform.kill_all_functions()?;
    platform.cloud.delete_stack().await?;
    let seen = typed(&platform.cloud, "infra/take-over.py \"$STACK_NAME\"").await?;
    ensure!(seen.contains(&table) && !seen.contains("not found") && seen.contains("--import"), "{seen}");
    typed(&platform.cloud, "infra/take-over.py \"$STACK_NAME\" --import").await?;
    platform.cloud.deploy_again().await?;

    ensure!(platform.cloud.resource("EndpointsTable")? == table, "the same table");
    ensure!(account(&platform.cloud).await? == secret, "the same account");
    all_is_there_again(&platform, &before).await?;

    // Renewed under its ARN, by the account that it was issued to.
    platform.run("www.kept.test").await?;
    platform.check_at_rest("www.kept.test", platform.cloud.ca()).await?;
    let renewed = platform.endpoint("www.kept.test").await?;
    ensure!(renewed["certificate"]["arn"] == before[0]["certificate"]["arn"], "{renewed:#}");
    ensure!(renewed["certificate"]["serial"] != before[0]["certificate"]["serial"], "{renewed:#}");

    // The lease of the attempt that died with the stack ends; its order is open, and its key can be read.
    platform.end_lease("cut.kept.test").await?;
    platform.cloud.scan().await?;
    platform.at_rest("cut.kept.test").await?;
    platform.check_at_rest("cut.kept.test", platform.cloud.ca()).await?;

    let there = typed(&platform.cloud, "! infra/take-over.py \"$STACK_NAME\" --import 2>&1").await?;
    ensure!(there.contains("only a deleted one has left something"), "{there}");
    Ok(())
}

/// The records that domain owners have.
fn records(endpoint: &Value) -> Vec<(String, String)> {
    let records = endpoint["dns"]["records"].as_array().into_iter().flatten();
    records.map(|record| (text(&record["name"]).into(), text(&record["value"]).into())).collect()
}

/// Registered by a host that leads to its own target, and by nothing else: its only record.
async fn issue_by_its_host_alone(platform: &Platform, zone: &OwnerZone, domain: &str) -> Result<()> {
    let endpoint = platform.register(domain, &[], "external").await?;
    let all = records(&endpoint);
    let (name, target) = all.iter().find(|(name, _)| name == domain).context("the host's record")?;
    zone.upsert(name, RrType::Cname, &[target]).await?;
    platform.attempt(domain, 1).await?;
    platform.run(domain).await?;
    platform.check_at_rest(domain, platform.cloud.ca()).await?;
    Ok(())
}

/// The part of move.md that is typed.
async fn moved(home: &mut Platform, away: &Platform) -> Result<()> {
    let (from, to) = (home.cloud.resource("AccountSecret")?.to_owned(), away.cloud.resource("AccountSecret")?);
    let region = home.cloud.description().region.clone();
    let copy = format!(
        "aws secretsmanager get-secret-value --region {region} --secret-id {from} --query SecretString --output text |
         aws secretsmanager put-secret-value --region {AWAY} --secret-id {to} --secret-string file:///dev/stdin"
    );
    typed(&home.cloud, &copy).await?;
    ensure!(account(&away.cloud).await?.trim() == account(&home.cloud).await?.trim(), "the same account");

    let successor = format!("{AWAY}/{}", away.cloud.resource("TokenBucket")?);
    home.cloud.change_parameter("SuccessorBucket", &successor).await?;
    for function in ["ScanExpiringFunction", "CheckHealthFunction"] {
        let name = home.cloud.resource(function)?;
        typed(
            &home.cloud,
            &format!("aws lambda put-function-concurrency --function-name {name} --reserved-concurrent-executions 0"),
        )
        .await?;
    }
    let file = home.cloud.scratch("move")?.join("endpoints.csv");
    let exported = typed(&home.cloud, "managed-https export").await?;
    fs::write(&file, &exported)?;
    let apply = format!("managed-https apply {} --format json", file.display());
    let applied: Vec<Value> = serde_json::from_str(&typed(&away.cloud, &apply).await?)?;
    ensure!(applied.iter().all(|line| line["outcome"] == "registered"), "{applied:#?}");
    let again: Vec<Value> = serde_json::from_str(&typed(&away.cloud, &apply).await?)?;
    ensure!(again.iter().all(|line| line["outcome"] == "unchanged"), "{again:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_moves_to_another_region_and_domain_owners_change_nothing() -> Result<()> {
    let options = Options {
        schedule: "rate(23 hours)".into(),
        endpoint_target: "*.edge.platform.test".into(),
        ..Options::unique()
    };
    let mut home = Platform::start(options).await?;
    let zone = home.cloud.create_zone("move.test").await?;
    let domains = ["www.move.test", "db.move.test", "host.move.test"];
    home.issue(&zone, domains[0], &[], "external").await?;
    home.issue(&zone, domains[1], &[], "internal").await?;
    issue_by_its_host_alone(&home, &zone, domains[2]).await?;
    let mut before = BTreeMap::new();
    for domain in domains {
        before.insert(domain, home.endpoint(domain).await?);
    }

    let away = Platform::of(home.cloud.deploy_in(AWAY).await?)?;
    moved(&mut home, &away).await?;

    // Their hosts still lead to the old region, which answers the CA with what the new one publishes.
    for domain in domains {
        away.attempt(domain, 1).await?;
        let there = away.endpoint(domain).await?;
        ensure!(records(&there) == records(&before[domain]), "{domain}: the same records: {there:#}");
        ensure!(there["label"] == before[domain]["label"] && there["id"] != before[domain]["id"], "{there:#}");
        away.check_at_rest(domain, away.cloud.ca()).await?;
        ensure!(text(&there["certificate"]["arn"]).starts_with(&format!("arn:aws:acm:{AWAY}:")), "{there:#}");
        // HTTPS goes on: what the old region serves is as it was.
        let here = home.endpoint(domain).await?;
        ensure!(here["certificate"] == before[domain]["certificate"], "{domain}: {here:#}");
        home.certificate(&here, home.cloud.ca()).await?;
    }

    // Now visitors come to the new region, and the old registrations go.
    away.cloud.lead_visitors_here()?;
    for domain in domains {
        let going = home.call(Method::DELETE, &format!("endpoints/{domain}"), None).await?;
        ensure!(going.status == 202, "{domain}: {going:?}");
    }
    for domain in domains {
        wait_until(&format!("{domain} to be gone"), Duration::from_secs(90), async || {
            let answer = home.call(Method::GET, &format!("endpoints/{domain}"), None).await?;
            Ok((answer.status == 404).then_some(()))
        })
        .await?;
        away.run(domain).await?;
        away.check_at_rest(domain, away.cloud.ca()).await?;
    }
    let left = home.cloud.aws().acm.list_certificates().send().await?;
    ensure!(left.certificate_summary_list().is_empty(), "the old region has no certificate: {left:?}");
    let stack = away.cloud.describe_stack(STACK_NAME).await?;
    ensure!(stack.contains(&format!(":cloudformation:{AWAY}:")), "{stack}");
    Ok(())
}
