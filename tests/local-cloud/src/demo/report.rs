//! What each certificate took, as a table.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use serde_json::Value;
use time::OffsetDateTime;

use super::evidence::parse_time;
use super::setup::{Setup, text, used};

/// As the CLI's own tables.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
const HEADERS: [&str; 8] =
    ["ENDPOINT", "METHOD", "OUTCOME", "TIME", "CA CALLS", "LAMBDA TIME", "TRANSITIONS", "ROUTE53 CALLS"];

/// One attempt that brought a certificate.
#[derive(Debug, PartialEq)]
struct Row {
    started: OffsetDateTime,
    endpoint: String,
    method: String,
    outcome: String,
    took: Duration,
    ca_requests: u64,
    lambda: Duration,
    transitions: usize,
    route53_calls: u64,
}

/// Reads the history of `domains` with the CLI, joins it with the executions, and shows the successful attempts.
pub(super) async fn show(setup: &Setup<'_>, domains: &[&str]) -> Result<()> {
    let arns = setup.cloud.executions().await?;
    let by_name: HashMap<&str, &str> =
        arns.iter().filter_map(|arn| Some((arn.rsplit_once(':')?.1, arn.as_str()))).collect();
    let mut rows = Vec::new();
    for domain in domains {
        let attempts = setup.query(&["history", domain]).await?;
        let attempts = attempts.as_array().context("the history is an array")?;
        let outcomes: Vec<_> = attempts.iter().rev().map(|attempt| text(&attempt["outcome"])).collect();
        setup.screen.answer(&format!("attempts: {}", outcomes.join(", ")))?;
        for attempt in attempts.iter().filter(|attempt| is_success(attempt)) {
            let name = text(&attempt["execution"]);
            let arn = by_name.get(name).with_context(|| format!("there is no execution {name}"))?;
            let execution = setup.cloud.execution(arn).await?;
            rows.push(row(domain, attempt, execution.transitions())?);
        }
    }
    ensure!(rows.len() > domains.len(), "each endpoint has a certificate, and some are renewed: {rows:?}");
    rows.sort_by_key(|row| row.started);
    setup.screen.line("")?;
    let table = table(&rows);
    let (header, body) = table.split_once('\n').context("a table has a header")?;
    setup.screen.line(&format!("{}\n{body}\n", setup.screen.bold(header)))?;
    setup.screen.paragraph(
        "One name takes 8 requests to the CA, each further name 2 more. It refuses 5 % of the nonces on purpose, and \
         such a request is sent again. The first order has made the account.",
    )
}

fn is_success(attempt: &Value) -> bool {
    matches!(text(&attempt["outcome"]), "issued" | "renewed")
}

fn row(domain: &str, attempt: &Value, transitions: usize) -> Result<Row> {
    let started = parse_time(text(&attempt["started_at"]))?;
    let took = parse_time(text(&attempt["finished_at"]))? - started;
    Ok(Row {
        started,
        endpoint: domain.to_owned(),
        method: attempt["method"].as_str().unwrap_or("-").to_owned(),
        outcome: text(&attempt["outcome"]).to_owned(),
        took: took.try_into().context("an attempt ends after it starts")?,
        ca_requests: used(attempt, "ca_requests"),
        lambda: Duration::from_millis(used(attempt, "milliseconds")),
        transitions,
        route53_calls: used(attempt, "route53_calls"),
    })
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled).set_header(HEADERS);
    let number = |value: String| Cell::new(value).set_alignment(CellAlignment::Right);
    for row in rows {
        table.add_row([
            Cell::new(&row.endpoint),
            Cell::new(&row.method),
            Cell::new(&row.outcome),
            number(span(row.took)),
            number(row.ca_requests.to_string()),
            number(span(row.lambda)),
            number(row.transitions.to_string()),
            number(row.route53_calls.to_string()),
        ]);
    }
    table.trim_fmt()
}

/// How long something took: `0.4 s`, `42 s`, `3 min 20 s`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..10 => format!("{seconds}.{} s", span.subsec_millis() / 100),
        10..100 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attempt(outcome: &str) -> Value {
        json!({"attempt": 2, "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:03.25Z",
            "outcome": outcome, "method": "http-01", "execution": "ep-1-2",
            "steps": [{"milliseconds": 300, "ca_requests": 3, "route53_calls": 0},
                      {"milliseconds": 150, "ca_requests": 5, "route53_calls": 1}]})
    }

    #[test]
    fn a_duration_is_shown_as_exactly_as_it_matters() {
        let told = |milliseconds| span(Duration::from_millis(milliseconds));
        assert_eq!(told(449), "0.4 s");
        assert_eq!(told(9_999), "9.9 s");
        assert_eq!(told(10_000), "10 s");
        assert_eq!(told(99_999), "99 s");
        assert_eq!(told(200_000), "3 min 20 s");
    }

    #[test]
    fn a_row_adds_up_the_steps_of_its_attempt() {
        let row = row("a.test", &attempt("issued"), 14).unwrap();
        assert_eq!(row.took, Duration::from_millis(3250));
        assert_eq!((row.ca_requests, row.lambda, row.route53_calls), (8, Duration::from_millis(450), 1));
    }

    #[test]
    fn only_attempts_that_brought_a_certificate_count() {
        let counts =
            ["issued", "renewed", "unchanged", "failed", "running"].map(|outcome| is_success(&attempt(outcome)));
        assert_eq!(counts, [true, true, false, false, false]);
    }

    #[test]
    fn the_table_has_a_line_for_each_row_and_fits() {
        let row = || row("www.shop.test", &attempt("renewed"), 120).unwrap();
        let table = table(&[row(), row()]);
        assert_eq!(table.lines().count(), 4, "{table}");
        assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
        assert!(table.lines().nth(2).unwrap().contains("3.2 s"), "{table}");
    }
}
