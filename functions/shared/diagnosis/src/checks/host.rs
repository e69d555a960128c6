//! The host's own record: whether it leads to the platform.

use std::net::IpAddr;

use vocabulary::dns::{Answer, ServerAnswer};
use vocabulary::record::DnsRecord;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::checks::cdn::Cdn;
use crate::checks::delegation::{chain_fault, error_of};
use crate::checks::need::Need;
use crate::checks::{http, zone};
use crate::facts::{Chain, Facts, HostAnswer, HostFacts, ProbeAnswer, ProbeFault, ZoneState};
use crate::report::{Finding, Found, RecordCheck, RecordStatus, Severity};
use crate::subject::Subject;

/// Where one server's answer leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leads {
    /// Through the alias that was asked for.
    ByAlias,
    /// To the platform's addresses, written out.
    ByAddress,
    /// IPv4 to the platform, IPv6 not.
    Ipv6Elsewhere,
    Elsewhere,
    Nowhere,
}

impl Leads {
    fn is_right(self) -> bool {
        matches!(self, Self::ByAlias | Self::ByAddress)
    }
}

fn leads(answer: &HostAnswer, target: &str, platform: &[IpAddr]) -> Leads {
    if answer.chain.names.iter().any(|name| name == target) {
        return Leads::ByAlias;
    }
    let addresses = answer.chain.addresses();
    if addresses.is_empty() && answer.chain.names.is_empty() {
        return Leads::Nowhere;
    }
    let ours = |address: &&IpAddr| platform.contains(address);
    let (v4, v6): (Vec<&IpAddr>, Vec<&IpAddr>) = addresses.iter().partition(|address| address.is_ipv4());
    if addresses.is_empty() {
        Leads::Elsewhere
    } else if addresses.iter().all(|address| platform.contains(address)) {
        Leads::ByAddress
    } else if !v4.is_empty() && v4.iter().all(ours) && !v6.iter().all(ours) {
        Leads::Ipv6Elsewhere
    } else {
        Leads::Elsewhere
    }
}

/// What is to be said of a host.
pub(crate) struct Judged {
    /// The record beside what was found.
    pub(crate) record: RecordCheck,
    pub(crate) finding: Option<Finding>,
    /// Whether the platform answers there, and for all who ask.
    pub(crate) ours: bool,
    /// Whether every server leads it through the target that was asked for.
    pub(crate) by_alias: bool,
}

pub(crate) fn judge(subject: &Subject, facts: &Facts, host: &HostFacts) -> Judged {
    let record = subject.host_record(&host.name);
    let check = |status| RecordCheck { record: record.clone(), status, found: found(host) };
    let unknown = |finding| Judged { record: check(RecordStatus::Unreachable), finding, ours: false, by_alias: false };
    if !host.zone.is_served() {
        // Why is told of the zone.
        return unknown(None);
    }
    let usable: Vec<&HostAnswer> = host.answers.iter().filter(|answer| is_usable(answer)).collect();
    let platform = facts.platform.as_ref().map_or(&[][..], |platform| platform.addresses());
    let led: Vec<Leads> = usable.iter().map(|answer| leads(answer, &record.value, platform)).collect();
    let Some((first, leading)) = usable.first().zip(led.first()) else {
        return unknown(Some(unanswered(&record, host)));
    };
    let right = led.iter().filter(|leads| leads.is_right()).count();
    let status = match () {
        () if right == led.len() => RecordStatus::Ok,
        () if right > 0 => RecordStatus::Conflict,
        () if led.iter().all(|leads| *leads == Leads::Nowhere) => RecordStatus::Missing,
        () => RecordStatus::Mismatch,
    };
    let finding = match status {
        // Where the platform itself has no address, that is told, once.
        RecordStatus::Ok if platform.is_empty() && facts.platform.is_some() => None,
        RecordStatus::Ok => reached(host, &record, *leading, first),
        RecordStatus::Conflict => Some(disagreeing(&record, &usable)),
        RecordStatus::Missing => Some(missing(&record, host)),
        _ => Some(elsewhere(host, &record, &usable, &led)),
    };
    let heard = host.http.as_ref().is_some_and(|observed| observed.platform);
    let ours = heard && finding.as_ref().is_none_or(|finding| finding.severity < Severity::Error);
    let by_alias = led.iter().all(|leads| *leads == Leads::ByAlias);
    Judged { record: check(status), finding, ours, by_alias }
}

