//! DNS records, so that they can be copied from a terminal.

use comfy_table::Cell;
use wire::{ConnectLink, RecordView, RequiredRecord};

use super::facts::facts;
use super::{cell, colour_of_status, keep_whole, table, text_of, width_of};
use crate::terminal::output::Style;

/// Columns that are typed into a zone, type, name and value, and before them how it is there now.
const WHOLE: usize = 4;
/// Width left for the purpose, so that a folded one can still be read.
const PURPOSE_WIDTH: usize = 24;

/// Of a record that only the visitors wait for: it is no fault.
pub(super) const LATER: &str = "step 2";

/// A table, or where names and values would be folded, which nobody could copy, one block for each record.
pub(crate) fn record_table(style: Style, records: &[RecordView]) -> String {
    if records.is_empty() {
        return "No records are needed.\n".into();
    }
    let mut table = table(style, &["STATUS", "TYPE", "NAME", "VALUE", "PURPOSE"]);
    for row in records {
        let record = &row.record;
        let status = match (&row.status, row.waits_for_visitors()) {
            (None, _) => Cell::new("-"),
            (Some(_), true) => Cell::new(LATER),
            (Some(status), false) => cell(style, &status.to_string(), colour_of_status(status)),
        };
        let texts = [&record.kind, &record.name, &record.value, &record.purpose].map(Cell::new);
        table.add_row([status].into_iter().chain(texts));
    }
    keep_whole(&mut table, WHOLE);
    let text = match style.width {
        Some(width) if width_of(&table, WHOLE) + PURPOSE_WIDTH > usize::from(width) => blocks(style, records),
        _ => text_of(&table),
    };
    text + &connect_links(records)
}

/// Where domain owners create records at their DNS provider. On lines of their own, not folded: they are opened or copied.
pub(super) fn connect_links(records: &[RecordView]) -> String {
    let links = records.iter().filter_map(|row| Some((&row.record, row.connect.as_ref()?)));
    let line = |(record, link): (&RequiredRecord, &ConnectLink)| {
        format!("\nCreate {} at {} ({}):\n   {}\n", record.name, link.provider, link.host, link.url)
    };
    links.map(line).collect()
}

fn blocks(style: Style, records: &[RecordView]) -> String {
    let block = |row: &RecordView| {
        let record = &row.record;
        let status = match (&row.status, row.waits_for_visitors()) {
            (None, _) => String::new(),
            (Some(_), true) => format!("  {LATER}"),
            (Some(status), false) => format!("  {}", style.paint(&status.to_string(), colour_of_status(status))),
        };
        let purpose = facts(style, &[("  purpose", record.purpose.clone())]);
        format!(" {}{status}\n   name      {}\n   value     {}\n{purpose}", record.kind, record.name, record.value)
    };
    records.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// Octets of one string in a TXT record (RFC 1035 §3.3).
const MOST_OCTETS: usize = 255;

/// The text of a TXT record as quoted strings, with `between` them: each string has room for 255 octets, and readers join
/// them. `None` for other records.
pub(crate) fn character_strings(record: &RequiredRecord, between: &str) -> Option<String> {
    if record.kind != "TXT" {
        return None;
    }
    let (mut parts, mut octets) = (vec![String::new()], 0);
    for c in record.value.chars() {
        if octets + c.len_utf8() > MOST_OCTETS {
            parts.push(String::new());
            octets = 0;
        }
        let part = parts.last_mut().expect("never empty");
        if matches!(c, '"' | '\\') {
            part.push('\\');
        }
        part.push(c);
        octets += c.len_utf8();
    }
    Some(format!("\"{}\"", parts.join(&format!("\"{between}\""))))
}

/// As it is written in a zone's file, without its TTL.
pub(crate) fn record_line(record: &RequiredRecord) -> String {
    let value = character_strings(record, " ").unwrap_or_else(|| record.value.clone());
    format!("{} {} {value}", record.name, record.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::width::cells;
    use wire::RecordStatus;

    fn records() -> Vec<RecordView> {
        vec![RecordView {
            record: RequiredRecord {
                name: "_acme-challenge.www.example.com".into(),
                kind: "CNAME".into(),
                value: "abcdefghijklmnopqrstuvwxyz.acme.platform.example".into(),
                purpose: "Lets the platform prove control of www.example.com, now and at every renewal.".into(),
            },
            status: Some(RecordStatus::Missing.into()),
            later: false,
            found: Vec::new(),
            connect: None,
        }]
    }

    #[test]
    fn a_record_that_only_the_visitors_wait_for_is_no_fault() {
        let mut records = records();
        records[0].later = true;
        for width in [None, Some(60)] {
            let text = record_table(Style { colour: true, width }, &records);
            assert!(text.contains("step 2") && !text.contains("missing"), "{text}");
        }
    }

    #[test]
    fn a_link_to_the_dns_provider_is_printed_whole_on_its_own_line() {
        let mut records = records();
        let url = format!("https://connect.provider.example/v2/apply?label={}", "x".repeat(100));
        let host = "connect.provider.example".to_owned();
        records[0].connect = Some(ConnectLink { provider: "Provider".into(), host, url: url.clone() });
        let text = record_table(Style { colour: false, width: Some(60) }, &records);
        assert!(text.lines().any(|line| line.trim() == url), "{text}");
        assert!(
            text.contains("Create _acme-challenge.www.example.com at Provider (connect.provider.example):"),
            "{text}"
        );
    }

    #[test]
    fn names_and_values_are_never_folded() {
        for width in [None, Some(60), Some(80), Some(120), Some(200)] {
            let text = record_table(Style { colour: false, width }, &records());
            let RequiredRecord { name, value, .. } = &records()[0].record;
            assert!(text.contains(name) && text.contains(value) && text.contains("missing"), "{width:?}\n{text}");
            assert!(!text.contains(" \n"), "no line ends with blanks: {text:?}");
        }
    }

    #[test]
    fn a_text_is_quoted_where_it_is_written_into_a_zone_and_plain_in_the_table() {
        let mut records = records();
        let record = &mut records[0].record;
        (record.kind, record.value) = ("TXT".into(), "ca.example; accounturi=https://ca.example/7".into());
        assert!(record_line(record).ends_with("TXT \"ca.example; accounturi=https://ca.example/7\""));
        record.value = "x".repeat(300);
        assert_eq!(character_strings(record, " "), Some(format!("\"{}\" \"{}\"", "x".repeat(255), "x".repeat(45))));
        assert!(record_table(Style { colour: false, width: None }, &records).contains(&"x".repeat(300)));
    }

    #[test]
    fn a_table_keeps_to_the_width_and_a_program_gets_one_line_for_a_record() {
        let wide = record_table(Style { colour: false, width: Some(130) }, &records());
        assert!(wide.starts_with(" STATUS") && wide.lines().all(|line| cells(line) <= 130), "{wide}");
        let piped = record_table(Style { colour: false, width: None }, &records());
        assert_eq!(piped.lines().count(), 3, "{piped}");
    }
}
