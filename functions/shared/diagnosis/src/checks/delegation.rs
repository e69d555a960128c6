//! The CNAME at `_acme-challenge`, and what else is there.

use vocabulary::dns::owner_records::delegation_record;
use vocabulary::dns::{Answer, ServerAnswer};
use vocabulary::names::DomainName;
use vocabulary::record::DnsRecord;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
pub(crate) use crate::checks::answers::{describe, error_of};
use crate::checks::appended::is_appended;
use crate::checks::{surroundings, zone};
use crate::facts::{AuthorizationFacts, Chain, ChainEnd, Differing, ZoneState};
use crate::report::{Finding, Found, RecordCheck, RecordStatus, Severity};
use crate::subject::Subject;

/// What is wrong with the delegation of `base`, by its servers' CNAME and TXT answers; `None` if nothing is.
pub fn fault(base: &DomainName, target: &str, cname: &[ServerAnswer], txt: &[ServerAnswer]) -> Option<Finding> {
    let record = delegation_record(base, target);
    let finding =
        |check: Check, found: String, fix: Fix| check.finding(&record.name, format!("CNAME {target}"), found, fix);
    let right = |answer: &Answer| matches!(answer, Answer::Records(data) if data.len() == 1 && data[0] == target);
    let answered: Vec<_> = cname.iter().filter(|a| a.answer.is_usable()).collect();
    if !cname.is_empty() && cname.iter().all(|a| a.answer.is_unseen()) {
        // We cannot see it from here. The CA decides.
        return None;
    }
    if answered.is_empty() {
        let own_zone = cname.iter().find_map(|a| surroundings::own_zone(&record, a.answer.delegated()));
        return own_zone.or_else(|| Some(zone::unanswered_record(base, &record, cname)));
    }
    if answered.iter().all(|a| right(&a.answer)) {
        return None;
    }
    if answered.iter().any(|a| right(&a.answer)) {
        let found = format!("differs between the name servers of {base}: {}", describe(cname));
        let wrong = answered.iter().find(|a| !right(&a.answer)).map_or("", |a| a.server.as_str());
        let fix =
            Fix::of(AGREE).with_record(record.clone()).with_command(format!("dig CNAME {} @{wrong}", record.name));
        return Some(finding(Check::ServersDisagree, found, fix));
    }
    if let Some(leads) = answered.iter().map(|a| a.answer.records()).find(|data| !data.is_empty()) {
        return Some(elsewhere(base, &record, leads));
    }
    if let Some(values) = txt.iter().map(|a| a.answer.records()).find(|data| !data.is_empty()) {
        let found = format!("has a TXT record ({}) where the CNAME must stand", values.join(", "));
        let fix = format!("Delete the TXT record at {}, then create there: {}", record.name, record.line());
        return Some(finding(Check::DelegationTxtInstead, found, Fix::of(fix).with_record(record.clone())));
    }
    Some(finding(Check::DelegationMissing, format!("has no CNAME record: {}", describe(cname)), create(&record)))
}

/// The next step if some servers have the right record.
pub(crate) const AGREE: &str = "If the record was just created, wait: it is checked again soon. Otherwise make all name servers of the zone serve the same records.";

fn create(record: &DnsRecord) -> Fix {
    Fix::of(format!("Create this record in the domain's DNS: {}", record.line())).with_record(record.clone())
}