/// A finding about the host of `name`, as severe as its certificate depends on it.
pub(crate) fn weighed(finding: Finding, subject: &Subject, need: Option<&Need>) -> Finding {
    let Some(need) = need else { return finding };
    let mut finding = finding.softened(need.host);
    if !subject.registered && subject.own_target {
        // Its target is drawn at registration.
        finding.guidance.action = Some("Register the endpoint: it then shows the record to create.".into());
        finding.guidance.record = None;
        return finding;
    }
    let later = finding.is(Check::HostMissing) || finding.is(Check::HostElsewhere);
    if let Some(record) = finding.guidance.record.as_ref().filter(|_| later && need.visitors_only) {
        let line = record.line();
        let others = if finding.is(Check::HostElsewhere) { " (and remove other A and AAAA records)" } else { "" };
        finding.guidance.action = Some(format!(
            "When you are ready for visitors, point the host at the platform: {line}{others}. The certificate does not \
             wait for it."
        ));
    }
    finding
}

fn is_usable(answer: &HostAnswer) -> bool {
    answer.cname.is_usable() && (answer.a.is_usable() || answer.aaaa.is_usable())
}

/// DNS is right: what is left is whether the platform answers.
fn reached(host: &HostFacts, record: &DnsRecord, leads: Leads, first: &HostAnswer) -> Option<Finding> {
    let observed = host.http.as_ref();
    if let Some(observed) = observed.filter(|observed| !observed.platform) {
        return Some(http::fault(&host.name.base, &record.value, &observed.redirects, &observed.answer));
    }
    let apex = matches!(&host.zone.state, ZoneState::Served { apex, .. } if *apex == record.name);
    // At an apex a CNAME cannot stand, and what an ALIAS shows are addresses.
    (leads == Leads::ByAddress && record.kind == "CNAME" && !apex).then(|| {
        let found = format!("has the platform's addresses written out ({})", list(first.chain.addresses()));
        Check::HostIndirect.finding(&record.name, expected(record), found, point(record))
    })
}

fn missing(record: &DnsRecord, host: &HostFacts) -> Finding {
    let gone = host.answers.iter().any(|answer| answer.a == Answer::NxDomain);
    let found = if gone { "does not exist" } else { "exists, but has no address and no alias" };
    let fix = Fix::of(format!("Create this record in the domain's DNS: {}", record.line())).with_record(record.clone());
    Check::HostMissing.finding(&record.name, expected(record), found, fix)
}

fn elsewhere(host: &HostFacts, record: &DnsRecord, usable: &[&HostAnswer], led: &[Leads]) -> Finding {
    let wrong = usable.iter().zip(led).find(|(_, leads)| **leads != Leads::Nowhere);
    let (answer, leads) = wrong.map_or((usable[0], Leads::Elsewhere), |(answer, leads)| (*answer, *leads));
    let chain = &answer.chain;
    if let Some(fault) = chain_fault(&record.name, &expected(record), chain, record) {
        return fault;
    }
    if leads == Leads::Ipv6Elsewhere {
        let v6: Vec<IpAddr> = chain.addresses().iter().copied().filter(IpAddr::is_ipv6).collect();
        let found = format!("leads to the platform over IPv4, but over IPv6 to {}", list(&v6));
        let fix =
            Fix::of(format!("Remove the AAAA record {} at {}.", list(&v6), record.name)).with_record(record.clone());
        return Check::HostIpv6Elsewhere.finding(&record.name, expected(record), found, fix);
    }
    let leads_to = format!("leads to {} instead of {}", chain.describe().join(" → "), record.value);
    let reached = host.http.as_ref().is_some_and(|observed| observed.platform);
    if let Some(cdn) = Cdn::of(chain) {
        return proxied(cdn, host, record, chain, reached);
    }
    if reached {
        let found = format!("leads to {}, and reaches the platform", chain.describe().join(" → "));
        return Check::HostIndirect.finding(&record.name, expected(record), found, point(record));
    }
    if let Some(ProbeAnswer::Failed(fault @ ProbeFault::NotPublic(_))) = host.http.as_ref().map(|http| &http.answer) {
        let fix = format!(
            "Register the endpoint as internal, which needs no public address; or point the host at the platform: {}",
            record.line()
        );
        let found = format!("{leads_to}, and {fault}");
        return Check::HostPrivate.finding(
            &record.name,
            expected(record),
            found,
            Fix::of(fix).with_record(record.clone()),
        );
    }
    Check::HostElsewhere.finding(&record.name, expected(record), leads_to, point(record))
}

