//! The domain owner has moved names to another registration.

use time::OffsetDateTime;
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::text::moment;

use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity, Source};
use crate::endpoint::status::EndpointStatus;
use crate::issues::issue::{Due, Issue, Notice};

/// Its names now prove another registration: nothing happens here until the records point back, or the name is dropped.
pub(super) fn moved(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Issue> {
    let moved = endpoint.moved.as_ref()?;
    let names = moved.in_words();
    let certificate = match (&endpoint.certificate, endpoint.grace_ends(now)) {
        (None, _) => String::new(),
        (Some(_), Some(until)) => format!(" The endpoint's certificate is deleted on {}.", moment(until)),
        (Some(held), None) => format!(" The endpoint's certificate {} is deleted once nothing uses it.", held.arn),
    };
    let summary = format!("Paused: the DNS records of {names} now belong to another registration.{certificate}");
    let domain = endpoint.names.primary();
    let step = format!(
        "If that is intended, remove the endpoint (managed-https remove {domain}) or drop the name. If not, create its \
         records again: managed-https records {domain}"
    );
    let owner = WaitingOn::DomainOwner;
    Some(Issue {
        cause: Cause::moved(),
        check: None,
        owner,
        status: EndpointStatus::Paused,
        guidance: Guidance::new(owner, summary, step),
        since: moved.since,
        breaks_at: endpoint.grace_ends(now),
        notice: Some(Notice {
            kind: AlertKind::ActionRequired,
            severity: Severity::of(endpoint, owner, now),
            source: Source::Clock,
            shared: false,
            due: Due::Now,
        }),
    })
}
