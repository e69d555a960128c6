//! A drawing of the DNS path: from each record of the domain owner's zone to its required target.

use askama::Template;
use askama::filters::HtmlSafe;
use wire::{EndpointView, Open, RecordStatus, RecordView, Status};

use super::words::plain;

#[derive(Debug, Template)]
#[template(path = "parts/dns-path.html")]
pub(crate) struct DnsPath {
    links: Vec<Link>,
}

impl HtmlSafe for DnsPath {}

/// One record as a link between two names.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    name: String,
    kind: String,
    /// The record's state in a word.
    state: &'static str,
    tone: &'static str,
    target: String,
    /// What the target is.
    place: &'static str,
    /// Where it leads instead.
    instead: Option<String>,
}

impl DnsPath {
    /// `None` if no record leads anywhere.
    pub(crate) fn of(view: &EndpointView) -> Option<Self> {
        let links: Vec<_> = view
            .dns
            .records
            .iter()
            .filter(|row| row.record.kind != "TXT")
            .map(|row| link(row, view.status == Status::WaitingForDns))
            .collect();
        (!links.is_empty()).then_some(Self { links })
    }
}

/// `calm`: the endpoint is being set up, so missing records are expected.
fn link(row: &RecordView, calm: bool) -> Link {
    let (state, tone) = match &row.status {
        None => ("not checked yet", "mute"),
        Some(_) if row.waits_for_visitors() => ("step 2", "wait"),
        Some(Open::Known(RecordStatus::Ok)) => ("correct", "good"),
        Some(Open::Known(RecordStatus::Missing)) => ("missing", if calm { "wait" } else { "bad" }),
        Some(Open::Known(RecordStatus::Mismatch)) => ("wrong value", "bad"),
        Some(Open::Known(RecordStatus::Conflict)) => ("conflict", "bad"),
        Some(Open::Known(RecordStatus::Unreachable) | Open::Other(_)) => ("no answer", "warn"),
    };
    let place = if row.record.name.starts_with("_acme-challenge.") { "delegation zone" } else { "platform" };
    let elsewhere = |text: &&String| !text.ends_with(&row.record.value);
    let instead = row.found.iter().flat_map(|found| &found.records).find(elsewhere).filter(|_| tone == "bad");
    Link {
        name: plain(&row.record.name),
        kind: plain(&row.record.kind),
        state,
        tone,
        target: plain(&row.record.value),
        place,
        instead: instead.map(|text| plain(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(name: &str, status: Option<&str>, records: &[&str]) -> RecordView {
        serde_json::from_value(
            json!({"name": name, "type": "CNAME", "value": "t.example", "purpose": "p", "status": status,
            "found": [{"server": "ns", "records": records, "error": null}]}),
        )
        .expect("a record")
    }

    #[test]
    fn a_broken_link_says_how_it_is_broken_and_where_it_leads() {
        let challenge =
            link(&row("_acme-challenge.www.example.com", Some("mismatch"), &["CNAME other.example"]), false);
        assert_eq!((challenge.state, challenge.tone, challenge.place), ("wrong value", "bad", "delegation zone"));
        assert_eq!(challenge.instead.as_deref(), Some("CNAME other.example"));
        let host = link(&row("www.example.com", Some("ok"), &["CNAME t.example"]), false);
        assert_eq!((host.tone, host.place, host.instead), ("good", "platform", None));
        assert_eq!(link(&row("www.example.com", Some("missing"), &[]), false).instead, None);
        assert_eq!(link(&row("www.example.com", None, &[]), false).tone, "mute");
        let missing = || row("www.example.com", Some("missing"), &[]);
        assert_eq!(
            (link(&missing(), false).tone, link(&missing(), true).tone),
            ("bad", "wait"),
            "set-up is no failure"
        );
    }
}
