//! An attempt fails by the same words that a check shows.

use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::catalogue::check::Area;
use crate::report::{Finding, Severity};

/// The flow's failure for a finding, which says of itself what it says wherever it is shown.
///
/// What blames nobody, because no answer came in time, is tried again at once, like any service that does not answer.
pub fn to_failure(finding: &Finding) -> Failure {
    let name = match finding.guidance.waiting_on {
        WaitingOn::Nobody => FailureName::Unavailable,
        _ => FailureName::RecordsNotReady,
    };
    Failure::with_guidance(name, finding.guidance_for_people()).with_check(&finding.check)
}

/// Whether something of `areas` is wrong enough to fail a validation.
pub(crate) fn blamed(findings: &[Finding], areas: &[Area]) -> bool {
    findings.iter().any(|finding| {
        finding.severity == Severity::Error && finding.entry().is_some_and(|entry| areas.contains(&entry.area))
    })
}
