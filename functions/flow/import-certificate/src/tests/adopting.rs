//! A certificate of somebody else's, which the first one replaces.

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, SignatureAlgorithm};
use vocabulary::certificate::CertificateArn;
use vocabulary::names::EndpointId;

use super::*;

const THEIRS: &str = "arn:aws:acm:eu-central-1:000000000000:certificate/theirs";

fn theirs() -> CertificateArn {
    THEIRS.parse().expect("a certificate")
}

/// With a chain that waits to replace a certificate for `names`, which is given to `given_to`.
async fn taking_over(names: &[&str], given_to: impl FnOnce(&EndpointId) -> Option<EndpointId>) -> Fixture {
    taking_over_a(&PKCS_ECDSA_P256_SHA256, names, given_to).await
}

/// The same of one with another kind of key.
async fn taking_over_a(
    key: &'static SignatureAlgorithm,
    names: &[&str],
    given_to: impl FnOnce(&EndpointId) -> Option<EndpointId>,
) -> Fixture {
    let fixture = issued_for(Deployment { adopt: Some(theirs()), ..Deployment::default() }).await;
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("ASCII");
    params.not_after = fixture.now + time::Duration::days(20);
    let pem = params.self_signed(&KeyPair::generate_for(key).expect("a key")).expect("signs").pem();
    fixture.certificates.plant(THEIRS, pem, given_to(&fixture.input.endpoint));
    fixture
}

const OWN: [&str; 2] = ["example.com", "*.example.com"];

#[tokio::test]
async fn the_first_certificate_replaces_one_that_is_in_use_under_its_arn() {
    let fixture = taking_over(&["example.com"], |id| Some(id.clone())).await;
    for _ in 0..2 {
        run(&fixture).await.expect("imported, and a second delivery");
    }
    let held = fixture.endpoint().await.certificate.expect("recorded");
    let there = fixture.certificates.all();
    assert_eq!((held.arn.as_str(), there.len(), there[THEIRS].imports), (THEIRS, 1, 2), "once more, under its ARN");
    assert_eq!((&there[THEIRS].serial, held.retired), (&held.serial, vec![]));
}

#[tokio::test]
async fn a_certificate_without_the_endpoints_tag_is_left_alone_and_the_tag_is_named() {
    let others = || Some(EndpointId::from_random([9; 16]));
    for given_to in [None, others()] {
        let fixture = taking_over(&OWN, |_| given_to).await;
        let before = fixture.certificates.all();
        let failure = run(&fixture).await.expect_err("not given");
        assert_eq!((failure.name, failure.waiting_on()), (FailureName::DestinationRefused, WaitingOn::Operator));
        let step = failure.guidance.next_step();
        let tags = format!("Key=managed-https:endpoint,Value={}", fixture.input.endpoint);
        assert!(step.contains("aws acm add-tags-to-certificate") && step.contains(&tags), "{step}");
        assert_eq!(fixture.certificates.all(), before);
        assert!(fixture.order().await.chain.is_some(), "what was issued is kept for then");
    }
}

#[tokio::test]
async fn a_certificate_whose_users_would_lose_something_is_left_alone() {
    let lacking = taking_over(&["example.com", "shop.example.com"], |id| Some(id.clone())).await;
    let failure = run(&lacking).await.expect_err("a name would be lost");
    let step = failure.guidance.next_step();
    assert!(
        step.contains("managed-https change example.com --name '*.example.com' --name 'shop.example.com'"),
        "{step}"
    );

    let other_key = taking_over_a(&PKCS_ECDSA_P384_SHA384, &OWN, |id| Some(id.clone())).await;
    let failure = run(&other_key).await.expect_err("ACM takes no other key under an ARN");
    assert!(failure.guidance.summary.contains("its key is EC"), "{failure}");
    assert!(failure.guidance.next_step().contains("--no-adopt"), "{failure}");

    let gone = taking_over(&OWN, |id| Some(id.clone())).await;
    gone.certificates.lose(THEIRS);
    assert!(run(&gone).await.expect_err("gone").guidance.summary.contains("no such certificate"));
}
