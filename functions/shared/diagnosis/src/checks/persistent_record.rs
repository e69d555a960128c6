//! The persistent record at `_validation-persist`: what is there, as the CA will judge it.

use time::OffsetDateTime;
use vocabulary::dns::owner_records::persistent_record;
use vocabulary::dns::{PersistentFault, PersistentIssuer, PersistentRecord, ServerAnswer};
use vocabulary::names::DomainName;
use vocabulary::record::{DnsRecord, quoted};
use vocabulary::text::moment;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::checks::answers::{describe, error_of};
use crate::checks::delegation::AGREE;
use crate::checks::{surroundings, zone};
use crate::facts::AuthorizationFacts;
use crate::report::{Finding, Found, RecordCheck, RecordStatus, Severity};
use crate::subject::Subject;

/// What is wrong with the persistent record of `base`, by its servers' TXT answers; `None` if nothing is.
///
/// One good record is enough, whatever is beside it: each CA and account has its own.
pub fn fault(
    base: &DomainName,
    wildcard: bool,
    issuer: &PersistentIssuer,
    txt: &[ServerAnswer],
    now: OffsetDateTime,
) -> Option<Finding> {
    let record = persistent_record(base, wildcard, issuer);
    let answered: Vec<_> = txt.iter().filter(|a| a.answer.is_usable()).collect();
    if !txt.is_empty() && txt.iter().all(|a| a.answer.is_unseen()) {
        // We cannot see it from here. The CA decides.
        return None;
    }
    if answered.is_empty() {
        return Some(zone::unanswered_record(base, &record, txt));
    }
    let judged: Vec<_> = answered.iter().map(|a| (*a, best(issuer, a.answer.records(), wildcard, now))).collect();
    let wrong: Vec<_> =
        judged.iter().filter_map(|(answer, best)| best.as_ref().err().map(|why| (answer, why))).collect();
    let (first, _) = wrong.first()?;
    if wrong.len() < judged.len() {
        let found = format!("differs between the name servers of {base}: {}", describe(txt));
        let fix = Fix::of(AGREE)
            .with_record(record.clone())
            .with_command(format!("dig TXT {} @{}", record.name, first.server));
        return Some(Check::ServersDisagree.finding(&record.name, expected(&record), found, fix));
    }
    let (answer, why) = wrong.iter().max_by_key(|(_, why)| *why).expect("one is wrong");
    let values = || answer.answer.records().iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ");
    let (check, found, act) = match why {
        None => (
            Check::PersistentMissing,
            format!("has no TXT record: {}", describe(txt)),
            "Create this TXT record in the domain's DNS",
        ),
        Some(PersistentFault::OtherIssuer) => (
            Check::PersistentElsewhere,
            format!("does not name this installation's CA: {}", values()),
            "Create this TXT record beside those that are there",
        ),
        Some(PersistentFault::OtherAccount(account)) => (
            Check::PersistentElsewhere,
            format!("lets another account issue: {account}"),
            "Create this TXT record; another account's may stand beside it, if it is wanted",
        ),
        Some(PersistentFault::Malformed(why)) => (
            Check::PersistentMalformed,
            format!("cannot be read by the CA: {why} ({})", values()),
            "Replace the TXT record with this one",
        ),
        Some(PersistentFault::Expired(until)) => (
            Check::PersistentExpired,
            format!("was good until {} (persistUntil={})", moment(*until), until.unix_timestamp()),
            "Replace the TXT record with this one, which has no end, or write a later persistUntil",
        ),
        Some(PersistentFault::NoWildcard) => (
            Check::PersistentWildcard,
            format!("is good for {base} alone, not for *.{base}: policy=wildcard is missing"),
            "Replace the TXT record with this one",
        ),
    };
    Some(finding(check, &record, found, act))
}

/// The record that the CA would accept, or the closest one; `None` if there is no record at all.
fn best(
    issuer: &PersistentIssuer,
    values: &[String],
    wildcard: bool,
    now: OffsetDateTime,
) -> Result<PersistentRecord, Option<PersistentFault>> {
    let mut nearest = None;
    for value in values {
        match issuer.judge(value, wildcard, now) {
            Ok(record) => return Ok(record),
            Err(why) => nearest = nearest.max(Some(why)),
        }
    }
    Err(nearest)
}

fn expected(record: &DnsRecord) -> String {
    format!("TXT {}", quoted(&record.value))
}

