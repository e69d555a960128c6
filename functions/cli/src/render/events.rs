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
    let kind = format!("{:<21}", event.kind);
    let kind = match event.kind.known() {
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
