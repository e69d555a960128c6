//! The issues that the attempts of an endpoint fail by.

use diagnosis::report::{CheckSummary, Concern, RecordStatus};
use time::{Duration, OffsetDateTime};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::failing::Failing;
use crate::endpoint::notified::{Cause, Severity, Source};
use crate::endpoint::status::EndpointStatus;
use crate::issues::issue::{Due, Issue, Notice};
use crate::issues::observed::broken_dns;

/// Whether a failure is not specific to one endpoint: the CA is unavailable, a service fails, the installation is wrong, or a
/// record of its own name.
pub fn is_shared(failure: &Failure) -> bool {
    use FailureName::*;
    // Nobody: the name servers of one domain were unreachable.
    !matches!(failure.waiting_on(), WaitingOn::DomainOwner | WaitingOn::Nobody)
        && matches!(
            failure.name,
            Throttled
                | Unavailable
                | CaUnavailable
                | RateLimited
                | BudgetSpent
                | Misconfigured
                | AccountRefused
                | DestinationRefused
                | RecordsNotReady
        )
}

/// Its attempts fail.
pub(super) fn failed(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Issue> {
    let failing = endpoint.failing.as_ref()?;
    let failure = &failing.failure;
    let until = endpoint.expires_at();
    let ordering = endpoint.awaits_first_records() && endpoint.is_ordering(now);
    if ordering || is_fixed(failing, endpoint.check.as_ref()) {
        let what = match ordering {
            true => "The DNS records are correct. The certificate is being ordered.",
            false => "The DNS records are correct. The next attempt orders the certificate.",
        };
        return Some(Issue::in_progress("records-fixed", EndpointStatus::Issuing, what, until, now));
    }
    let newer = newest(endpoint, failing);
    let owner = newer.map_or(failure.waiting_on(), |concern| concern.guidance.waiting_on);
    let paused = failing.paused_since();
    let retried = paused.is_none() && is_retried(failing, now);
    let good = until.is_some_and(|until| now < until);
    let status = match owner {
        _ if paused.is_some() => EndpointStatus::Paused,
        WaitingOn::DomainOwner if endpoint.awaits_first_records() => EndpointStatus::WaitingForDns,
        _ if retried => EndpointStatus::Retrying,
        WaitingOn::Ca | WaitingOn::Nobody => EndpointStatus::Retrying,
        WaitingOn::Operator if good => EndpointStatus::Degraded,
        WaitingOn::DomainOwner | WaitingOn::Operator => EndpointStatus::ActionRequired,
    };
    let kind = match (owner, &endpoint.certificate) {
        (WaitingOn::DomainOwner, _) => AlertKind::ActionRequired,
        (_, Some(_)) => AlertKind::RenewalFailed,
        (_, None) => AlertKind::IssuanceFailed,
    };
    let severity = Severity::of(endpoint, owner, now);
    let due = match status {
        EndpointStatus::WaitingForDns => Due::AfterPatience,
        // What may be chance, and nobody can fix, is notified once it lasts into the end of a certificate's lifetime.
        _ if owner == WaitingOn::Nobody && severity == Severity::Notice => Due::WhenConfirmed,
        _ => Due::Now,
    };
    let notice = Notice { kind, severity, source: Source::Attempts, shared: is_shared(failure), due };
    // People are notified of a pause once, with its own cause, and of nothing else afterwards.
    let (cause, since) = match (paused, newer) {
        (Some(since), _) => (Cause::paused(), since),
        (None, Some(_)) if owner != failure.waiting_on() => (broken_dns(owner), failing.since),
        (None, _) => (failure.name.into(), failing.since),
    };
    let mut guidance = newer.map_or(&failure.guidance, |concern| &concern.guidance).clone();
    let check = newer.map(|concern| concern.check.clone()).or_else(|| failure.check.clone());
    if paused.is_some() {
        guidance.summary = paused_since(&guidance.summary, failing, endpoint);
    }
    if retried {
        (guidance.waiting_on, guidance.action) = (WaitingOn::Nobody, None);
    }
    let notice = (!retried).then_some(notice);
    Some(Issue { cause, check, owner, status, guidance, since, breaks_at: until, notice })
}

/// An AWS service has not answered, but only for a short time: retries are automatic, and one of them usually succeeds.
fn is_retried(failing: &Failing, now: OffsetDateTime) -> bool {
    failing.failure.waiting_on() == WaitingOn::Operator
        && failing.failure.name.mends_itself()
        && now - failing.same_since() < RETRIED
}

/// How long a service may fail before the operator is waited on: the third attempt is ten minutes after the second.
pub const RETRIED: Duration = Duration::minutes(10);

/// A check that found no error after the last attempt failed: the next attempt orders the certificate.
fn is_fixed(failing: &Failing, check: Option<&CheckSummary>) -> bool {
    failing.failure.waiting_on() == WaitingOn::DomainOwner
        && check.is_some_and(|check| {
            is_newer(failing, check) && check.records != RecordStatus::Unreachable && check.error().is_none()
        })
}

fn is_newer(failing: &Failing, check: &CheckSummary) -> bool {
    check.checked_at > failing.failed_at.unwrap_or(failing.since)
}

/// A check since the last attempt has newer information about a failure caused by records or their name servers. It never
/// overrides what a CA or an AWS service has said.
fn newest<'a>(endpoint: &'a Endpoint, failing: &Failing) -> Option<&'a Concern> {
    let newer = endpoint.check.as_ref().filter(|check| is_newer(failing, check))?;
    let of_records = match failing.failure.waiting_on() {
        WaitingOn::DomainOwner => true,
        WaitingOn::Nobody => failing.failure.name == FailureName::Unavailable,
        WaitingOn::Operator | WaitingOn::Ca => false,
    };
    newer.error().filter(|_| of_records)
}

fn paused_since(summary: &str, failing: &Failing, endpoint: &Endpoint) -> String {
    let since = failing.absence.as_ref().map_or(failing.since, |absence| absence.since).date();
    let summary = summary.trim_end_matches('.');
    format!(
        "Paused: no correct DNS records since {since}. {summary}. The records are now checked less often (at most weekly), \
         and issuance resumes automatically once they are correct. To check now: managed-https renew {}",
        endpoint.names.primary()
    )
}
