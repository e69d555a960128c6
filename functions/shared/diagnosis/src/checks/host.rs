//! The host's own record: whether it points to the platform.

use std::net::IpAddr;

use vocabulary::dns::{Answer, ServerAnswer};
use vocabulary::guidance::WaitingOn;
use vocabulary::record::DnsRecord;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::checks::appended::is_appended;
use crate::checks::cdn::Cdn;
use crate::checks::delegation::chain_fault;
use crate::checks::host_record::{Leads, found, leads, records_of, torn};
use crate::checks::http::expected;
use crate::checks::need::Need;
use crate::checks::{http, zone};
use crate::facts::{Chain, ChainEnd, Facts, HostAnswer, HostFacts, HttpObservation, Wildcard, ZoneState};
use crate::http01::observation::list;
use crate::report::{Finding, RecordCheck, RecordStatus, Severity};
use crate::subject::Subject;

/// The result for a host.
pub(crate) struct Judged {
    /// The record beside what was found.
    pub(crate) record: RecordCheck,
    pub(crate) findings: Vec<Finding>,
    /// Whether the platform answers there, for all clients.
    pub(crate) ours: bool,
    /// Whether every server points it through the required target.
    pub(crate) by_alias: bool,
}

pub(crate) fn judge(subject: &Subject, facts: &Facts, host: &HostFacts) -> Judged {
    let record = subject.host_record(&host.name);
    let check = |status| RecordCheck { record: record.clone(), status, found: found(host) };
    let unknown = |finding: Option<Finding>| {
        let findings = finding.into_iter().collect();
        Judged { record: check(RecordStatus::Unreachable), findings, ours: false, by_alias: false }
    };
    if !host.zone.is_served() {
        // The zone's finding says why.
        return unknown(None);
    }
    let usable: Vec<&HostAnswer> = host.answers.iter().filter(|answer| is_usable(answer)).collect();
    let platform = facts.platform.as_ref().map_or(&[][..], |platform| platform.addresses());
    let led: Vec<Leads> = usable.iter().map(|answer| leads(answer, &record.value, platform, &host.reserved)).collect();
    let Some((first, leading)) = usable.first().zip(led.first()) else {
        return unknown(Some(unanswered(&record, host)));
    };
    let right = led.iter().filter(|leads| leads.is_right()).count();
    let torn_at = usable.iter().zip(&led).find(|(_, leads)| **leads == Leads::Torn).map(|(answer, _)| *answer);
    let status = match () {
        () if right == led.len() => RecordStatus::Ok,
        () if right > 0 || torn_at.is_some() => RecordStatus::Conflict,
        () if led.iter().all(|leads| *leads == Leads::Nowhere) => RecordStatus::Missing,
        () => RecordStatus::Mismatch,
    };
    let finding = match (status, torn_at) {
        // If the platform itself has no address, that is reported once, not here.
        (RecordStatus::Ok, _) if platform.is_empty() && facts.platform.is_some() => None,
        (RecordStatus::Ok, _) => reached(subject, host, &record, *leading, first),
        (RecordStatus::Conflict, Some(answer)) => Some(torn(&record, answer)),
        (RecordStatus::Conflict, None) => Some(disagreeing(&record, &usable)),
        (RecordStatus::Missing, _) => Some(missing(subject, &record, host)),
        _ => Some(elsewhere(host, &record, &usable, &led)),
    };
    let finding = finding.map(|finding| beside_wildcard(finding, host, &record, first));
    let left_out = left_out(host, &record, &led, &usable);
    let findings: Vec<Finding> = finding.into_iter().chain(left_out).collect();
    let heard = host.http.as_ref().is_some_and(HttpObservation::reaches_platform);
    let ours = heard && findings.iter().all(|finding| finding.severity < Severity::Error);
    let by_alias = led.iter().all(|leads| *leads == Leads::ByAlias);
    Judged { record: check(status), findings, ours, by_alias }
}

/// A finding about the host of `name`, with the severity limited to what its certificate depends on.
pub(crate) fn weighed(finding: Finding, subject: &Subject, need: Option<&Need>) -> Finding {
    let Some(need) = need else { return finding };
    let mut finding = finding.softened(need.host);
    if !subject.registered && subject.own_target {
        // Its target is generated at registration.
        finding.guidance.action = Some("Register the endpoint: it then shows the record to create.".into());
        finding.guidance.record = None;
        return finding;
    }
    let later = finding.is(Check::HostMissing) || finding.is(Check::HostElsewhere);
    if let Some(record) = finding.guidance.record.as_ref().filter(|_| later && need.visitors_only) {
        let line = record.line();
        let step = finding.guidance.next_step();
        // A fault of the record in particular is also mentioned in the step for visitors.
        let step = match step.starts_with(http::CREATE) || step.starts_with(POINT) {
            true if finding.is(Check::HostMissing) || step.starts_with(http::CREATE) => {
                format!("point the host at the platform: {line}")
            }
            true => format!("point the host at the platform: {line} (and remove other A and AAAA records)"),
            false => format!("fix the host's record. {step}"),
        };
        let text = format!("When you are ready for visitors, {step}. The certificate does not wait for it.");
        finding.guidance.action = Some(text);
    }
    finding
}

