//! Puts the issued certificate into ACM.

use domain::certificate::{InstalledCertificate, VerifiedChain, verify};
use domain::failure::{Actor, FailureName};
use domain::flow::{Progress, Status, StepInput};
use domain::order::OpenOrder;
use domain::ports::{
    AttemptJournal, CertificateStore, FaultKind, ImportMaterial, KeyVault, ServiceFault, ordering_endpoint,
};
use domain::schedule::renewal_opens;
use domain::{Endpoint, Failure};
use time::OffsetDateTime;

/// Runs the step. `jitter` in 0.0..1.0 spreads the renewals.
///
/// The order of effects: the intention to import is recorded, then imported, looked at, recorded, and only
/// then is the key forgotten. A run that died after the import is found out by the intention, and adopted.
pub async fn import_certificate<J: AttemptJournal>(
    journal: &J,
    keys: &impl KeyVault,
    store: &impl CertificateStore,
    input: &StepInput,
    now: OffsetDateTime,
    jitter: f64,
) -> Result<Progress, Failure> {
    let (endpoint, mut order) = ordering_endpoint(journal, input).await?;
    let held = endpoint.certificate.as_ref();
    if held.is_some_and(|held| held.generation == order.generation) {
        // A run before this one came as far as the record.
        keys.forget(&endpoint.id, order.generation).await?;
        return Ok(input.reached(Status::Imported));
    }
    let chain = order.chain.clone().ok_or_else(|| lost("The order has no certificate yet."))?;
    let key = keys.load(&endpoint.id, order.generation).await?;
    let key = key.ok_or_else(|| lost("The key of the issued certificate is gone."))?;
    let verified = verify(&chain, &key.public_key(), &endpoint.names, now, held.map(|held| held.not_after))
        .map_err(|reason| rejected(&reason.to_string()))?;

    let place = place_of(journal, store, input, &endpoint, &mut order, &verified).await?;
    let arn = match place {
        Place::Adopt(arn) => arn,
        Place::New | Place::Replace(_) => {
            let arn = match &place {
                Place::Replace(arn) => Some(arn.as_str()),
                _ => None,
            };
            let material = ImportMaterial {
                endpoint: &endpoint.id,
                leaf_pem: &verified.leaf_pem,
                issuers_pem: &verified.issuers_pem,
                key: &key,
            };
            store.import(arn, material).await.map_err(destination_failure)?
        }
    };
    let seen = store.describe(&arn).await.map_err(destination_failure)?;
    if seen.as_ref().is_none_or(|seen| seen.serial != verified.serial) {
        let found = seen.map_or("no certificate".to_owned(), |seen| format!("serial {}", seen.serial));
        let detail = format!("{arn} shows {found} after the import of serial {}", verified.serial);
        return Err(Failure::unavailable(detail));
    }
    let installed = InstalledCertificate {
        arn,
        serial: verified.serial,
        issuer: verified.issuer,
        names: endpoint.names.iter().cloned().collect(),
        not_before: verified.not_before,
        not_after: verified.not_after,
        imported_at: now,
        renew_at: renewal_opens(verified.not_before, verified.not_after, jitter),
        generation: order.generation,
        renewal: endpoint.certificate.is_some(),
        announced: false,
    };
    journal.record_certificate(&endpoint.id, input.attempt, &installed).await?;
    keys.forget(&endpoint.id, order.generation).await?;
    Ok(input.reached(Status::Imported))
}

/// Where the certificate goes.
enum Place {
    New,
    /// Under this ARN, which whatever uses the certificate knows already.
    Replace(String),
    /// It is there: a run that died imported it.
    Adopt(String),
}

async fn place_of(
    journal: &impl AttemptJournal,
    store: &impl CertificateStore,
    input: &StepInput,
    endpoint: &Endpoint,
    order: &mut OpenOrder,
    verified: &VerifiedChain,
) -> Result<Place, Failure> {
    if let Some(held) = &endpoint.certificate {
        let there = store.describe(&held.arn).await.map_err(destination_failure)?;
        match there {
            Some(there) if there.serial == verified.serial => return Ok(Place::Adopt(there.arn)),
            Some(there) => return Ok(Place::Replace(there.arn)),
            // Somebody deleted it: begin as if there had been none.
            None => {}
        }
    }
    if order.importing {
        let domain = endpoint.names.primary().to_string();
        let left = store.find(&domain, &verified.serial).await.map_err(destination_failure)?;
        return Ok(left.map_or(Place::New, |left| Place::Adopt(left.arn)));
    }
    order.importing = true;
    journal.save_order(&endpoint.id, input.attempt, order).await?;
    Ok(Place::New)
}

fn destination_failure(fault: ServiceFault) -> Failure {
    match fault.kind {
        FaultKind::Refused => Failure::new(
            FailureName::DestinationRefused,
            Actor::Operator,
            fault.to_string(),
            "Read ACM's words. If it is the quota of imported certificates, ask AWS to raise it or delete unused ones.",
        ),
        _ => fault.into(),
    }
}

fn lost(summary: &str) -> Failure {
    Failure::new(FailureName::OrderLost, Actor::Operator, summary, "Nothing: a new order is made by itself.")
}

fn rejected(reason: &str) -> Failure {
    Failure::new(
        FailureName::CertificateRejected,
        Actor::Ca,
        format!("The certificate was not imported: {reason}."),
        "Nothing at once: a new order is made by itself. If it happens again, report it to the CA.",
    )
}
