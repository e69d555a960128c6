//! Endpoints: the list of all, and the page of one.

use comfy_table::Cell;
use time::OffsetDateTime;

use super::facts::facts;
use super::moment::{exact, moment, relative};
use super::{cell, colour_of, keep_whole, narrow, record_table, table, text_of};
use crate::model::{Certificate, Endpoint, Failure};
use crate::terminal::{Colour, Look, shell_word};

const HEADERS: [&str; 6] = ["DOMAIN", "STATE", "VALID UNTIL", "NEXT", "REACHABILITY", "ENDPOINT"];
/// Columns that are shown on the narrowest terminal.
const KEPT: usize = 4;

pub(crate) fn endpoint_list(look: Look, endpoints: &[Endpoint], now: OffsetDateTime) -> String {
    if endpoints.is_empty() {
        return "There are no endpoints yet. The first: managed-https add DOMAIN --external (or --internal)\n".into();
    }
    let mut table = table(look, &HEADERS);
    for endpoint in endpoints {
        let names = match endpoint.display_names.len().saturating_sub(1) {
            0 => title(endpoint).to_owned(),
            more => format!("{} +{more}", title(endpoint)),
        };
        let until = endpoint.certificate.as_ref().map_or("-".into(), |c| valid_until(c, now));
        table.add_row([
            Cell::new(names),
            cell(look, endpoint.state.as_str(), colour_of(endpoint.state)),
            Cell::new(until),
            Cell::new(next(endpoint, now)),
            Cell::new(&endpoint.reachability),
            Cell::new(&endpoint.id),
        ]);
    }
    keep_whole(&mut table, 2);
    // Where it is narrow, what `show` tells as well goes before anything is folded.
    narrow(&mut table, look, KEPT);
    text_of(&table)
}

fn valid_until(certificate: &Certificate, now: OffsetDateTime) -> String {
    let day = certificate.not_after.date();
    format!("{day} ({})", relative(certificate.not_after, now))
}

/// Whose move it is, or when the engine's own is.
fn next(endpoint: &Endpoint, now: OffsetDateTime) -> String {
    match (&endpoint.failure, endpoint.renews_at.or(endpoint.next_attempt_at)) {
        (Some(failure), _) => format!("{}: {} must act", failure.name, failure.actor.as_person()),
        (None, Some(at)) if endpoint.certificate.is_some() => format!("renews {}", relative(at, now)),
        _ => "-".into(),
    }
}

fn title(endpoint: &Endpoint) -> &str {
    endpoint.display_names.first().unwrap_or(&endpoint.domain)
}

/// `www.example.com: issuing (attempt 2)`
pub(crate) fn state_line(endpoint: &Endpoint) -> String {
    let state = endpoint.state.as_str();
    match endpoint.attempt {
        0 => format!("{}: {state}", title(endpoint)),
        attempt => format!("{}: {state} (attempt {attempt})", title(endpoint)),
    }
}

/// Everything about one endpoint, the verdict first and what to do last.
pub(crate) fn endpoint_page(look: Look, endpoint: &Endpoint, now: OffsetDateTime) -> String {
    let state = look.paint(endpoint.state.as_str(), colour_of(endpoint.state));
    let mut page = format!("{}  {state}\n\n", title(endpoint));
    let mut rows = Vec::new();
    let mut fact = |name, value| rows.push((name, value));
    fact("Endpoint", endpoint.id.clone());
    if endpoint.display_names.len() > 1 {
        fact("Names", endpoint.display_names.join(", "));
    }
    fact("Reachability", endpoint.reachability.clone());
    fact("Registered", moment(endpoint.created_at, now));
    match &endpoint.certificate {
        None => fact("Certificate", "none yet".into()),
        Some(certificate) => {
            fact("Certificate", certificate.arn.clone());
            fact("Covers", certificate.names.join(", "));
            fact("Issuer", certificate.issuer.clone());
            fact("Serial", certificate.serial.clone());
            fact("Valid from", exact(certificate.not_before));
            fact("Valid until", moment(certificate.not_after, now));
            if let Some(at) = certificate.imported_at {
                fact("Imported", moment(at, now));
            }
        }
    }
    if let Some(at) = endpoint.renews_at {
        fact("Renews", moment(at, now));
    }
    if let Some(at) = endpoint.next_attempt_at.filter(|at| Some(*at) != endpoint.renews_at) {
        fact("Next attempt", moment(at, now));
    }
    fact("Attempts", endpoint.attempt.to_string());
    page += &facts(look, &rows);
    page += "\nRecords in the domain's DNS\n\n";
    page += &record_table(look, &endpoint.records);
    let name = shell_word(&endpoint.domain);
    if let Some(failure) = &endpoint.failure {
        page += &failure_part(look, failure, now);
        page += &format!("\nThen, at once: managed-https renew {name} --wait\n");
    }
    page
}