fn is_usable(answer: &HostAnswer) -> bool {
    answer.cname.is_usable() && (answer.a.is_usable() || answer.aaaa.is_usable())
}

fn as_probed<'a>(subject: &'a Subject, host: &'a HostFacts) -> http::Host<'a> {
    http::Host { name: &host.name.base, subject }
}

/// DNS is right: it remains to see whether the platform answers.
fn reached(
    subject: &Subject,
    host: &HostFacts,
    record: &DnsRecord,
    leads: Leads,
    first: &HostAnswer,
) -> Option<Finding> {
    let failed = |observed: &&HttpObservation| !observed.reaches_platform() && observed.is_certain();
    if let Some(observed) = host.http.as_ref().filter(failed) {
        // The platform's own failure is not reported as the host's; its operator has alarms for it.
        return (!observed.is_platforms_fault()).then(|| http::fault(&as_probed(subject, host), observed));
    }
    let apex = matches!(&host.zone.state, ZoneState::Served { apex, .. } if *apex == record.name);
    // A CNAME cannot be at an apex, and an ALIAS shows only addresses.
    (leads == Leads::ByAddress && record.kind == "CNAME" && !apex).then(|| {
        let mut ours = first.chain.addresses().to_vec();
        ours.retain(|address| !host.reserved.contains(address));
        let found = format!("has the platform's addresses written out ({})", list(&ours));
        Check::HostIndirect.finding(&record.name, expected(record), found, point(record))
    })
}

fn missing(subject: &Subject, record: &DnsRecord, host: &HostFacts) -> Finding {
    let gone = host.answers.iter().any(|answer| answer.a == Answer::NxDomain);
    let found = if gone { "does not exist" } else { "has no A, AAAA or CNAME record" };
    http::missing(&as_probed(subject, host), record, found)
}

/// Reserved addresses beside good ones: the CA leaves them out, and clients that try them first fail.
fn left_out(host: &HostFacts, record: &DnsRecord, led: &[Leads], usable: &[&HostAnswer]) -> Option<Finding> {
    let direct = |leads: &&Leads| matches!(leads, Leads::ByAddress | Leads::Ipv6Elsewhere | Leads::Elsewhere);
    led.iter().find(direct)?;
    let mut there: Vec<IpAddr> = usable.iter().flat_map(|answer| answer.chain.addresses()).copied().collect();
    there.retain(|address| host.reserved.contains(address));
    there.sort();
    there.dedup();
    (!there.is_empty()).then(|| {
        let (es, list) = (if there.len() == 1 { "" } else { "es" }, list(&there));
        let found = format!("has the private address{es} {list}, which CAs ignore, beside public ones");
        let fix =
            Fix::of(format!("Remove the record{} {list} at {}.", if es.is_empty() { "" } else { "s" }, record.name));
        Check::HostAddressReserved.finding(&record.name, "public addresses only", found, fix)
    })
}

/// If a wildcard record answers, the host has no record of its own to change or remove.
fn beside_wildcard(mut finding: Finding, host: &HostFacts, record: &DnsRecord, answer: &HostAnswer) -> Finding {
    let step = finding.guidance.next_step();
    if !(step.starts_with(POINT) && (finding.is(Check::HostElsewhere) || finding.is(Check::HostIndirect))) {
        return finding;
    }
    let there = records_of(answer);
    let by_wildcard = |wildcard: &&Wildcard| there.iter().all(|record| wildcard.records.contains(record));
    if let Some(wildcard) = host.wildcard.as_ref().filter(by_wildcard) {
        let name = &wildcard.name;
        finding
            .guidance
            .summary
            .push_str(&format!(" (it has no record of its own: the wildcard record {name} answers)"));
        finding.guidance.action =
            Some(format!("{}: {}. The wildcard record {name} may stay beside it.", http::CREATE, record.line()));
    }
    finding
}

