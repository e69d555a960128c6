//! Puts the issued certificate into ACM.

use domain::certificate::{InstalledCertificate, VerifiedChain, verify};
use domain::failure::{Actor, FailureName};
use domain::flow::{Progress, Status, StepInput};
use domain::order::OpenOrder;
use domain::ports::{
    AttemptJournal, CertificateStore, FaultKind, HeldCertificate, ImportMaterial, KeyVault, ServiceFault,
    ordering_endpoint,
};
use domain::renewal_info::certificate_id;
use domain::schedule::renewal_opens;
use domain::{Endpoint, Failure};
use time::OffsetDateTime;

/// Runs the step. `jitter` in 0.0..1.0 spreads the renewals.
///
/// The order of effects: the intention to import is recorded, then imported and read back, recorded, and only
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
        .map_err(|reason| reason.to_failure(now))?;

    let place = place_of(journal, store, input, &endpoint, &mut order, &verified).await?;
    let shown = match place {
        Place::Adopt(there) => there,
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
    if shown.serial != verified.serial {
        let HeldCertificate { arn, serial } = shown;
        let detail = format!("{arn} shows serial {serial} after the import of serial {}", verified.serial);
        return Err(Failure::unavailable(detail));
    }
    let installed = InstalledCertificate {
        arn: shown.arn,
        serial: verified.serial,
        issuer: verified.issuer,
        names: endpoint.names.iter().cloned().collect(),
        not_before: verified.not_before,
        not_after: verified.not_after,
        imported_at: now,
        renew_at: renewal_opens(verified.not_before, verified.not_after, jitter),
        directory: Some(order.directory.clone()),
        renewal_id: certificate_id(&chain),
        advice: None,
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
    Adopt(HeldCertificate),
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
            Some(there) if there.serial == verified.serial => return Ok(Place::Adopt(there)),
            Some(there) => return Ok(Place::Replace(there.arn)),
            // Somebody deleted it: begin as if there had been none.
            None => {}
        }
    }
    if order.importing {
        let domain = endpoint.names.primary().to_string();
        let left = store.find(&domain, &verified.serial).await.map_err(destination_failure)?;
        return Ok(left.map_or(Place::New, Place::Adopt));
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reachability;
    use domain::names::EndpointNames;
    use domain::ports::{CertificateAuthority, Finalized};
    use testkit::Scene;

    /// With a chain that waits to be imported.
    async fn issued() -> Scene {
        let scene = Scene::new(Reachability::Internal).await.with_order().await.with_publications().await;
        let mut order = scene.order().await;
        scene.ca.validate(&order, false).await.expect("in memory");
        let key = scene.keys.load(&scene.input.endpoint, 1).await.expect("in memory").expect("there");
        let names: EndpointNames = scene.endpoint().await.names;
        let reply = scene.ca.finalize(&order, &key.certificate_request(&names)).await.expect("in memory");
        let Finalized::Issued { chain } = reply.value else { panic!("issued") };
        order.chain = Some(chain);
        scene.endpoints.save_order(&scene.input.endpoint, scene.input.attempt, &order).await.expect("ours");
        scene
    }

    async fn run(scene: &Scene) -> Result<Progress, Failure> {
        let (journal, keys, store) = (&scene.endpoints, &scene.keys, &scene.certificates);
        import_certificate(journal, keys, store, &scene.input, scene.now, 0.5).await
    }

    #[tokio::test]
    async fn the_certificate_is_in_acm_and_recorded_and_its_key_is_gone() {
        let scene = issued().await;
        assert_eq!(run(&scene).await.expect("imported").status, Status::Imported);
        let held = scene.endpoint().await.certificate.expect("recorded");
        assert_eq!(scene.certificates.held()[&held.arn].serial, held.serial);
        assert!(!held.renewal && !held.announced);
        assert_eq!(held.renew_at - scene.now, time::Duration::days(60));
        assert!(scene.keys.is_empty());
        run(&scene).await.expect("a second delivery");
        assert_eq!(scene.certificates.held().len(), 1);
    }

    #[tokio::test]
    async fn a_certificate_that_a_dead_run_left_in_acm_is_adopted() {
        let scene = issued().await;
        let order = scene.order().await;
        let key = scene.keys.load(&scene.input.endpoint, 1).await.expect("in memory").expect("there");
        let names = scene.endpoint().await.names;
        let chain = order.chain.clone().expect("issued");
        let verified = verify(&chain, &key.public_key(), &names, scene.now, None).expect("good");
        let material = ImportMaterial {
            endpoint: &scene.input.endpoint,
            leaf_pem: &verified.leaf_pem,
            issuers_pem: &verified.issuers_pem,
            key: &key,
        };
        scene.certificates.import(None, material).await.expect("in memory");
        let intended = OpenOrder { importing: true, ..order };
        scene.endpoints.save_order(&scene.input.endpoint, scene.input.attempt, &intended).await.expect("ours");
        run(&scene).await.expect("adopted");
        assert_eq!(scene.certificates.held().values().map(|held| held.imports).collect::<Vec<_>>(), [1]);
    }

    #[tokio::test]
    async fn a_certificate_that_expired_while_it_waited_is_not_imported() {
        let mut scene = issued().await;
        scene.now += time::Duration::days(90);
        assert_eq!(run(&scene).await.expect_err("expired").name, FailureName::CertificateRejected);
        assert!(scene.certificates.held().is_empty());
    }
}
