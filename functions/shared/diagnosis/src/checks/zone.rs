//! The zone and its name servers.

use vocabulary::dns::{Answer, ServerAnswer, Unanswered};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::domain_name::{is_private_suffix, registered_domain};
use vocabulary::names::{CertificateName, DomainName};
use vocabulary::record::{DnsRecord, quoted};

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::checks::answers::describe;
use crate::facts::{Bogus, Differing, Dnssec, ZoneFacts, ZoneState};
use crate::report::{Finding, Severity};
use crate::subject::Subject;

/// How useful a server is, by its answer for the zone's SOA record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Condition {
    Serving,
    Failing,
    Lame,
    /// It has no address, or does not speak DNS properly.
    Unusable,
    Silent,
    /// Not queried, or must not be queried from here.
    Unseen,
}

fn condition(server: &ServerAnswer) -> Condition {
    match &server.answer {
        Answer::Records(_) => Condition::Serving,
        // With authority, but for another zone.
        Answer::NoData | Answer::NxDomain => Condition::Lame,
        Answer::Failed(why) => condition_of(why),
    }
}

fn condition_of(why: &Unanswered) -> Condition {
    match why {
        Unanswered::Refused | Unanswered::NotAuthoritative | Unanswered::Delegated(_) => Condition::Lame,
        Unanswered::ServFail => Condition::Failing,
        Unanswered::Ipv6Only | Unanswered::NotAsked => Condition::Unseen,
        Unanswered::TimedOut => Condition::Silent,
        Unanswered::DropsEdns | Unanswered::Other(_) => Condition::Unusable,
    }
}

impl ZoneFacts {
    /// Its apex, if it was found.
    pub fn apex(&self) -> Option<&str> {
        match &self.state {
            ZoneState::Served { apex, .. } => Some(apex),
            _ => None,
        }
    }

    /// Whether any server answers for the zone: if none does, nothing is known about its records.
    pub fn is_served(&self) -> bool {
        matches!(&self.state, ZoneState::Served { servers, .. }
            if servers.iter().any(|server| condition(server) == Condition::Serving))
    }
}

/// Whether no responsible server answered: that alone does not show whose fault it is.
pub fn is_silent(zone: &ZoneFacts) -> bool {
    match &zone.state {
        ZoneState::Absent { .. } => false,
        ZoneState::Unknown(why) => condition_of(why) == Condition::Silent,
        ZoneState::Served { servers, .. } => are_silent(servers),
    }
}

/// Whether no server answers, and at least one was silent.
pub(crate) fn are_silent(servers: &[ServerAnswer]) -> bool {
    let conditions = || servers.iter().map(condition);
    conditions().all(|condition| condition >= Condition::Unusable) && conditions().any(|it| it == Condition::Silent)
}

/// `is_overdue`: the silence has lasted so long, while others answer, that it is a fault.
pub(crate) fn findings(zone: &ZoneFacts, is_overdue: bool) -> Vec<Finding> {
    match &zone.state {
        ZoneState::Absent { nxdomain } => vec![absent(zone, *nxdomain)],
        ZoneState::Unknown(why) if is_silent(zone) && !is_overdue => {
            vec![unreached(registered(zone), &why.to_string())]
        }
        ZoneState::Unknown(why) => vec![unknown(zone, why)],
        ZoneState::Served { apex, servers, .. } if is_silent(zone) && !is_overdue => {
            vec![unreached(apex, &describe(servers))]
        }
        ZoneState::Served { apex, servers, dnssec, differing } => {
            let mut findings = faulty_servers(apex, servers);
            findings.extend(differing.as_ref().map(|differing| differ(apex, differing)));
            if let Dnssec::Broken(why) = dnssec {
                findings.push(unsigned(apex, why));
            }
            findings
        }
    }
}

fn absent(zone: &ZoneFacts, nxdomain: bool) -> Finding {
    let registered = registered(zone);
    let found = match nxdomain {
        true => "is not registered, or its registration has lapsed: the servers above it say that it does not exist",
        false => "is known to the servers above it, but has no name servers",
    };
    let fix =
        format!("Register or renew {registered} at a registrar and set its name servers, or correct the spelling.");
    let fix = Fix::of(fix).with_command(format!("dig +trace NS {registered}"));
    Check::DomainNotFound.finding(registered, "a registered domain with name servers", found, fix)
}

/// Nobody is blamed yet.
fn unreached(zone: &str, why: &str) -> Finding {
    let found = format!("could not be queried: its name servers did not answer ({why})");
    let mut finding =
        Check::ServersSilent.finding(zone, "name servers that answer", found, Fix::optional(Some(SOON.into())));
    finding.guidance.waiting_on = WaitingOn::Nobody;
    finding.softened(Severity::Warning)
}

