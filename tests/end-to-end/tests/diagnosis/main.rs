//! Every check of the catalogue, provoked with real zones on the name servers of the local cloud, and with additional
//! servers that have one fault each. No CA is asked.
//!
//! `docs/reference/checks.md` is written by this: see [`page::RENEW`].

mod bench;
mod ca_cases;
mod cases;
mod fixture;
mod host_cases;
mod page;
mod persistent_cases;
mod server_cases;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use diagnosis::catalogue::{CATALOGUE, Check};
use diagnosis::report::{CheckReport, Finding, RecordStatus};
use futures::future::BoxFuture;
use local_cloud::{LocalCloud, Options};
use vocabulary::guidance::WaitingOn;

use fixture::Fixture;
use page::Row;

/// One way to provoke a check.
pub(crate) struct Case {
    pub(crate) check: Check,
    /// What was done, for the page.
    pub(crate) cause: &'static str,
    pub(crate) waiting_on: WaitingOn,
    /// What the fix must say.
    pub(crate) fix: &'static str,
    pub(crate) probe: for<'a> fn(&'a Fixture<'a>) -> BoxFuture<'a, Result<CheckReport>>,
}

fn all() -> impl Iterator<Item = &'static Case> {
    cases::CASES
        .iter()
        .chain(&persistent_cases::CASES)
        .chain(&host_cases::CASES)
        .chain(&ca_cases::CASES)
        .chain(&server_cases::CASES)
}

#[test]
fn every_check_of_the_catalogue_has_a_case() {
    let covered: BTreeSet<Check> = all().map(|case| case.check).collect();
    for entry in &CATALOGUE {
        assert!(covered.contains(&entry.check), "{} has no test", entry.name);
    }
}

#[test]
fn the_page_lists_the_catalogue_as_it_is() {
    let page = page::read().expect("docs/reference/checks.md");
    assert!(page.starts_with(&page::catalogue()), "docs/reference/checks.md is stale. Renew it: {}", page::RENEW);
}

/// The longest that a check may take here, with what it waits for on the way.
const LONGEST_CHECK: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_named_alone_with_who_is_waited_on_and_the_next_step() -> Result<()> {
    let cloud = LocalCloud::attach_or_start(Options::unique()).await?;
    let fixture = Fixture::set_up(&cloud).await?;
    all_is_healthy(&fixture).await?;
    nothing_is_queried_before_registration(&fixture).await?;
    persistent_cases::all_is_healthy(&fixture).await?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for case in all() {
        let begun = Instant::now();
        let report = (case.probe)(&fixture).await.with_context(|| format!("{:?}: {}", case.check, case.cause))?;
        let took = begun.elapsed();
        match judged(case, &report, took) {
            Ok(finding) => rows.push(Row::of(&fixture, case, finding)),
            Err(error) => wrong.push(format!("{} ({}): {error:#}\n{:#?}", case.check.name(), case.cause, report)),
        }
    }
    fixture.clear().await?;
    ensure!(wrong.is_empty(), "{} of the cases:\n{}", wrong.len(), wrong.join("\n\n"));
    page::write_or_compare(&rows)
}

/// The one finding, if it is what it must be.
fn judged<'a>(case: &Case, report: &'a CheckReport, took: Duration) -> Result<&'a Finding> {
    let [finding] = report.findings.as_slice() else {
        let names: Vec<_> = report.findings.iter().map(|finding| finding.check.as_str()).collect();
        anyhow::bail!("one finding is expected, and no consequences of it: {names:?}");
    };
    ensure!(finding.check == case.check.name(), "another check: {}", finding.check);
    ensure!(finding.guidance.waiting_on == case.waiting_on, "another actor: {:?}", finding.guidance.waiting_on);
    ensure!(
        finding.guidance.next_step().contains(case.fix),
        "the fix does not say “{}”: {}",
        case.fix,
        finding.guidance.next_step()
    );
    ensure!(!finding.expected.is_empty() && !finding.guidance.summary.is_empty() && !finding.explanation.is_empty());
    ensure!(took < LONGEST_CHECK, "it took {took:?}");
    Ok(finding)
}

/// A healthy external endpoint with a wildcard beside it.
async fn all_is_healthy(fixture: &Fixture<'_>) -> Result<()> {
    let zone = fixture.zone("well").await?;
    fixture.delegate(&zone, "shop.well").await?;
    fixture.point(&zone, "shop.well").await?;
    let report = fixture.probe(&fixture.external("shop.well")).await;
    ensure!(report.findings.is_empty() && report.is_well(), "{report:#?}");
    let [host, delegation] = report.records.as_slice() else { anyhow::bail!("two records: {report:#?}") };
    ensure!(host.status == RecordStatus::Ok && delegation.status == RecordStatus::Ok, "{report:#?}");
    let found = &host.found[0];
    ensure!(found.server == fixture.name("ns1"), "the server is named: {found:?}");
    ensure!(found.records == [format!("CNAME {}", fixture.name("edge.platform"))], "{found:?}");
    ensure!(found.chain == ["127.0.0.1"], "the chain ends in the addresses: {found:?}");
    ensure!(report.summary().worst.is_none() && report.provider.is_none(), "{report:#?}");
    Ok(())
}

/// Before registration there is no delegation to be missing; what exists in its place is reported.
async fn nothing_is_queried_before_registration(fixture: &Fixture<'_>) -> Result<()> {
    let zone = fixture.zone("new").await?;
    fixture.point(&zone, "shop.new").await?;
    let mut subject = fixture.external("shop.new");
    subject.delegation_target = None;
    let report = fixture.probe(&subject).await;
    ensure!(report.findings.is_empty() && report.records.len() == 1, "{report:#?}");
    fixture.cname(&zone, "_acme-challenge.shop.new", "old.service").await?;
    let report = fixture.probe(&subject).await;
    ensure!(report.is_well() && report.findings[0].check == "delegation-elsewhere", "{report:#?}");
    Ok(())
}
