//! Lines of a zone file (RFC 1035 §5.1), as BIND, NSD, Knot and PowerDNS read it.

use wire::RequiredRecord;

use super::{TTL, is_alias};
use crate::render::character_strings;

/// Full names, each with its dot at the end: the lines may stand under any `$ORIGIN`.
pub(crate) fn zone_lines(records: &[&RequiredRecord]) -> String {
    records.iter().map(|record| lines(record)).collect()
}

fn lines(record: &RequiredRecord) -> String {
    let RequiredRecord { name, kind, value, purpose } = record;
    let data = character_strings(record, " ").unwrap_or_else(|| full_name(value));
    let line = format!("{} {TTL} IN {kind} {data}\n", full_name(name));
    match is_alias(record) {
        // Not a type of DNS: a server would refuse the whole zone.
        true => format!(
            "; {purpose}\n; DNS has no such type: use your provider's ALIAS, ANAME or flattened CNAME.\n; {line}"
        ),
        false => format!("; {purpose}\n{line}"),
    }
}

/// In the form of a zone file: what has a meaning there is written as `\DDD`.
fn full_name(name: &str) -> String {
    let mut text = String::new();
    for byte in name.trim_end_matches('.').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => text.push(char::from(byte)),
            other => text += &format!("\\{other:03}"),
        }
    }
    text + "."
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn each_record_is_a_line_with_full_names_and_an_alias_is_a_comment() {
        let sample = sample();
        let text = zone_lines(&sample.iter().collect::<Vec<_>>());
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with(';')).collect();
        assert_eq!(
            lines,
            [
                "*.example.com. 300 IN CNAME edge.platform.example.",
                "a-b.example.co.uk. 300 IN CNAME edge.platform.example.",
                "_acme-challenge.example.com. 300 IN CNAME l.acme.platform.example.",
                "_acme-challenge.a-b.example.co.uk. 300 IN CNAME l.acme.platform.example.",
                "_validation-persist.example.org. 300 IN TXT \"ca.example; accounturi=https://ca.example/7\"",
            ]
        );
        assert!(text.contains("\n; example.com. 300 IN ALIAS edge.platform.example.\n"), "{text}");
    }

    #[test]
    fn what_has_a_meaning_in_a_zone_file_is_escaped() {
        assert_eq!(full_name("a\"b;c d\\e\n(f)$.example."), "a\\034b\\059c\\032d\\092e\\010\\040f\\041\\036.example.");
    }
}
