//! Consecutive failures: how long they have lasted, whose fault they are, and when an endpoint is paused.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::{Guidance, WaitingOn};

/// How long a registration may be unproven before it is paused, unless the installation says otherwise (`UnprovenHours`).
pub const UNPROVEN_PATIENCE: Duration = Duration::days(7);

/// An endpoint with an expired certificate is paused after it has been the domain owner's fault for this part of its lifetime.
///
/// Renewal opens with a third of it left, or half for a short one: nothing is paused before it expires.
const PATIENCE: f64 = 0.5;

/// How an endpoint's attempts have failed since its last success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failing {
    pub failure: Failure,
    /// The first of the consecutive failures.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// The first of the latest failures with the same name; absent from before this was recorded.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub same_since: Option<OffsetDateTime>,
    /// The last one; absent from before this was recorded.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub failed_at: Option<OffsetDateTime>,
    /// Consecutive failures, whatever their reason.
    pub attempts: u32,
    /// Those of them with requests to the CA: the waits between attempts grow with them.
    #[serde(default)]
    pub asked: u32,
    /// Since when the domain owner's part has been undone; absent while it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absence: Option<Absence>,
    /// Directory of the CA at which the last attempt had an order: if the CA caused the failure, another one is used next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The failure to act on, while the CA makes us wait because of it: the current failure's text includes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<Failure>>,
}

/// How long a domain owner's part has been undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Attempts that ended by it.
    #[serde(rename = "looks")]
    pub checks: u32,
    #[serde(rename = "parked_since", with = "time::serde::rfc3339::option", default)]
    pub paused_since: Option<OffsetDateTime>,
}

impl Failing {
    /// A first failure.
    pub fn first(failure: Failure, now: OffsetDateTime) -> Self {
        Self::after(None, failure, None, UNPROVEN_PATIENCE, now)
    }

    /// `before` with one more failure at `now`, for an endpoint with the certificate `held`. `patience`: how long an endpoint
    /// without a certificate may wait for its domain owner.
    ///
    /// An absence continues through a failure of our own, which says nothing about the domain owner. It ends once the CA was
    /// reached: that happens only when the domain owner's part is done.
    pub fn after(
        before: Option<&Self>,
        failure: Failure,
        held: Option<&InstalledCertificate>,
        patience: Duration,
        now: OffsetDateTime,
    ) -> Self {
        let (failure, cause) = with_its_cause(before, failure);
        let cause = cause.or_else(|| remembered(before, &failure));
        let known = before.and_then(|before| before.absence.clone());
        let absence = match failure.waiting_on() {
            WaitingOn::DomainOwner => Some(known.unwrap_or_else(|| Absence::begins(now)).longer(held, patience, now)),
            WaitingOn::Operator | WaitingOn::Nobody => known,
            WaitingOn::Ca => None,
        };
        // Neither uses any of the CA's limits.
        let unasked = matches!(failure.name, FailureName::RecordsNotReady | FailureName::BudgetSpent);
        Self {
            since: before.map_or(now, |before| before.since),
            same_since: match before {
                Some(before) if before.failure.name == failure.name => Some(before.same_since()),
                _ => Some(now),
            },
            failed_at: Some(now),
            attempts: before.map_or(0, |before| before.attempts) + 1,
            asked: before.map_or(0, |before| before.asked) + u32::from(!unasked),
            absence,
            failure,
            directory: None,
            cause,
        }
    }

    /// Since when all attempts have failed by the same name.
    pub fn same_since(&self) -> OffsetDateTime {
        self.same_since.unwrap_or(self.since)
    }

    /// The same, for an attempt whose order was at the CA with this directory.
    pub fn at(self, directory: Option<&str>) -> Self {
        Self { directory: directory.map(str::to_owned), ..self }
    }

    /// Since when the endpoint has been paused: its domain owner seems to be gone, and nobody else can help.
    pub fn paused_since(&self) -> Option<OffsetDateTime> {
        let absence = self.absence.as_ref().filter(|_| self.failure.waiting_on() == WaitingOn::DomainOwner)?;
        absence.paused_since
    }
}

/// A limit spent by failed validations does not say why they failed: the previous failure does, and remains the one to act on.
/// The time to retry is the CA's.
fn with_its_cause(before: Option<&Failing>, failure: Failure) -> (Failure, Option<Box<Failure>>) {
    let Some(problem) = failure.problem.as_ref().filter(|_| failure.name == FailureName::RateLimited) else {
        return (failure, None);
    };
    let known = before.map(|before| before.cause.as_deref().unwrap_or(&before.failure));
    let Some(cause) = known.filter(|cause| cause.name == FailureName::ChallengeFailed) else { return (failure, None) };
    if problem.is_pause() {
        let summary = format!("{} The validations failed by: {}", failure.guidance.summary, cause.guidance.summary);
        let failure = Failure { guidance: Guidance { summary, ..failure.guidance }, ..failure };
        return (failure, Some(Box::new(cause.clone())));
    }
    if !problem.is_failed_validations() {
        return (failure, None);
    }
    let limited =
        format!("{} The CA takes no new order for a while, as validations failed too often.", cause.guidance.summary);
    let guidance = Guidance { summary: limited, ..cause.guidance.clone() };
    let merged = Failure { guidance, retry_after: failure.retry_after, ..cause.clone() };
    (merged, Some(Box::new(cause.clone())))
}

