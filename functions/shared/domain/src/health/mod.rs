//! What is kept of an endpoint between two looks at it, and when it is looked at next.
//!
//! Pure: [`Health::follow`] makes of what was known and what was [`Seen`] what is known now, [`pace`] spreads the looks.
//! Whether somebody is told is not decided here.

pub mod engine;
pub mod pace;
mod rules;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use crate::certificate::InstalledCertificate;
use crate::check::{CheckReport, Serving};
use crate::deployment::{CertificateCopy, ListenerArn};
use crate::diagnosis::moment;
use crate::endpoint::Endpoint;
use crate::failure::Actor;
use crate::records::RequiredRecord;

/// Looks in a row that must see the same before it is taken for true: a name server may be restarting.
const LOOKS_TO_CONFIRM: u32 = 2;
/// How long listeners may go on with the certificate before, as a part of the new one's lifetime and at the most.
const SETTLING_PART: i32 = 100;
const LONGEST_SETTLING: Duration = Duration::HOUR;

/// What can be wrong with an endpoint that has a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SymptomKind {
    /// Records, their zone or the challenge path are not as they must be: the next renewal would fail.
    DnsBroken,
    /// The certificate is gone from ACM.
    CertificateMissing,
    /// ACM has another certificate under the same ARN.
    AnotherHeld,
    /// A further region does not have it.
    CopyMissing,
    /// A listener that is to have it does not.
    Detached,
    /// The host presents another certificate than the one in ACM.
    AnotherServed,
    /// The host presents the certificate without those that lead to the root.
    ChainIncomplete,
    /// No TLS connection to the host can be made.
    HostUnreachable,
    /// Nothing uses the certificate any more.
    Unused,
}

impl SymptomKind {
    /// Whether it is seen in ACM.
    fn is_of_acm(self) -> bool {
        matches!(self, Self::CertificateMissing | Self::AnotherHeld | Self::Unused)
    }

    /// Whether visitors or the next renewal suffer by it.
    pub fn is_grave(self) -> bool {
        !matches!(self, Self::HostUnreachable | Self::Unused)
    }
}

/// One thing that is wrong, for as long as it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Symptom {
    pub kind: SymptomKind,
    /// The first look that saw it.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Looks in a row that saw it.
    pub looks: u32,
    pub actor: Actor,
    /// What is the case, in a sentence or two.
    pub summary: String,
    /// What `actor` does about it, with the record or the command.
    pub remedy: String,
    /// The record to create or to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RequiredRecord>,
}

impl Symptom {
    /// Whether it was there at two looks in a row: nobody is bothered with what mends itself in minutes.
    pub fn is_confirmed(&self) -> bool {
        self.looks >= LOOKS_TO_CONFIRM
    }
}

/// How an endpoint was when it was last looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    #[serde(with = "time::serde::rfc3339")]
    pub looked_at: OffsetDateTime,
    /// When records and hosts were last as they must be; absent if no look has found them so.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub dns_good_at: Option<OffsetDateTime>,
    /// What is wrong, each kind once, the gravest first.
    #[serde(default)]
    pub symptoms: Vec<Symptom>,
    /// What the host presented.
    pub served: Serving,
    /// ARNs of what uses the certificate.
    #[serde(default)]
    pub used_by: Vec<String>,
}

/// The certificate as ACM has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateUse {
    /// See [`crate::certificate::normalize_serial`].
    pub serial: String,
    /// ARNs of load balancers and other things that serve it.
    pub used_by: Vec<String>,
}

/// What ACM said of an endpoint's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InAcm {
    /// It could not be asked: what was known stays.
    Unknown,
    Gone,
    There(CertificateUse),
}

/// What one look saw.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    pub report: &'a CheckReport,
    pub acm: &'a InAcm,
    /// What is known of the copies in further regions, where the deployment has any.
    pub copies: &'a [(CertificateCopy, InAcm)],
    pub listeners: &'a [(ListenerArn, AtListener)],
}

/// Whether a listener that the certificate was attached to has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtListener {
    /// It could not be asked: what was known stays.
    Unknown,
    Attached,
    Without,
    /// There is no such listener.
    Gone,
}

