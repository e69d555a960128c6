//! What is due, and whether it is being started.

use time::{Duration, OffsetDateTime};
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::times::exact;

use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity, Source};
use crate::endpoint::status::EndpointStatus;
use crate::issues::issue::{Due, Issue, Notice};

/// How late an attempt may begin before the schedule counts as stopped.
///
/// If many are due at once, they wait for room in Lambda's concurrency: in the smallest account a thousand take about an hour.
pub const OVERDUE: Duration = Duration::hours(2);

/// An attempt is due, but has not been started.
pub(super) fn overdue(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Issue> {
    let waits = endpoint.failing.is_none() && !endpoint.is_leased(now);
    // An endpoint that waits for room is not late before its expected start.
    let expected = |due: OffsetDateTime| endpoint.expected_at.map_or(due, |expected| expected.max(due));
    let late = endpoint.due_at.map(expected).filter(|due| waits && now > *due + OVERDUE)?;
    let good = endpoint.expires_at().is_some_and(|until| now < until);
    let (kind, cause, since, what) = match &endpoint.certificate {
        Some(held) if now > expected(held.renew_at) + OVERDUE => {
            let what = "The renewal is overdue: no attempt has started.";
            (AlertKind::ExpiryApproaching, "renewal-overdue", held.renew_at, what)
        }
        _ => (AlertKind::IssuanceFailed, "attempt-overdue", late, "The next attempt is overdue: it has not started."),
    };
    let owner = WaitingOn::Operator;
    let notice = Notice {
        kind,
        severity: Severity::of(endpoint, owner, now).max(Severity::Warning),
        source: Source::Clock,
        shared: cause == "attempt-overdue",
        due: Due::Now,
    };
    Some(Issue {
        cause: Cause::new(cause),
        check: None,
        owner,
        status: if good { EndpointStatus::Degraded } else { EndpointStatus::ActionRequired },
        guidance: Guidance::new(owner, what, "Check whether the schedule runs: managed-https doctor"),
        since,
        breaks_at: endpoint.expires_at(),
        notice: Some(notice),
    })
}

/// Why the current certificate is not the wanted one, while that one is being issued.
pub(super) fn progress(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Issue> {
    let (cause, what, breaks_at) = match &endpoint.certificate {
        _ if endpoint.failing.is_some() => return None,
        _ if endpoint.is_leased(now) => ("attempt-running", "An attempt is running.", None),
        None => ("no-certificate", "The first attempt starts within a minute.", None),
        Some(held) if !endpoint.names.same_set(&held.names) => {
            ("names-changed", "The names have changed. A new certificate is being issued.", Some(held.not_after))
        }
        Some(held) if now >= held.renew_at => {
            ("renewal-due", "The renewal is due, and starts automatically.", Some(held.not_after))
        }
        Some(_) => return None,
    };
    let waits = endpoint.awaits_room_until(now).map(|until| {
        let until = exact(until);
        format!("The attempt waits until others have ended; it is expected to start automatically by {until}.")
    });
    let what = waits.as_deref().unwrap_or(what);
    Some(Issue::in_progress(cause, EndpointStatus::Issuing, what, breaks_at, now))
}
