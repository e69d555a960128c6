mod targets;

use super::*;
use domain::ports::{CertificateAuthority, CertificateStore, Finalized, ImportMaterial};
use testkit::Fixture;
use vocabulary::acme::Reachability;
use vocabulary::certificate::Deployment;
use vocabulary::names::EndpointNames;

/// With a chain that waits to be imported.
async fn issued() -> Fixture {
    issued_for(Deployment::default()).await
}

async fn issued_for(deployment: Deployment) -> Fixture {
    let scene =
        Fixture::deployed(Reachability::Internal, deployment).await.with_order().await.with_publications().await;
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

async fn run(scene: &Fixture) -> Result<Progress, Failure> {
    let ports = Ports { journal: &scene.endpoints, keys: &scene.keys, destinations: &scene.destinations };
    import_certificate(&ports, &scene.input, scene.now, 0.5).await
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
