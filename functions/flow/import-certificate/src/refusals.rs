//! What a target's refusal of a certificate means.

use domain::ports::{FaultKind, ServiceFault};
use vocabulary::certificate::Target;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

pub(crate) fn destination_failure(fault: ServiceFault, place: &Target) -> Failure {
    let refused = |summary: String, remedy: String| {
        let account = place.role.as_ref().map(|role| format!(" of {role}")).unwrap_or_default();
        Failure::new(FailureName::DestinationRefused, WaitingOn::Operator, summary, remedy)
            .at(format!("ACM in {}{account}", place.region))
    };
    match (fault.kind, &place.role) {
        (FaultKind::Refused, _) => refused(
            format!("ACM in {} would not take the certificate: {fault}", place.region),
            "Read ACM's words. If it is the quota of imported certificates, ask AWS to raise it or delete unused ones."
                .into(),
        ),
        (FaultKind::Denied, Some(role)) => refused(
            format!("The role {role} does not let the certificate be imported into {}: {fault}", place.region),
            "Compare the role's trust policy and its permissions with docs/how-to/listeners-and-regions.md, \
             then run `managed-https renew`."
                .into(),
        ),
        _ => fault.into(),
    }
}
