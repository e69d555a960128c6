//! One answer to “is it well, and if not, whose move is it?”, from what is known of an endpoint.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use crate::certificate::InstalledCertificate;
use crate::check::{Concern, RecordStatus, Severity};
use crate::endpoint::Endpoint;
use crate::failure::{Actor, Failure};
use crate::health::{Health, Symptom, SymptomKind, consequence, settles_at};

/// How late a scan may be before its schedule is taken for stopped: many ticks of one minute.
const OVERDUE: Duration = Duration::minutes(15);

/// The state of an endpoint in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Somebody must do something before there is a good certificate, or before it can be renewed.
    ActionRequired,
    /// A good certificate is in place, and something is wrong that will break it or its use.
    Degraded,
    /// It failed, and is tried again by itself; nobody need act.
    Retrying,
    /// A certificate is on its way.
    Issuing,
    /// Nothing is to be waited for: it is being removed, or its customer seems to have left and it is parked.
    Paused,
    /// A good certificate is in place, and nothing stands in the way of the next one.
    Ready,
}

impl Verdict {
    /// In the order in which they need attention.
    pub const ALL: [Self; 6] =
        [Self::ActionRequired, Self::Degraded, Self::Retrying, Self::Issuing, Self::Paused, Self::Ready];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActionRequired => "action_required",
            Self::Degraded => "degraded",
            Self::Retrying => "retrying",
            Self::Issuing => "issuing",
            Self::Paused => "paused",
            Self::Ready => "ready",
        }
    }
}

/// Whose move it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mover {
    Customer,
    Operator,
    Ca,
    Nobody,
}

impl From<Actor> for Mover {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::Customer => Self::Customer,
            Actor::Operator => Self::Operator,
            Actor::Ca => Self::Ca,
        }
    }
}

/// The certificate's own state, whatever DNS and the host say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// There is none, and no attempt has been made.
    None,
    /// The first one is on its way.
    Issuing,
    Active,
    /// Good, and its renewal is due.
    Expiring,
    Expired,
    /// There is none, and the last attempt failed.
    Failed,
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub mover: Mover,
    /// What is the case, in one or two sentences.
    pub reason: String,
    /// What is to be done next, for `mover`.
    pub next_step: String,
    /// When the host will be without a good certificate unless something is done; absent when all is well.
    pub breaks_at: Option<OffsetDateTime>,
}

/// The state of the certificate in place. Each boundary belongs to what comes after it.
pub fn certificate_state(endpoint: &Endpoint, now: OffsetDateTime) -> CertificateState {
    match &endpoint.certificate {
        Some(held) if now >= held.not_after => CertificateState::Expired,
        Some(held) if now >= held.renew_at => CertificateState::Expiring,
        Some(_) => CertificateState::Active,
        None if endpoint.is_leased(now) => CertificateState::Issuing,
        None if endpoint.failing.is_some() => CertificateState::Failed,
        None => CertificateState::None,
    }
}

