//! What is wrong with an endpoint, from what is known of it.

use time::{Duration, OffsetDateTime};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::failure::{Actor, Failure, FailureName};
use vocabulary::record::RequiredRecord;

use crate::alert::kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::health::{Health, Symptom, SymptomKind, consequence};
use crate::endpoint::notified::{Cause, Severity, Source};

/// How late a renewal may begin before its engine is taken for stopped: many ticks of one minute.
const OVERDUE: Duration = Duration::minutes(15);

/// One thing that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub kind: AlertKind,
    pub cause: Cause,
    pub actor: Actor,
    pub severity: Severity,
    pub source: Source,
    pub since: OffsetDateTime,
    pub what: String,
    pub remedy: String,
    pub record: Option<RequiredRecord>,
    /// Whether the cause is the installation's, a service's or the CA's, so that it meets many endpoints at once.
    pub shared: bool,
}

/// Whether a failure is of no single endpoint: the CA is away, a service fails, the installation is wrong, or a record of
/// its own name.
pub fn is_shared(failure: &Failure) -> bool {
    use FailureName::*;
    failure.actor != Actor::Customer
        && matches!(
            failure.name,
            Throttled
                | Unavailable
                | CaUnavailable
                | RateLimited
                | BudgetSpent
                | Misconfigured
                | DestinationRefused
                | RecordsNotReady
        )
}

/// All that is wrong with `endpoint` at `now`, each cause once.
pub fn troubles(endpoint: &Endpoint, now: OffsetDateTime) -> Vec<Trouble> {
    let all = failing(endpoint, now).into_iter().chain(seen(endpoint, now)).chain(overdue(endpoint, now));
    let mut found: Vec<Trouble> = Vec::new();
    for trouble in all {
        // The records that an attempt fails by are those that the look finds wrong: one trouble, not two.
        if !found.iter().any(|known| known.cause == trouble.cause) {
            found.push(trouble);
        }
    }
    found
}

fn failing(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Trouble> {
    let failing = endpoint.failing.as_ref()?;
    let failure = &failing.failure;
    let kind = match (failure.actor, &endpoint.certificate) {
        (Actor::Customer, _) => AlertKind::ActionRequired,
        (_, Some(_)) => AlertKind::RenewalFailed,
        (_, None) => AlertKind::IssuanceFailed,
    };
    // Who seems to have left is told so once, by a cause of its own, and of nothing else any more.
    let (cause, since, what) = match failing.parked_since() {
        Some(parked) => {
            let what = format!(
                "{} That has been so since {}, and it looks as if the owner had left: the endpoint is parked. Its records are \
                 looked at ever more rarely, and it goes on by itself when they are right.",
                failure.summary,
                failing.absence.as_ref().map_or(failing.since, |absence| absence.since).date(),
            );
            (Cause::parked(), parked, what)
        }
        None => (failure.name.into(), failing.since, failure.summary.clone()),
    };
    Some(Trouble {
        kind,
        cause,
        actor: failure.actor,
        severity: Severity::of(endpoint, failure.actor, now),
        source: Source::Attempts,
        since,
        what,
        remedy: failure.remedy.clone(),
        record: failure.record.as_deref().cloned(),
        shared: is_shared(failure),
    })
}

/// What looks at its records, its host and its certificate have seen beyond doubt.
fn seen(endpoint: &Endpoint, now: OffsetDateTime) -> impl Iterator<Item = Trouble> {
    let held = endpoint.certificate.as_ref().zip(endpoint.current_health());
    held.into_iter().flat_map(move |(held, health)| {
        health.confirmed().filter_map(move |symptom| of_symptom(endpoint, held, health, symptom, now))
    })
}

/// `None` for what is shown and not told: a certificate that nobody has attached yet, or that is no longer wanted, is
/// mostly somebody's will.
fn of_symptom(
    endpoint: &Endpoint,
    held: &InstalledCertificate,
    health: &Health,
    symptom: &Symptom,
    now: OffsetDateTime,
) -> Option<Trouble> {
    use SymptomKind::*;
    let (kind, cause, source, least) = match symptom.kind {
        // Told by the name of the failure that it becomes at the renewal, so that it is not told again then.
        DnsBroken if symptom.actor == Actor::Customer => {
            (AlertKind::ActionRequired, FailureName::RecordsNotReady.into(), Source::Look, Severity::Notice)
        }
        DnsBroken => (AlertKind::ActionRequired, Cause::new("dns-broken"), Source::Look, Severity::Notice),
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
    let what = match symptom.kind {
        DnsBroken => consequence(&symptom.summary, health.dns_good_at, held),
        _ => symptom.summary.clone(),
    };
    Some(Trouble {
        kind,
        cause,
        actor: symptom.actor,
        severity: Severity::of(endpoint, symptom.actor, now).max(least),
        source,
        since: symptom.since,
        what,
        remedy: symptom.remedy.clone(),
        record: symptom.record.clone(),
        shared: false,
    })
}

/// A renewal is due, and nobody has begun it.
fn overdue(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Trouble> {
    let held = endpoint.certificate.as_ref()?;
    let late = now > held.renew_at + OVERDUE && endpoint.due_at.is_some_and(|due| now > due + OVERDUE);
    (late && endpoint.failing.is_none() && !endpoint.removing).then(|| Trouble {
        kind: AlertKind::ExpiryApproaching,
        cause: Cause::new("renewal-overdue"),
        actor: Actor::Operator,
        severity: Severity::of(endpoint, Actor::Operator, now).max(Severity::Warning),
        source: Source::Clock,
        since: held.renew_at,
        what: "The renewal has been due for a while, and nothing has started it.".into(),
        remedy: "Look whether the schedule runs: managed-https doctor".into(),
        record: None,
        shared: false,
    })
}

impl Severity {
    /// How much it matters that `endpoint` cannot get its next certificate until `actor` does something.
    ///
    /// Without a certificate nothing breaks that worked, so time does not make it worse: a customer who has yet to create
    /// records is given notice, and the digest goes on about it; a platform that cannot serve a new customer is warned.
    pub fn of(endpoint: &Endpoint, actor: Actor, now: OffsetDateTime) -> Self {
        match (&endpoint.certificate, actor) {
            (Some(held), _) => Self::of_life(held.not_before, held.not_after, now),
            (None, Actor::Operator) => Self::Warning,
            (None, Actor::Customer | Actor::Ca) => Self::Notice,
        }
    }
}
