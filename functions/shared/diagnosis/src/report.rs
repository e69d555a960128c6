//! What a check of an endpoint's records and host found.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::dns::{Connect, ProviderHint};
use vocabulary::former_names;
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::names::DomainName;
use vocabulary::record::DnsRecord;

/// Whether a required record is as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordStatus {
    /// Every authoritative server that answers has the expected record.
    Ok,
    /// There is no record at the name.
    Missing,
    /// There is another record.
    Mismatch,
    /// Servers disagree, or another record prevents it.
    Conflict,
    /// No authoritative server gives a usable answer.
    Unreachable,
}

/// What one authoritative server said about a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Name or address of the server.
    pub server: String,
    /// The records at the name, as in a zone file: `CNAME x.example`. Empty when there is none.
    pub records: Vec<String>,
    /// Each name that a CNAME led to, in order, and last the final addresses.
    pub chain: Vec<String>,
    /// Why there is no answer: `NXDOMAIN`, `SERVFAIL`, `REFUSED`, a timeout, in words. Absent with an answer.
    pub error: Option<String>,
}

/// A required record beside what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCheck {
    #[serde(flatten)]
    pub record: DnsRecord,
    pub status: RecordStatus,
    pub found: Vec<Found>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For information; nothing fails because of it.
    Notice,
    /// Works now, but may not always.
    Warning,
    /// No certificate can be issued, or the host does not serve it.
    Error,
}

/// One entry of the catalogue that applies: what is wrong, why, and who is waited on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredFinding", into = "StoredFinding")]
pub struct Finding {
    /// Name of the catalogue's entry: `delegation-missing`. Stable.
    pub check: String,
    pub severity: Severity,
    /// The DNS name or host it is about.
    pub subject: String,
    pub expected: String,
    pub explanation: String,
    /// Its summary says what was found.
    pub guidance: Guidance,
    /// A command to run.
    pub command: Option<String>,
}

/// As earlier releases stored it, with their names.
#[derive(Serialize, Deserialize)]
struct StoredFinding {
    #[serde(deserialize_with = "former_names::read")]
    check: String,
    severity: Severity,
    subject: String,
    expected: String,
    found: String,
    explanation: String,
    actor: WaitingOn,
    fix: StoredFix,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_fault: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredFix {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<Box<DnsRecord>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

impl From<StoredFinding> for Finding {
    fn from(stored: StoredFinding) -> Self {
        let StoredFinding { check, severity, subject, expected, found, explanation, actor, fix, at_fault } = stored;
        let StoredFix { text, record, command } = fix;
        let action = Some(text).filter(|text| !text.is_empty());
        let guidance = Guidance { waiting_on: actor, summary: found, action, record, at_fault };
        Self { check, severity, subject, expected, explanation, guidance, command }
    }
}

impl From<Finding> for StoredFinding {
    fn from(finding: Finding) -> Self {
        let Finding { check, severity, subject, expected, explanation, guidance, command } = finding;
        let Guidance { waiting_on, summary, action, record, at_fault } = guidance;
        let fix = StoredFix { text: action.unwrap_or_default(), record, command };
        Self { check, severity, subject, expected, found: summary, explanation, actor: waiting_on, fix, at_fault }
    }
}

/// What a TLS connection to the host showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Serving {
    /// Not checked: an internal host, or no certificate yet.
    NotChecked,
    /// No TLS connection could be made.
    Unreachable { host: String, reason: String },
    /// The host presented a certificate.
    Presented {
        host: String,
        serial: String,
        issuer: String,
        #[serde(with = "time::serde::rfc3339")]
        not_after: OffsetDateTime,
        /// Whether it is the certificate that is in ACM.
        ours: bool,
        /// Whether it covers the host's name.
        name_matches: bool,
        /// Whether the certificates up to the root were sent, each signed by the next.
        #[serde(default = "assumed")]
        chain_complete: bool,
    },
}

/// For a check from before chains were checked.
fn assumed() -> bool {
    true
}

/// Everything one check found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    #[serde(with = "time::serde::rfc3339")]
    pub checked_at: OffsetDateTime,
    pub records: Vec<RecordCheck>,
    /// Most severe first.
    pub findings: Vec<Finding>,
    pub provider: Option<ProviderHint>,
    pub serving: Serving,
    /// External hosts that are validated over DNS, because the platform does not answer there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over_dns: Vec<DomainName>,
    /// Absent if every zone could be queried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreached: Option<Unreached>,
    /// What DNS providers offer while a record is not right: one entry per zone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connect: Vec<Connect>,
}

/// A zone was unreachable in consecutive checks: nothing new is known about its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreached {
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// The number of consecutive checks.
    pub checks: u32,
    /// The result of the last check that reached the zone. None if there was none.
    #[serde(default)]
    pub known: Option<Known>,
}

/// What was certain before the zone became unreachable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub records: RecordStatus,
    pub worst: Option<Concern>,
}

/// The domain owner is blamed for silence only after this many checks and this much time: a restarted server, a lost packet or
/// a fault of our own network is over by then.
const CHECKS_BEFORE_BLAME: u32 = 3;
const TIME_BEFORE_BLAME: time::Duration = time::Duration::minutes(5);

impl Unreached {
    /// Adds a check that could not reach the zone, after `last`.
    pub(crate) fn after(last: Option<&CheckSummary>, now: OffsetDateTime) -> Self {
        let known = last.map(|last| Known { records: last.records, worst: last.worst.clone() });
        match last.and_then(|last| last.unreached.clone()) {
            Some(before) => Self { checks: before.checks.saturating_add(1), ..before },
            None => Self { since: now, checks: 1, known },
        }
    }

