//! What is wrong with an endpoint's records and hosts, why, and who is waited on.
//!
//! Pure: [`diagnose`] judges [`Facts`] that a check has gathered. Every fault is an entry of the
//! [`CATALOGUE`](crate::catalogue::CATALOGUE). A fault that explains others is reported alone: if the domain is not delegated,
//! differing servers are not mentioned.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use vocabulary::acme::{Challenges, DnsMethod};
use vocabulary::dns::provider;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{CertificateName, DomainName, NameError};

use crate::catalogue::check::{Area, Check};
use crate::checks::need::{Need, Standing};
use crate::checks::{caa, certificate_authority, delegation, host, persistent_record, serving, zone};
use crate::facts::{AuthorizationFacts, Facts, ZoneState};
use crate::report::{CheckReport, Finding, RecordCheck, RecordStatus, Serving, Severity, Unreached};
use crate::subject::Subject;

/// Judges everything that a check gathered about `subject`.
pub fn diagnose(subject: &Subject, facts: &Facts, now: OffsetDateTime) -> CheckReport {
    let mut findings = Vec::new();
    for name in subject.names.iter() {
        findings.extend(zone::private_suffix(name));
    }
    let mut records = Vec::new();
    // A zone without reachable servers has no records to judge: only the zone's own fault is reported.
    let zones =
        facts.authorization_names.iter().map(|base| &base.zone).chain(facts.hosts.iter().map(|host| &host.zone));
    let unreached = zones.clone().any(zone::is_silent).then(|| Unreached::after(subject.last_check.as_ref(), now));
    let is_overdue = unreached.as_ref().is_some_and(|unreached| unreached.is_overdue(now)) && facts.root_answers;
    for zone in zones {
        findings.extend(zone::findings(zone, is_overdue));
    }
    findings.extend(facts.bogus.iter().map(|bogus| zone::bogus(subject, bogus)));
    let proofs: Vec<Proof> =
        facts.authorization_names.iter().map(|base| Proof::judge(subject, facts, base, now)).collect();
    let hosts: Vec<host::Judged> = facts.hosts.iter().map(|host| host::judge(subject, facts, host)).collect();
    let needs = needs(subject, facts, &proofs, &hosts);
    // CAA records may leave DNS as the only method, even if the platform answers at the host.
    let over_dns = needs.iter().filter(|(name, need)| {
        need.over_dns || need.dns_is_ready && !name.wildcard && caa::is_over_dns_alone(subject, facts, name)
    });
    let over_dns = over_dns.map(|(name, _)| name.base.clone());
    let challenges = Challenges::new(subject.proving(), over_dns.clone());
    findings.extend(caa::findings(subject, facts, &challenges));
    if let Some(finding) = facts.platform.as_ref().and_then(|platform| host::platform(subject, platform)) {
        // If DNS proves and validates every name, only visitors have to wait for it.
        let needed = needs.iter().any(|(name, need)| !name.wildcard && !need.visitors_only);
        findings.push(if needed { finding } else { finding.softened(Severity::Warning) });
    }
    for (facts, judged) in facts.hosts.iter().zip(hosts) {
        records.push(judged.record);
        let need = needs.iter().find(|(name, _)| **name == facts.name).map(|(_, need)| need);
        findings.extend(judged.findings.into_iter().map(|finding| host::weighed(finding, subject, need)));
    }
    for proof in proofs {
        let of_base = || needs.iter().filter(|(name, _)| name.base == *proof.base).map(|(_, need)| need);
        let delegation = of_base().map(|need| need.delegation).max().unwrap_or(Severity::Error);
        let persistent = of_base().map(|need| need.persistent).max().unwrap_or(Severity::Error);
        records.extend(proof.records);
        findings.extend(proof.persistent.into_iter().map(|finding| finding.softened(persistent)));
        findings.extend(proof.delegation.into_iter().map(|finding| finding.softened(delegation)));
    }
    let serving = match &facts.tls {
        Some(observed) => serving::judge(subject, observed),
        None => Serving::NotChecked,
    };
    findings.extend(serving::finding(subject, &serving, now));
    if let Some(failure) = &subject.failure {
        findings.extend(certificate_authority::finding(subject, failure, &findings));
    }
    order(&mut findings);
    let provider = provider_of(subject, facts, &records);
    let (over_dns, connect) = (over_dns.collect(), Vec::new());
    CheckReport { checked_at: now, provider, records, findings, serving, over_dns, unreached, connect }
}