/// Judges `endpoint` at `now` from its attempts, its certificate and its last look at DNS and host.
pub fn judge(endpoint: &Endpoint, now: OffsetDateTime) -> Judgement {
    if endpoint.removing {
        return Judgement {
            verdict: Verdict::Paused,
            mover: Mover::Nobody,
            reason: "The endpoint is being removed.".into(),
            next_step: "Nothing: what it published and its certificate are taken away.".into(),
            breaks_at: None,
        };
    }
    let held_until = endpoint.certificate.as_ref().map(|held| held.not_after);
    let good = held_until.is_some_and(|until| now < until);
    if let Some(failing) = &endpoint.failing {
        // The customer has mended what the last attempt failed by, and the next attempt is at work.
        let mended = endpoint.check.as_ref().is_some_and(|check| {
            check.checked_at > failing.failed_at.unwrap_or(failing.since)
                && check.records == RecordStatus::Ok
                && check.worst.is_none()
        });
        if !(mended && failing.failure.actor == Actor::Customer) {
            return match failing.parked_since() {
                Some(_) => parked(&failing.failure, held_until),
                None => failed(&failing.failure, good, held_until),
            };
        }
        return on_its_way("The records are right now; the next attempt takes them up.", held_until);
    }
    if endpoint.is_leased(now) {
        return on_its_way("An attempt is running.", None);
    }
    if endpoint.due_at.is_some_and(|due| now > due + OVERDUE) {
        return Judgement {
            verdict: if good { Verdict::Degraded } else { Verdict::ActionRequired },
            mover: Mover::Operator,
            reason: "An attempt has been due for a while, and nothing has started it.".into(),
            next_step: "Look whether the schedule runs: managed-https doctor".into(),
            breaks_at: held_until,
        };
    }
    match &endpoint.certificate {
        None => on_its_way("The first attempt is about to start.", None),
        Some(held) if !endpoint.names.same_set(&held.names) => {
            on_its_way("The names have changed; a certificate for them is about to be had.", None)
        }
        Some(held) if now >= held.renew_at => on_its_way("The renewal is about to start.", Some(held.not_after)),
        Some(held) => with_certificate(endpoint, held),
    }
}

fn failed(failure: &Failure, good: bool, held_until: Option<OffsetDateTime>) -> Judgement {
    let verdict = match failure.actor {
        Actor::Ca => Verdict::Retrying,
        Actor::Operator if failure.name.mends_itself() => Verdict::Retrying,
        Actor::Operator if good => Verdict::Degraded,
        Actor::Customer | Actor::Operator => Verdict::ActionRequired,
    };
    let mover = match (verdict, failure.actor) {
        (Verdict::Retrying, Actor::Operator) => Mover::Nobody,
        (_, actor) => actor.into(),
    };
    Judgement {
        verdict,
        mover,
        reason: failure.summary.clone(),
        next_step: failure.remedy.clone(),
        breaks_at: held_until,
    }
}

/// Its customer seems to have left: said in a way that asks nobody to hurry.
fn parked(failure: &Failure, held_until: Option<OffsetDateTime>) -> Judgement {
    Judgement {
        verdict: Verdict::Paused,
        mover: failure.actor.into(),
        reason: format!("Parked, as it has been so for long: {}", failure.summary),
        next_step: format!(
            "{} It is looked at ever more rarely, and goes on by itself when it is right; a renewal that somebody asks for takes it up at once.",
            failure.remedy
        ),
        breaks_at: held_until,
    }
}

fn on_its_way(reason: &str, breaks_at: Option<OffsetDateTime>) -> Judgement {
    Judgement {
        verdict: Verdict::Issuing,
        mover: Mover::Nobody,
        reason: reason.into(),
        next_step: "Nothing: it goes on by itself.".into(),
        breaks_at,
    }
}

/// Without its certificate a host fails, whatever else is right of it.
const MISSING: [SymptomKind; 4] =
    [SymptomKind::CertificateMissing, SymptomKind::AnotherHeld, SymptomKind::CopyMissing, SymptomKind::Detached];