    /// Whether it has lasted long enough to be reported as a fault.
    pub fn is_overdue(&self, now: OffsetDateTime) -> bool {
        self.checks >= CHECKS_BEFORE_BLAME && now - self.since >= TIME_BEFORE_BLAME
    }
}

/// What an endpoint keeps of its last check, enough for its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSummary {
    #[serde(with = "time::serde::rfc3339")]
    pub checked_at: OffsetDateTime,
    /// The worst of all records.
    pub records: RecordStatus,
    /// The worst finding; of equal ones the one that explains the others; none if all is well.
    pub worst: Option<Concern>,
    /// Whether the host served a different certificate than the one in ACM.
    pub serves_another: bool,
    /// As in the report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over_dns: Vec<DomainName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreached: Option<Unreached>,
}

/// A finding in brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concern {
    #[serde(deserialize_with = "former_names::read")]
    pub check: String,
    pub severity: Severity,
    #[serde(flatten)]
    pub guidance: Guidance,
}

impl CheckSummary {
    /// The worst finding, if it prevents a certificate or its use.
    pub fn error(&self) -> Option<&Concern> {
        self.worst.as_ref().filter(|worst| worst.severity == Severity::Error)
    }
}

impl Finding {
    /// Its text without the surrounding fields: the summary includes the subject, and the next step the record.
    pub fn guidance_for_people(&self) -> Guidance {
        let Guidance { summary, action, record, .. } = &self.guidance;
        let line = record.as_ref().map(|record| record.line());
        let action = match (action, line) {
            (Some(action), Some(line)) if !action.contains(&line) => Some(format!("{action} ({line})")),
            (None, Some(line)) => Some(line),
            (action, _) => action.clone(),
        };
        let summary = format!("{} {summary}", self.subject);
        Guidance { summary, action, ..self.guidance.clone() }
    }
}

impl CheckReport {
    /// Whether nothing prevents a certificate and its use.
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity < Severity::Error)
    }

    /// For what was unreachable, the last known state.
    pub fn summary(&self) -> CheckSummary {
        // Findings made from a failure end with the failure, and no check has found them.
        let found = self.findings.iter().filter(|finding| !finding.is_of_the_ca());
        let worst = found.min_by_key(|finding| Reverse(finding.severity)).map(|finding| Concern {
            check: finding.check.clone(),
            severity: finding.severity,
            guidance: finding.guidance_for_people(),
        });
        let known = self.unreached.as_ref().and_then(|unreached| unreached.known.as_ref());
        let is_error = |concern: &&Concern| concern.severity == Severity::Error;
        let worst = match known.and_then(|known| known.worst.as_ref()).filter(is_error) {
            Some(known) if worst.as_ref().filter(is_error).is_none() => Some(known.clone()),
            _ => worst,
        };
        let status = |record: &RecordCheck| match known {
            Some(known) if record.status == RecordStatus::Unreachable => known.records,
            _ => record.status,
        };
        CheckSummary {
            checked_at: self.checked_at,
            records: self.records.iter().map(status).max().unwrap_or(RecordStatus::Ok),
            worst,
            serves_another: matches!(self.serving, Serving::Presented { ours: false, .. }),
            over_dns: self.over_dns.clone(),
            unreached: self.unreached.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn summary(worst: Option<Severity>, unreached: Option<Unreached>) -> CheckSummary {
        let guidance = Guidance::new(WaitingOn::DomainOwner, "it is gone", "create it");
        let concern = |severity| Concern { check: "delegation-missing".into(), severity, guidance: guidance.clone() };
        CheckSummary {
            checked_at: NOW,
            records: RecordStatus::Missing,
            worst: worst.map(concern),
            serves_another: false,
            over_dns: vec![],
            unreached,
        }
    }

    /// A check that could not reach the zone, after `last`.
    fn silent(last: Option<&CheckSummary>, now: OffsetDateTime) -> CheckReport {
        let record = DnsRecord { name: "n".into(), kind: "CNAME".into(), value: "v".into(), purpose: "p".into() };
        CheckReport {
            checked_at: now,
            records: vec![RecordCheck { record, status: RecordStatus::Unreachable, found: vec![] }],
            findings: vec![],
            provider: None,
            serving: Serving::NotChecked,
            over_dns: vec![],
            unreached: Some(Unreached::after(last, now)),
            connect: vec![],
        }
    }

    #[test]
    fn the_last_certain_finding_is_kept_while_no_server_can_be_queried() {
        let missing = summary(Some(Severity::Error), None);
        let first = silent(Some(&missing), NOW + Duration::MINUTE).summary();
        assert_eq!((first.records, &first.worst), (RecordStatus::Missing, &missing.worst));
        let second = silent(Some(&first), NOW + Duration::MINUTE * 2).summary();
        assert_eq!((second.records, &second.worst), (RecordStatus::Missing, &missing.worst), "through all of them");
        let unknown = silent(None, NOW).summary();
        assert_eq!((unknown.records, unknown.worst), (RecordStatus::Unreachable, None));
    }

    #[test]
    fn silence_is_overdue_after_enough_checks_and_enough_time() {
        let at = |minutes| NOW + Duration::minutes(minutes);
        let unreached = |last: Option<&CheckSummary>, now| Unreached::after(last, now);
        let one = unreached(None, at(0));
        let two = unreached(Some(&summary(None, Some(one.clone()))), at(9));
        let three = unreached(Some(&summary(None, Some(two.clone()))), at(10));
        assert!(!one.is_overdue(at(60)) && !two.is_overdue(at(9)) && three.is_overdue(at(10)));
        let soon = Unreached { since: at(0), checks: 9, known: None };
        assert!(!soon.is_overdue(at(5) - Duration::SECOND) && soon.is_overdue(at(5)));
    }
}
