//! Everything that is not as it should be with an endpoint now. Status and notifications both read it.

use diagnosis::report::{CheckSummary, Concern, RecordStatus, Severity as FindingSeverity};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::failing::Failing;
use crate::endpoint::health::{Health, Symptom, SymptomKind, consequence, settles_at};
use crate::endpoint::notified::{Cause, Severity, Source};
use crate::endpoint::status::EndpointStatus;

/// How late an attempt may begin before its schedule is taken for stopped: many ticks of one minute.
pub const OVERDUE: Duration = Duration::minutes(15);

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// In a word that stays the same. With [`owner`](Self::owner), what tells it from other issues.
    pub cause: Cause,
    /// Whose part is undone. The guidance may say that nobody is waited on for now: a retry of ours goes on automatically.
    pub owner: WaitingOn,
    /// What the endpoint's status is by it, if nothing worse is wrong.
    pub status: EndpointStatus,
    pub guidance: Guidance,
    pub since: OffsetDateTime,
    /// When the host will be without a good certificate unless it is resolved.
    pub breaks_at: Option<OffsetDateTime>,
    /// How people are notified; `None` for what is only shown.
    pub notice: Option<Notice>,
}

/// How people are notified of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    pub kind: AlertKind,
    pub severity: Severity,
    pub source: Source,
    /// Whether the cause is the installation's, a service's or the CA's, so that it meets many endpoints at once.
    pub shared: bool,
    /// Whether it is certain. What one health check saw, a second one confirms first.
    pub confirmed: bool,
}

impl Issue {
    /// As people are notified of it now, if they are.
    pub fn due_notice(&self) -> Option<Notice> {
        self.notice.filter(|notice| notice.confirmed)
    }
}

/// All that is not as it should be with `endpoint` at `now`, each cause once.
///
/// Empty exactly when a good certificate is in place and nothing stands in the way of the next one.
pub fn issues(endpoint: &Endpoint, now: OffsetDateTime) -> Vec<Issue> {
    let wrong = failing(endpoint, now).into_iter().chain(seen(endpoint, now));
    let all: Vec<Issue> = match endpoint.removing {
        true => {
            let removal = in_progress("removing", EndpointStatus::Paused, "The endpoint is being removed.", None, now);
            // Whatever else is wrong keeps nobody waiting any more; a removal that fails is notified all the same.
            let rest = wrong.map(|issue| Issue { status: EndpointStatus::Paused, ..issue });
            std::iter::once(removal).chain(rest).collect()
        }
        false => {
            wrong.chain(checked(endpoint, now)).chain(overdue(endpoint, now)).chain(progress(endpoint, now)).collect()
        }
    };
    let mut found: Vec<Issue> = Vec::new();
    for issue in all {
        // The records that an attempt fails by are those that a check finds wrong: one issue, not two.
        if !found.iter().any(|known| known.cause == issue.cause) {
            found.push(issue);
        }
    }
    found
}

