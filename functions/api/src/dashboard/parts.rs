//! The parts that several pages show: a value to copy, the records beside what was found, the findings.

use askama::Template;
use askama::filters::HtmlSafe;
use vocabulary::dns::ZoneName;
use vocabulary::guidance::NO_ACTION;
use wire::{DnsView, EndpointView, Finding, Found, ProviderHint, RecordView, WaitingOn};

use super::owner_view::{OwnerRecord, OwnerView};
use super::words::{self, plain};

/// A value with a button that copies it. The button is there only where the script runs.
#[derive(Debug, Template)]
#[template(
    ext = "html",
    source = r#"<span class="value"><code>{{ value }}</code><button type="button" class="copy" id="{{ id }}" data-copy="{{ value }}" aria-label="Copy {{ what }}">Copy</button></span>"#
)]
pub(crate) struct Copy {
    id: String,
    value: String,
    what: &'static str,
}

impl HtmlSafe for Copy {}

impl Copy {
    /// `id` is unique on the page, and the same when the page is made again: the focus stays where it is.
    pub(crate) fn of(id: &str, what: &'static str, value: &str) -> Self {
        Self { id: format!("copy-{id}"), value: plain(value), what }
    }
}

/// Who is waited on, and the next step.
#[derive(Debug, Template)]
#[template(ext = "html", source = r#"<p class="move"><strong>{{ who }}</strong> {{ what }}</p>"#)]
pub(crate) struct Move {
    who: String,
    what: String,
}

impl HtmlSafe for Move {}

impl Move {
    pub(crate) fn of(view: &EndpointView) -> Self {
        let what = words::prose(&view.next_step);
        match view.actor.known() {
            Some(WaitingOn::Nobody) if what == NO_ACTION => Self { who: NO_ACTION.into(), what: String::new() },
            Some(WaitingOn::Nobody) => Self { who: NO_ACTION.into(), what },
            Some(WaitingOn::Ca) => Self { who: "Waiting on the CA:".into(), what },
            _ => Self { who: format!("Next step, {}:", words::waiting_on(&view.actor)), what },
        }
    }
}

/// The required records, each beside what was found.
#[derive(Debug, Template)]
#[template(path = "parts/records.html")]
pub(crate) struct Records<'a> {
    pub(crate) dns: &'a DnsView,
    /// Whether the endpoint is being set up, so missing records are expected.
    pub(crate) calm: bool,
}

impl HtmlSafe for Records<'_> {}

/// One required record; on the domain owner's page with its name as typed into the zone, and with the findings about it.
#[derive(Debug, Template)]
#[template(path = "parts/record.html")]
pub(crate) struct Record<'a> {
    number: usize,
    row: &'a RecordView,
    /// Whether the endpoint is being set up, so missing records are expected.
    calm: bool,
    name: Option<&'a ZoneName>,
    findings: &'a [&'a Finding],
}

impl HtmlSafe for Record<'_> {}

impl<'a> Record<'a> {
    pub(crate) fn of(number: &usize, row: &'a RecordView, calm: &bool) -> Self {
        Self { number: *number, row, calm: *calm, name: None, findings: &[] }
    }

    pub(crate) fn of_owner(number: &usize, record: &'a OwnerRecord<'a>) -> Self {
        Self {
            number: *number,
            row: record.row,
            calm: record.calm,
            name: Some(&record.name),
            findings: &record.findings,
        }
    }
}

/// How the DNS provider wants a record typed.
#[derive(Debug, Template)]
#[template(path = "parts/provider.html")]
pub(crate) struct Provider<'a> {
    provider: &'a ProviderHint,
}

impl HtmlSafe for Provider<'_> {}

impl<'a> Provider<'a> {
    pub(crate) fn of(provider: &'a ProviderHint) -> Self {
        Self { provider }
    }
}

/// Servers that gave the same answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) servers: String,
    pub(crate) records: Vec<String>,
    pub(crate) chain: Vec<String>,
    pub(crate) error: Option<String>,
}

impl Answer {
    pub(crate) fn of(found: &[Found]) -> Vec<Self> {
        let mut groups: Vec<(&Found, Vec<&str>)> = Vec::new();
        for one in found {
            let same =
                |known: &Found| (&known.records, &known.chain, &known.error) == (&one.records, &one.chain, &one.error);
            match groups.iter_mut().find(|(known, _)| same(known)) {
                Some((_, servers)) => servers.push(&one.server),
                None => groups.push((one, vec![&one.server])),
            }
        }
        let texts = |all: &[String]| all.iter().map(|text| plain(text)).collect();
        groups
            .into_iter()
            .map(|(one, servers)| Self {
                servers: plain(&servers.join(", ")),
                records: texts(&one.records),
                chain: texts(&one.chain),
                error: one.error.as_deref().map(plain),
            })
            .collect()
    }
}

/// What is wrong, and how it is fixed.
#[derive(Debug, Template)]
#[template(path = "parts/findings.html")]
pub(crate) struct Findings<'a> {
    findings: Vec<&'a Finding>,
    /// On the domain owner's page: its reader is always the one waited on, types names into a zone, and has no CLI.
    for_owner: bool,
    /// The zone that the domain owner's DNS provider has, where it was seen.
    apex: Option<&'a str>,
}

impl HtmlSafe for Findings<'_> {}

impl<'a> Findings<'a> {
    pub(crate) fn of(findings: &'a [Finding]) -> Self {
        Self { findings: findings.iter().collect(), for_owner: false, apex: None }
    }

    /// Those of the domain owner, who reads them.
    pub(crate) fn of_owner(view: &OwnerView<'a>) -> Self {
        Self { findings: view.findings.clone(), for_owner: true, apex: view.apex }
    }

    /// How the name is typed into the zone.
    fn in_zone(&self, name: &str) -> Option<ZoneName> {
        self.for_owner.then(|| ZoneName::of(name, self.apex))
    }

    fn command<'f>(&self, finding: &'f Finding) -> Option<&'f str> {
        let command = finding.fix.command.as_deref()?;
        (!self.for_owner || !command.starts_with("managed-https ")).then_some(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(server: &str, record: &str) -> Found {
        Found { server: server.into(), records: vec![record.into()], chain: Vec::new(), error: None }
    }

    #[test]
    fn servers_with_the_same_answer_are_listed_together() {
        let answers = Answer::of(&[found("ns1", "CNAME a"), found("ns2", "CNAME b"), found("ns3", "CNAME a")]);
        let short: Vec<_> =
            answers.iter().map(|answer| (answer.servers.as_str(), answer.records[0].as_str())).collect();
        assert_eq!(short, [("ns1, ns3", "CNAME a"), ("ns2", "CNAME b")]);
    }

    #[test]
    fn a_value_to_copy_is_escaped_everywhere() {
        let html = Copy::of("x", "the value", "\"><script>alert(1)</script>\u{202e}").to_string();
        assert!(!html.contains("<script") && !html.contains('\u{202e}'), "{html}");
        assert!(html.contains(r#"data-copy="&#34;&#62;&#60;script"#), "{html}");
    }
}
