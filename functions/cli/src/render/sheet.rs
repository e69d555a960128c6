//! The list of endpoints, for spreadsheets.

use time::OffsetDateTime;
use vocabulary::text::utc;
use wire::EndpointView;

use super::words::{InWords, Person};

const COLUMNS: [&str; 13] = [
    "endpoint",
    "tenant",
    "domain",
    "names",
    "reachability",
    "status",
    "waiting_on",
    "reason",
    "next_step",
    "expires",
    "renewal",
    "certificate",
    "muted_until",
];

pub(crate) fn csv_head() -> String {
    record(COLUMNS.map(str::to_owned))
}

/// One line: the words of the table, times in UTC, the additional names with blanks between them.
pub(crate) fn csv_row(endpoint: &EndpointView) -> String {
    let time = |at: Option<OffsetDateTime>| at.map_or_else(String::new, utc);
    record([
        endpoint.id.clone(),
        endpoint.tenant.clone(),
        endpoint.domain.clone(),
        endpoint.names.iter().skip(1).cloned().collect::<Vec<_>>().join(" "),
        endpoint.reachability.to_string(),
        endpoint.as_words().to_owned(),
        endpoint.actor.as_word().to_owned(),
        endpoint.reason.clone(),
        endpoint.next_step.clone(),
        time(endpoint.certificate.not_after),
        time(endpoint.certificate.renews_at),
        endpoint.certificate.arn.clone().unwrap_or_default(),
        time(endpoint.mute.as_ref().map(|mute| mute.until)),
    ])
}

fn record(cells: [String; COLUMNS.len()]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells.map(harmless)).expect("memory takes all");
    let bytes = writer.into_inner().expect("memory takes all");
    String::from_utf8(bytes).expect("it was made of texts")
}

/// Text from DNS or a CA that a spreadsheet would run as a formula is text there, too (OWASP, CSV injection).
fn harmless(text: String) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text != "-" {
        true => format!("'{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn each_endpoint_is_a_line_of_as_many_cells_as_the_head_has() {
        let mut endpoint = sample::endpoint();
        endpoint.reason = "=HYPERLINK(\"https://evil.example\")".into();
        let text = csv_head() + &csv_row(&endpoint);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().expect("a head").len(), COLUMNS.len());
        let row = reader.records().next().expect("a line").expect("as long as the head");
        let cell = |name: &str| row.get(COLUMNS.iter().position(|column| *column == name).expect(name)).expect("there");
        assert_eq!((cell("domain"), cell("names")), ("*.example.com", "example.com"));
        assert_eq!((cell("status"), cell("waiting_on")), ("action required", "domain owner"));
        assert_eq!((cell("expires"), cell("muted_until")), ("2026-04-01T00:00:00Z", ""));
        assert_eq!(cell("reason"), "'=HYPERLINK(\"https://evil.example\")");
    }
}
