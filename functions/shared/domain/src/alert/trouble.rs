//! What is wrong with an endpoint, from what is known of it.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use super::{AlertKind, Severity};
use crate::certificate::InstalledCertificate;
use crate::endpoint::Endpoint;
use crate::failure::{Actor, Failure, FailureName};
use crate::health::{Health, Symptom, SymptomKind, consequence};
use crate::records::RequiredRecord;

/// How late a renewal may begin before its engine is taken for stopped: many ticks of one minute.
const OVERDUE: Duration = Duration::minutes(15);

/// Why something is told, in a word that stays the same: a failure's name, a check's name, `issued`, `removed` …
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Cause(String);

impl Cause {
    pub fn new(word: impl Into<String>) -> Self {
        Self(word.into())
    }

    /// The customer seems to have left.
    pub fn parked() -> Self {
        Self::new("parked")
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<FailureName> for Cause {
    fn from(name: FailureName) -> Self {
        Self(name.as_str().to_owned())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a trouble shows. What is over is over where it showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Its attempts fail. Whatever they fail by, it lasts until one succeeds.
    Attempts,
    /// A look at its records and host.
    Look,
    /// The clock: what should have happened has not.
    Clock,
    /// A look at the certificate in ACM.
    Store,
}

impl Source {
    pub(super) fn is_a_look(self) -> bool {
        matches!(self, Self::Look | Self::Store)
    }
}

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

/// Whether a failure is of no single endpoint: the CA is away, a service fails, the installation is wrong.
pub fn is_shared(failure: &Failure) -> bool {
    use FailureName::*;
    failure.actor != Actor::Customer
        && matches!(
            failure.name,
            Throttled | Unavailable | CaUnavailable | RateLimited | BudgetSpent | Misconfigured | DestinationRefused
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
