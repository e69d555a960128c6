//! `docs/reference/checks.md`: the catalogue, and a finding of each of its checks.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use diagnosis::catalogue::{Area, CATALOGUE};
use diagnosis::report::{Finding, Severity};
use vocabulary::guidance::WaitingOn;

use crate::Case;
use crate::fixture::Fixture;

/// What renews the page.
pub(crate) const RENEW: &str = "WRITE_CHECKS=1 cargo nextest run --workspace --test diagnosis";

/// What one case showed.
pub(crate) struct Row {
    check: &'static str,
    cause: &'static str,
    shown: String,
    fix: String,
    severity: Severity,
    waiting_on: WaitingOn,
}

impl Row {
    pub(crate) fn of(fixture: &Fixture<'_>, case: &Case, finding: &Finding) -> Self {
        let command = finding.command.as_ref().map(|command| format!(" `{command}`")).unwrap_or_default();
        Self {
            check: case.check.name(),
            cause: case.cause,
            shown: fixture.normalize(&format!("{} {}", finding.subject, finding.guidance.summary)),
            fix: fixture.normalize(&format!("{}{command}", finding.guidance.next_step())),
            severity: finding.severity,
            waiting_on: finding.guidance.waiting_on,
        }
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/checks.md")
}

pub(crate) fn read() -> Result<String> {
    std::fs::read_to_string(path()).context("docs/reference/checks.md")
}

/// Writes the page where WRITE_CHECKS is set, else compares it.
pub(crate) fn write_or_compare(rows: &[Row]) -> Result<()> {
    let page = format!("{}{}", catalogue(), proof(rows));
    if std::env::var_os("WRITE_CHECKS").is_some() {
        return std::fs::write(path(), page).context("writing docs/reference/checks.md");
    }
    let kept = read()?;
    let stale = page.lines().zip(kept.lines()).find(|(now, kept)| now != kept);
    ensure!(page == kept, "docs/reference/checks.md is stale, renew it: {RENEW}\nfirst difference: {stale:#?}");
    Ok(())
}

pub(crate) fn catalogue() -> String {
    let mut page = String::from(INTRODUCTION);
    for area in Area::ALL {
        write!(page, "\n## {}\n", area.title()).expect("a string takes it");
        for entry in CATALOGUE.iter().filter(|entry| entry.area == area) {
            let (severity, waiting_on) = (severity(entry.severity), waiting_on(entry.actor));
            write!(
                page,
                "\n### `{}`\n\n**{}** — {severity}, waiting on {waiting_on}.\n\n{}\n\n*Next step:* {}\n",
                entry.name, entry.title, entry.explanation, entry.fix
            )
            .expect("a string takes it");
        }
    }
    page
}

fn proof(rows: &[Row]) -> String {
    let mut page = String::from(PROOF);
    for row in rows {
        let (severity, waiting_on) = (severity(row.severity), waiting_on(row.waiting_on));
        let cells = [row.cause, &row.shown, &row.fix].map(cell);
        writeln!(
            page,
            "| [`{0}`](#{0}) | {1} | {2} | {severity} | {waiting_on} | {3} |",
            row.check, cells[0], cells[1], cells[2]
        )
        .expect("a string takes it");
    }
    page
}

/// Text in a table's cell must not end it, and text from outside is no markup.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('*', "\\*")
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn waiting_on(waiting_on: WaitingOn) -> &'static str {
    match waiting_on {
        WaitingOn::DomainOwner => "the domain owner",
        WaitingOn::Operator => "the operator",
        WaitingOn::Ca => "the CA",
        WaitingOn::Nobody => "nobody",
    }
}

const INTRODUCTION: &str = "\
# Checks

<!-- Written by tests/end-to-end/tests/diagnosis from the catalogue in functions/shared/diagnosis. Do not
     edit; renew it with: WRITE_CHECKS=1 cargo nextest run --workspace --test diagnosis -->

A check of an endpoint, or of a domain before its registration, queries every authoritative name server of the zone (over UDP, and over
TCP where an answer is too long or none comes), follows aliases, climbs the tree for CAA, checks DNSSEC from the parent's DS record,
requests the challenge path as a CA would, and reads the served certificate. It takes eight seconds at most, does not contact the CA,
and changes nothing.

Every finding is an entry of this catalogue: expected and found values, why it matters, who it is waiting on, and the next step
with its record or command. If one fault explains others, only that one is reported. Attempts and health checks use the same checks.

An *error* prevents a certificate or its use, a *warning* works now and may fail later, a *notice* is worth knowing. The severity below is the
usual one. It is lower where nothing depends on the fault, like the delegation of a host validated over HTTP.
";

const PROOF: &str = "
## Each check, seen

`tests/end-to-end/tests/diagnosis` causes each finding, with zones in the emulated Route 53 edited as a domain owner edits them, more name
servers and hosts with one fault each on 127.0.0.0/8, and the same adapters as in the Lambda functions. The texts are the findings as shown,
with the test's top-level domain written as `example`.

| check | cause | shown | severity | waiting on | next step |
|---|---|---|---|---|---|
";
