//! An attempt fails with the same words that a check shows.

use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::catalogue::check::Area;
use crate::report::{Finding, Severity};

/// The flow's failure for a finding, with the same words that are shown everywhere.
///
/// If nobody is to blame, because no answer came in time, it is retried at once, like any unavailable service.
pub fn to_failure(finding: &Finding) -> Failure {
    let name = match finding.guidance.waiting_on {
        WaitingOn::Nobody => FailureName::Unavailable,
        _ => FailureName::RecordsNotReady,
    };
    Failure::with_guidance(name, finding.guidance_for_people()).with_check(&finding.check)
}

/// Findings that are reported in full; of the others only the names.
const MOST_IN_FULL: usize = 5;
/// Records that are listed; a command shows all of them.
const MOST_RECORDS: usize = 20;

/// The flow's failure for all faults, of several names at once; `None` if there are none.
pub fn to_failure_of_all(findings: &[Finding]) -> Option<Failure> {
    // Beside known faults, unknown ones do not count.
    let is_known = |finding: &&Finding| finding.guidance.waiting_on.is_somebody();
    let known: Vec<Finding> = findings.iter().filter(is_known).cloned().collect();
    let findings = if known.is_empty() { findings } else { &known };
    let first = findings.first()?;
    let failure = to_failure(first);
    if findings.len() == 1 {
        return Some(failure);
    }
    let in_full = findings.iter().take(MOST_IN_FULL);
    let mut said: Vec<String> =
        in_full.map(|finding| format!("{} {}", finding.subject, finding.guidance.summary)).collect();
    let others: Vec<&str> = findings.iter().skip(MOST_IN_FULL).map(|finding| finding.subject.as_str()).collect();
    if !others.is_empty() {
        said.push(format!("and others: {}", others.join(", ")));
    }
    let lines = findings.iter().filter_map(|finding| Some(finding.guidance.record.as_ref()?.line()));
    let records: Vec<String> = lines.take(MOST_RECORDS).collect();
    let and_on = if findings.len() > MOST_RECORDS { "; …" } else { "" };
    let step = failure.guidance.next_step().trim_end_matches('.');
    let mut action = format!("{}: {step}.", first.subject);
    if !records.is_empty() {
        action += &format!(" The records of all of them: {}{and_on}", records.join("; "));
    }
    let summary = format!("{} names are not ready: {}", findings.len(), said.join("; "));
    let mut all = Failure::new(failure.name, failure.guidance.waiting_on, summary, action);
    // Several names can share one fault, which other endpoints may share as well: their zone's.
    let alike =
        |finding: &Finding| finding.check == first.check && finding.guidance.at_fault == first.guidance.at_fault;
    all.guidance.at_fault = first.guidance.at_fault.clone().filter(|_| findings.iter().all(alike));
    Some(all.with_check(&first.check).with_record(failure.guidance.record.as_deref()))
}

/// Whether a fault in `areas` is severe enough to fail a validation.
pub(crate) fn blamed(findings: &[Finding], areas: &[Area]) -> bool {
    findings.iter().any(|finding| {
        finding.severity == Severity::Error && finding.entry().is_some_and(|entry| areas.contains(&entry.area))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Check;
    use crate::catalogue::finding::Fix;
    use vocabulary::record::DnsRecord;

    fn missing(name: &str) -> Finding {
        let record =
            DnsRecord { name: name.into(), kind: "CNAME".into(), value: "edge.example".into(), purpose: String::new() };
        let fix = Fix::of(format!("Create this DNS record: {}", record.line())).with_record(record);
        Check::HostMissing.finding(name, "CNAME edge.example", "does not exist", fix)
    }

    #[test]
    fn every_name_at_fault_is_in_the_failure() {
        assert_eq!(to_failure_of_all(&[]), None);
        let one = missing("a.example");
        assert_eq!(to_failure_of_all(std::slice::from_ref(&one)), Some(to_failure(&one)));
        let names: Vec<String> = (0..97).map(|i| format!("n{i}.example")).collect();
        let all: Vec<Finding> = names.iter().map(|name| missing(name)).collect();
        let failure = to_failure_of_all(&all).expect("they are wrong");
        let said = &failure.guidance.summary;
        assert!(said.starts_with("97 names are not ready: n0.example does not exist; n1.example"), "{said}");
        assert!(names.iter().all(|name| said.contains(name.as_str())), "{said}");
        assert!(failure.guidance.next_step().contains("n19.example CNAME edge.example; …"));
        assert_eq!(failure.guidance.record.expect("a record").name, "n0.example");
    }

    #[test]
    fn where_no_record_is_to_be_created_none_is_announced() {
        let silent =
            |name| Check::ServersSilent.finding(name, "an answer", "none", Fix::of("Open port 53 to everybody."));
        let failure = to_failure_of_all(&[silent("a.example"), silent("b.example")]).expect("they are wrong");
        assert_eq!(failure.guidance.next_step(), "a.example: Open port 53 to everybody.");
    }
}
