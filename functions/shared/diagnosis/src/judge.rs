//! What is wrong with an endpoint's records and hosts, why, and whose move it is.
//!
//! Pure: [`diagnose`] judges [`Facts`] that a look has gathered. Every fault is an entry of the [`CATALOGUE`](crate::catalogue::CATALOGUE). A fault
//! that explains others is told alone: who has not delegated the domain is not told that its servers disagree.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use vocabulary::acme::DnsMethod;
use vocabulary::dns::provider;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::NameError;

use crate::catalogue::check::Area;
use crate::checks::{caa, certificate_authority, delegation, host, persistent_record, serving, zone};
use crate::facts::{Facts, ZoneState};
use crate::report::{CheckReport, Finding, RecordCheck, Serving, Severity};
use crate::subject::Subject;

/// Judges everything that a look gathered about `subject`.
pub fn diagnose(subject: &Subject, facts: &Facts, now: OffsetDateTime) -> CheckReport {
    let mut findings = Vec::new();
    for name in subject.names.iter() {
        findings.extend(zone::private_suffix(name));
    }
    let mut records = Vec::new();
    // A zone that nobody can ask has no records to judge: what is wrong with it is told, and nothing else of it.
    let zones =
        facts.authorization_names.iter().map(|base| &base.zone).chain(facts.hosts.iter().map(|host| &host.zone));
    for zone in zones {
        findings.extend(zone::findings(zone));
    }
    let mut delegations = Vec::new();
    for base in &facts.authorization_names {
        let (record, found) = match subject.dns_method {
            DnsMethod::Dns01 => delegation::judge(subject, base),
            DnsMethod::DnsPersist01 => persistent_record::judge(subject, base, &facts.issuer, now),
        };
        delegations.extend(record);
        findings.extend(found);
    }
    findings.extend(caa::findings(subject, facts));
    if let Some(platform) = &facts.platform {
        findings.extend(host::platform(subject, platform));
    }
    for host in &facts.hosts {
        let (record, found) = host::judge(subject, facts, host);
        records.push(record);
        findings.extend(found);
    }
    records.extend(delegations);
    let serving = match &facts.tls {
        Some(observed) => serving::judge(subject, observed),
        None => Serving::NotChecked,
    };
    findings.extend(serving::finding(subject, &serving, now));
    if let Some(failure) = &subject.failure {
        findings.extend(certificate_authority::finding(subject, failure, &findings));
    }
    order(&mut findings);
    CheckReport { checked_at: now, provider: provider_of(subject, facts, &records), records, findings, serving }
}

/// Each fault once, the most severe first, and among equals those that explain others first.
fn order(findings: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    // One subject may need two records for the same reason: CAA for a name and for its wildcard.
    findings.retain(|finding| {
        let record = finding.guidance.record.as_ref().map(|record| record.line());
        told.insert((finding.check.clone(), finding.subject.clone(), record))
    });
    findings.sort_by_key(|finding| {
        (std::cmp::Reverse(finding.severity), finding.entry().map(|entry| (entry.area, entry.check)))
    });
}

fn provider_of(subject: &Subject, facts: &Facts, records: &[RecordCheck]) -> Option<vocabulary::dns::ProviderHint> {
    let primary = facts.authorization_names.iter().find(|base| base.base == subject.names.primary().base)?;
    let ZoneState::Served { apex, servers, .. } = &primary.zone.state else { return None };
    let below = |name: &&str| *name == apex || name.ends_with(&format!(".{apex}"));
    let mut names: Vec<&str> = records.iter().map(|record| record.record.name.as_str()).filter(below).collect();
    let challenge = match subject.dns_method {
        DnsMethod::Dns01 => primary.base.challenge_name(),
        DnsMethod::DnsPersist01 => primary.base.persistent_name(),
    };
    if names.is_empty() {
        names.push(&challenge);
    }
    provider::hint(servers.iter().map(|server| server.server.as_str()), apex, &names)
}

/// What is wrong with a text that is no name a certificate can be had for; `None` where it is merely miswritten.
pub fn refused_name(error: &NameError) -> Option<Finding> {
    match error {
        NameError::PublicSuffix(suffix) => Some(zone::public_suffix(suffix)),
        _ => None,
    }
}

/// What the CA would stumble over that is the customer's; the worst of it, `None` where nothing is. CAA at the platform's own
/// target as well, which no order gets past.
///
/// What the CA said last, and what the host serves, are no obstacles: neither says how the next validation ends.
pub fn obstacle(report: &CheckReport) -> Option<&Finding> {
    let before_the_ca =
        |finding: &&Finding| finding.entry().is_some_and(|entry| !matches!(entry.area, Area::Serving | Area::Ca));
    let is_certain = |finding: &&Finding| {
        let caa = finding.entry().is_some_and(|entry| entry.area == Area::Caa);
        finding.severity == Severity::Error && (finding.guidance.waiting_on == WaitingOn::DomainOwner || caa)
    };
    report.findings.iter().filter(is_certain).find(before_the_ca)
}
