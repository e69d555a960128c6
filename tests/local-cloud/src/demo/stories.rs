//! The five stories.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::evidence::Evidence;
use super::publications::watch;
use super::report;
use super::schedule::{Awaited, await_schedule};
use super::screen::Screen;
use super::setup::{Record, Setup, text, used};
use crate::cloud::LocalCloud;
use crate::zones::UNREACHABLE;

const EXTERNAL: &str = "www.shop.test";
const INTERNAL: &str = "db.shop.test";
const APEX: &str = "shop.test";
const WILDCARD: &str = "*.shop.test";
const WRONG: &str = "api.shop.test";

/// Plays all of them, and reports what they took.
pub(super) async fn play(cloud: &LocalCloud, screen: &Screen) -> Result<()> {
    let setup = Setup::create(cloud, screen, APEX).await?;
    let external = external(&setup).await.context("story 1")?;
    let internal = internal(&setup).await.context("story 2")?;
    let apex = apex_and_wildcard(&setup).await.context("story 3")?;
    wrong_alias(&setup).await.context("story 4")?;

    screen.heading("5  The scheduled scan renews what is due, and heals story 4")?;
    screen.print(
        "Nobody runs a command for that. The certificates live for three minutes, and are due at half of \
                 that; the scan comes each minute.",
    )?;
    let mut awaited = vec![Awaited::healing(WRONG)];
    for (domain, evidence) in [(EXTERNAL, external), (INTERNAL, internal), (APEX, apex)] {
        awaited.push(Awaited::renewal(domain, evidence));
    }
    await_schedule(&setup, awaited).await.context("story 5")?;

    screen.heading("What it took")?;
    report::show(&setup, &[EXTERNAL, INTERNAL, APEX, WRONG]).await
}

async fn external(setup: &Setup<'_>) -> Result<Evidence> {
    let screen = setup.screen;
    screen.heading(&format!("1  {EXTERNAL}: an external endpoint, proven over HTTP-01"))?;
    setup.add(&[EXTERNAL, "--external"]).await?;
    screen.print("One record proves that the domain is its owner's, the other brings its visitors.")?;
    delegate(setup, EXTERNAL).await?;
    let ((), seen) = watch(setup.cloud, setup.renew(EXTERNAL)).await?;
    for ((host, path), body) in &seen.responses {
        screen.fact("Seen", &format!("http://{host} answered from S3, through the edge, for a moment:"))?;
        screen.fact("", &format!("GET {path}"))?;
        screen.fact("", body)?;
    }
    setup.inspect(EXTERNAL).await
}

async fn internal(setup: &Setup<'_>) -> Result<Evidence> {
    let screen = setup.screen;
    screen.heading(&format!("2  {INTERNAL}: an internal endpoint, proven over DNS-01"))?;
    setup.create_record(INTERNAL, "A", UNREACHABLE).await?;
    let port = setup.cloud.description().edge.port();
    let connected = timeout(Duration::from_secs(1), TcpStream::connect((UNREACHABLE, port))).await;
    ensure!(!matches!(connected, Ok(Ok(_))), "something listens at {UNREACHABLE}");
    screen.print("Nothing listens there: the CA cannot reach the host, and need not.")?;
    setup.add(&[INTERNAL, "--internal"]).await?;
    delegate(setup, INTERNAL).await?;

    let ((), seen) = watch(setup.cloud, setup.renew(INTERNAL)).await?;
    show_txt(screen, &seen.txt)?;
    setup.inspect(INTERNAL).await
}

async fn apex_and_wildcard(setup: &Setup<'_>) -> Result<Evidence> {
    let screen = setup.screen;
    screen.heading(&format!("3  {APEX} and {WILDCARD}: one certificate, one TXT name with two values"))?;
    setup.add(&[APEX, "--also", WILDCARD, "--internal"]).await?;
    let records = delegate(setup, APEX).await?;
    ensure!(records.len() == 1, "one delegation serves both names: {records:?}");

    let ((), seen) = watch(setup.cloud, setup.renew(APEX)).await?;
    show_txt(screen, &seen.txt)?;
    let most = seen.txt.values().map(Vec::len).max();
    ensure!(most.is_none_or(|most| most == 2), "both values are published together: {:?}", seen.txt);
    setup.inspect(APEX).await
}

