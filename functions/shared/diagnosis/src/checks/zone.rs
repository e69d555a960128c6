//! The zone and its name servers.

use vocabulary::dns::{Answer, ServerAnswer, Unanswered};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{CertificateName, DomainName};
use vocabulary::record::{DnsRecord, quoted};

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::checks::answers::describe;
use crate::facts::{Dnssec, ZoneFacts, ZoneState};
use crate::report::{Finding, Severity};

/// What a server is good for, told by its answer for the zone's SOA record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Condition {
    Serving,
    Failing,
    Lame,
    Silent,
}

fn condition(server: &ServerAnswer) -> Condition {
    match &server.answer {
        Answer::Records(_) => Condition::Serving,
        // With authority, but for another zone.
        Answer::NoData | Answer::NxDomain => Condition::Lame,
        Answer::Failed(Unanswered::Refused | Unanswered::NotAuthoritative | Unanswered::Delegated(_)) => {
            Condition::Lame
        }
        Answer::Failed(Unanswered::ServFail) => Condition::Failing,
        Answer::Failed(_) => Condition::Silent,
    }
}

impl ZoneFacts {
    /// Whether any server answers for the zone: if not, nothing can be said of the records in it.
    pub fn is_served(&self) -> bool {
        matches!(&self.state, ZoneState::Served { servers, .. }
            if servers.iter().any(|server| condition(server) == Condition::Serving))
    }
}

pub(crate) fn findings(zone: &ZoneFacts) -> Vec<Finding> {
    match &zone.state {
        ZoneState::Absent { nxdomain } => vec![absent(zone, *nxdomain)],
        ZoneState::Unknown(why) => vec![unknown(zone, why)],
        ZoneState::Served { apex, servers, dnssec } => {
            let mut findings = faulty_servers(apex, servers);
            if let Dnssec::Broken(why) = dnssec {
                findings.push(unsigned(apex, why));
            }
            findings
        }
    }
}

fn absent(zone: &ZoneFacts, nxdomain: bool) -> Finding {
    let registered = psl::domain_str(&zone.name).unwrap_or(&zone.name);
    let found = match nxdomain {
        true => "is not registered, or its registration has lapsed: the servers above it say that it does not exist",
        false => "is known to the servers above it, but has no name servers",
    };
    let fix =
        format!("Register or renew {registered} at a registrar and set its name servers, or correct the spelling.");
    let fix = Fix::of(fix).with_command(format!("dig +trace NS {registered}"));
    Check::DomainNotFound.finding(registered, "a registered domain with name servers", found, fix)
}

/// Nothing is known of the zone, as the servers on the way to it gave no answer.
fn unknown(zone: &ZoneFacts, why: &Unanswered) -> Finding {
    let (check, name) = match why {
        Unanswered::ServFail => (Check::ServersFailing, "fail (SERVFAIL)"),
        Unanswered::Refused | Unanswered::NotAuthoritative => (Check::ServersLame, "do not serve it"),
        _ => (Check::ServersSilent, "do not answer"),
    };
    let registered = psl::domain_str(&zone.name).unwrap_or(&zone.name);
    let fix = Fix::of(check.entry().fix).with_command(format!("dig +trace NS {registered}"));
    check.finding(
        registered,
        "name servers that answer",
        format!("has no name server that answers: they {name} ({why})"),
        fix,
    )
}

