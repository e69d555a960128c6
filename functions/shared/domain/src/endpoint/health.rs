//! What is kept of an endpoint between two health checks.

use diagnosis::report::Serving;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::guidance::Guidance;
use vocabulary::text::moment;
use vocabulary::times::expires;

/// Consecutive checks that must find the same before it counts: a name server may be restarting.
pub(crate) const CHECKS_TO_CONFIRM: u32 = 2;

/// How long listeners may keep serving the previous certificate: as a part of the new one's lifetime, and at most.
const SETTLING_PART: i32 = 100;

pub(crate) const LONGEST_SETTLING: Duration = Duration::HOUR;

/// What can be wrong with an endpoint that has a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SymptomKind {
    /// Records, their zone or the challenge path are wrong: the next renewal would fail.
    DnsBroken,
    /// The certificate is gone from ACM.
    CertificateMissing,
    /// ACM has a different certificate under the same ARN.
    AnotherHeld,
    /// Another region does not have it.
    CopyMissing,
    /// A listener that is to have it does not.
    Detached,
    /// The host serves a different certificate than the one in ACM.
    AnotherServed,
    /// The host serves the certificate without its intermediate certificates.
    ChainIncomplete,
    /// No TLS connection to the host can be made.
    HostUnreachable,
    /// Nothing uses the certificate any more.
    Unused,
}

impl SymptomKind {
    /// Whether it is seen in ACM.
    pub(crate) fn is_of_acm(self) -> bool {
        matches!(self, Self::CertificateMissing | Self::AnotherHeld | Self::Unused)
    }

    /// Whether it affects visitors or the next renewal.
    pub fn is_grave(self) -> bool {
        !matches!(self, Self::HostUnreachable | Self::Unused)
    }
}

/// One thing that is wrong, for as long as it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symptom {
    pub kind: SymptomKind,
    /// The first check that found it.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Consecutive checks that found it.
    #[serde(rename = "looks")]
    pub checks: u32,
    #[serde(flatten)]
    pub guidance: Guidance,
    /// Name of the catalogue's entry, where its finding is the symptom; absent from before this was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
}

impl Symptom {
    /// Whether two consecutive checks found it: people are not notified of what resolves itself in minutes.
    pub fn is_confirmed(&self) -> bool {
        self.checks >= CHECKS_TO_CONFIRM
    }
}

/// How an endpoint was at its last health check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    #[serde(rename = "looked_at", with = "time::serde::rfc3339")]
    pub checked_at: OffsetDateTime,
    /// When records and hosts were last correct; absent if no check has found them so.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub dns_good_at: Option<OffsetDateTime>,
    /// What is wrong, each kind once, most severe first.
    #[serde(default)]
    pub symptoms: Vec<Symptom>,
    /// What the host served.
    pub served: Serving,
    /// ARNs of what uses the certificate.
    #[serde(default)]
    pub used_by: Vec<String>,
}

impl Health {
    pub fn symptom(&self, kind: SymptomKind) -> Option<&Symptom> {
        self.symptoms.iter().find(|symptom| symptom.kind == kind)
    }

    /// What is confirmed to be wrong, most severe first.
    pub fn confirmed(&self) -> impl Iterator<Item = &Symptom> {
        self.symptoms.iter().filter(|symptom| symptom.is_confirmed())
    }

    /// Whether the next check must confirm something soon.
    pub fn is_in_doubt(&self) -> bool {
        self.symptoms.iter().any(|symptom| !symptom.is_confirmed())
    }
}

/// `what` is wrong with the records, when they were last correct (`good`), and the consequence at `now` with the
/// certificate `held`.
pub fn consequence(
    what: &str,
    good: Option<OffsetDateTime>,
    held: &InstalledCertificate,
    now: OffsetDateTime,
) -> String {
    let what = what.trim_end_matches('.');
    let good = good.map(|at| format!("DNS was last correct on {}. ", moment(at))).unwrap_or_default();
    let (expires, end) = (expires(held.not_after, now), moment(held.not_after));
    format!("{what}. {good}The next renewal would fail; the current certificate {expires} {end}.")
}

/// Until when a host may serve the certificate before `held`: load balancers take some time to change.
pub fn settles_at(held: &InstalledCertificate) -> OffsetDateTime {
    held.imported_at + ((held.not_after - held.not_before) / SETTLING_PART).min(LONGEST_SETTLING)
}