fn with_certificate(endpoint: &Endpoint, held: &InstalledCertificate) -> Judgement {
    let wrong = |verdict, mover, reason: String, next_step: String| Judgement {
        verdict,
        mover,
        reason,
        next_step,
        breaks_at: Some(held.not_after),
    };
    let health = endpoint.current_health();
    let confirmed = |kinds: &[SymptomKind]| {
        health.into_iter().flat_map(Health::confirmed).find(|symptom| kinds.contains(&symptom.kind))
    };
    let told = |verdict, symptom: &Symptom| {
        wrong(verdict, symptom.actor.into(), symptom.summary.clone(), symptom.remedy.clone())
    };
    if let Some(symptom) = confirmed(&MISSING) {
        return told(Verdict::ActionRequired, symptom);
    }
    let check = endpoint.check.as_ref();
    if let Some(Concern { actor, summary, remedy, .. }) =
        check.and_then(|check| check.worst.as_ref()).filter(|worst| worst.severity == Severity::Error)
    {
        let good = endpoint.health.as_ref().and_then(|health| health.dns_good_at);
        let reason = format!("{summary} {}", consequence(good, held));
        return wrong(Verdict::Degraded, (*actor).into(), reason, remedy.clone());
    }
    if check.is_some_and(|check| check.serves_another && check.checked_at >= settles_at(held)) {
        return wrong(
            Verdict::Degraded,
            Mover::Operator,
            "The host presents another certificate than the one in ACM.".into(),
            "Attach the certificate to the load balancer's listener.".into(),
        );
    }
    // What the host presents may have been looked at anew since.
    let newer = |symptom: &&Symptom| {
        check.zip(health).is_none_or(|(check, health)| health.looked_at >= check.checked_at) && symptom.kind.is_grave()
    };
    if let Some(symptom) = confirmed(&[SymptomKind::AnotherServed, SymptomKind::ChainIncomplete]).filter(newer) {
        return told(Verdict::Degraded, symptom);
    }
    Judgement {
        verdict: Verdict::Ready,
        mover: Mover::Nobody,
        reason: "The certificate is in place.".into(),
        next_step: "Nothing: it is renewed by itself.".into(),
        breaks_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::TenantId;
    use crate::certificate::InstalledCertificate;
    use crate::check::{CheckSummary, Serving};
    use crate::endpoint::{Absence, DelegationLabel, EndpointId, Failing, Reachability};
    use crate::failure::FailureName;
    use crate::names::EndpointNames;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
    const RENEW: OffsetDateTime = datetime!(2027-01-23 12:00 UTC);
    const END: OffsetDateTime = datetime!(2027-02-22 12:00 UTC);

    fn fresh() -> Endpoint {
        Endpoint::register(
            EndpointId::from_random([1; 16]),
            TenantId::fallback(),
            EndpointNames::parse("www.example.com", &[], 9).expect("valid"),
            Reachability::External,
            DelegationLabel::from_random([2; 16]),
            NOW,
        )
    }

    fn held() -> Endpoint {
        let mut endpoint = fresh();
        endpoint.due_at = Some(RENEW);
        endpoint.certificate = Some(InstalledCertificate {
            arn: "arn".into(),
            serial: "1".into(),
            issuer: "CN=CA".into(),
            names: endpoint.names.iter().cloned().collect(),
            not_before: NOW,
            not_after: END,
            imported_at: NOW,
            renew_at: RENEW,
            directory: None,
            renewal_id: None,
            advice: None,
            generation: 1,
            renewal: false,
            announced: true,
            copies: vec![],
            listeners: vec![],
        });
        endpoint
    }

    fn failing(mut endpoint: Endpoint, name: FailureName, actor: Actor) -> Endpoint {
        let failure = Failure::new(name, actor, "what", "do this");
        endpoint.due_at = Some(NOW + Duration::MINUTE);
        endpoint.failing = Some(Failing::first(failure, NOW));
        endpoint
    }

    fn checked(mut endpoint: Endpoint, worst: Option<Severity>, serves_another: bool) -> Endpoint {
        let concern = |severity| Concern {
            check: "delegation-missing".into(),
            severity,
            actor: Actor::Customer,
            summary: "it is gone.".into(),
            remedy: "create it".into(),
            record: None,
        };
        endpoint.check = Some(CheckSummary {
            checked_at: NOW + Duration::HOUR,
            records: if worst == Some(Severity::Error) { RecordStatus::Missing } else { RecordStatus::Ok },
            worst: worst.map(concern),
            serves_another,
        });
        endpoint
    }

    fn says(endpoint: &Endpoint, now: OffsetDateTime) -> (Verdict, Mover) {
        let judgement = judge(endpoint, now);
        assert!(!judgement.reason.is_empty() && !judgement.next_step.is_empty());
        (judgement.verdict, judgement.mover)
    }

    #[test]
    fn a_certificate_is_named_by_its_place_in_its_life() {
        let state = |endpoint: &Endpoint, now| certificate_state(endpoint, now);
        assert_eq!(state(&fresh(), NOW), CertificateState::None);
        let mut running = fresh();
        running.lease_until = Some(NOW + Duration::HOUR);
        assert_eq!(state(&running, NOW), CertificateState::Issuing);
        let failed = failing(fresh(), FailureName::RecordsNotReady, Actor::Customer);
        assert_eq!(state(&failed, NOW), CertificateState::Failed);
        let tick = Duration::NANOSECOND;
        assert_eq!(state(&held(), RENEW - tick), CertificateState::Active);
        assert_eq!(state(&held(), RENEW), CertificateState::Expiring);
        assert_eq!(state(&held(), END - tick), CertificateState::Expiring);
        assert_eq!(state(&held(), END), CertificateState::Expired);
    }

    #[test]
    fn what_is_wrong_decides_whose_move_it_is() {
        use FailureName::*;
        let cases = [
            (failing(fresh(), RecordsNotReady, Actor::Customer), Verdict::ActionRequired, Mover::Customer),
            (failing(held(), RecordsNotReady, Actor::Customer), Verdict::ActionRequired, Mover::Customer),
            (failing(fresh(), Misconfigured, Actor::Operator), Verdict::ActionRequired, Mover::Operator),
            (failing(held(), Misconfigured, Actor::Operator), Verdict::Degraded, Mover::Operator),
            (failing(held(), Throttled, Actor::Operator), Verdict::Retrying, Mover::Nobody),
            (failing(fresh(), RateLimited, Actor::Ca), Verdict::Retrying, Mover::Ca),
            (checked(held(), Some(Severity::Error), false), Verdict::Degraded, Mover::Customer),
            (checked(held(), Some(Severity::Warning), false), Verdict::Ready, Mover::Nobody),
            (checked(held(), None, true), Verdict::Degraded, Mover::Operator),
            (checked(held(), None, false), Verdict::Ready, Mover::Nobody),
            (held(), Verdict::Ready, Mover::Nobody),
            (fresh(), Verdict::Issuing, Mover::Nobody),
        ];
        for (endpoint, verdict, mover) in cases {
            assert_eq!(says(&endpoint, NOW), (verdict, mover), "{:?} {:?}", endpoint.failing, endpoint.check);
        }
    }

    #[test]
    fn a_customer_who_has_mended_the_records_is_not_told_to_act_again() {
        let told = failing(fresh(), FailureName::RecordsNotReady, Actor::Customer);
        assert_eq!(says(&checked(told.clone(), None, false), NOW), (Verdict::Issuing, Mover::Nobody));
        let mut older = checked(told, None, false);
        older.failing.as_mut().expect("failing").failed_at = Some(NOW + Duration::DAY);
        assert_eq!(says(&older, NOW), (Verdict::ActionRequired, Mover::Customer));
    }

    #[test]
    fn a_parked_endpoint_says_who_can_wake_it_until_its_records_are_right() {
        let mut parked = failing(fresh(), FailureName::RecordsNotReady, Actor::Customer);
        let absence = Absence { since: NOW, looks: 99, parked_since: Some(NOW) };
        parked.failing.as_mut().expect("failing").absence = Some(absence);
        assert_eq!(says(&parked, NOW), (Verdict::Paused, Mover::Customer));
        let judgement = judge(&parked, NOW);
        assert!(judgement.reason.starts_with("Parked") && judgement.next_step.starts_with("do this"), "{judgement:?}");
        assert_eq!(says(&checked(parked.clone(), None, false), NOW), (Verdict::Issuing, Mover::Nobody));
        parked.failing.as_mut().expect("failing").failure.actor = Actor::Operator;
        assert_eq!(says(&parked, NOW), (Verdict::ActionRequired, Mover::Operator), "ours to mend first");
    }

    #[test]
    fn an_engine_that_has_stopped_is_seen_by_what_it_leaves_undone() {
        assert_eq!(says(&held(), RENEW + OVERDUE), (Verdict::Issuing, Mover::Nobody));
        assert_eq!(says(&held(), RENEW + OVERDUE + Duration::SECOND), (Verdict::Degraded, Mover::Operator));
        assert_eq!(says(&held(), END), (Verdict::ActionRequired, Mover::Operator));
    }

    #[test]
    fn it_is_said_when_it_will_break() {
        assert_eq!(judge(&held(), NOW).breaks_at, None);
        assert_eq!(judge(&checked(held(), Some(Severity::Error), false), NOW).breaks_at, Some(END));
        let failed = failing(held(), FailureName::RecordsNotReady, Actor::Customer);
        assert_eq!(judge(&failed, NOW).breaks_at, Some(END));
    }

    /// With a health of which `kind` is wrong, seen at so many looks.
    fn watched(mut endpoint: Endpoint, kind: SymptomKind, looks: u32) -> Endpoint {
        let (summary, remedy) = ("it is so.".to_owned(), "do this".to_owned());
        endpoint.health = Some(Health {
            looked_at: NOW + Duration::HOUR,
            dns_good_at: Some(NOW),
            symptoms: vec![Symptom { kind, since: NOW, looks, actor: Actor::Operator, summary, remedy, record: None }],
            served: Serving::NotChecked,
            used_by: vec![],
        });
        endpoint
    }

    #[test]
    fn what_the_schedule_has_seen_twice_counts() {
        let cases = [
            (SymptomKind::CertificateMissing, Verdict::ActionRequired),
            (SymptomKind::AnotherHeld, Verdict::ActionRequired),
            (SymptomKind::ChainIncomplete, Verdict::Degraded),
            (SymptomKind::AnotherServed, Verdict::Degraded),
            (SymptomKind::Unused, Verdict::Ready),
        ];
        for (kind, verdict) in cases {
            let judgement = judge(&watched(held(), kind, 2), NOW);
            assert_eq!(judgement.verdict, verdict, "{kind:?}");
            assert_eq!(judge(&watched(held(), kind, 1), NOW).verdict, Verdict::Ready, "{kind:?}, seen once");
        }
        let mut renewed = watched(held(), SymptomKind::CertificateMissing, 2);
        renewed.certificate.as_mut().expect("held").imported_at = NOW + Duration::HOUR + Duration::SECOND;
        assert_eq!(judge(&renewed, NOW).verdict, Verdict::Ready, "it was the certificate before that was gone");
        let mut anew = watched(checked(held(), None, false), SymptomKind::AnotherServed, 2);
        anew.check.as_mut().expect("checked").checked_at += Duration::SECOND;
        assert_eq!(judge(&anew, NOW).verdict, Verdict::Ready, "somebody has looked again, and it is well");
    }

    #[test]
    fn a_break_says_when_it_was_last_right_and_when_the_certificate_ends() {
        let mut broken = checked(held(), Some(Severity::Error), false);
        broken.health = watched(held(), SymptomKind::DnsBroken, 2).health;
        let reason = judge(&broken, NOW).reason;
        assert!(reason.contains("2026-11-24 12:00 UTC") && reason.contains("ends 2027-02-22 12:00 UTC"), "{reason}");
    }

    #[test]
    fn a_host_that_has_not_changed_over_yet_is_given_the_time() {
        let mut fresh = checked(held(), None, true);
        fresh.check.as_mut().expect("checked").checked_at = NOW + Duration::minutes(59);
        assert_eq!(says(&fresh, NOW), (Verdict::Ready, Mover::Nobody));
    }

    #[test]
    fn a_certificate_for_other_names_is_not_the_end_of_it() {
        let mut changed = held();
        changed.names = EndpointNames::parse("www.example.com", &["new.example.com".into()], 9).expect("valid");
        changed.due_at = Some(NOW);
        assert_eq!(says(&changed, NOW), (Verdict::Issuing, Mover::Nobody));
    }

    #[test]
    fn a_removal_ends_all_questions() {
        let mut going = failing(held(), FailureName::Misconfigured, Actor::Operator);
        going.removing = true;
        assert_eq!(says(&going, NOW), (Verdict::Paused, Mover::Nobody));
    }
}