fn proxied(cdn: &Cdn, host: &HostFacts, record: &DnsRecord, chain: &Chain, reached: bool) -> Finding {
    let mut found = format!("is served through {} ({})", cdn.name, chain.describe().join(" → "));
    match host.http.as_ref().filter(|_| !reached) {
        Some(observed) => found.push_str(&format!(", which does not lead to the platform: {}", http::heard(observed))),
        None => found.push_str(", which passes the challenge path on"),
    }
    let fix = Fix::of(format!("{} Then the record is: {}", cdn.remedy, record.line())).with_record(record.clone());
    let finding = Check::HostProxied.finding(&record.name, expected(record), found, fix);
    if reached { finding.softened(Severity::Warning) } else { finding }
}

fn disagreeing(record: &DnsRecord, usable: &[&HostAnswer]) -> Finding {
    let mut said: Vec<String> = usable
        .iter()
        .map(|answer| match records_of(answer).join(", ") {
            none if none.is_empty() => format!("{} has no such record", answer.server),
            records => format!("{} says {records}", answer.server),
        })
        .collect();
    said.sort();
    let found = format!("is told differently by its name servers, which disagree: {}", said.join("; "));
    Check::ServersDisagree.finding(
        &record.name,
        expected(record),
        found,
        Fix::of(Check::ServersDisagree.entry().fix).with_record(record.clone()),
    )
}

fn unanswered(record: &DnsRecord, host: &HostFacts) -> Finding {
    let answers: Vec<ServerAnswer> = host
        .answers
        .iter()
        .map(|answer| ServerAnswer {
            server: answer.server.clone(),
            answer: if answer.cname.is_usable() { answer.a.clone() } else { answer.cname.clone() },
        })
        .collect();
    let check = zone::unanswered(&answers);
    let found = format!("cannot be looked up: {}", crate::checks::delegation::describe(&answers));
    check.finding(&record.name, expected(record), found, Fix::of(check.entry().fix))
}

/// The platform's own target, which every external host depends on.
pub(crate) fn platform(subject: &Subject, chain: &Chain) -> Option<Finding> {
    chain.addresses().is_empty().then(|| {
        let fix = "Make the stack's parameter EndpointTarget a name that resolves to the load balancer.";
        Check::TargetMissing.finding(
            &subject.endpoint_target,
            "an address",
            format!("leads to {}", chain.describe().join(" → ")),
            Fix::of(fix),
        )
    })
}

fn expected(record: &DnsRecord) -> String {
    format!("{} {}", record.kind, record.value)
}

fn point(record: &DnsRecord) -> Fix {
    let text = format!("Point the host at the platform: {} (and remove other A and AAAA records)", record.line());
    Fix::of(text).with_record(record.clone())
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn records_of(answer: &HostAnswer) -> Vec<String> {
    let of = |kind: &'static str, answer: &Answer| {
        answer.records().iter().map(move |data| format!("{kind} {data}")).collect::<Vec<_>>()
    };
    [of("CNAME", &answer.cname), of("A", &answer.a), of("AAAA", &answer.aaaa)].concat()
}

fn found(host: &HostFacts) -> Vec<Found> {
    let mut found: Vec<Found> = host
        .answers
        .iter()
        .map(|answer| {
            let records = records_of(answer);
            // What the records themselves say is not said again.
            let chain = match &answer.cname {
                Answer::Records(_) => answer.chain.describe().into_iter().skip(1).collect(),
                _ => Vec::new(),
            };
            let error = [&answer.cname, &answer.a, &answer.aaaa].into_iter().find_map(error_of);
            let error = error.filter(|_| records.is_empty());
            Found { server: answer.server.clone(), records, chain, error }
        })
        .collect();
    found.sort_by(|a, b| a.server.cmp(&b.server));
    found
}