/// Why the CA's validations failed, kept through failures that do not say it.
fn remembered(before: Option<&Failing>, failure: &Failure) -> Option<Box<Failure>> {
    use FailureName::{BudgetSpent, CaUnavailable, OrderLost, RateLimited, Throttled, TimedOut, Unavailable};
    let silent = [BudgetSpent, CaUnavailable, OrderLost, RateLimited, Throttled, TimedOut, Unavailable];
    let before = before.filter(|_| silent.contains(&failure.name))?;
    let failed = before.failure.name == FailureName::ChallengeFailed;
    before.cause.clone().or_else(|| failed.then(|| Box::new(before.failure.clone())))
}

impl Absence {
    fn begins(now: OffsetDateTime) -> Self {
        Self { since: now, checks: 0, paused_since: None }
    }

    /// With one more check at `now`.
    fn longer(self, held: Option<&InstalledCertificate>, patience: Duration, now: OffsetDateTime) -> Self {
        let checks = self.checks.saturating_add(1);
        let has_left = match held {
            None => now - self.since >= patience,
            Some(held) => {
                let lifetime: Duration = held.not_after - held.not_before;
                now >= held.not_after && now - self.since >= lifetime * PATIENCE
            }
        };
        Self { checks, paused_since: self.paused_since.or(has_left.then_some(now)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::samples;
    use crate::endpoint::schedule::next_attempt;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn failure(name: FailureName, actor: WaitingOn) -> Failure {
        Failure::new(name, actor, "what", "do this")
    }

    fn missing() -> Failure {
        failure(FailureName::RecordsNotReady, WaitingOn::DomainOwner)
    }

    /// Checks again and again, each when it is due, until the endpoint is paused.
    fn until_paused(held: Option<&InstalledCertificate>, mut now: OffsetDateTime) -> (Failing, OffsetDateTime) {
        let mut failing = Failing::first(missing(), now);
        while failing.paused_since().is_none() {
            now = next_attempt(&failing, now, 0.0);
            failing = Failing::after(Some(&failing), missing(), held, UNPROVEN_PATIENCE, now);
        }
        (failing, now)
    }

    fn certificate(lifetime: Duration) -> InstalledCertificate {
        samples::certificate([], NOW, lifetime)
    }

    #[test]
    fn an_unproven_registration_lapses_exactly_when_the_patience_is_over() {
        let (failing, now) = until_paused(None, NOW);
        let (waited, checks) = (now - NOW, failing.absence.as_ref().map(|absence| absence.checks));
        assert!(waited >= UNPROVEN_PATIENCE && waited < UNPROVEN_PATIENCE + Duration::hours(7), "{waited}");
        assert!(checks.is_some_and(|checks| checks < 80), "{checks:?}");
        let patience = Duration::hours(2);
        let first = Failing::first(missing(), NOW);
        let at = |wait| Failing::after(Some(&first), missing(), None, patience, NOW + wait).paused_since();
        assert_eq!((at(patience - Duration::SECOND), at(patience)), (None, Some(NOW + patience)));
    }

    #[test]
    fn an_endpoint_is_paused_only_after_its_certificate_expired_and_half_a_lifetime_without_records() {
        for lifetime in [Duration::days(90), Duration::days(47), Duration::hours(160)] {
            let held = certificate(lifetime);
            let (_, paused) = until_paused(Some(&held), held.renew_at);
            let after = paused - held.renew_at;
            assert!(paused >= held.not_after, "{lifetime}");
            assert!(after >= lifetime * 0.5 && after < lifetime * 0.5 + Duration::hours(7), "{lifetime}: {after}");
        }
    }

    #[test]
    fn an_absence_of_records_outlasts_our_own_failures_and_ends_with_an_answer_of_the_ca() {
        let (paused, now) = until_paused(None, NOW);
        let throttled = failure(FailureName::Throttled, WaitingOn::Operator);
        let ours = Failing::after(Some(&paused), throttled, None, UNPROVEN_PATIENCE, now);
        assert_eq!((ours.paused_since(), &ours.absence), (None, &paused.absence), "it shows what it failed by");
        assert!(
            Failing::after(Some(&ours), missing(), None, UNPROVEN_PATIENCE, now).paused_since().is_some(),
            "and is paused all the same"
        );
        let limited = failure(FailureName::RateLimited, WaitingOn::Ca);
        assert_eq!(Failing::after(Some(&paused), limited, None, UNPROVEN_PATIENCE, now).absence, None);
    }

    #[test]
    fn a_limit_that_failed_validations_have_spent_does_not_hide_why_they_failed() {
        use vocabulary::acme::{CaRequest, Refusal};
        use vocabulary::failure::Problem;
        let limited = |words: &str| {
            let problem = Problem::new("rateLimited", words);
            Refusal { problem, status: Some(429), retry_after: Some(NOW + Duration::minutes(12)) }
                .to_failure(CaRequest::NewOrder, None)
        };
        let spent = limited("too many failed authorizations (5) for \"a.example.com\" in the last 1h0m0s");
        let record = failure(FailureName::ChallengeFailed, WaitingOn::DomainOwner);
        let mut failing = Failing::first(record.clone(), NOW);
        for _ in 0..5 {
            failing = Failing::after(Some(&failing), spent.clone(), None, UNPROVEN_PATIENCE, NOW);
            let shown = &failing.failure;
            assert_eq!((shown.name, shown.waiting_on()), (FailureName::ChallengeFailed, WaitingOn::DomainOwner));
            assert_eq!(shown.guidance.action, record.guidance.action);
            assert_eq!(
                shown.guidance.summary,
                "what The CA takes no new order for a while, as validations failed too often."
            );
            assert_eq!(next_attempt(&failing, NOW, 0.0), NOW + Duration::minutes(12), "the CA's time, however often");
        }
        let paused = limited(
            "Your account is temporarily prevented from requesting certificates for a. Please visit: https://x",
        );
        let paused = Failing::after(Some(&failing), paused, None, UNPROVEN_PATIENCE, NOW);
        assert_eq!((paused.failure.name, paused.failure.waiting_on()), (FailureName::RateLimited, WaitingOn::Operator));
        assert!(paused.failure.guidance.summary.ends_with("The validations failed by: what"), "{:?}", paused.failure);
        let orders = limited("too many new orders (300) from this account");
        assert_eq!(
            Failing::after(Some(&failing), orders.clone(), None, UNPROVEN_PATIENCE, NOW).failure,
            orders,
            "nothing of theirs"
        );
    }

    #[test]
    fn the_cause_of_failed_validations_is_remembered_through_unrelated_failures() {
        let after = |before: &Failing, failure| Failing::after(Some(before), failure, None, UNPROVEN_PATIENCE, NOW);
        let refused = failure(FailureName::ChallengeFailed, WaitingOn::DomainOwner);
        let away = after(&Failing::first(refused.clone(), NOW), failure(FailureName::Unavailable, WaitingOn::Operator));
        let later = after(&away, failure(FailureName::CaUnavailable, WaitingOn::Ca));
        assert_eq!(later.cause.as_deref(), Some(&refused));
        assert_eq!(later.failure.name, FailureName::CaUnavailable, "it shows what it failed by");
        assert_eq!(after(&later, missing()).cause, None, "that says what is wrong now");
    }

    #[test]
    fn failed_checks_do_not_lengthen_the_waits_between_ca_requests() {
        let mut failing = Failing::first(missing(), NOW);
        for _ in 0..9 {
            failing = Failing::after(Some(&failing), missing(), None, UNPROVEN_PATIENCE, NOW);
        }
        let failing = Failing::after(
            Some(&failing),
            failure(FailureName::ChallengeFailed, WaitingOn::DomainOwner),
            None,
            UNPROVEN_PATIENCE,
            NOW,
        );
        assert_eq!((failing.attempts, failing.asked), (11, 1));
        assert_eq!(next_attempt(&failing, NOW, 0.0), NOW + Duration::MINUTE);
    }

    #[test]
    fn a_failure_stored_before_absences_were_counted_is_read_and_continues() {
        let old = serde_json::json!({"failure": missing(), "since": "2026-11-01T00:00:00Z", "attempts": 90});
        let old: Failing = serde_json::from_value(old).expect("an older release wrote it");
        let next = Failing::after(Some(&old), missing(), None, UNPROVEN_PATIENCE, NOW);
        assert_eq!((next.attempts, next.since), (91, old.since));
        assert_eq!(next.absence, Some(Absence { since: NOW, checks: 1, paused_since: None }));
    }

    #[test]
    fn an_absence_is_stored_by_the_names_of_earlier_releases() {
        let stored = serde_json::json!({
            "since": "2026-11-24T12:00:00Z", "looks": 9, "parked_since": "2026-11-24T12:00:00Z",
        });
        let absence = Absence { since: NOW, checks: 9, paused_since: Some(NOW) };
        assert_eq!(serde_json::to_value(&absence).expect("plain data"), stored);
        assert_eq!(serde_json::from_value::<Absence>(stored).expect("an older release wrote it"), absence);
    }
}
