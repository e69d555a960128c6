//! Every public case has a test that holds its right answer.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};

const PAGE: &str = "docs/explanation/public-cases.md";

/// The cases that were collected. None of them is dropped from the page.
const COLLECTED: [&str; 103] = [
    "D1", "D1b", "D2", "D3", "D4", "D5", "S6", "P1", "D7", "D8", "D9", "D10", "D10b", "D11", "D12", "D13", "D13b",
    "D16", "D18", "D20", "D21", "D23", "D24", "D25", "D26", "D27", "D31", "D33", "RRL", "V6", "R1", "S1", "S2", "S4",
    "C1", "C2", "C5", "C6", "C7", "C8", "C16", "C17", "C18", "C19", "C20", "C9", "C10", "C11", "C12", "C13", "C14",
    "C22", "C-TLD", "H1", "G1", "H3", "H4", "H5", "H6", "H8", "H11", "H12", "H13", "H14", "H15", "H16", "H17", "H19",
    "H21", "K1", "BIG", "N1", "N3", "N4", "N5", "N7", "N8", "N9", "N10", "N11", "A1", "A2", "A4", "A5", "A6", "A8",
    "A9", "A10", "A11", "T1", "X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8", "X9", "X10", "X11", "X12", "X13",
];

/// The tests of each case, as `FILE::NAME`.
fn cases() -> Result<BTreeMap<String, Vec<String>>> {
    let page = fs::read_to_string(documentation::root().join(PAGE)).context(PAGE)?;
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.split(" | ").map(str::trim).collect::<Vec<_>>());
    let cases = cells.filter(|cells| cells.len() == 5 && cells[0] != "case");
    Ok(cases
        .map(|cells| {
            let tests = cells[4].split("<br>").map(|test| test.trim_matches('`').to_owned());
            (cells[0].to_owned(), tests.filter(|test| !test.is_empty()).collect())
        })
        .collect())
}

#[test]
fn every_collected_case_is_on_the_page() -> Result<()> {
    let cases = cases()?;
    for case in COLLECTED {
        ensure!(cases.contains_key(case), "{case} has no row in {PAGE}");
    }
    Ok(())
}

#[test]
fn every_case_has_a_test_that_exists() -> Result<()> {
    let mut missing = Vec::new();
    for (case, tests) in cases()? {
        if tests.is_empty() {
            missing.push(format!("{case} has no test"));
        }
        for test in tests {
            let (file, name) = test.split_once("::").with_context(|| format!("{case}: {test} is no test"))?;
            let source = fs::read_to_string(documentation::root().join(file)).unwrap_or_default();
            let is_there = ["(", "<"].iter().any(|end| source.contains(&format!("fn {name}{end}")));
            if !is_there {
                missing.push(format!("{case}: {test}"));
            }
        }
    }
    ensure!(missing.is_empty(), "no such test:\n{}", missing.join("\n"));
    Ok(())
}

/// Chapters whose cases are about what stands in the DNS and what hosts answer.
const IN_WORLDS: [&str; 4] = ["## DNS: delegation and name servers", "## DNSSEC", "## CAA", "## Hosts"];

#[test]
fn every_case_of_dns_and_hosts_has_an_end_to_end_test() -> Result<()> {
    let page = fs::read_to_string(documentation::root().join(PAGE)).context(PAGE)?;
    let (mut chapter, mut tried, mut missing) = (String::new(), 0, Vec::new());
    for line in page.lines() {
        if line.starts_with("## ") {
            chapter = line.to_owned();
        }
        let case = line.strip_prefix("| ").and_then(|rest| rest.split(" | ").next()).map(str::trim);
        let Some(case) = case.filter(|case| COLLECTED.contains(case)) else { continue };
        if IN_WORLDS.iter().any(|name| chapter.starts_with(name)) {
            tried += 1;
            if !line.contains("`tests/end-to-end/") {
                missing.push(case.to_owned());
            }
        }
    }
    ensure!(missing.is_empty() && tried > 60, "{tried} cases; without a world: {missing:?}");
    Ok(())
}