impl Health {
    /// What is known of `endpoint` after a look at `now`, which held `certificate` against what was seen.
    ///
    /// What was wrong before and still is keeps its beginning; what is gone is gone at once.
    pub fn follow(
        before: Option<&Self>,
        endpoint: &Endpoint,
        certificate: &InstalledCertificate,
        seen: &Seen<'_>,
        now: OffsetDateTime,
    ) -> Self {
        let dns = rules::dns(seen.report);
        let dns_good_at = if dns.is_none() { Some(now) } else { before.and_then(|before| before.dns_good_at) };
        let used_by = match seen.acm {
            InAcm::There(there) => there.used_by.clone(),
            InAcm::Gone => Vec::new(),
            InAcm::Unknown => before.map(|before| before.used_by.clone()).unwrap_or_default(),
        };
        let known = |kind| before.and_then(|before| before.symptom(kind));
        // What could not be looked at is neither seen again nor over.
        let kept = before.into_iter().flat_map(|before| &before.symptoms);
        let unseen = |kind: SymptomKind| match kind {
            SymptomKind::CopyMissing => seen.copies.iter().any(|(_, acm)| *acm == InAcm::Unknown),
            SymptomKind::Detached => seen.listeners.iter().any(|(_, at)| *at == AtListener::Unknown),
            kind => *seen.acm == InAcm::Unknown && kind.is_of_acm(),
        };
        let found: Vec<Symptom> = dns
            .into_iter()
            .chain(rules::in_acm(endpoint, certificate, seen.acm, before))
            .chain(rules::copies(endpoint, seen.copies))
            .chain(rules::listeners(endpoint, seen.listeners))
            .chain(rules::served(certificate, &seen.report.serving, now))
            .collect();
        let kept = kept.filter(|symptom| unseen(symptom.kind) && found.iter().all(|new| new.kind != symptom.kind));
        let kept: Vec<Symptom> = kept.cloned().collect();
        let found = found.into_iter().map(|symptom| match known(symptom.kind) {
            Some(before) => Symptom { since: before.since, looks: before.looks.saturating_add(1), ..symptom },
            None => Symptom { since: now, ..symptom },
        });
        let mut symptoms: Vec<Symptom> = found.chain(kept).collect();
        symptoms.sort_by_key(|symptom| symptom.kind);
        Self { looked_at: now, dns_good_at, symptoms, served: seen.report.serving.clone(), used_by }
    }

    pub fn symptom(&self, kind: SymptomKind) -> Option<&Symptom> {
        self.symptoms.iter().find(|symptom| symptom.kind == kind)
    }

    /// What is wrong beyond doubt, the gravest first.
    pub fn confirmed(&self) -> impl Iterator<Item = &Symptom> {
        self.symptoms.iter().filter(|symptom| symptom.is_confirmed())
    }

    /// What became certain by this look, or is over by it, in one sentence each for the history.
    pub fn news(&self, before: Option<&Self>) -> Vec<String> {
        let was = |kind| before.and_then(|before| before.symptom(kind)).filter(|symptom| symptom.is_confirmed());
        let begun = self.confirmed().filter(|symptom| was(symptom.kind).is_none());
        let begun = begun.map(|symptom| format!("Looked: {}", symptom.summary));
        let over = before.into_iter().flat_map(Self::confirmed);
        let over = over.filter(|symptom| self.symptom(symptom.kind).is_none());
        let over = over.map(|symptom| format!("Looked: no longer so: {}", symptom.summary));
        begun.chain(over).collect()
    }

    /// Whether something was seen that the next look has to confirm soon.
    pub fn is_in_doubt(&self) -> bool {
        self.symptoms.iter().any(|symptom| !symptom.is_confirmed())
    }
}

/// `what` is wrong with the records, when they were last right (`good`), and what follows while `held` is in place.
pub fn consequence(what: &str, good: Option<OffsetDateTime>, held: &InstalledCertificate) -> String {
    let what = what.trim_end_matches('.');
    let good = good.map(|at| format!("It was right when it was looked at on {}. ", moment(at))).unwrap_or_default();
    format!("{what}. {good}The next renewal would fail, and the certificate in place ends {}.", moment(held.not_after))
}

/// Until when a host may present the certificate before `held`: load balancers take a moment to change.
pub fn settles_at(held: &InstalledCertificate) -> OffsetDateTime {
    held.imported_at + ((held.not_after - held.not_before) / SETTLING_PART).min(LONGEST_SETTLING)
}

#[cfg(test)]
pub(crate) mod tests;