fn failure_part(look: Look, failure: &Failure, now: OffsetDateTime) -> String {
    let mut text = format!("\n{}\n\n", look.paint("What stands in the way", Colour::Red));
    let mut rows = vec![
        (failure.name.as_str(), failure.summary.clone()),
        ("Who must act", failure.actor.as_person().to_owned()),
        ("To do", failure.remedy.clone()),
    ];
    if let Some(since) = failure.since {
        let attempts = failure.attempts.map_or(String::new(), |count| format!(", failed attempts: {count}"));
        rows.push(("Since", moment(since, now) + &attempts));
    }
    text += &facts(look, &rows);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    const PLAIN: Look = Look { colour: false, width: None };
    const NOW: OffsetDateTime = datetime!(2026-01-02 00:00 UTC);

    fn endpoint() -> Endpoint {
        serde_json::from_value(json!({
            "id": "ep-1", "domain": "*.example.com", "names": ["*.example.com", "example.com"],
            "display_names": ["*.example.com", "example.com"], "reachability": "external", "state": "failing",
            "records": [{"name": "_acme-challenge.example.com", "type": "CNAME", "value": "x.acme.example", "purpose": "p"}],
            "certificate": {"arn": "arn:aws:acm:x", "serial": "0a", "issuer": "CN=Test", "names": ["*.example.com"],
                "not_before": "2026-01-01T00:00:00Z", "not_after": "2026-04-01T00:00:00Z", "imported_at": "2026-01-01T00:01:00Z"},
            "failure": {"name": "RecordsNotReady", "actor": "customer", "summary": "no CNAME", "remedy": "create it",
                "since": "2026-01-01T12:00:00Z", "attempts": 3},
            "attempt": 4, "next_attempt_at": "2026-01-02T01:00:00Z", "renews_at": null,
            "created_at": "2026-01-01T00:00:00Z", "a_new_field": {}
        }))
        .expect("an endpoint")
    }

    #[test]
    fn the_page_says_what_is_who_must_act_and_what_to_run() {
        let page = endpoint_page(PLAIN, &endpoint(), NOW);
        for part in [
            "*.example.com  failing",
            "arn:aws:acm:x",
            "2026-04-01 00:00:00 UTC (in 89 days)",
            "x.acme.example",
            "no CNAME",
            "the domain's owner",
            "failed attempts: 3",
            "managed-https renew '*.example.com' --wait",
        ] {
            assert!(page.contains(part), "{part} is missing in\n{page}");
        }
    }

    #[test]
    fn the_list_has_a_line_for_each_endpoint_and_says_whose_move_it_is() {
        let list = endpoint_list(PLAIN, &[endpoint(), endpoint()], NOW);
        assert_eq!(list.lines().count(), 4, "{list}");
        assert!(list.contains("*.example.com +1") && list.contains("RecordsNotReady: the domain's owner must act"));
        assert!(endpoint_list(PLAIN, &[], NOW).contains("managed-https add"));
    }

    #[test]
    fn on_a_narrow_terminal_the_list_leaves_columns_out_rather_than_folding_names() {
        let list = |width| endpoint_list(Look { colour: false, width }, &[endpoint()], NOW);
        let shown = |width| HEADERS.map(|header| list(width).contains(header));
        assert_eq!(shown(None), [true; 6]);
        assert_eq!(shown(Some(200)), [true; 6]);
        assert_eq!(shown(Some(80)), [true, true, true, true, false, false]);
        assert!(list(Some(80)).lines().all(|line| line.chars().count() <= 80), "{}", list(Some(80)));
    }

    #[test]
    fn colour_is_used_only_where_it_is_wanted() {
        let look = Look { colour: true, width: Some(100) };
        assert!(endpoint_page(look, &endpoint(), NOW).contains("\u{1b}["));
        assert!(endpoint_list(look, &[endpoint()], NOW).contains("\u{1b}["));
        assert!(!endpoint_page(PLAIN, &endpoint(), NOW).contains('\u{1b}'));
        assert!(!endpoint_list(Look { width: Some(60), ..PLAIN }, &[endpoint()], NOW).contains('\u{1b}'));
    }
}