fn finding(check: Check, record: &DnsRecord, found: String, act: &str) -> Finding {
    let fix = Fix::of(format!("{act}: {}", record.line())).with_record(record.clone());
    check.finding(&record.name, expected(record), found, fix)
}

/// The record beside what was found, and what is wrong there. No record if the account is not known: then an attempt says so.
pub(crate) fn judge(
    subject: &Subject,
    facts: &AuthorizationFacts,
    issuer: &vocabulary::dns::Issuer,
    now: OffsetDateTime,
) -> (Option<RecordCheck>, Vec<Finding>) {
    let Ok(issuer) = PersistentIssuer::of(issuer) else { return (None, Vec::new()) };
    let names = || subject.names.iter().filter(|name| name.base == facts.base);
    let wildcard = names().any(|name| name.wildcard);
    let record = persistent_record(&facts.base, wildcard, &issuer);
    if !facts.zone.is_served() {
        // The zone's finding says why.
        return (Some(RecordCheck { record, status: RecordStatus::Unreachable, found: found(facts) }), Vec::new());
    }
    let plain = fault(&facts.base, wildcard, &issuer, &facts.persistent, now);
    let status = plain.as_ref().map_or(RecordStatus::Ok, status_of);
    let finding = match plain {
        Some(fault) => Some(refine(fault, &record, facts)),
        None => ending(subject, facts, &issuer, wildcard, now),
    };
    // The record is shown so that it can be created: before registration nobody is to blame if it is missing.
    let findings = finding.into_iter().filter(|finding| subject.registered || !finding.is(Check::PersistentMissing));
    let findings = findings.collect();
    (Some(RecordCheck { record, status, found: found(facts) }), findings)
}

fn status_of(finding: &Finding) -> RecordStatus {
    match finding.entry().map(|entry| entry.check) {
        Some(Check::PersistentMissing) => RecordStatus::Missing,
        Some(Check::ServersDisagree) => RecordStatus::Conflict,
        Some(Check::ServersSilent | Check::ServersLame | Check::ServersFailing) => RecordStatus::Unreachable,
        _ => RecordStatus::Mismatch,
    }
}

/// The more specific cause of a fault, if more is known than the record itself.
fn refine(fault: Finding, record: &DnsRecord, facts: &AuthorizationFacts) -> Finding {
    let around = &facts.persistent_around;
    let mut values = facts.persistent.iter().flat_map(|answer| answer.answer.records());
    let by_wildcard = values.all(|value| around.is_by_wildcard(&format!("TXT {value}")));
    if !(fault.is(Check::PersistentMissing) || fault.is(Check::PersistentElsewhere) && by_wildcard) {
        return fault;
    }
    let is_ours = |there: &str| there.strip_prefix("TXT ") == Some(&record.value);
    surroundings::explain_missing(Check::PersistentMissing, record, facts, around, is_ours).unwrap_or(fault)
}

/// A record that is valid now, but no longer when the certificate must be renewed.
fn ending(
    subject: &Subject,
    facts: &AuthorizationFacts,
    issuer: &PersistentIssuer,
    wildcard: bool,
    now: OffsetDateTime,
) -> Option<Finding> {
    let renewal = subject.certificate.as_ref()?.renew_at;
    let good = facts.persistent.iter().filter(|a| a.answer.is_usable());
    let ends = good.map(|a| best(issuer, a.answer.records(), wildcard, now).ok()?.until);
    // Without an end it is valid for ever.
    let until = ends.collect::<Option<Vec<_>>>()?.into_iter().min().filter(|until| *until < renewal)?;
    let record = persistent_record(&facts.base, wildcard, issuer);
    let found = format!("is good until {}, and the next renewal is at {}", moment(until), moment(renewal));
    let act = "Replace the TXT record with this one, which has no end, or write a later persistUntil";
    Some(finding(Check::PersistentExpired, &record, found, act).softened(Severity::Warning))
}

fn found(facts: &AuthorizationFacts) -> Vec<Found> {
    let one = |answer: &ServerAnswer| Found {
        server: answer.server.clone(),
        records: answer.answer.records().iter().map(|value| format!("TXT {}", quoted(value))).collect(),
        chain: Vec::new(),
        error: error_of(&answer.answer),
    };
    let mut found: Vec<Found> = facts.persistent.iter().map(one).collect();
    found.sort_by(|a, b| a.server.cmp(&b.server));
    found
}
