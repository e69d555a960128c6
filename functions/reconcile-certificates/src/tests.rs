use std::collections::BTreeMap;

use domain::ports::EndpointReader;
use rcgen::{CertificateParams, KeyPair};
use testkit::MemoryEndpoints;
use time::macros::datetime;
use vocabulary::acme::Reachability;
use vocabulary::names::{DelegationLabel, EndpointNames};

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
const DOMAIN: &str = "shop.example.com";

/// ACM with a page for each certificate: its text, and the endpoint of its tags.
#[derive(Default)]
struct Acm(BTreeMap<String, (OwnCertificate, String, Option<EndpointId>)>);

impl Acm {
    /// Imported for `owner`; returns its ARN.
    fn import(&mut self, domain: &str, not_after: OffsetDateTime, owner: Option<&EndpointId>) -> String {
        let arn = format!("arn:aws:acm:eu-central-1:000000000000:certificate/there-{}", self.0.len());
        let key = KeyPair::generate().expect("randomness");
        let mut params = CertificateParams::new([domain.to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (NOW - Duration::days(10), not_after);
        let text = params.self_signed(&key).expect("signs").pem();
        let there = OwnCertificate { arn: arn.clone(), domain: domain.to_owned(), not_after };
        self.0.insert(arn.clone(), (there, text, owner.cloned()));
        arn
    }
}

impl OwnCertificates for Acm {
    async fn page(&self, after: Option<&str>) -> Result<(Vec<OwnCertificate>, Option<String>), ServiceFault> {
        let mut left = self.0.keys().filter(|arn| after.is_none_or(|after| arn.as_str() > after));
        let page = left.next().map(|arn| self.0[arn].0.clone());
        let next = left.next().and(page.as_ref()).map(|there| there.arn.clone());
        Ok((page.into_iter().collect(), next))
    }

    async fn owner(&self, arn: &str) -> Result<Option<EndpointId>, ServiceFault> {
        Ok(self.0[arn].2.clone())
    }

    async fn read(&self, arn: &str) -> Result<Option<String>, ServiceFault> {
        Ok(self.0.get(arn).map(|(_, text, _)| text.clone()))
    }
}

async fn registered(store: &MemoryEndpoints, certificate: Option<InstalledCertificate>) -> Endpoint {
    let names = EndpointNames::parse(DOMAIN, &[], 9).expect("valid");
    let (id, label) = (EndpointId::from_random([7; 16]), DelegationLabel::from_random([8; 16]));
    let tenant = "acme".parse().expect("a tenant");
    let mut endpoint = Endpoint::register(id, tenant, names, Reachability::External, label, NOW - Duration::days(90));
    endpoint.certificate = certificate;
    store.register(&endpoint, &testkit::contracts::registered(&endpoint), None).await.expect("registered");
    endpoint
}

/// All pages, one after the other.
async fn run(store: &MemoryEndpoints, acm: &Acm, adopt: bool) -> (u32, Vec<Difference>) {
    let ports = Ports { store, certificates: acm };
    let (mut checked, mut differences, mut request) = (0, Vec::new(), Reconcile { adopt, after: None });
    loop {
        let page = reconcile(&ports, &request, NOW).await.expect("in memory");
        checked += page.checked;
        differences.extend(page.differences);
        match page.next {
            None => return (checked, differences),
            after => request.after = after,
        }
    }
}

fn kinds(differences: &[Difference]) -> Vec<DifferenceKind> {
    differences.iter().map(|difference| difference.kind).collect()
}

#[tokio::test]
async fn a_certificate_that_the_table_has_lost_is_recorded_again_on_request_and_once() {
    let (store, mut acm) = (MemoryEndpoints::default(), Acm::default());
    let endpoint = registered(&store, None).await;
    let arn = acm.import(DOMAIN, NOW + Duration::days(80), Some(&endpoint.id));
    let (checked, found) = run(&store, &acm, false).await;
    assert_eq!((checked, kinds(&found)), (1, vec![DifferenceKind::Unrecorded]));
    assert_eq!(found[0].action.as_deref(), Some("managed-https reconcile --adopt"));
    assert_eq!(store.find(&endpoint.id).await.expect("in memory"), Some(endpoint.clone()), "nothing has changed");

    let (_, found) = run(&store, &acm, true).await;
    assert!(found[0].adopted && found[0].action.is_none(), "{found:?}");
    let after = store.find(&endpoint.id).await.expect("in memory").expect("there");
    let held = after.certificate.expect("recorded");
    assert_eq!((held.arn, held.not_after, held.announced), (arn, NOW + Duration::days(80), true));
    assert_eq!((after.due_at, after.lease_until), (Some(NOW), None), "the next attempt sees to the rest");
    assert_eq!(run(&store, &acm, true).await.1, [], "now both have it");
}

#[tokio::test]
async fn a_renewal_under_the_same_arn_that_the_table_has_lost_is_recorded_again() {
    let (store, mut acm) = (MemoryEndpoints::default(), Acm::default());
    let id = EndpointId::from_random([7; 16]);
    let arn = acm.import(DOMAIN, NOW + Duration::days(80), Some(&id));
    let names = EndpointNames::parse(DOMAIN, &[], 9).expect("valid");
    let old = InstalledCertificate { arn, ..testkit::installed_for(&names, NOW - Duration::days(85)) };
    let endpoint = registered(&store, Some(old.clone())).await;
    let (_, found) = run(&store, &acm, true).await;
    assert_eq!(kinds(&found), [DifferenceKind::Unrecorded]);
    let held = store.find(&endpoint.id).await.expect("in memory").expect("there").certificate.expect("recorded");
    assert_eq!((held.not_after, held.retired.len()), (NOW + Duration::days(80), 0));
    assert_ne!(held.serial, old.serial);
    assert_eq!(held.directory, old.directory);
}

#[tokio::test]
async fn a_newer_certificate_under_another_arn_replaces_the_recorded_one_and_an_older_one_is_left() {
    let (store, mut acm) = (MemoryEndpoints::default(), Acm::default());
    let id = EndpointId::from_random([7; 16]);
    let old = acm.import(DOMAIN, NOW + Duration::days(5), Some(&id));
    let new = acm.import(DOMAIN, NOW + Duration::days(80), Some(&id));
    let names = EndpointNames::parse(DOMAIN, &[], 9).expect("valid");
    let recorded = InstalledCertificate {
        arn: old.clone(),
        not_after: NOW + Duration::days(5),
        ..testkit::installed_for(&names, NOW - Duration::days(85))
    };
    let endpoint = registered(&store, Some(recorded)).await;
    let (_, found) = run(&store, &acm, true).await;
    assert_eq!((kinds(&found), found[0].arn.as_str()), (vec![DifferenceKind::Unrecorded], new.as_str()));
    let held = store.find(&endpoint.id).await.expect("in memory").expect("there").certificate.expect("recorded");
    assert_eq!((held.arn, held.retired[0].arn.as_str()), (new, old.as_str()));

    let stale = acm.import(DOMAIN, NOW + Duration::days(3), Some(&id));
    let (_, found) = run(&store, &acm, true).await;
    assert_eq!((kinds(&found), found[0].arn.as_str()), (vec![DifferenceKind::Left], stale.as_str()));
}

#[tokio::test]
async fn a_certificate_missing_on_one_side_is_reported_with_the_next_step() {
    let (store, mut acm) = (MemoryEndpoints::default(), Acm::default());
    let names = EndpointNames::parse(DOMAIN, &[], 9).expect("valid");
    registered(&store, Some(testkit::installed_for(&names, NOW))).await;
    let stranger = EndpointId::from_random([9; 16]);
    acm.import("new.example.com", NOW + Duration::days(80), Some(&stranger));
    acm.import("foreign.example.com", NOW + Duration::days(80), None);
    let (checked, found) = run(&store, &acm, true).await;
    assert_eq!((checked, kinds(&found)), (2, vec![DifferenceKind::NoEndpoint, DifferenceKind::Gone]));
    assert!(found[0].action.as_deref().is_some_and(|action| action.ends_with("managed-https add new.example.com")));
    assert!(
        found[1].action.as_deref().is_some_and(|action| action.starts_with("managed-https renew shop.example.com"))
    );
}

#[tokio::test]
async fn nothing_is_recorded_while_an_attempt_runs_nor_of_other_names() {
    let (store, mut acm) = (MemoryEndpoints::default(), Acm::default());
    let endpoint = registered(&store, None).await;
    acm.import(DOMAIN, NOW + Duration::days(80), Some(&endpoint.id));
    let due = DueEntry { endpoint: endpoint.id.clone(), due_at: endpoint.due_at.expect("due") };
    store.claim(&due, NOW, NOW + Duration::HOUR).await.expect("in memory").expect("claimed");
    let (_, found) = run(&store, &acm, true).await;
    assert!(
        !found[0].adopted && found[0].action.as_deref().is_some_and(|action| action.contains("An attempt is running"))
    );

    let other = acm.import("old.example.com", NOW + Duration::days(80), Some(&endpoint.id));
    let (_, found) = run(&store, &acm, false).await;
    let of_other: Vec<_> = found.iter().filter(|difference| difference.arn == other).collect();
    assert_eq!(of_other.iter().map(|difference| difference.kind).collect::<Vec<_>>(), [DifferenceKind::Left]);
}
