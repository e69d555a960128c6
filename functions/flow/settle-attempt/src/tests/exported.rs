use super::removing::deactivated;
use super::*;
use domain::endpoint::EndpointStatus;
use domain::ports::{ExportMaterial, KeyExport, KeyVault};
use domain::status::status_of;
use vocabulary::certificate::{CertificateKey, ExportedKey, InstalledCertificate};

/// With a certificate that nobody was notified of, which is to be exported; `exported`: whether it was.
async fn issued(exported: bool) -> Fixture {
    let deployment = Deployment { export_key: true, ..Deployment::default() };
    let fixture = Fixture::deployed(Reachability::Internal, deployment).await.with_order().await;
    let (id, endpoint) = (fixture.input.endpoint.clone(), fixture.endpoint().await);
    let mut export = ExportedKey::default();
    if exported {
        let secret = fixture.exports.prepare(&id, "example.com").await.expect("in memory");
        let material = ExportMaterial {
            endpoint: &id,
            domain: "example.com",
            leaf_pem: "",
            issuers_pem: "",
            key: &CertificateKey::generate(),
            generation: 1,
            serial: "AB",
            not_after: fixture.now,
        };
        fixture.exports.write(&secret, material).await.expect("in memory");
        export = ExportedKey { secret: Some(secret), serial: Some("AB".into()) };
    }
    let held = InstalledCertificate { export: Some(export), ..testkit::installed(&endpoint, fixture.now) };
    fixture.endpoints.record_certificate(&id, fixture.input.attempt, &held).await.expect("ours");
    fixture
}

#[tokio::test]
async fn a_certificate_that_was_not_exported_is_announced_and_its_export_is_still_a_failure() {
    let mut fixture = issued(false).await;
    fixture.input.failure = Some(caught(FailureName::DestinationRefused, WaitingOn::Operator));
    assert_eq!(run(&fixture).await.expect("settled").status, Status::Succeeded);
    let endpoint = fixture.endpoint().await;
    let held = endpoint.certificate.as_ref().expect("it is there");
    assert!(held.announced && endpoint.order.is_some(), "the order is kept: its chain is what is exported");
    assert!(fixture.keys.load(&endpoint.id, 1).await.expect("in memory").is_some(), "and so is the key");
    assert_eq!(status_of(&endpoint, fixture.now).status, EndpointStatus::Degraded);
    let attempts = fixture.endpoints.attempts(&endpoint.id, 1).await.expect("in memory");
    assert_eq!((attempts[0].outcome, attempts[0].failure.is_some()), (Outcome::Issued, true));
    assert!(fixture.notifier.kinds().contains(&AlertKind::CertificateIssued), "{:?}", fixture.notifier.kinds());

    next(&mut fixture).await;
    run(&fixture).await.expect("settled");
    assert!(fixture.endpoint().await.failing.is_some(), "what was told once lasts until it is done");
}

#[tokio::test]
async fn an_exported_certificate_leaves_no_key() {
    let fixture = issued(true).await;
    assert_eq!(run(&fixture).await.expect("settled").status, Status::Succeeded);
    assert!(fixture.keys.is_empty() && fixture.endpoint().await.failing.is_none());
}

#[tokio::test]
async fn a_removal_deletes_the_secret_with_the_endpoint() {
    let mut fixture = issued(true).await;
    run(&fixture).await.expect("settled");
    fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
    next(&mut fixture).await;
    deactivated(&fixture).await;
    assert_eq!(run(&fixture).await.expect("settled").status, Status::Removed);
    assert!(fixture.exports.secrets().is_empty() && fixture.endpoints.is_empty());
}
