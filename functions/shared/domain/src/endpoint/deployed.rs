use time::Duration;
use vocabulary::certificate::{CertificateCopy, InstalledCertificate, ListenerArn, Region};

use crate::endpoint::endpoint::Endpoint;
use crate::health::tests::{certificate, endpoint};

const OWN: &str = "111122223333";

fn listener(region: &str, account: &str, id: u32) -> ListenerArn {
    format!("arn:aws:elasticloadbalancing:{region}:{account}:listener/app/edge/50dc6c495c0c9188/{id:016x}")
        .parse()
        .expect("a listener")
}

fn region(text: &str) -> Region {
    text.parse().expect("a region")
}

#[test]
fn a_certificate_is_current_only_where_all_its_copies_are() {
    let mut endpoint = Endpoint { certificate: None, ..endpoint() };
    let mut held = certificate(&endpoint, Duration::days(90));
    held.arn = format!("arn:aws:acm:eu-central-1:{OWN}:certificate/1");
    let now = held.not_before;
    endpoint.deployment.listeners = vec![listener("eu-central-1", OWN, 1)];
    endpoint.certificate = Some(held.clone());
    assert!(endpoint.is_current(now), "a listener at home needs no copy");
    endpoint.deployment.regions = vec![region("eu-west-1")];
    assert!(!endpoint.is_current(now), "its key is gone: a new one is needed for a new region");
    let copy =
        |serial: &str| CertificateCopy { region: region("eu-west-1"), arn: "there".into(), serial: serial.into() };
    let with = |copy| InstalledCertificate { copies: vec![copy], ..held.clone() };
    endpoint.certificate = Some(with(copy("OLD")));
    assert!(!endpoint.is_current(now), "there is the one before");
    endpoint.certificate = Some(with(copy(&held.serial)));
    assert!(endpoint.is_current(now));
    let held = endpoint.certificate.expect("set");
    assert_eq!((held.arn_in(&region("eu-west-1")), held.arn_in(&region("us-east-1"))), (Some("there"), None));
    assert_eq!(held.arn_in(&region("eu-central-1")), Some(held.arn.as_str()));
}

#[test]
fn what_was_stored_before_there_were_deployments_still_reads() {
    let mut stored = serde_json::to_value(endpoint()).expect("plain data");
    stored.as_object_mut().expect("an object").remove("deployment");
    let mut held = serde_json::to_value(certificate(&endpoint(), Duration::DAY)).expect("plain data");
    let held = held.as_object_mut().expect("an object");
    held.remove("copies");
    held.remove("listeners");
    stored["certificate"] = serde_json::Value::Object(held.clone());
    let read: Endpoint = serde_json::from_value(stored).expect("still reads");
    assert!(read.deployment.is_default());
}