/// There is a CNAME, but it points to `leads`.
fn elsewhere(base: &DomainName, record: &DnsRecord, leads: &[String]) -> Finding {
    let target = &record.value;
    let finding = |check: Check, found: String, fix: String| {
        check.finding(&record.name, format!("CNAME {target}"), found, Fix::of(fix).with_record(record.clone()))
    };
    if leads.contains(&record.name) {
        return Check::AliasLoop.finding(
            &record.name,
            format!("CNAME {target}"),
            "is an alias of itself",
            Fix::of(format!("Replace the record with: {}", record.line())).with_record(record.clone()),
        );
    }
    let replace = format!("Replace the record{} at this name with: {}", plural(leads), record.line());
    let list = leads.join(", ");
    match leads {
        [one] if is_appended(base.as_str(), target, one) => {
            let found = format!("points to {one}: your DNS provider appended the zone to the target");
            let fix = format!("Put a dot at the end of the target, so that it reads “{target}.”: {}", record.line());
            finding(Check::DelegationElsewhere, found, fix)
        }
        [one] if is_earlier(target, one) => {
            let found = format!("points to {one}, the target of an earlier registration, instead of {target}");
            finding(Check::DelegationElsewhere, found, replace)
        }
        _ => {
            let found = format!("points to {list} instead of {target}");
            let fix = format!(
                "{replace}. Another service may depend on the record that is there: ask whoever created it before \
                 you replace it"
            );
            finding(Check::DelegationElsewhere, found, fix)
        }
    }
}

fn plural(records: &[String]) -> &'static str {
    if records.len() == 1 { "" } else { "s" }
}

/// Whether `to` is another label in the zone of the target's label: each registration has its own.
fn is_earlier(target: &str, to: &str) -> bool {
    let zone = |name: &str| name.split_once('.').map(|(_, zone)| zone.to_owned());
    zone(target).is_some_and(|known| known.contains('.') && zone(to) == Some(known))
}

/// The record beside what was found, and all its faults. No record before registration.
pub(crate) fn judge(subject: &Subject, facts: &AuthorizationFacts) -> (Option<RecordCheck>, Vec<Finding>) {
    let Some(target) = &subject.delegation_target else { return (None, before_registration(facts)) };
    let record = delegation_record(&facts.base, target);
    if !facts.zone.is_served() {
        // The zone's finding says why.
        return (Some(RecordCheck { record, status: RecordStatus::Unreachable, found: found(facts) }), Vec::new());
    }
    let fault = fault(&facts.base, target, &facts.cname, &facts.txt).map(|fault| refine(fault, &record, facts));
    let status = fault.as_ref().map_or(RecordStatus::Ok, |fault| status_of(fault, facts));
    let mut findings: Vec<Finding> = match fault {
        None => beside(&record, facts).into_iter().collect(),
        Some(fault) => vec![fault],
    };
    if !facts.leftover.is_empty() && findings.is_empty() {
        findings.push(leftover(target, &facts.leftover));
    }
    (Some(RecordCheck { record, status, found: found(facts) }), findings)
}

/// Whether a server of the zone points `_acme-challenge` to another registration's label here.
pub(crate) fn leads_to_another(subject: &Subject, facts: &AuthorizationFacts) -> bool {
    let Some(target) = &subject.delegation_target else { return false };
    let Some((_, zone)) = target.split_once('.') else { return false };
    let leads = facts.cname.iter().flat_map(|answer| answer.answer.records());
    leads.into_iter().any(|to| to != target && to.strip_suffix(zone).is_some_and(|label| label.ends_with('.')))
}

fn status_of(finding: &Finding, facts: &AuthorizationFacts) -> RecordStatus {
    match finding.entry().map(|entry| entry.check) {
        Some(Check::DelegationMissing) if facts.around.in_the_way().is_empty() => RecordStatus::Missing,
        Some(Check::DelegationDoubledLabel) => RecordStatus::Missing,
        Some(Check::DelegationMissing | Check::ServersDisagree) => RecordStatus::Conflict,
        Some(Check::DelegationTxtInstead | Check::DelegationOwnZone) => RecordStatus::Conflict,
        Some(Check::DelegationElsewhere | Check::AliasLoop) => RecordStatus::Mismatch,
        _ => RecordStatus::Unreachable,
    }
}

