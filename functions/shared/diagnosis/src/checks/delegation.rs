//! The CNAME at `_acme-challenge`, and what else stands there.

use vocabulary::dns::owner_records::delegation_record;
use vocabulary::dns::{Answer, ServerAnswer};
use vocabulary::names::DomainName;
use vocabulary::record::DnsRecord;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::checks::zone;
use crate::facts::{AuthorizationFacts, Chain, ChainEnd};
use crate::report::{Finding, Found, RecordCheck, RecordStatus, Severity};
use crate::subject::Subject;

/// What is wrong with the delegation of `base`, from what its servers hold as CNAME and as TXT; `None` if nothing is.
pub fn fault(base: &DomainName, target: &str, cname: &[ServerAnswer], txt: &[ServerAnswer]) -> Option<Finding> {
    let record = delegation_record(base, target);
    let create =
        || Fix::of(format!("Create this record in the domain's DNS: {}", record.line())).with_record(record.clone());
    let finding =
        |check: Check, found: String, fix: Fix| check.finding(&record.name, format!("CNAME {target}"), found, fix);
    let right = |answer: &Answer| matches!(answer, Answer::Records(data) if data.len() == 1 && data[0] == target);
    let answered: Vec<_> = cname.iter().filter(|a| a.answer.is_usable()).collect();
    if answered.is_empty() {
        let found = format!("cannot be looked up, as no name server of {base} answers: {}", describe(cname));
        return Some(finding(zone::unanswered(cname), found, create()));
    }
    if answered.iter().all(|a| right(&a.answer)) {
        return None;
    }
    if answered.iter().any(|a| right(&a.answer)) {
        let found = format!("is told differently by the name servers of {base}, which disagree: {}", describe(cname));
        let fix = Fix::of(
            "If the record was just created, wait: it is checked again soon. Otherwise make all name servers of the zone serve the same records.",
        );
        let wrong = answered.iter().find(|a| !right(&a.answer)).map_or("", |a| a.server.as_str());
        let fix = fix.with_record(record.clone()).with_command(format!("dig CNAME {} @{wrong}", record.name));
        return Some(finding(Check::ServersDisagree, found, fix));
    }
    if let Some(leads) = answered.iter().map(|a| a.answer.records()).find(|data| !data.is_empty()) {
        if leads.contains(&record.name) {
            return Some(finding(Check::AliasLoop, "is an alias of itself".into(), create()));
        }
        let found = format!("leads to {} instead of {target}", leads.join(", "));
        let fix = format!("Change the record, so that it is the only one of its name: {}", record.line());
        return Some(finding(Check::DelegationElsewhere, found, Fix::of(fix).with_record(record.clone())));
    }
    if let Some(values) = txt.iter().map(|a| a.answer.records()).find(|data| !data.is_empty()) {
        let found = format!("has a TXT record ({}) where the CNAME must stand", values.join(", "));
        let fix = format!("Delete the TXT record at {}, then create there: {}", record.name, record.line());
        return Some(finding(Check::DelegationTxtInstead, found, Fix::of(fix).with_record(record.clone())));
    }
    Some(finding(Check::DelegationMissing, format!("has no CNAME record: {}", describe(cname)), create()))
}

/// The record beside what was found, and everything that is wrong there. No record before registration.
pub(crate) fn judge(subject: &Subject, facts: &AuthorizationFacts) -> (Option<RecordCheck>, Vec<Finding>) {
    let Some(target) = &subject.delegation_target else { return (None, before_registration(facts)) };
    let record = delegation_record(&facts.base, target);
    if !facts.zone.is_served() {
        // Why is told of the zone.
        return (Some(RecordCheck { record, status: RecordStatus::Unreachable, found: found(facts) }), Vec::new());
    }
    let plain = fault(&facts.base, target, &facts.cname, &facts.txt);
    let status = plain.as_ref().map_or(RecordStatus::Ok, status_of);
    let mut findings = Vec::new();
    match plain {
        None => findings.extend(beside(&record, facts)),
        Some(fault) => findings.push(refine(fault, &record, facts)),
    }
    if !facts.leftover.is_empty() && findings.is_empty() {
        findings.push(leftover(target, &facts.leftover));
    }
    (Some(RecordCheck { record, status, found: found(facts) }), findings)
}

/// Whether a server of the zone leads `_acme-challenge` to the label of another registration here.
pub(crate) fn leads_to_another(subject: &Subject, facts: &AuthorizationFacts) -> bool {
    let Some(target) = &subject.delegation_target else { return false };
    let Some((_, zone)) = target.split_once('.') else { return false };
    let leads = facts.cname.iter().flat_map(|answer| answer.answer.records());
    leads.into_iter().any(|to| to != target && to.strip_suffix(zone).is_some_and(|label| label.ends_with('.')))
}

fn status_of(finding: &Finding) -> RecordStatus {
    match finding.entry().map(|entry| entry.check) {
        Some(Check::DelegationMissing) => RecordStatus::Missing,
        Some(Check::ServersDisagree | Check::DelegationTxtInstead) => RecordStatus::Conflict,
        Some(Check::DelegationElsewhere | Check::AliasLoop) => RecordStatus::Mismatch,
        _ => RecordStatus::Unreachable,
    }
}

