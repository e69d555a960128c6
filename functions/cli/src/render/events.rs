//! Events, as a log: the newest last.

use time::OffsetDateTime;
use vocabulary::times::{exact, relative};
use wire::{Event, EventKind};

use crate::terminal::output::{Colour, Style};

/// Whose events are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trail {
    OfOne,
    /// Each line then names its endpoint.
    OfAll,
}

/// Given the newest first, as the API has them.
pub(crate) fn events(style: Style, trail: Trail, events: &[Event], now: OffsetDateTime) -> String {
    let lines: String = events.iter().rev().map(|event| event_line(style, trail, event)).collect();
    let last =
        events.first().map_or_else(String::new, |event| format!("\nThe last one: {}.\n", relative(event.at, now)));
    lines + &last
}

/// `2026-01-01 00:00:00 UTC  registered  Registered.  (by arn:… from 192.0.2.1)`
pub(crate) fn event_line(style: Style, trail: Trail, event: &Event) -> String {
    let from = event.by.address.as_ref().map_or_else(String::new, |address| format!(" from {address}"));
    // In the word of the history and the pages.
    let word = if event.set_up { "waiting for DNS".to_owned() } else { event.kind.to_string() };
    let kind = format!("{word:<21}");
    let kind = match event.kind.known() {
        _ if event.set_up => style.paint(&kind, Colour::Cyan),
        Some(EventKind::AttemptFailed) => style.paint(&kind, Colour::Red),
        Some(EventKind::CertificateIssued | EventKind::CertificateRenewed) => style.paint(&kind, Colour::Green),
        _ => kind,
    };
    let of = match (trail, event.domain.as_ref().or(event.endpoint.as_ref())) {
        (Trail::OfAll, Some(of)) => format!("{of}: "),
        _ => String::new(),
    };
    format!("{}  {kind}  {of}{}  (by {}{from})\n", exact(event.at), event.summary, event.by.who)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_attempt_during_set_up_is_shown_as_waiting_and_a_later_one_as_failed() {
        let line = |set_up: bool| {
            let event: Event = serde_json::from_value(json!({
                "id": "001795521600000-fffff", "at": "2026-01-01T00:00:00Z", "kind": "attempt_failed", "set_up": set_up,
                "by": {"who": "managed-https"}, "summary": "Attempt 1 is waiting for DNS records: no CNAME"
            }))
            .expect("an event");
            event_line(Style { colour: true, width: None }, Trail::OfOne, &event)
        };
        let painted = |word: &str, colour| Style { colour: true, width: None }.paint(&format!("{word:<21}"), colour);
        let (waiting, failed) = (line(true), line(false));
        assert!(
            waiting.contains(&painted("waiting for DNS", Colour::Cyan)) && !waiting.contains("failed"),
            "{waiting}"
        );
        assert!(failed.contains(&painted("attempt_failed", Colour::Red)), "{failed}");
    }
}
