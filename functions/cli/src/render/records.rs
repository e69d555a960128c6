//! DNS records, so that they can be copied from a terminal.

use super::{keep_whole, table, text_of, width_of};
use crate::model::Record;
use crate::terminal::Look;

/// Columns that are typed into a zone: type, name and value.
const TO_COPY: usize = 3;
/// Width left for the purpose, so that a folded one can still be read.
const PURPOSE_WIDTH: usize = 24;

/// A table, or where names and values would be folded, which nobody could copy, one block for each record.
pub(crate) fn record_table(look: Look, records: &[Record]) -> String {
    if records.is_empty() {
        return "No records are needed.\n".into();
    }
    let mut table = table(look, &["TYPE", "NAME", "VALUE", "PURPOSE"]);
    for record in records {
        table.add_row([&record.kind, &record.name, &record.value, &record.purpose]);
    }
    keep_whole(&mut table, TO_COPY);
    match look.width {
        Some(width) if width_of(&table, TO_COPY) + PURPOSE_WIDTH > usize::from(width) => blocks(records),
        _ => text_of(&table),
    }
}

fn blocks(records: &[Record]) -> String {
    let block = |record: &Record| {
        let Record { name, kind, value, purpose } = record;
        format!("  {kind}\n    name      {name}\n    value     {value}\n    purpose   {purpose}\n")
    };
    records.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// As it is written in a zone's file, without its TTL.
pub(crate) fn record_line(record: &Record) -> String {
    format!("{} {} {}", record.name, record.kind, record.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<Record> {
        vec![Record {
            name: "_acme-challenge.www.example.com".into(),
            kind: "CNAME".into(),
            value: "abcdefghijklmnopqrstuvwxyz.acme.platform.example".into(),
            purpose: "Lets the platform prove control of www.example.com, now and at every renewal.".into(),
        }]
    }

    #[test]
    fn names_and_values_are_never_folded() {
        for width in [None, Some(60), Some(80), Some(120), Some(200)] {
            let text = record_table(Look { colour: false, width }, &records());
            assert!(text.contains(&records()[0].name) && text.contains(&records()[0].value), "{width:?}\n{text}");
            assert!(!text.contains(" \n"), "no line ends with blanks: {text:?}");
        }
    }

    #[test]
    fn a_table_keeps_to_the_width_and_a_program_gets_one_line_for_a_record() {
        let wide = record_table(Look { colour: false, width: Some(120) }, &records());
        assert!(wide.starts_with(" TYPE") && wide.lines().all(|line| line.chars().count() <= 120), "{wide}");
        let piped = record_table(Look { colour: false, width: None }, &records());
        assert_eq!(piped.lines().count(), 3, "{piped}");
    }
}