/// Whether a failure is of no single endpoint: the CA is unavailable, a service fails, the installation is wrong, or a record
/// of its own name.
pub fn is_shared(failure: &Failure) -> bool {
    use FailureName::*;
    failure.waiting_on() != WaitingOn::DomainOwner
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

/// A check that found all records right after the last attempt failed: the next attempt takes them up.
fn is_fixed(failing: &Failing, check: Option<&CheckSummary>) -> bool {
    failing.failure.waiting_on() == WaitingOn::DomainOwner
        && check
            .is_some_and(|check| is_newer(failing, check) && check.records == RecordStatus::Ok && check.worst.is_none())
}

fn is_newer(failing: &Failing, check: &CheckSummary) -> bool {
    check.checked_at > failing.failed_at.unwrap_or(failing.since)
}

fn held_until(endpoint: &Endpoint) -> Option<OffsetDateTime> {
    endpoint.certificate.as_ref().map(|held| held.not_after)
}

/// Its attempts fail.
fn failing(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Issue> {
    let failing = endpoint.failing.as_ref()?;
    let failure = &failing.failure;
    let owner = failure.waiting_on();
    if is_fixed(failing, endpoint.check.as_ref()) {
        let fixed = "The records are right now; the next attempt takes them up.";
        return Some(in_progress("records-fixed", EndpointStatus::Issuing, fixed, held_until(endpoint), now));
    }
    let good = held_until(endpoint).is_some_and(|until| now < until);
    let parked = failing.parked_since();
    let status = match owner {
        _ if parked.is_some() => EndpointStatus::Paused,
        WaitingOn::Ca | WaitingOn::Nobody => EndpointStatus::Retrying,
        WaitingOn::Operator if failure.name.mends_itself() => EndpointStatus::Retrying,
        WaitingOn::Operator if good => EndpointStatus::Degraded,
        WaitingOn::DomainOwner | WaitingOn::Operator => EndpointStatus::ActionRequired,
    };
    let kind = match (owner, &endpoint.certificate) {
        (WaitingOn::DomainOwner, _) => AlertKind::ActionRequired,
        (_, Some(_)) => AlertKind::RenewalFailed,
        (_, None) => AlertKind::IssuanceFailed,
    };
    let severity = Severity::of(endpoint, owner, now);
    let notice = Notice {
        kind,
        severity,
        source: Source::Attempts,
        shared: is_shared(failure),
        // What may be chance, and nobody can help, is notified of when it has lasted into the end of a certificate.
        confirmed: owner != WaitingOn::Nobody || severity > Severity::Notice,
    };
    // Who seems to have left is notified once, by a cause of its own, and of nothing else any more.
    let (cause, since) = match parked {
        Some(since) => (Cause::parked(), since),
        None => (failure.name.into(), failing.since),
    };
    let mut guidance = newest(endpoint, failing).clone();
    if parked.is_some() {
        guidance.summary = paused_since(&guidance.summary, failing, endpoint);
    }
    if status == EndpointStatus::Retrying && owner == WaitingOn::Operator {
        guidance.waiting_on = WaitingOn::Nobody;
    }
    Some(Issue { cause, owner, status, guidance, since, breaks_at: held_until(endpoint), notice: Some(notice) })
}

/// What is known best of why it fails: a check since then knows it better, as far as it is the domain owner's.
fn newest<'a>(endpoint: &'a Endpoint, failing: &'a Failing) -> &'a Guidance {
    let failed_by = &failing.failure.guidance;
    let newer = endpoint.check.as_ref().filter(|check| is_newer(failing, check));
    let concern = newer.and_then(|check| check.worst.as_ref());
    match concern {
        Some(Concern { severity: FindingSeverity::Error, guidance, .. })
            if failed_by.waiting_on == WaitingOn::DomainOwner && guidance.waiting_on == WaitingOn::DomainOwner =>
        {
            guidance
        }
        _ => failed_by,
    }
}

/// Said in a way that asks nobody to hurry.
fn paused_since(summary: &str, failing: &Failing, endpoint: &Endpoint) -> String {
    let since = failing.absence.as_ref().map_or(failing.since, |absence| absence.since).date();
    format!(
        "{summary} That has been so since {since}, and it looks as if the owner had left: the endpoint is paused. Its \
         records are checked less and less often, and issuance resumes automatically once they are right. To retry now: \
         managed-https renew {}",
        endpoint.names.primary()
    )
}

/// What health checks have seen at its records, its host and its certificate.
fn seen(endpoint: &Endpoint, now: OffsetDateTime) -> impl Iterator<Item = Issue> {
    let held = endpoint.certificate.as_ref().zip(endpoint.current_health());
    held.into_iter().flat_map(move |(held, health)| {
        health.confirmed().filter_map(move |symptom| of_symptom(endpoint, held, health, symptom, now))
    })
}

/// `None` for what is shown and is no issue: a certificate that nobody has attached yet, or that is no longer wanted, is
/// mostly somebody's will.
fn of_symptom(
    endpoint: &Endpoint,
    held: &InstalledCertificate,
    health: &Health,
    symptom: &Symptom,
    now: OffsetDateTime,
) -> Option<Issue> {
    use SymptomKind::*;
    let owner = symptom.guidance.waiting_on;
    let check = endpoint.check.as_ref().filter(|check| check.checked_at > health.looked_at);
    let parked = endpoint.failing.as_ref().is_some_and(|failing| failing.parked_since().is_some());
    let outdated = match symptom.kind {
        // Somebody has checked again since, or nobody is waited on any more.
        DnsBroken => parked && owner == WaitingOn::DomainOwner || check.is_some_and(|check| !has_error(check)),
        AnotherServed | ChainIncomplete => check.is_some_and(|check| !check.serves_another),
        _ => false,
    };
    if outdated {
        return None;
    }
    let (kind, cause, source, least) = match symptom.kind {
        // By the name of the failure that it becomes at the renewal, so that nobody is notified again then.
        DnsBroken => (AlertKind::ActionRequired, broken_dns(owner), Source::Look, Severity::Notice),
        AnotherServed => {
            let cause = Cause::new("served-certificate-differs");
            (AlertKind::ServedCertificateDiffers, cause, Source::Look, Severity::Warning)
        }
        ChainIncomplete => {
            let cause = Cause::new("served-chain-incomplete");
            (AlertKind::ServedCertificateDiffers, cause, Source::Look, Severity::Warning)
        }
        CertificateMissing => {
            (AlertKind::CertificateMissing, Cause::new("certificate-missing"), Source::Store, Severity::Error)
        }
        AnotherHeld => (AlertKind::CertificateMissing, Cause::new("another-in-acm"), Source::Store, Severity::Error),
        CopyMissing => (AlertKind::CertificateMissing, Cause::new("copy-missing"), Source::Store, Severity::Error),
        Detached => (AlertKind::CertificateMissing, Cause::new("listener-without"), Source::Store, Severity::Error),
        HostUnreachable | Unused => return None,
    };
    let status = match symptom.kind {
        // Without its certificate a host fails, whatever else is right of it.
        CertificateMissing | AnotherHeld | CopyMissing | Detached => EndpointStatus::ActionRequired,
        _ => EndpointStatus::Degraded,
    };
    let mut guidance = symptom.guidance.clone();
    if symptom.kind == DnsBroken {
        guidance.summary = consequence(&guidance.summary, health.dns_good_at, held);
    }
    let severity = Severity::of(endpoint, owner, now).max(least);
    Some(Issue {
        cause,
        owner,
        status,
        guidance,
        since: symptom.since,
        breaks_at: Some(held.not_after),
        notice: Some(Notice { kind, severity, source, shared: false, confirmed: true }),
    })
}

fn broken_dns(owner: WaitingOn) -> Cause {
    match owner {
        WaitingOn::DomainOwner => FailureName::RecordsNotReady.into(),
        _ => Cause::new("dns-broken"),
    }
}

fn has_error(check: &CheckSummary) -> bool {
    check.worst.as_ref().is_some_and(|worst| worst.severity == FindingSeverity::Error)
}

/// What the newest check found while a certificate is in place, before a health check has confirmed it.
fn checked(endpoint: &Endpoint, now: OffsetDateTime) -> impl Iterator<Item = Issue> {
    let held = endpoint.certificate.as_ref().filter(|_| endpoint.failing.is_none());
    let at_work = held.zip(endpoint.check.as_ref());
    at_work.into_iter().flat_map(move |(held, check)| {
        let records = check.worst.as_ref().filter(|worst| worst.severity == FindingSeverity::Error).map(|worst| {
            let good = endpoint.health.as_ref().and_then(|health| health.dns_good_at);
            let guidance =
                Guidance { summary: consequence(&worst.guidance.summary, good, held), ..worst.guidance.clone() };
            (broken_dns(guidance.waiting_on), AlertKind::ActionRequired, Severity::Notice, guidance)
        });
        let served = (check.serves_another && check.checked_at >= settles_at(held)).then(|| {
            let guidance = Guidance::new(
                WaitingOn::Operator,
                "The host presents another certificate than the one in ACM.",
                "Attach the certificate to the load balancer's listener.",
            );
            let kind = AlertKind::ServedCertificateDiffers;
            (Cause::new("served-certificate-differs"), kind, Severity::Warning, guidance)
        });
        records.into_iter().chain(served).map(move |(cause, kind, least, guidance)| {
            let severity = Severity::of(endpoint, guidance.waiting_on, now).max(least);
            Issue {
                cause,
                owner: guidance.waiting_on,
                status: EndpointStatus::Degraded,
                guidance,
                since: check.checked_at,
                breaks_at: Some(held.not_after),
                notice: Some(Notice { kind, severity, source: Source::Look, shared: false, confirmed: false }),
            }
        })
    })
}

/// An attempt is due, and nobody has begun it.
fn overdue(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Issue> {
    let waits = endpoint.failing.is_none() && !endpoint.is_leased(now);
    let late = endpoint.due_at.filter(|due| waits && now > *due + OVERDUE)?;
    let good = held_until(endpoint).is_some_and(|until| now < until);
    let (kind, cause, since, what) = match &endpoint.certificate {
        Some(held) if now > held.renew_at + OVERDUE => {
            let what = "The renewal has been due for a while, and nothing has started it.";
            (AlertKind::ExpiryApproaching, "renewal-overdue", held.renew_at, what)
        }
        _ => {
            let what = "An attempt has been due for a while, and nothing has started it.";
            (AlertKind::IssuanceFailed, "attempt-overdue", late, what)
        }
    };
    let owner = WaitingOn::Operator;
    let notice = Notice {
        kind,
        severity: Severity::of(endpoint, owner, now).max(Severity::Warning),
        source: Source::Clock,
        shared: cause == "attempt-overdue",
        confirmed: true,
    };
    Some(Issue {
        cause: Cause::new(cause),
        owner,
        status: if good { EndpointStatus::Degraded } else { EndpointStatus::ActionRequired },
        guidance: Guidance::new(owner, what, "Check whether the schedule runs: managed-https doctor"),
        since,
        breaks_at: held_until(endpoint),
        notice: Some(notice),
    })
}

/// Why the certificate in place is not the one that is wanted, while that is on its way.
fn progress(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Issue> {
    let (cause, what, breaks_at) = match &endpoint.certificate {
        _ if endpoint.failing.is_some() => return None,
        _ if endpoint.is_leased(now) => ("attempt-running", "An attempt is running.", None),
        None => ("no-certificate", "The first attempt is about to start.", None),
        Some(held) if !endpoint.names.same_set(&held.names) => {
            ("names-changed", "The names have changed. A new certificate is being issued.", Some(held.not_after))
        }
        Some(held) if now >= held.renew_at => ("renewal-due", "The renewal is about to start.", Some(held.not_after)),
        Some(_) => return None,
    };
    Some(in_progress(cause, EndpointStatus::Issuing, what, breaks_at, now))
}

fn in_progress(
    cause: &str,
    status: EndpointStatus,
    what: &str,
    breaks_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Issue {
    Issue {
        cause: Cause::new(cause),
        owner: WaitingOn::Nobody,
        status,
        guidance: Guidance::without_action(WaitingOn::Nobody, what),
        since: now,
        breaks_at,
        notice: None,
    }
}

impl Severity {
    /// How much it matters that `endpoint` cannot get its next certificate until `owner` does something.
    ///
    /// Without a certificate nothing breaks that worked, so time does not make it worse: a domain owner who has yet to
    /// create records is given notice, and the digest goes on about it; a platform that cannot serve a new customer is
    /// warned.
    pub fn of(endpoint: &Endpoint, owner: WaitingOn, now: OffsetDateTime) -> Self {
        match (&endpoint.certificate, owner) {
            (Some(held), _) => Self::of_life(held.not_before, held.not_after, now),
            (None, WaitingOn::Operator) => Self::Warning,
            (None, WaitingOn::DomainOwner | WaitingOn::Ca | WaitingOn::Nobody) => Self::Notice,
        }
    }
}