fn elsewhere(host: &HostFacts, record: &DnsRecord, usable: &[&HostAnswer], led: &[Leads]) -> Finding {
    let wrong = usable.iter().zip(led).find(|(_, leads)| **leads != Leads::Nowhere);
    let (answer, leads) = wrong.map_or((usable[0], Leads::Elsewhere), |(answer, leads)| (*answer, *leads));
    let chain = &answer.chain;
    if let Some(fault) = chain_fault(&record.name, &expected(record), chain, record) {
        return fault;
    }
    if leads == Leads::Ipv6Elsewhere {
        return ipv6_elsewhere(host, record, chain);
    }
    let observed = host.http.as_ref();
    let reached = observed.is_some_and(HttpObservation::reaches_platform);
    if let Some(cdn) = Cdn::of(chain) {
        return proxied(cdn, host, record, chain, reached);
    }
    if reached {
        let found = format!("points to {}, and reaches the platform", chain.path());
        return Check::HostIndirect.finding(&record.name, expected(record), found, point(record));
    }
    let leads_to = format!("points to {} instead of {}", chain.path(), record.value);
    if leads == Leads::Private {
        return http::private(record, &format!("it {leads_to}"));
    }
    if let Some(to) = answer.cname.records().first().filter(|to| is_appended(&record.name, &record.value, to)) {
        let found = format!("points to {to}: the DNS provider has appended the zone to the target");
        let text = format!("Put a dot at the end of the target ({}.), so that it is: {}", record.value, record.line());
        let fix = Fix::of(text).with_record(record.clone());
        return Check::HostElsewhere.finding(&record.name, expected(record), found, fix);
    }
    let finding = |found: String, fix| Check::HostElsewhere.finding(&record.name, expected(record), found, fix);
    match observed {
        Some(observed) if observed.is_certain() => {
            let found = format!("{leads_to}; over HTTP {}", http::heard(&host.name.base, observed));
            finding(found, or_let_through(host, record, observed))
        }
        // A slow reverse proxy looks just like this: it must not block anybody.
        Some(_) if !chain.addresses().is_empty() => finding(leads_to, point(record)).softened(Severity::Warning),
        _ => finding(leads_to, point(record)),
    }
}

/// Change the record; or, where the server that answers redirects, what that server could do.
fn or_let_through(host: &HostFacts, record: &DnsRecord, observed: &HttpObservation) -> Fix {
    if observed.redirects.is_empty() {
        return point(record);
    }
    let way = http::way_out(&host.name.base, observed);
    let text =
        format!("Point the host at the platform: {} (and remove other A and AAAA records). Or: {way}", record.line());
    Fix::of(text).with_record(record.clone())
}

fn ipv6_elsewhere(host: &HostFacts, record: &DnsRecord, chain: &Chain) -> Finding {
    let mut v6: Vec<IpAddr> = chain.addresses().iter().copied().filter(IpAddr::is_ipv6).collect();
    v6.retain(|address| !host.reserved.contains(address));
    let list = list(&v6);
    let fix = Fix::of(format!("Remove the AAAA record {list} at {}.", record.name)).with_record(record.clone());
    let check = Check::HostIpv6Elsewhere;
    let observed = host.http.as_ref().filter(|observed| observed.reaches_platform());
    match observed.and_then(|observed| observed.fallback) {
        Some(dead) => {
            let found =
                format!("points to the platform over IPv4; over IPv6 {dead} takes no connection, so CAs use IPv4");
            check.finding(&record.name, expected(record), found, fix).softened(Severity::Warning)
        }
        None => {
            let found = format!("points to the platform over IPv4, but over IPv6 to {list}");
            check.finding(&record.name, expected(record), found, fix)
        }
    }
}

fn proxied(cdn: &Cdn, host: &HostFacts, record: &DnsRecord, chain: &Chain, reached: bool) -> Finding {
    let mut found = format!("is served through {} ({})", cdn.name, chain.path());
    match host.http.as_ref().filter(|_| !reached) {
        Some(observed) => {
            let heard = http::heard(&host.name.base, observed);
            found.push_str(&format!(", and does not give the platform's answer: {heard}"));
        }
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
    let found = format!("differs between its name servers: {}", said.join("; "));
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
    let said = crate::checks::delegation::describe(&answers);
    if zone::are_silent(&answers) {
        // A missing answer blames nobody: it may be the network, and it may be ours.
        let found = format!("could not be looked up: we could not reach its name servers ({said})");
        let mut finding = check.finding(&record.name, expected(record), found, Fix::optional(None));
        finding.guidance.waiting_on = WaitingOn::Nobody;
        return finding.softened(Severity::Warning);
    }
    let found = format!("cannot be looked up: {said}");
    check.finding(&record.name, expected(record), found, Fix::of(check.entry().fix))
}

/// The platform's own target, which every external host depends on.
pub(crate) fn platform(subject: &Subject, chain: &Chain) -> Option<Finding> {
    chain.addresses().is_empty().then(|| {
        let fix = "Make the stack's parameter EndpointTarget a name that resolves to the load balancer.";
        Check::TargetMissing.finding(
            &subject.endpoint_target,
            "an address",
            match &chain.end {
                ChainEnd::Nothing(Answer::NxDomain) if chain.names.is_empty() => "does not exist".to_owned(),
                _ => format!("points to {}", chain.path()),
            },
            Fix::of(fix),
        )
    })
}

const POINT: &str = "Point the host at the platform";

fn point(record: &DnsRecord) -> Fix {
    let text = format!("{POINT}: {} (and remove other A and AAAA records)", record.line());
    Fix::of(text).with_record(record.clone())
}