const SOON: &str = "Check again in a minute. Attempts of a registered endpoint continue automatically.";

fn unseen(zone: &str, why: &str) -> Finding {
    let found = format!("cannot be checked from here: {why}");
    Check::ServersUnseen.finding(
        zone,
        "name servers that can be asked over IPv4",
        found,
        Fix::of(Check::ServersUnseen.entry().fix),
    )
}

/// A record that the tenant needs as proof, and that this check could not query. Nobody is blamed.
pub fn unasked_record(base: &DomainName, answers: &[ServerAnswer]) -> Finding {
    unseen(&base.challenge_name(), &describe(answers)).at(base.registered())
}

/// A record that the tenant needs as proof, and that cannot be seen: here the domain owner can help.
pub fn unseen_record(base: &DomainName, answers: &[ServerAnswer]) -> Finding {
    let mut finding = unseen(&base.challenge_name(), &describe(answers)).at(base.registered());
    finding.guidance.waiting_on = WaitingOn::DomainOwner;
    finding.guidance.action = Some(
        "Give the zone a name server with an IPv4 address, or have the platform choose the challenge dns-01: the CA then \
         validates the record."
            .to_owned(),
    );
    finding
}

fn registered(zone: &ZoneFacts) -> &str {
    registered_domain(&zone.name).unwrap_or(&zone.name)
}

/// Nothing is known of the zone, as the servers above it gave no answer.
fn unknown(zone: &ZoneFacts, why: &Unanswered) -> Finding {
    let check = match why {
        Unanswered::Ipv6Only | Unanswered::NotAsked => return unseen(registered(zone), &why.to_string()),
        Unanswered::ServFail => Check::ServersFailing,
        Unanswered::Refused | Unanswered::NotAuthoritative => Check::ServersLame,
        _ => Check::ServersSilent,
    };
    let registered = registered(zone);
    let fix = Fix::of(check.entry().fix).with_command(format!("dig +trace NS {registered}"));
    check.finding(
        registered,
        "name servers that answer",
        format!("has no name server with a usable answer: {why}"),
        fix,
    )
}

fn faulty_servers(apex: &str, servers: &[ServerAnswer]) -> Vec<Finding> {
    const EXPECTED: &str = "every name server of the zone answers for it";
    if servers.is_empty() {
        let fix = Fix::of(Check::ServersSilent.entry().fix).with_command(format!("dig +trace NS {apex}"));
        return vec![Check::ServersSilent.finding(apex, EXPECTED, "has no name server that can be found", fix)];
    }
    if servers.iter().all(|server| condition(server) == Condition::Unseen) {
        return vec![unseen(apex, &describe(servers))];
    }
    let serving = servers.iter().any(|server| condition(server) == Condition::Serving);
    let mut findings = Vec::new();
    for (kind, check, what) in [
        (Condition::Failing, Check::ServersFailing, "fail"),
        (Condition::Lame, Check::ServersLame, "do not serve the zone"),
        (Condition::Unusable, Check::ServersSilent, "cannot be used"),
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
            true => {
                format!("has name servers that {what}, {} of {}: {}", faulty.len(), servers.len(), faulty.join("; "))
            }
            false => format!("has no name server with a usable answer: {}", faulty.join("; ")),
        };
        let drops_edns = matches!(first.answer, Answer::Failed(Unanswered::DropsEdns));
        let fix = Fix::of(if drops_edns { LET_EDNS_PASS } else { check.entry().fix });
        let fix = fix.with_command(format!("dig SOA {apex} @{}", first.server));
        let finding = check.finding(apex, EXPECTED, found, fix);
        // While other servers serve the zone, a validation fails only now and then.
        findings.push(if serving { finding.softened(Severity::Warning) } else { finding });
    }
    if !serving {
        // If nothing is served at all, one reason is enough.
        findings.truncate(1);
    }
    findings
}

const LET_EDNS_PASS: &str = "Let questions with EDNS through to the name servers: in the firewall before them, or by an update of their software.";

fn differ(apex: &str, differing: &Differing) -> Finding {
    let Differing { above, own } = differing;
    let (above, own) = (above.join(", "), own.join(", "));
    let found = format!("is delegated to {above} by the zone above, while its own NS records name {own}");
    let fix = "Name the same servers at both places: at the registrar or in the parent zone, and in the NS records of the zone.";
    let fix = Fix::of(fix).with_command(format!("dig +trace NS {apex}"));
    Check::NameServersDiffer.finding(apex, "the same name servers at the registrar and in the zone", found, fix)
}

