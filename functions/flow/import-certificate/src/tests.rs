mod adopting;
mod exporting;
mod tagging;
mod targets;

use super::*;
use domain::ports::{CertificateAuthority, CertificateStore, FaultKind, Finalized, ImportMaterial, ServiceFault};
use testkit::Fixture;
use vocabulary::acme::Reachability;
use vocabulary::certificate::{CertificateTags, Deployment};
use vocabulary::names::EndpointNames;

/// With a chain that waits to be imported.
async fn issued() -> Fixture {
    issued_for(Deployment::default()).await
}

async fn issued_for(deployment: Deployment) -> Fixture {
    let fixture =
        Fixture::deployed(Reachability::Internal, deployment).await.with_order().await.with_publications().await;
    let mut order = fixture.order().await;
    fixture.ca.validate(&order, false).await.expect("in memory");
    let key = fixture.keys.load(&fixture.input.endpoint, 1).await.expect("in memory").expect("there");
    let names: EndpointNames = fixture.endpoint().await.names;
    let reply = fixture.ca.finalize(&order, &key.certificate_request(&names)).await.expect("in memory");
    let Finalized::Issued { chain } = reply.value else { panic!("issued") };
    order.chain = Some(chain);
    fixture.endpoints.save_order(&fixture.input.endpoint, fixture.input.attempt, &order).await.expect("ours");
    fixture
}

async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
    let Fixture { endpoints, keys, destinations, exports, .. } = fixture;
    let ports = Ports { journal: endpoints, keys, destinations, exports };
    import_certificate(&ports, &fixture.input, fixture.now, 0.5).await
}

#[tokio::test]
async fn the_certificate_is_in_acm_and_recorded_and_its_key_is_gone() {
    let fixture = issued().await;
    assert_eq!(run(&fixture).await.expect("imported").status, Status::Imported);
    let held = fixture.endpoint().await.certificate.expect("recorded");
    assert_eq!(fixture.certificates.all()[&held.arn].serial, held.serial);
    assert!(!held.renewal && !held.announced);
    assert_eq!(held.renew_at - fixture.now, time::Duration::days(60));
    assert!(fixture.keys.is_empty());
    run(&fixture).await.expect("a second delivery");
    assert_eq!(fixture.certificates.all().len(), 1);
}

#[tokio::test]
async fn a_certificate_that_a_dead_run_left_in_acm_is_adopted() {
    let fixture = issued().await;
    let order = fixture.order().await;
    let key = fixture.keys.load(&fixture.input.endpoint, 1).await.expect("in memory").expect("there");
    let names = fixture.endpoint().await.names;
    let chain = order.chain.clone().expect("issued");
    let verified = verify(&chain, &key.public_key(), &names, fixture.now, None).expect("good");
    let material = ImportMaterial {
        endpoint: &fixture.input.endpoint,
        leaf_pem: &verified.leaf_pem,
        issuers_pem: &verified.issuers_pem,
        key: &key,
        tags: &CertificateTags::default(),
    };
    fixture.certificates.import(None, material).await.expect("in memory");
    let intended = OpenOrder { importing: true, ..order };
    fixture.endpoints.save_order(&fixture.input.endpoint, fixture.input.attempt, &intended).await.expect("ours");
    run(&fixture).await.expect("adopted");
    assert_eq!(fixture.certificates.all().values().map(|held| held.imports).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn an_import_is_searched_for_after_silence_and_not_after_a_definite_refusal() {
    for (kind, operation, searches) in [
        (FaultKind::Throttled, "acm:ImportCertificate", false),
        (FaultKind::Denied, "acm:ImportCertificate", false),
        (FaultKind::Refused, "acm:ImportCertificate", false),
        (FaultKind::Unavailable, "acm:ImportCertificate", true),
        (FaultKind::Throttled, "acm:GetCertificate", true),
    ] {
        let fixture = issued().await;
        fixture.certificates.refuse(Some(ServiceFault { operation, kind, detail: "said so".into() }));
        run(&fixture).await.expect_err("refused");
        assert_eq!(fixture.order().await.importing, searches, "{operation} {kind:?}");
        fixture.certificates.refuse(None);
        run(&fixture).await.expect("imported");
        assert_eq!(fixture.certificates.all().len(), 1);
    }
}

#[tokio::test]
async fn an_import_of_an_earlier_run_is_searched_for_until_its_outcome_is_known() {
    let fixture = issued().await;
    let intended = OpenOrder { importing: true, ..fixture.order().await };
    fixture.endpoints.save_order(&fixture.input.endpoint, fixture.input.attempt, &intended).await.expect("ours");
    let throttled =
        ServiceFault { operation: "acm:ImportCertificate", kind: FaultKind::Throttled, detail: "slow".into() };
    fixture.certificates.refuse(Some(throttled));
    run(&fixture).await.expect_err("refused");
    assert!(fixture.order().await.importing);
}

#[tokio::test]
async fn a_certificate_that_expired_while_it_waited_is_not_imported() {
    let mut fixture = issued().await;
    fixture.now += time::Duration::days(90);
    assert_eq!(run(&fixture).await.expect_err("expired").name, FailureName::CertificateRejected);
    assert!(fixture.certificates.all().is_empty());
}
