//! `docs/reference/checks.md`: the catalogue, and what each of its checks showed when it was provoked.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use diagnosis::catalogue::{Area, CATALOGUE};
use diagnosis::report::{Finding, Severity};
use vocabulary::guidance::WaitingOn;

use crate::Case;
use crate::stage::Stage;

/// What renews the page.
pub(crate) const RENEW: &str = "WRITE_CHECKS=1 cargo nextest run --workspace --test diagnosis";

/// What one case showed.
pub(crate) struct Row {
    check: &'static str,
    provoked: &'static str,
    shown: String,
    fix: String,
    severity: Severity,
    actor: WaitingOn,
}

impl Row {
    pub(crate) fn of(stage: &Stage<'_>, case: &Case, finding: &Finding) -> Self {
        let command = finding.command.as_ref().map(|command| format!(" `{command}`")).unwrap_or_default();
        Self {
            check: case.check.name(),
            provoked: case.provoked,
            shown: stage.normalize(&format!("{} {}", finding.subject, finding.guidance.summary)),
            fix: stage.normalize(&format!("{}{command}", finding.guidance.next_step())),
            severity: finding.severity,
            actor: finding.guidance.waiting_on,
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
            let (severity, actor) = (severity(entry.severity), actor(entry.actor));
            write!(
                page,
                "\n### `{}`\n\n**{}** — {severity}; {actor} acts.\n\n{}\n\n*Mended by:* {}\n",
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
        let (severity, actor) = (severity(row.severity), actor(row.actor));
        let cells = [row.provoked, &row.shown, &row.fix].map(cell);
        writeln!(
            page,
            "| [`{0}`](#{0}) | {1} | {2} | {severity} | {actor} | {3} |",
            row.check, cells[0], cells[1], cells[2]
        )
        .expect("a string takes it");
    }
    page
}

/// What stands in a table's cell must not end it, and what comes from outside is no markup.
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

fn actor(actor: WaitingOn) -> &'static str {
    match actor {
        WaitingOn::DomainOwner => "the customer",
        WaitingOn::Operator => "the operator",
        WaitingOn::Ca => "the CA",
        WaitingOn::Nobody => "nobody",
    }
}

const INTRODUCTION: &str = "\
# Checks

<!-- Written by tests/end-to-end/tests/diagnosis from the catalogue in functions/shared/diagnosis. Do not
     edit; renew it with: WRITE_CHECKS=1 cargo nextest run --workspace --test diagnosis -->

A look at an endpoint, or at a domain that is not registered yet, asks every authoritative name server of the zone
(over UDP, over TCP where an answer is too long or none comes), follows aliases, climbs the tree for CAA, checks DNSSEC
from the parent's DS record, requests the challenge path as a CA would, and looks at the certificate that is presented.
It takes eight seconds at most, asks no CA, and changes nothing.

What it finds is always an entry of this catalogue: what was expected, what was found, why it matters, who acts, and
the record or command that mends it. A fault that explains others is told alone. The attempts to get a certificate fail
by the same checks and in the same words.

An *error* stands in the way of a certificate or of its use, a *warning* works now and may not always, a *notice* is
worth knowing. The severity below is the usual one: a fault counts for less where nothing depends on it, like the
delegation of a host that is validated over HTTP.
";

const PROOF: &str = "
## Each check, provoked

By `tests/end-to-end/tests/diagnosis`, with zones in the emulated Route 53 edited as a customer edits them, further name
servers and hosts with one fault each on 127.0.0.0/8, and the same adapters that run in the Lambda. The texts are
what was shown; only the test's top-level domain is written as `example` here.

| check | how it was provoked | what was shown | severity | who acts | what mends it |
|---|---|---|---|---|---|
";
