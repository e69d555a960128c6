//! One answer to “is it well, and if not, whose move is it?”, from what is known of an endpoint.

use diagnosis::report::{Concern, RecordStatus, Severity};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::failure::{Actor, Failure};

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::health::{Health, Symptom, SymptomKind, consequence, settles_at};

/// How late a scan may be before its schedule is taken for stopped: many ticks of one minute.
const OVERDUE: Duration = Duration::minutes(15);

/// The state of an endpoint in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        let reason = consequence(summary, good, held);
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
mod tests;
