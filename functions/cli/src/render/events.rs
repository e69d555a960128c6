//! Events, as a log: the newest last.

use time::OffsetDateTime;
use vocabulary::times::{exact, relative};
use wire::{Event, EventKind};

use crate::terminal::output::{Colour, Look};

/// Given the newest first, as the API has them.
pub(crate) fn events(look: Look, events: &[Event], now: OffsetDateTime) -> String {
    let lines: String = events.iter().rev().map(|event| event_line(look, event)).collect();
    let last =
        events.first().map_or_else(String::new, |event| format!("\nThe last one was {}.\n", relative(event.at, now)));
    lines + &last
}

/// `2026-01-01 00:00:00 UTC  registered  Registered.  (by arn:… from 192.0.2.1)`
pub(crate) fn event_line(look: Look, event: &Event) -> String {
    let from = event.by.address.as_ref().map_or_else(String::new, |address| format!(" from {address}"));
    let kind = format!("{:<21}", event.kind);
    let kind = match event.kind.known() {
        Some(EventKind::AttemptFailed) => look.paint(&kind, Colour::Red),
        Some(EventKind::CertificateIssued | EventKind::CertificateRenewed) => look.paint(&kind, Colour::Green),
        _ => kind,
    };
    format!("{}  {kind}  {}  (by {}{from})\n", exact(event.at), event.summary, event.by.who)
}