/// What is at and beside `_acme-challenge` of one name, and at its persistent record if it has one.
struct Proof<'a> {
    base: &'a DomainName,
    records: Vec<RecordCheck>,
    delegation: Vec<Finding>,
    persistent: Vec<Finding>,
    delegated: bool,
    /// The delegation points to the label of another registration.
    moved: bool,
    persists: bool,
}

impl<'a> Proof<'a> {
    fn judge(subject: &Subject, facts: &Facts, base: &'a AuthorizationFacts, now: OffsetDateTime) -> Self {
        let is_ok =
            |record: &Option<RecordCheck>| record.as_ref().is_some_and(|record| record.status == RecordStatus::Ok);
        let (record, persistent) = match subject.dns_method {
            DnsMethod::Dns01 => (None, Vec::new()),
            DnsMethod::DnsPersist01 => persistent_record::judge(subject, base, &facts.issuer, now),
        };
        let (delegated_by, delegation) = match subject.needs_delegation() {
            true => delegation::judge(subject, base),
            false => (None, Vec::new()),
        };
        let (persists, delegated) = (is_ok(&record), is_ok(&delegated_by));
        let moved = delegation::leads_to_another(subject, base);
        let records = record.into_iter().chain(delegated_by).collect();
        Self { base: &base.base, records, delegation, persistent, delegated, moved, persists }
    }
}

/// What each name needs, given the state of its records.
fn needs<'a>(
    subject: &'a Subject,
    facts: &Facts,
    proofs: &[Proof<'_>],
    hosts: &[host::Judged],
) -> Vec<(&'a CertificateName, Need)> {
    let of = |name: &'a CertificateName| {
        let proof = proofs.iter().find(|proof| *proof.base == name.base);
        let host = facts.hosts.iter().zip(hosts).find(|(facts, _)| facts.name == *name).map(|(_, host)| host);
        let standing = Standing {
            delegated: proof.is_some_and(|proof| proof.delegated),
            moved: proof.is_some_and(|proof| proof.moved),
            persistent: proof.is_some_and(|proof| proof.persists),
            ours: host.is_some_and(|host| host.ours),
            by_own_target: subject.own_target && host.is_some_and(|host| host.by_alias),
        };
        (name, Need::of(subject, name, standing))
    };
    subject.names.iter().map(of).collect()
}

/// Each fault once, most severe first; among equals those that explain others first.
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

/// What is wrong with a text that is no name for a certificate; `None` if it is merely misspelled.
pub fn refused_name(error: &NameError) -> Option<Finding> {
    match error {
        NameError::PublicSuffix(suffix) => Some(zone::public_suffix(suffix)),
        _ => None,
    }
}

/// The worst fault of the domain owner that would make the CA refuse; `None` if there is none. Includes faults of the
/// platform's own names (no address, CAA, DNSSEC), which make every order fail.
///
/// What the CA said last, and what the host serves, are no obstacles: neither predicts the next validation.
pub fn obstacle(report: &CheckReport) -> Option<&Finding> {
    let before_the_ca =
        |finding: &&Finding| finding.entry().is_some_and(|entry| !matches!(entry.area, Area::Serving | Area::Ca));
    let is_certain = |finding: &&Finding| {
        let ours = finding.entry().is_some_and(|entry| {
            entry.area == Area::Caa || matches!(entry.check, Check::TargetMissing | Check::DnssecBroken)
        });
        finding.severity == Severity::Error && (finding.guidance.waiting_on == WaitingOn::DomainOwner || ours)
    };
    report.findings.iter().filter(is_certain).find(before_the_ca)
}
