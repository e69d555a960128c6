use std::fmt::Write;

use time::OffsetDateTime;
use time::macros::format_description;
use vocabulary::dns::ZoneName;
use vocabulary::record::quoted;
use vocabulary::text::printable;
use wire::{ConnectLink, EndpointView, Mail, RecordView};

use crate::installation::Brand;

/// Longer than any name or value.
const LONGEST: usize = 600;

/// A message to the domain owner: which records to create, and where to see whether they are correct.
pub fn message(view: &EndpointView, brand: &Brand, url: &str, expires_at: Option<OffsetDateTime>) -> Mail {
    let title = printable(view.title(), LONGEST);
    let apex = view.dns.provider.as_ref().and_then(|provider| provider.zone.as_deref());
    let (later, first): (Vec<_>, Vec<_>) = view.dns.records.iter().partition(|row| row.later);
    let (these, them) = if first.len() == 1 { ("this DNS record", "it") } else { ("these DNS records", "them") };
    let mut body = format!(
        "Hello,\n\n{} issues and renews the HTTPS certificate of {title} automatically. It needs {these} first.\n\
         Please create {them}, where the DNS of the domain is managed:\n\n",
        printable(brand.title(), LONGEST),
    );
    for (index, row) in first.iter().enumerate() {
        body += &block(index + 1, row, apex);
    }
    if !later.is_empty() {
        let (these, one) = if later.len() == 1 { ("this record", "the one") } else { ("these records", "those") };
        let these_names = if later.len() == 1 { "this name" } else { "these names" };
        let _ = write!(
            body,
            "When the certificate is issued and you are ready for your visitors to come to the platform, create {these}, or \
             change {one} at {these_names}. Until then nothing changes for them:\n\n"
        );
        for (index, row) in later.iter().enumerate() {
            body += &block(first.len() + index + 1, row, apex);
        }
    }
    let all = if view.dns.records.len() == 1 { "it is" } else { "they are" };
    let _ = write!(body, "This page shows whether {all} correct, without sign-in{}:\n{url}\n", until(expires_at));
    if let Some(contact) = &brand.contact {
        let _ = write!(body, "\nQuestions: {}\n", printable(contact, LONGEST));
    }
    Mail { subject: format!("DNS records for {title}"), body }
}

fn block(number: usize, RecordView { record, connect, .. }: &RecordView, apex: Option<&str>) -> String {
    let ZoneName { relative, zone } = ZoneName::of(&record.name, apex);
    let mut text = format!(
        "{number}. Type:   {}\n   Name:   {}   (in {}; in full: {})\n   Value:  {}\n",
        printable(&record.kind, LONGEST),
        printable(&relative, LONGEST),
        printable(&zone, LONGEST),
        printable(&record.name, LONGEST),
        printable(&record.value, LONGEST),
    );
    if record.kind == "TXT" {
        let _ = writeln!(
            text,
            "   In quotes, where the provider wants them: {}",
            printable(&quoted(&record.value), LONGEST)
        );
    }
    if record.kind == "ALIAS" {
        text += "   ALIAS is called ANAME or flattened CNAME by some providers.\n";
    }
    if let Some(ConnectLink { provider, host, url }) = connect {
        let [provider, host] = [provider, host].map(|text| printable(text, LONGEST));
        let _ = writeln!(text, "   Or sign in at {provider} ({host}) and confirm it there:\n   {url}");
    }
    text + "\n"
}

/// ` until 28 Dec 2026`
fn until(at: Option<OffsetDateTime>) -> String {
    let format = format_description!(" until [day padding:none] [month repr:short] [year]");
    at.map_or_else(String::new, |at| at.format(format).expect("a date has all the parts"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    fn view(records: serde_json::Value) -> EndpointView {
        serde_json::from_value(json!({"id": "ep-1", "domain": "xn--bcher-kva.example.com",
            "display_names": ["bücher.example.com"], "reachability": "external", "status": "issuing", "actor": "nobody",
            "reason": "r", "next_step": "n", "dns": {"records": records}, "certificate": {"state": "none"},
            "created_at": "2026-01-01T00:00:00Z"}))
        .expect("an endpoint")
    }

    #[test]
    fn a_message_has_each_record_as_it_is_typed_and_says_whom_to_ask() {
        let record =
            |name: &str, kind: &str, value: &str| json!({"name": name, "type": kind, "value": value, "purpose": "p"});
        let view = view(json!([
            record("_acme-challenge.xn--bcher-kva.example.com", "CNAME", "l.acme.platform.example"),
            json!({"name": "xn--bcher-kva.example.com", "type": "CNAME", "value": "edge.platform.example", "purpose": "p",
                "later": true})
        ]));
        let brand = Brand { name: Some("Acme Shops".into()), contact: Some("help@acme.example".into()) };
        let until = datetime!(2026-12-28 12:00 UTC);
        let Mail { subject, body } = message(&view, &brand, "https://x.example/records/t", Some(until));
        assert_eq!(subject, "DNS records for bücher.example.com");
        assert_eq!(
            body,
            "\
Hello,

Acme Shops issues and renews the HTTPS certificate of bücher.example.com automatically. It needs this DNS record first.
Please create it, where the DNS of the domain is managed:

1. Type:   CNAME
   Name:   _acme-challenge.xn--bcher-kva   (in example.com; in full: _acme-challenge.xn--bcher-kva.example.com)
   Value:  l.acme.platform.example

When the certificate is issued and you are ready for your visitors to come to the platform, create this record, or change \
the one at this name. Until then nothing changes for them:

2. Type:   CNAME
   Name:   xn--bcher-kva   (in example.com; in full: xn--bcher-kva.example.com)
   Value:  edge.platform.example

This page shows whether they are correct, without sign-in until 28 Dec 2026:
https://x.example/records/t

Questions: help@acme.example
"
        );
    }

    #[test]
    fn text_from_elsewhere_makes_no_lines_of_its_own() {
        let view =
            view(json!([{"name": "a.example.com", "type": "TXT", "value": "x\n2. Type: NS\u{202e}", "purpose": "p"}]));
        let Mail { body, .. } = message(&view, &Brand::default(), "https://x.example/", None);
        assert!(body.starts_with("Hello,\n\nOur platform issues") && !body.contains('\u{202e}'), "{body}");
        assert!(!body.lines().any(|line| line.starts_with("2.")), "{body}");
        assert!(body.contains("this DNS record first.\nPlease create it,") && !body.contains("Questions"), "{body}");
    }
}
