//! What checks and health checks found.

use diagnosis::report::{CheckSummary, Severity as FindingSeverity};
use time::OffsetDateTime;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::failure::FailureName;
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::health::{Health, Symptom, SymptomKind, consequence, settles_at};
use crate::endpoint::notified::{Cause, Severity, Source};
use crate::endpoint::status::EndpointStatus;
use crate::issues::issue::{Due, Issue, Notice};

/// What health checks have seen of its records, its host and its certificate.
pub(super) fn seen(endpoint: &Endpoint, now: OffsetDateTime) -> impl Iterator<Item = Issue> {
    let held = endpoint.certificate.as_ref().zip(endpoint.current_health());
    held.into_iter().flat_map(move |(held, health)| {
        health.confirmed().filter_map(move |symptom| of_symptom(endpoint, held, health, symptom, now))
    })
}

/// `None` for what is shown but is no issue: a certificate that nobody has attached yet, or that is no longer wanted, is
/// usually intended.
fn of_symptom(
    endpoint: &Endpoint,
    held: &InstalledCertificate,
    health: &Health,
    symptom: &Symptom,
    now: OffsetDateTime,
) -> Option<Issue> {
    use SymptomKind::*;
    let owner = symptom.guidance.waiting_on;
    let check = endpoint.check.as_ref().filter(|check| check.checked_at > health.checked_at);
    let paused = endpoint.failing.as_ref().is_some_and(|failing| failing.paused_since().is_some());
    let outdated = match symptom.kind {
        // A newer check found it correct, or nobody is waited on any more.
        DnsBroken => paused && owner == WaitingOn::DomainOwner || check.is_some_and(|check| check.error().is_none()),
        AnotherServed | ChainIncomplete => check.is_some_and(|check| !check.serves_another),
        _ => false,
    };
    if outdated {
        return None;
    }
    let (kind, cause, source, least) = match symptom.kind {
        // Named like the failure that it becomes at the renewal, so that nobody is notified again then.
        DnsBroken => (AlertKind::ActionRequired, broken_dns(owner), Source::Check, Severity::Notice),
        AnotherServed => {
            let cause = Cause::new("served-certificate-differs");
            (AlertKind::ServedCertificateDiffers, cause, Source::Check, Severity::Warning)
        }
        ChainIncomplete => {
            let cause = Cause::new("served-chain-incomplete");
            (AlertKind::ServedCertificateDiffers, cause, Source::Check, Severity::Warning)
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
        // Without its certificate a host fails, even if everything else is correct.
        CertificateMissing | AnotherHeld | CopyMissing | Detached => EndpointStatus::ActionRequired,
        _ => EndpointStatus::Degraded,
    };
    let mut guidance = symptom.guidance.clone();
    if symptom.kind == DnsBroken {
        guidance.summary = consequence(&guidance.summary, health.dns_good_at, held, now);
    }
    let severity = Severity::of(endpoint, owner, now).max(least);
    Some(Issue {
        cause,
        check: symptom.check.clone(),
        owner,
        status,
        guidance,
        since: symptom.since,
        breaks_at: Some(held.not_after),
        notice: Some(Notice { kind, severity, source, shared: false, due: Due::Now }),
    })
}

/// The cause for wrong records in notifications.
pub(super) fn broken_dns(owner: WaitingOn) -> Cause {
    match owner {
        WaitingOn::DomainOwner => FailureName::RecordsNotReady.into(),
        _ => Cause::new("dns-broken"),
    }
}

/// What the latest check of an endpoint with a certificate found, before a health check has confirmed it.
pub(super) fn checked(endpoint: &Endpoint, now: OffsetDateTime) -> impl Iterator<Item = Issue> {
    let held = endpoint.certificate.as_ref().filter(|_| endpoint.failing.is_none());
    held.zip(endpoint.check.as_ref()).into_iter().flat_map(move |(held, check)| {
        let records = check.error().map(|worst| {
            let good = endpoint.health.as_ref().and_then(|health| health.dns_good_at);
            let summary = consequence(&worst.guidance.summary, good, held, now);
            let guidance = Guidance { summary, ..worst.guidance.clone() };
            let cause = broken_dns(guidance.waiting_on);
            (cause, Some(worst.check.clone()), AlertKind::ActionRequired, Severity::Notice, guidance)
        });
        let served = (check.serves_another && check.checked_at >= settles_at(held)).then(|| {
            let guidance = Guidance::new(
                WaitingOn::Operator,
                "The host serves a different certificate than the one in ACM.",
                "Attach the certificate to the load balancer's listener.",
            );
            let kind = AlertKind::ServedCertificateDiffers;
            (Cause::new("served-certificate-differs"), None, kind, Severity::Warning, guidance)
        });
        records.into_iter().chain(served).map(move |(cause, name, kind, least, guidance)| {
            let severity = Severity::of(endpoint, guidance.waiting_on, now).max(least);
            Issue {
                cause,
                check: name,
                owner: guidance.waiting_on,
                status: EndpointStatus::Degraded,
                guidance,
                since: check.checked_at,
                breaks_at: Some(held.not_after),
                notice: Some(Notice { kind, severity, source: Source::Check, shared: false, due: Due::WhenConfirmed }),
            }
        })
    })
}

/// The records of a new endpoint that a check found missing before its first attempt ended.
pub(super) fn first_records(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Issue> {
    let is_new = endpoint.certificate.is_none() && endpoint.failing.is_none() && !endpoint.is_ordering(now);
    let worst = endpoint.check.as_ref().filter(|_| is_new).and_then(CheckSummary::error)?;
    let owner = worst.guidance.waiting_on;
    (owner == WaitingOn::DomainOwner).then(|| Issue {
        cause: broken_dns(owner),
        check: Some(worst.check.clone()),
        owner,
        status: EndpointStatus::WaitingForDns,
        guidance: worst.guidance.clone(),
        since: endpoint.created_at,
        breaks_at: None,
        notice: Some(Notice {
            kind: AlertKind::ActionRequired,
            severity: Severity::of(endpoint, owner, now),
            source: Source::Attempts,
            shared: false,
            // The first attempt confirms it within minutes.
            due: Due::WhenConfirmed,
        }),
    })
}

/// The certificate is renewed while the host points to the platform, but no record proves any more whose domain it is.
pub(super) fn unproven(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Issue> {
    let held = endpoint.certificate.as_ref().filter(|_| endpoint.failing.is_none())?;
    let check = endpoint.check.as_ref()?;
    let worst = check.worst.as_ref().filter(|worst| worst.severity == FindingSeverity::Warning)?;
    let delegation = worst.check.starts_with("delegation-").then_some(&worst.guidance)?;
    let what = delegation.summary.trim_end_matches('.');
    let summary = format!(
        "{what}. Renewals continue while the other DNS records are correct; a change of names needs this record."
    );
    let owner = delegation.waiting_on;
    Some(Issue {
        cause: Cause::new("delegation-unproven"),
        check: Some(worst.check.clone()),
        owner,
        status: EndpointStatus::Degraded,
        guidance: Guidance { summary, ..delegation.clone() },
        since: check.checked_at,
        breaks_at: Some(held.not_after),
        notice: Some(Notice {
            kind: AlertKind::ActionRequired,
            severity: Severity::of(endpoint, owner, now),
            source: Source::Check,
            shared: false,
            due: Due::Now,
        }),
    })
}
