//! What a check found: the status, what to fix, what records resolve to.

use time::OffsetDateTime;
use vocabulary::times::{relative, timestamp};
use wire::{EndpointView, Finding, Found, ProviderHint, RecordView, Serving, Severity, WaitingOn};

use super::endpoint::{serving_facts, status_line};
use super::facts::{facts, fold};
use super::records::{LATER, connect_links};
use super::width::{cells, padded};
use super::words::{InWords, Person};
use super::{colour_of_status, heading, record_line};
use crate::terminal::output::{Colour, Style};

/// One check, of an endpoint or of a domain that is none yet.
pub(crate) struct Checked<'a> {
    pub(crate) records: &'a [RecordView],
    pub(crate) findings: &'a [Finding],
    pub(crate) provider: Option<&'a ProviderHint>,
    pub(crate) serving: &'a Serving,
    /// What to run next.
    pub(crate) last: String,
}

impl Checked<'_> {
    /// All below the status.
    pub(crate) fn page(&self, style: Style, now: OffsetDateTime) -> String {
        let mut page = String::new();
        if !self.findings.is_empty() {
            page += &format!("\n{}\n", heading(style, "What to fix"));
            for finding in self.findings {
                page += &finding_part(style, finding);
            }
            if let Some(provider) = self.provider {
                page += &provider_hint(style, provider);
            }
            page += &connect_links(self.records);
        }
        if !self.records.is_empty() {
            page += &format!("\n{}\n", heading(style, "Currently resolves to"));
            for record in self.records {
                page += &record_part(style, record);
            }
        }
        let served = serving_facts(self.serving, now);
        if !served.is_empty() {
            page += &format!("\n{}\n\n{}", heading(style, "Host"), facts(style, &served));
        }
        page + &format!("\n{}\n", self.last)
    }
}

/// The one line of an endpoint that is ready.
pub(crate) fn ready_line(endpoint: &EndpointView, now: OffsetDateTime) -> String {
    let records = &endpoint.dns.records;
    let right = records.iter().filter(|row| row.is_right()).count();
    let mut says = match (right, records.len()) {
        (1, 1) => "its record is correct".to_owned(),
        (right, all) if right == all => format!("its {all} records are correct"),
        (right, all) => format!("{right} of its {all} records {} correct", if right == 1 { "is" } else { "are" }),
    };
    if let Some(at) = endpoint.certificate.not_after {
        says += &format!(", and its certificate expires {} ({})", at.date(), relative(at, now));
    }
    let mut line = format!("{} is ready: {says}.\n", endpoint.title());
    for row in records.iter().filter(|row| row.waits_for_visitors()) {
        line += &format!("Step 2, when you are ready: create {}\n", record_line(&row.record));
    }
    line
}

/// `action required, waiting on the domain owner`
pub(crate) fn waiting_words(endpoint: &EndpointView) -> String {
    match endpoint.actor.known() {
        Some(WaitingOn::Nobody) => format!("{}, no action needed", endpoint.as_words()),
        _ => format!("{}, waiting on {}", endpoint.as_words(), endpoint.actor.as_person()),
    }
}

pub(crate) fn status_of_endpoint(style: Style, endpoint: &EndpointView, now: OffsetDateTime) -> String {
    let mut rows = vec![("Status", endpoint.reason.clone()), ("Next step", endpoint.next_step.clone())];
    if let Some(at) = endpoint.breaks_at {
        rows.push((if at > now { "Breaks" } else { "Broken since" }, timestamp(at, now)));
    }
    format!("{}\n{}", status_line(style, endpoint), facts(style, &rows))
}

/// `add` is the command that registers it.
pub(crate) fn status_of_domain(style: Style, domain: &str, well: bool, add: &str) -> String {
    let (says, colour, next) = match well {
        true => ("ready for a certificate", Colour::Green, format!("Register it: {add}")),
        false => {
            let fix = "You can register it now; the items below must be fixed before a certificate can be issued.";
            ("not ready for a certificate", Colour::Red, fix.to_owned())
        }
    };
    let says = style.paint(says, colour);
    let rows = [("Status", "Not registered.".to_owned()), ("Next step", next)];
    format!("{domain}  {says}\n\n{}", facts(style, &rows))
}

fn finding_part(style: Style, finding: &Finding) -> String {
    let Finding { check, severity, subject, expected, found, explanation, actor, fix } = finding;
    let colour = match severity.known() {
        // Also a severity that this program does not know: better shown than missed.
        Some(Severity::Error) | None => Colour::Red,
        Some(Severity::Warning) => Colour::Yellow,
        Some(Severity::Notice) => Colour::Cyan,
    };
    let record = fix.record.as_ref().map(record_line).unwrap_or_default();
    let command = fix.command.clone().unwrap_or_default();
    let rows = [
        ("  expected", expected.clone()),
        ("  found", found.clone()),
        ("  why", explanation.clone()),
        ("  waiting on", actor.as_word().to_owned()),
        ("  next step", fix.text.clone()),
    ];
    let mut text =
        format!("\n {}  {subject}  ({check})\n{}", style.paint(&severity.to_string(), colour), facts(style, &rows));
    // Not folded on any terminal, so that they can be copied.
    for (name, value) in [("record", record), ("command", command)] {
        if !value.is_empty() {
            text += &format!("   {name:<10}   {value}\n");
        }
    }
    text
}

