//! The endpoint's tags on its certificates in ACM.

use domain::endpoint::Endpoint;
use domain::ports::{AttemptJournal, CertificateStore, Destinations, FaultKind};
use vocabulary::certificate::{InstalledCertificate, Region};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::Ports;
use crate::refusals::destination_failure;

/// Updates the tags of the certificate, in every region, to those of the endpoint.
///
/// While they change, both are recorded: a change after a run that died removes what that run had added.
pub(crate) async fn follow<J: AttemptJournal, K, D: Destinations<Certificates: CertificateStore>, X>(
    ports: &Ports<'_, J, K, D, X>,
    endpoint: &Endpoint,
    attempt: u64,
    held: &mut InstalledCertificate,
) -> Result<(), Failure> {
    let wanted = &endpoint.deployment.tags;
    if held.tags == *wanted {
        return Ok(());
    }
    let known = held.tags.with(wanted);
    if known != held.tags {
        held.tags = known.clone();
        ports.journal.record_certificate(&endpoint.id, attempt, held).await?;
    }
    let home = ports.destinations.home().clone();
    let copies = held.copies.iter().map(|copy| (copy.region.clone(), copy.arn.clone()));
    let all: Vec<(Region, String)> = copies.chain([(home, held.arn.clone())]).collect();
    for (region, arn) in all {
        let place = endpoint.deployment.place(&region);
        let refused = |fault| destination_failure(fault, &place);
        let store = ports.destinations.certificates(&place).await.map_err(refused)?;
        match store.tag(&arn, &known, wanted).await {
            Ok(()) => {}
            Err(fault) if matches!(fault.kind, FaultKind::Throttled | FaultKind::Unavailable) => {
                return Err(fault.into());
            }
            Err(fault) => {
                return Err(Failure::new(
                    FailureName::DestinationRefused,
                    WaitingOn::Operator,
                    format!("The certificate is in ACM, and its tags could not be changed: {arn}: {fault}"),
                    format!(
                        "Tags are changed again automatically. Check which tags your organization allows; in another account, \
                         the role needs acm:AddTagsToCertificate and acm:RemoveTagsFromCertificate. To do without: managed-https \
                         change {} --no-tags",
                        endpoint.names.primary()
                    ),
                ));
            }
        }
    }
    held.tags = wanted.clone();
    ports.journal.record_certificate(&endpoint.id, attempt, held).await?;
    Ok(())
}