/// The nearer cause of a fault, where more is known than the record itself.
fn refine(fault: Finding, record: &DnsRecord, facts: &AuthorizationFacts) -> Finding {
    if fault.is(Check::DelegationMissing)
        && let Some((doubled, answers)) = &facts.doubled
        && doubled.starts_with(&record.name)
        && let Some(at_doubled) = answers.iter().map(|a| a.answer.records()).find(|data| !data.is_empty())
    {
        let relative = doubled.strip_suffix(&format!(".{}", apex_of(facts))).unwrap_or(doubled);
        let relative = relative.strip_suffix(&format!(".{}", apex_of(facts))).unwrap_or(relative);
        let found = format!("has no record, but {doubled} has one ({}): the zone was appended", at_doubled.join(", "));
        let fix = format!(
            "Delete the record at {doubled}, and create it anew with the name typed as {relative}: {}",
            record.line()
        );
        return Check::DelegationDoubledLabel.finding(
            &record.name,
            format!("CNAME {}", record.value),
            found,
            Fix::of(fix).with_record(record.clone()),
        );
    }
    if fault.is(Check::DelegationElsewhere)
        && let Some(chain) = &facts.chain
        && let Some(fault) = chain_fault(&record.name, &format!("CNAME {}", record.value), chain, record)
    {
        return fault;
    }
    fault
}

/// A chain of aliases that has no end, or none that every resolver finds.
pub(crate) fn chain_fault(name: &str, expected: &str, chain: &Chain, record: &DnsRecord) -> Option<Finding> {
    let fix =
        Fix::of(format!("Let the record lead straight to its target: {}", record.line())).with_record(record.clone());
    match &chain.end {
        ChainEnd::Loop(_) => {
            let found = format!("leads in a circle: {}", chain.describe().join(" → "));
            Some(Check::AliasLoop.finding(name, expected, found, fix))
        }
        ChainEnd::TooLong => {
            let found = format!(
                "leads through more than {} aliases: {}",
                crate::facts::MOST_ALIASES,
                chain.describe().join(" → ")
            );
            Some(Check::AliasChainTooLong.finding(name, expected, found, fix))
        }
        _ => None,
    }
}

/// A TXT record at the same name as a CNAME that is right.
fn beside(record: &DnsRecord, facts: &AuthorizationFacts) -> Option<Finding> {
    let values = facts.txt.iter().map(|a| a.answer.records()).find(|data| !data.is_empty())?;
    let found = format!("has a TXT record ({}) beside its CNAME", values.join(", "));
    let fix = format!("Delete the TXT record at {}; the CNAME stays.", record.name);
    Some(Check::TxtStray.finding(&record.name, "the CNAME and nothing else", found, Fix::of(fix)))
}

/// TXT records at the delegated name while no order is open: ours, and of no use any more.
fn leftover(target: &str, values: &[String]) -> Finding {
    let mut finding = Check::TxtStray.finding(
        target,
        "no TXT record while no order is open",
        format!("has a TXT record left over from an earlier order ({})", values.join(", ")),
        Fix::of("Delete the TXT record in the delegation zone. The next order takes its own values away by itself."),
    );
    // The delegated name is in the platform's own zone.
    finding.guidance.waiting_on = vocabulary::guidance::WaitingOn::Operator;
    finding.softened(Severity::Notice)
}

/// Before registration no record is asked for; what stands in its place already is worth knowing.
fn before_registration(facts: &AuthorizationFacts) -> Vec<Finding> {
    if !facts.zone.is_served() {
        return Vec::new();
    }
    let name = facts.base.challenge_name();
    let persistent =
        |answers: &[ServerAnswer]| answers.iter().map(|a| a.answer.records().to_vec()).find(|data| !data.is_empty());
    let expected = "nothing yet: the record to create is shown at registration";
    let finding = if let Some(to) = persistent(&facts.cname) {
        let fix = Fix::of(format!("Change the CNAME at {name} to the target that registration will show."));
        Check::DelegationElsewhere.finding(&name, expected, format!("leads to {} already", to.join(", ")), fix)
    } else if let Some(values) = persistent(&facts.txt) {
        let fix = Fix::of(format!("Delete the TXT record at {name} before the CNAME is created."));
        Check::DelegationTxtInstead.finding(
            &name,
            expected,
            format!("has a TXT record ({}) already", values.join(", ")),
            fix,
        )
    } else {
        return Vec::new();
    };
    vec![finding.softened(Severity::Warning)]
}

fn found(facts: &AuthorizationFacts) -> Vec<Found> {
    let chain: Vec<String> = facts.chain.iter().flat_map(|chain| chain.describe().into_iter().skip(1)).collect();
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

/// Why there is nothing, in words; `None` where the name is there without this type.
pub(crate) fn error_of(answer: &Answer) -> Option<String> {
    match answer {
        Answer::NxDomain => Some("NXDOMAIN (the name does not exist)".into()),
        Answer::Failed(why) => Some(why.to_string()),
        _ => None,
    }
}

fn apex_of(facts: &AuthorizationFacts) -> &str {
    match &facts.zone.state {
        crate::facts::ZoneState::Served { apex, .. } => apex,
        _ => "",
    }
}

/// Each server's answer on one line, in the order of the servers' names.
pub(crate) fn describe(answers: &[ServerAnswer]) -> String {
    let mut parts: Vec<String> = answers
        .iter()
        .map(|a| match &a.answer {
            Answer::Records(data) => format!("{} says {}", a.server, data.join(", ")),
            Answer::NoData => format!("{} has no such record", a.server),
            Answer::NxDomain => format!("{} says that the name does not exist", a.server),
            Answer::Failed(why) => format!("{}: {why}", a.server),
        })
        .collect();
    parts.sort();
    parts.join("; ")
}