fn faulty_servers(apex: &str, servers: &[ServerAnswer]) -> Vec<Finding> {
    const EXPECTED: &str = "every name server of the zone answers for it";
    if servers.is_empty() {
        let fix = Fix::of(Check::ServersSilent.entry().fix).with_command(format!("dig +trace NS {apex}"));
        return vec![Check::ServersSilent.finding(apex, EXPECTED, "has no name server that can be found", fix)];
    }
    let serving = servers.iter().any(|server| condition(server) == Condition::Serving);
    let mut findings = Vec::new();
    for (kind, check, what) in [
        (Condition::Failing, Check::ServersFailing, "fail"),
        (Condition::Lame, Check::ServersLame, "do not serve the zone"),
        (Condition::Silent, Check::ServersSilent, "do not answer"),
    ] {
        let mut faulty: Vec<String> = servers
            .iter()
            .filter(|server| condition(server) == kind)
            .map(|server| match &server.answer {
                Answer::Failed(why) => format!("{}: {why}", server.server),
                _ => format!("{}: it has no such zone", server.server),
            })
            .collect();
        let Some(first) = servers.iter().find(|server| condition(server) == kind) else { continue };
        faulty.sort();
        let found = match serving {
            true => format!("{} of its {} name servers {what}: {}", faulty.len(), servers.len(), faulty.join("; ")),
            false => format!("has no name server that answers: they {what} ({})", faulty.join("; ")),
        };
        let fix = Fix::of(check.entry().fix).with_command(format!("dig SOA {apex} @{}", first.server));
        let finding = check.finding(apex, EXPECTED, found, fix);
        // While others serve it, a validation fails only now and then.
        findings.push(if serving { finding.softened(Severity::Warning) } else { finding });
    }
    if !serving {
        // One reason is enough where nothing is served at all.
        findings.truncate(1);
    }
    findings
}

fn unsigned(apex: &str, why: &str) -> Finding {
    let fix = format!(
        "Remove the DS record of {apex} at its registrar, or replace it by the one that the zone's provider shows."
    );
    Check::DnssecBroken.finding(
        apex,
        "signatures that lead from the DS record at the parent to the zone's records",
        why,
        Fix::of(fix).with_command(format!("delv {apex} SOA")),
    )
}

/// A name of the list's ICANN part, which no certificate can be had for.
pub(crate) fn public_suffix(suffix: &str) -> Finding {
    Check::PublicSuffix.finding(
        suffix,
        "a name below a public suffix",
        "is a public suffix itself",
        Fix::of(format!("Register a name below it, like shop.{}.", suffix.trim_start_matches("*."))),
    )
}

/// A name of the list's private part: its owner can have a certificate, and should know what it means.
pub(crate) fn private_suffix(name: &CertificateName) -> Option<Finding> {
    let base = name.base.as_str();
    psl::suffix(base.as_bytes()).filter(|suffix| suffix.is_known() && suffix.as_bytes() == base.as_bytes())?;
    let fix = Fix::of("If you run this suffix, go on. Otherwise register a name below it that is yours.");
    let found = "is a public suffix of the list's private part";
    Some(Check::PublicSuffix.finding(base, "a name below a public suffix", found, fix).softened(Severity::Notice))
}

/// Which fault it is when none of `answers` is usable.
pub(crate) fn unanswered(answers: &[ServerAnswer]) -> Check {
    match answers.iter().map(condition).min() {
        Some(Condition::Failing) => Check::ServersFailing,
        Some(Condition::Lame) => Check::ServersLame,
        _ => Check::ServersSilent,
    }
}

/// A record that none of the name servers of `base` gave a usable answer for.
///
/// No answer in time blames nobody: it may be the network, and it may be ours.
pub(crate) fn unanswered_record(base: &DomainName, record: &DnsRecord, answers: &[ServerAnswer]) -> Finding {
    let check = unanswered(answers);
    let expected = match record.kind.as_str() {
        "TXT" => format!("TXT {}", quoted(&record.value)),
        kind => format!("{kind} {}", record.value),
    };
    let said = describe(answers);
    if check == Check::ServersSilent {
        let found = format!("could not be looked up: we could not reach the name servers of {base} ({said})");
        let mut finding = check.finding(&record.name, expected, found, Fix::optional(None));
        finding.guidance.waiting_on = WaitingOn::Nobody;
        return finding.softened(Severity::Warning);
    }
    let found = format!("could not be looked up, as no name server of {base} gives an answer: {said}");
    check.finding(&record.name, expected, found, Fix::of(check.entry().fix))
}