/// The more specific cause of a fault, if more is known than the record itself.
fn refine(fault: Finding, record: &DnsRecord, facts: &AuthorizationFacts) -> Finding {
    if let Some(own_zone) = surroundings::own_zone(record, &facts.around.own_zone) {
        return own_zone;
    }
    let is_ours = |there: &str| {
        let to = there.strip_prefix("CNAME ").unwrap_or_default();
        to == record.value || is_appended(facts.base.as_str(), &record.value, to)
    };
    if fault.is(Check::DelegationMissing) || is_by_wildcard(&fault, facts) {
        let explained = surroundings::explain_missing(Check::DelegationMissing, record, facts, &facts.around, is_ours);
        let mut finding = explained.unwrap_or(fault);
        if let Some(zone) = surroundings::zone_asked(facts) {
            finding.guidance.summary = format!("{} ({zone})", finding.guidance.summary);
        }
        return finding;
    }
    if fault.is(Check::ServersDisagree)
        && let ZoneState::Served { differing: Some(differing), .. } = &facts.zone.state
    {
        return at_one_side(fault, record, differing, &facts.cname);
    }
    if fault.is(Check::DelegationElsewhere)
        && let Some(chain) = &facts.chain
    {
        let expected = format!("CNAME {}", record.value);
        if let Some(fault) = chain_fault(&record.name, &expected, chain, record) {
            return fault;
        }
        if let Some((through, _)) = chain.names.split_first().filter(|(_, rest)| rest.contains(&record.value)) {
            return indirect(record, through);
        }
    }
    fault
}

/// Some servers have the record and others do not, and registrar and zone name different servers.
fn at_one_side(mut fault: Finding, record: &DnsRecord, differing: &Differing, cname: &[ServerAnswer]) -> Finding {
    let has_it = |answer: &&ServerAnswer| answer.answer.records() == [record.value.clone()];
    let right: Vec<&str> = cname.iter().filter(has_it).map(|answer| answer.server.as_str()).collect();
    let (above, own) = (differing.above.join(", "), differing.own.join(", "));
    fault.guidance.action = Some(format!(
        "The record is right at {}. The zone is delegated to {above}, and its own NS records name {own}: let \
         both name the servers that have the record.",
        right.join(", ")
    ));
    fault
}

/// Whether the records at fault come only from a wildcard record.
fn is_by_wildcard(fault: &Finding, facts: &AuthorizationFacts) -> bool {
    let all = |kind: &str, answers: &[ServerAnswer]| {
        let mut data = answers.iter().flat_map(|answer| answer.answer.records());
        data.all(|data| facts.around.is_by_wildcard(&format!("{kind} {data}")))
    };
    (fault.is(Check::DelegationElsewhere) && all("CNAME", &facts.cname))
        || (fault.is(Check::DelegationTxtInstead) && all("TXT", &facts.txt))
}

/// The chain ends at the target, but through names that others may change.
fn indirect(record: &DnsRecord, through: &str) -> Finding {
    let found = format!(
        "points to {} through {through}, and must point there directly: whoever changes {through} would decide about the \
         certificates of this name",
        record.value
    );
    let fix = format!("Point the record directly at its target: {}", record.line());
    Check::DelegationElsewhere.finding(
        &record.name,
        format!("CNAME {}", record.value),
        found,
        Fix::of(fix).with_record(record.clone()),
    )
}

/// A chain of aliases without an end, or with one that not every resolver reaches.
pub(crate) fn chain_fault(name: &str, expected: &str, chain: &Chain, record: &DnsRecord) -> Option<Finding> {
    let fix =
        Fix::of(format!("Point the record directly at its target: {}", record.line())).with_record(record.clone());
    match &chain.end {
        ChainEnd::Loop(_) => {
            let found = format!("is part of a loop: {}", chain.describe().join(" → "));
            Some(Check::AliasLoop.finding(name, expected, found, fix))
        }
        ChainEnd::TooLong => {
            let found = format!(
                "goes through more than {} aliases: {}",
                crate::facts::MOST_ALIASES,
                chain.describe().join(" → ")
            );
            Some(Check::AliasChainTooLong.finding(name, expected, found, fix))
        }
        _ => None,
    }
}

/// A TXT record beside a correct CNAME.
fn beside(record: &DnsRecord, facts: &AuthorizationFacts) -> Option<Finding> {
    let values = facts.txt.iter().map(|a| a.answer.records()).find(|data| !data.is_empty())?;
    let found = format!("has a TXT record ({}) beside its CNAME", values.join(", "));
    let fix = format!("Delete the TXT record at {}; the CNAME stays.", record.name);
    Some(Check::TxtStray.finding(&record.name, "the CNAME and nothing else", found, Fix::of(fix)))
}