fn unsigned(apex: &str, why: &str) -> Finding {
    let fix = format!(
        "Remove the DS record of {apex} at its registrar or in its parent zone, or replace it with the one that the \
         zone's provider shows."
    );
    Check::DnssecBroken.finding(
        apex,
        "signatures that connect the DS record at the parent to the zone's records",
        why,
        Fix::of(fix).with_command(format!("delv {apex} SOA")),
    )
}

/// A single invalid answer in a zone that is otherwise intact.
pub fn bogus(subject: &Subject, bogus: &Bogus) -> Finding {
    let name = &bogus.name;
    let fix = format!("Sign the zone of {name} again, or ask its DNS provider why the signature is not renewed.");
    let fix = Fix::of(fix).with_command(format!("delv {name}"));
    let expected = "an answer that a validating resolver gives out";
    let mut finding = Check::DnssecBroken.finding(name, expected, &bogus.why, fix);
    let of_the_platform = |ours: &str| name == ours || name.ends_with(&format!(".{ours}"));
    if of_the_platform(&subject.endpoint_target) || subject.delegation_target.as_deref().is_some_and(of_the_platform) {
        finding.guidance.waiting_on = WaitingOn::Operator;
        // Each endpoint has a label of its own below the delegation zone.
        let zone = subject.delegation_target.as_deref().filter(|target| target == name);
        if let Some((_, zone)) = zone.and_then(|target| target.split_once('.')) {
            return finding.at(zone);
        }
    }
    finding
}

/// A name of the list's ICANN part: no certificate can be issued for it.
pub(crate) fn public_suffix(suffix: &str) -> Finding {
    Check::PublicSuffix.finding(
        suffix,
        "a name below a public suffix",
        "is a public suffix itself",
        Fix::of(format!("Register a name below it, like shop.{}.", suffix.trim_start_matches("*."))),
    )
}

/// A name of the list's private part: its owner can get a certificate, and should know what it means.
pub(crate) fn private_suffix(name: &CertificateName) -> Option<Finding> {
    let base = name.base.as_str();
    if !is_private_suffix(base) {
        return None;
    }
    let fix = Fix::of("If you run this suffix, go on. Otherwise register a name below it that is yours.");
    let found = "is a public suffix of the list's private part";
    Some(Check::PublicSuffix.finding(base, "a name below a public suffix", found, fix).softened(Severity::Notice))
}

/// The fault if none of `answers` is usable.
pub(crate) fn unanswered(answers: &[ServerAnswer]) -> Check {
    match answers.iter().map(condition).min() {
        Some(Condition::Failing) => Check::ServersFailing,
        Some(Condition::Lame) => Check::ServersLame,
        _ => Check::ServersSilent,
    }
}

/// A record for which none of the name servers of `base` gave a usable answer.
///
/// A missing answer blames nobody: it may be the network, and it may be ours.
pub(crate) fn unanswered_record(base: &DomainName, record: &DnsRecord, answers: &[ServerAnswer]) -> Finding {
    let check = unanswered(answers);
    let expected = match record.kind.as_str() {
        "TXT" => format!("TXT {}", quoted(&record.value)),
        kind => format!("{kind} {}", record.value),
    };
    let said = describe(answers);
    if are_silent(answers) {
        let found = format!("could not be looked up: we could not reach the name servers of {base} ({said})");
        let mut finding = check.finding(&record.name, expected, found, Fix::optional(None)).at(base.registered());
        finding.guidance.waiting_on = WaitingOn::Nobody;
        return finding.softened(Severity::Warning);
    }
    let found = format!("could not be looked up, as no name server of {base} gives an answer: {said}");
    check.finding(&record.name, expected, found, Fix::of(check.entry().fix)).at(base.registered())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_whose_servers_fail_is_at_fault_for_the_records_of_all_its_names() {
        let refused = ServerAnswer { server: "ns.bulk.test".into(), answer: Answer::Failed(Unanswered::Refused) };
        let silent = ServerAnswer { server: "ns.bulk.test".into(), answer: Answer::Failed(Unanswered::TimedOut) };
        for answer in [refused, silent] {
            let of = |host: &str| {
                let base: DomainName = host.parse().expect("a name");
                let record = DnsRecord {
                    name: base.challenge_name(),
                    kind: "CNAME".into(),
                    value: format!("label-of-{host}.acme.example"),
                    purpose: String::new(),
                };
                unanswered_record(&base, &record, std::slice::from_ref(&answer))
            };
            let (one, other) = (of("h1.bulk.test"), of("h2.bulk.test"));
            assert_ne!(one.guidance.summary, other.guidance.summary);
            assert_eq!(one.guidance.at_fault.as_deref(), Some("bulk.test"));
            assert_eq!((&one.check, one.guidance.at_fault), (&other.check, other.guidance.at_fault));
        }
    }
}