/// Creates the record that the endpoint asks for, once its first attempt has missed it.
async fn delegate(setup: &Setup<'_>, domain: &str) -> Result<Vec<Record>> {
    let first = setup.first_attempt(domain).await?;
    ensure!(
        first["failure"]["name"] == "RecordsNotReady" && used(&first, "ca_requests") == 0,
        "the first attempt looks for the record before it asks the CA: {first:#}"
    );
    setup.screen.print("Its first attempt found no record, and did not ask the CA.")?;
    let records = setup.records(domain).await?;
    for record in &records {
        setup.create_record(&record.name, &record.kind, &record.value).await?;
    }
    Ok(records)
}

fn show_txt(screen: &Screen, txt: &std::collections::BTreeMap<String, Vec<String>>) -> Result<()> {
    for (owner, values) in txt {
        screen.fact("Seen", &format!("{owner} TXT, for a moment:"))?;
        for value in values {
            screen.fact("", &format!("“{value}”"))?;
        }
    }
    Ok(())
}

/// Reported before the CA is asked. The certificate comes in story 5, automatically.
async fn wrong_alias(setup: &Setup<'_>) -> Result<()> {
    let screen = setup.screen;
    screen.heading(&format!("4  {WRONG}: its alias is wrong"))?;
    let alias = format!("_acme-challenge.{WRONG}");
    setup.create_record(&alias, "CNAME", "acme.another-vendor.test").await?;
    setup.add(&[WRONG, "--internal"]).await?;
    let first = setup.first_attempt(WRONG).await?;
    let shown = setup.run(&["show", WRONG]).await?;
    let issue: Vec<_> = issue(&shown).collect();
    ensure!(issue.len() > 1, "the page does not say what is wrong: {shown}");
    for line in issue {
        screen.answer(line)?;
    }
    let requests = used(&first, "ca_requests");
    let failure = &first["failure"];
    ensure!(failure["name"] == "RecordsNotReady" && failure["actor"] == "customer", "{first:#}");
    ensure!(first["order"].is_null() && requests == 0, "the CA was asked: {first:#}");
    screen.fact("CA", &format!("{requests} requests, no order"))?;
    screen.print("The domain owner creates that record:")?;
    let asked = setup.cli.json(&["records", WRONG]).await?;
    let records: Vec<Record> = serde_json::from_value(asked).context("the records of an endpoint")?;
    let right = records.iter().find(|record| record.is_delegation()).context("an endpoint has a delegation")?;
    let told = text(&failure["remedy"]).contains(&right.line());
    ensure!(told, "the remedy names the record {}: {failure:#}", right.line());
    setup.create_record(&right.name, &right.kind, &right.value).await
}

/// The part of an endpoint's page that says what is wrong and what its owner is to do.
fn issue(page: &str) -> impl Iterator<Item = &str> {
    let begins = |line: &str| line.starts_with("Waiting for DNS") || line.starts_with("What is wrong");
    let from = page.lines().skip_while(move |line| !begins(line));
    from.take_while(|line| !line.starts_with("Then run:")).filter(|line| !line.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_page_only_the_issue_is_shown() {
        for heading in ["Waiting for DNS", "What is wrong"] {
            let page = format!("a.test  failing\n\n Endpoint ep-1\n\n{heading}\n\n Next step  x\n\nThen run:    y\n");
            assert_eq!(issue(&page).collect::<Vec<_>>(), [heading, " Next step  x"]);
        }
        assert_eq!(issue("a.test  ready\n").count(), 0);
    }
}