/// How the domain owner's DNS provider wants the record typed.
pub(crate) fn provider_hint(style: Style, provider: &ProviderHint) -> String {
    let mut rows = vec![("DNS is at", provider.name.clone()), ("Typing", provider.typing.clone())];
    if let Some(trap) = &provider.trap {
        rows.push(("Take care", trap.clone()));
    }
    format!("\n{}", facts(style, &rows))
}

fn record_part(style: Style, checked: &RecordView) -> String {
    let RecordView { record, status, found, .. } = checked;
    let status = match status {
        None => "not checked".into(),
        Some(_) if checked.waits_for_visitors() => LATER.to_owned(),
        Some(status) => style.paint(&status.to_string(), colour_of_status(status)),
    };
    let expected = [("expected", format!("{} {}", record.kind, record.value))];
    let servers = found.iter().map(|one| (one.server.as_str(), answer(one)));
    let rows: Vec<_> = expected.into_iter().chain(servers).collect();
    let names = rows.iter().map(|(name, _)| cells(name)).max().unwrap_or_default();
    let room = style.width.map(|width| usize::from(width).saturating_sub(names + 6));
    let mut text = format!("\n {status}  {}\n", record.name);
    for (name, value) in &rows {
        let mut name = *name;
        for line in fold(value, room) {
            text += format!("   {}   {line}", padded(name, names)).trim_end();
            text += "\n";
            name = "";
        }
    }
    text
}

/// What one server said: `CNAME a.example → b.example → 192.0.2.1`.
fn answer(found: &Found) -> String {
    let mut text = found.records.join(", ");
    for further in &found.chain {
        text += if text.is_empty() { "→ " } else { " → " };
        text += further;
    }
    match (&found.error, text.is_empty()) {
        (Some(error), true) => error.clone(),
        (Some(error), false) => format!("{text} ({error})"),
        (None, true) => "nothing".into(),
        (None, false) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::endpoint;
    use serde_json::json;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-02 00:00 UTC);

    fn found(value: serde_json::Value) -> String {
        answer(&serde_json::from_value(value).expect("what was found"))
    }

    #[test]
    fn an_answer_is_shown_with_the_chain_that_was_followed() {
        assert_eq!(
            found(json!({"server": "ns", "records": ["CNAME a.example"], "chain": ["b.example", "192.0.2.1"]})),
            "CNAME a.example → b.example → 192.0.2.1"
        );
        assert_eq!(found(json!({"server": "ns", "records": [], "chain": [], "error": "SERVFAIL"})), "SERVFAIL");
        assert_eq!(found(json!({"server": "ns", "error": null})), "nothing");
        assert_eq!(found(json!({"records": ["CNAME a.example"], "error": "timeout"})), "CNAME a.example (timeout)");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_unless_a_word_is() {
        let endpoint = endpoint();
        let checked = Checked {
            records: &endpoint.dns.records,
            findings: &endpoint.dns.findings,
            provider: None,
            serving: &endpoint.serving,
            last: "Check again: managed-https check x".into(),
        };
        for width in [60, 80, 120] {
            let page = checked.page(Style { colour: false, width: Some(width) }, NOW);
            assert!(page.lines().all(|line| cells(line) <= usize::from(width)), "{page}");
        }
    }

    #[test]
    fn an_endpoint_that_is_ready_says_which_records_are_correct_and_which_is_the_next_step() {
        let mut ready = endpoint();
        ready.dns.records[0].status = Some(wire::RecordStatus::Ok.into());
        let mut host = ready.dns.records[0].clone();
        (host.record.name, host.status, host.later) =
            ("a.example".into(), Some(wire::RecordStatus::Mismatch.into()), true);
        let mut before_the_switch = ready.clone();
        before_the_switch.dns.records.push(host);
        let lines = ready_line(&before_the_switch, NOW);
        assert!(lines.starts_with("*.example.com is ready: 1 of its 2 records is correct, and its"), "{lines}");
        assert!(lines.ends_with("\nStep 2, when you are ready: create a.example CNAME x.acme.example\n"), "{lines}");
        let line = ready_line(&ready, NOW);
        assert_eq!(
            line,
            "*.example.com is ready: its record is correct, and its certificate expires 2026-04-01 (in 89 days).\n"
        );
    }
}