/// TXT records at the delegated name while no order is open: ours, and no longer needed.
fn leftover(target: &str, values: &[String]) -> Finding {
    let mut finding = Check::TxtStray.finding(
        target,
        "no TXT record while no order is open",
        format!("has a TXT record left over from an earlier order ({})", values.join(", ")),
        Fix::of("Delete the TXT record in the delegation zone. The next order removes its own values automatically."),
    );
    // The delegated name is in the platform's own zone.
    finding.guidance.waiting_on = vocabulary::guidance::WaitingOn::Operator;
    finding.softened(Severity::Notice)
}

/// Before registration no record is required; an existing record in its place is worth reporting.
fn before_registration(facts: &AuthorizationFacts) -> Vec<Finding> {
    if !facts.zone.is_served() {
        return Vec::new();
    }
    let name = facts.base.challenge_name();
    // A wildcard's answer is no obstacle: the record is created beside it.
    let there = |kind: &str, answers: &[ServerAnswer]| {
        let records = answers.iter().map(|a| a.answer.records().to_vec()).find(|data| !data.is_empty());
        records.filter(|data| !data.iter().all(|data| facts.around.is_by_wildcard(&format!("{kind} {data}"))))
    };
    let blocking = facts.around.in_the_way();
    let (check, found, fix) = if !facts.around.own_zone.is_empty() {
        let servers = facts.around.own_zone.join(", ");
        (
            Check::DelegationOwnZone,
            format!("is a zone of its own already, at the name servers {servers}"),
            format!("Delete the NS records at {name} before the CNAME is created."),
        )
    } else if let Some(to) = there("CNAME", &facts.cname) {
        (
            Check::DelegationElsewhere,
            format!("points to {} already", to.join(", ")),
            format!(
                "Registration shows the target that the CNAME at {name} must point to. Another service may depend on the \
                 record that is there: ask whoever created it before you replace it."
            ),
        )
    } else if let Some(values) = there("TXT", &facts.txt) {
        (
            Check::DelegationTxtInstead,
            format!("has a TXT record ({}) already", values.join(", ")),
            format!("Delete the TXT record at {name} before the CNAME is created."),
        )
    } else if !blocking.is_empty() {
        let list = blocking.join(", ");
        (
            Check::DelegationMissing,
            format!("has other records already: {list}"),
            format!("Delete these records at {name} before the CNAME is created: {list}"),
        )
    } else {
        return Vec::new();
    };
    let expected = "nothing yet: the record to create is shown at registration";
    vec![check.finding(&name, expected, found, Fix::of(fix)).softened(Severity::Warning)]
}

fn found(facts: &AuthorizationFacts) -> Vec<Found> {
    // A delegation needs no address behind it: a missing one is not reported, least of all for a correct delegation.
    let is_told = |chain: &Chain| !matches!(chain.end, ChainEnd::Nothing(Answer::NoData | Answer::NxDomain));
    let told = facts.chain.iter().map(|chain| match is_told(chain) {
        true => chain.describe(),
        false => chain.names.clone(),
    });
    let chain: Vec<String> = told.flat_map(|way| way.into_iter().skip(1)).collect();
    let mut found: Vec<Found> = facts
        .cname
        .iter()
        .map(|answer| {
            let txt = facts.txt.iter().find(|txt| txt.server == answer.server);
            let aliases = answer.answer.records().iter().map(|to| format!("CNAME {to}"));
            let txt = txt.into_iter().flat_map(|txt| txt.answer.records()).map(|value| format!("TXT \"{value}\""));
            let records: Vec<String> = aliases.chain(txt).collect();
            let error = error_of(&answer.answer).filter(|_| records.is_empty());
            let chain = if answer.answer.records().is_empty() { Vec::new() } else { chain.clone() };
            Found { server: answer.server.clone(), records, chain, error }
        })
        .collect();
    found.sort_by(|a, b| a.server.cmp(&b.server));
    found
}

#[cfg(test)]
mod tests;
