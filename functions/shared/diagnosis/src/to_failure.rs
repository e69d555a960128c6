//! An attempt fails by the same words that a check shows.

use vocabulary::failure::Failure;

use crate::catalogue::check::Area;
use crate::report::{Finding, Severity};

/// The flow's failure for a finding: the same words, and the record to create always among them.
pub fn to_failure(finding: &Finding) -> Failure {
    let mut remedy = finding.guidance.next_step().to_owned();
    if let Some(record) = finding.guidance.record.as_ref().filter(|record| !remedy.contains(&record.line())) {
        remedy = format!("{remedy} ({})", record.line());
    }
    Failure::new(
        vocabulary::failure::FailureName::RecordsNotReady,
        finding.guidance.waiting_on,
        format!("{} {}", finding.subject, finding.guidance.summary),
        remedy,
    )
    .with_check(&finding.check)
    .with_record(finding.guidance.record.as_deref())
}

/// Whether something of `areas` is wrong enough to fail a validation.
pub(crate) fn blamed(findings: &[Finding], areas: &[Area]) -> bool {
    findings.iter().any(|finding| {
        finding.severity == Severity::Error && finding.entry().is_some_and(|entry| areas.contains(&entry.area))
    })
}
