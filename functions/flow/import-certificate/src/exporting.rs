//! The export of the key: for endpoints whose consumers cannot use ACM.

use domain::endpoint::Endpoint;
use domain::ports::{AttemptJournal, ExportMaterial, FaultKind, KeyExport, ServiceFault};
use vocabulary::certificate::{ExportedKey, InstalledCertificate};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::{Issued, Ports, lost};

/// Writes the certificate with its key to the endpoint's secret, where that is wanted and has not been done.
///
/// That there may be a secret is recorded before it is made, and its ARN before the key is in it: the secret is then known
/// when the export is turned off, or the endpoint removed.
pub(crate) async fn export<J: AttemptJournal, K, D, X: KeyExport>(
    ports: &Ports<'_, J, K, D, X>,
    endpoint: &Endpoint,
    attempt: u64,
    held: &mut InstalledCertificate,
    issued: Option<&Issued>,
) -> Result<(), Failure> {
    if !held.lacks_export(&endpoint.deployment) {
        return Ok(());
    }
    let secret = ports.exports.name_of(&endpoint.id);
    if ports.exports.reader().is_none() {
        return Err(not_allowed(endpoint, &secret));
    }
    let Issued { verified, key } = issued.ok_or_else(|| lost("The key of the current certificate is gone."))?;
    if held.export.is_none() {
        held.export = Some(ExportedKey::default());
        ports.journal.record_certificate(&endpoint.id, attempt, held).await?;
    }
    let domain = endpoint.names.primary().to_string();
    let arn = ports.exports.prepare(&endpoint.id, &domain).await.map_err(|fault| refused(fault, endpoint, &secret))?;
    let known = held.export.clone().unwrap_or_default();
    if known.secret.as_ref() != Some(&arn) {
        held.export = Some(ExportedKey { secret: Some(arn.clone()), ..known });
        ports.journal.record_certificate(&endpoint.id, attempt, held).await?;
    }
    let material = ExportMaterial {
        endpoint: &endpoint.id,
        domain: &domain,
        leaf_pem: &verified.leaf_pem,
        issuers_pem: &verified.issuers_pem,
        key,
        generation: held.generation,
        serial: &held.serial,
        not_after: held.not_after,
    };
    ports.exports.write(&arn, material).await.map_err(|fault| refused(fault, endpoint, &secret))?;
    held.export = Some(ExportedKey { secret: Some(arn), serial: Some(held.serial.clone()) });
    ports.journal.record_certificate(&endpoint.id, attempt, held).await?;
    Ok(())
}

/// Deletes the secret of an endpoint that is not exported any more.
pub(crate) async fn withdraw<J: AttemptJournal, K, D, X: KeyExport>(
    ports: &Ports<'_, J, K, D, X>,
    endpoint: &Endpoint,
    attempt: u64,
    held: &mut InstalledCertificate,
) -> Result<(), Failure> {
    let Some(exported) = held.export.as_ref().filter(|_| !endpoint.deployment.export_key) else { return Ok(()) };
    ports.exports.withdraw(&endpoint.id, exported.secret.as_deref()).await?;
    held.export = None;
    ports.journal.record_certificate(&endpoint.id, attempt, held).await?;
    Ok(())
}

fn not_allowed(endpoint: &Endpoint, secret: &str) -> Failure {
    Failure::new(
        FailureName::DestinationRefused,
        WaitingOn::Operator,
        format!(
            "The certificate is issued and in ACM. Its key was not exported to the secret {secret}: this installation exports \
             none, as its parameter ExportRoleArn is empty."
        ),
        format!(
            "Set ExportRoleArn and deploy, or end the export of this endpoint: managed-https change {} --export-key off",
            endpoint.names.primary()
        ),
    )
}

/// The flow retries a temporary fault as it is.
fn refused(fault: ServiceFault, endpoint: &Endpoint, secret: &str) -> Failure {
    match fault.kind {
        FaultKind::Throttled | FaultKind::Unavailable => fault.into(),
        FaultKind::Denied | FaultKind::Refused => Failure::new(
            FailureName::DestinationRefused,
            WaitingOn::Operator,
            format!(
                "The certificate is issued and in ACM. It could not be exported with its key to the secret {secret}: {fault}"
            ),
            format!(
                "Its key is kept, and the export is tried again automatically. Check that the role ExportRoleArn exists, and \
                 that no policy of your organization denies Secrets Manager or KMS to the stack. To do without: managed-https \
                 change {} --export-key off",
                endpoint.names.primary()
            ),
        ),
    }
}
