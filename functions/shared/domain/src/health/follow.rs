//! What is stored about an endpoint between two health checks, and when the next one is due.
//!
//! Pure: [`Health::follow`] combines the known state with what was [`Seen`], [`pace`](crate::health::pace) spreads the checks.
//! Whether people are notified is not decided here.

use time::OffsetDateTime;
use vocabulary::certificate::InstalledCertificate;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::health::{Health, Symptom, SymptomKind};
use crate::health::rules;
use crate::health::seen::{AtListener, InAcm, Seen};

impl Health {
    /// The state of `endpoint` after a check at `now`, which compared `certificate` with what was seen.
    ///
    /// What was wrong before and still is keeps its start time; what is resolved is removed at once.
    pub fn follow(
        before: Option<&Self>,
        endpoint: &Endpoint,
        certificate: &InstalledCertificate,
        seen: &Seen<'_>,
        now: OffsetDateTime,
    ) -> Self {
        let dns = rules::dns(seen.report);
        let is_good = dns.is_none() && seen.report.unreached.is_none();
        let dns_good_at = if is_good { Some(now) } else { before.and_then(|before| before.dns_good_at) };
        let used_by = match seen.acm {
            InAcm::There(there) => there.used_by.clone(),
            InAcm::Gone => Vec::new(),
            InAcm::Unknown => before.map(|before| before.used_by.clone()).unwrap_or_default(),
        };
        let known = |kind| before.and_then(|before| before.symptom(kind));
        // What could not be checked counts neither as seen again nor as resolved.
        let kept = before.into_iter().flat_map(|before| &before.symptoms);
        let unseen = |kind: SymptomKind| match kind {
            SymptomKind::DnsBroken => seen.report.unreached.is_some(),
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
            Some(before) => Symptom { since: before.since, checks: before.checks.saturating_add(1), ..symptom },
            None => Symptom { since: now, ..symptom },
        });
        let mut symptoms: Vec<Symptom> = found.chain(kept).collect();
        symptoms.sort_by_key(|symptom| symptom.kind);
        Self { checked_at: now, dns_good_at, symptoms, served: seen.report.serving.clone(), used_by }
    }

    /// What this check confirmed, or found resolved, one sentence each for the history.
    pub fn news(&self, before: Option<&Self>) -> Vec<String> {
        let was = |kind| before.and_then(|before| before.symptom(kind)).filter(|symptom| symptom.is_confirmed());
        let begun = self.confirmed().filter(|symptom| was(symptom.kind).is_none());
        let begun = begun.map(|symptom| format!("Health check: {}", symptom.guidance.summary));
        let over = before.into_iter().flat_map(Self::confirmed);
        let over = over.filter(|symptom| self.symptom(symptom.kind).is_none());
        let over = over.map(|symptom| format!("Resolved: {}", symptom.guidance.summary));
        begun.chain(over).collect()
    }
}
