//! Where certificates go in these lives, and what must be there in the end.

use std::collections::{BTreeMap, BTreeSet};

use domain::endpoint::Endpoint;
use testkit::proptest::prelude::*;
use vocabulary::certificate::{CertificateTags, Deployment, InstalledCertificate, ListenerArn, Region};

use crate::simulation::Simulation;

const HOME: &str = "eu-central-1";
const LISTENERS: [&str; 3] = [
    "arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/edge/1/1",
    "arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/net/edge/1/2",
    "arn:aws:elasticloadbalancing:eu-west-1:000000000000:listener/app/edge/1/3",
];
const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", HOME];

fn listener(number: usize) -> ListenerArn {
    LISTENERS[number].parse().expect("a listener")
}

fn region(text: &str) -> Region {
    text.parse().expect("a region")
}

/// Half of them ask for nothing.
pub(crate) fn any_of_them() -> impl Strategy<Value = Deployment> {
    let places = (prop::collection::btree_set(0_usize..3, 0..3), prop::collection::btree_set(0_usize..3, 0..2));
    let tags = prop::collection::btree_map("(team|stage|cost)", "[ab]", 0..3);
    let some = (places, any::<bool>(), tags).prop_map(|((listeners, regions), export_key, tags)| {
        let listeners = listeners.into_iter().map(listener).collect();
        let regions = regions.into_iter().map(|number| region(REGIONS[number])).collect();
        let tags = CertificateTags::parse(tags).expect("few");
        Deployment { export_key, tags, ..Deployment::new(listeners, regions, None, None).expect("few") }
    });
    prop_oneof![Just(Deployment::default()), some]
}

/// All listeners exist, and have nothing.
pub(crate) fn prepare(simulation: &Simulation) {
    for number in 0..LISTENERS.len() {
        simulation.destinations.listeners_here().create(&listener(number), None);
    }
}

/// Where the certificate is, by region.
pub(crate) fn arns(endpoint: &Endpoint) -> BTreeMap<String, String> {
    let held = endpoint.certificate.as_ref().expect("it has one");
    let copies = held.copies.iter().map(|copy| (copy.region.to_string(), copy.arn.clone()));
    copies.chain([(HOME.to_owned(), held.arn.clone())]).collect()
}

/// Each place has exactly the one certificate, and each listener what it is to have.
pub(crate) fn check(simulation: &Simulation, endpoint: &Endpoint, held: &InstalledCertificate) {
    let in_acm = simulation.certificates.all();
    assert_eq!(in_acm.len(), 1, "one certificate, none orphaned: {in_acm:?}");
    assert_eq!(in_acm.get(&held.arn).map(|c| &c.serial), Some(&held.serial), "ACM has the one that is recorded");
    let wanted = endpoint.deployment.further_regions(HOME);
    let recorded: BTreeSet<&Region> = held.copies.iter().map(|copy| &copy.region).collect();
    assert_eq!(recorded, wanted, "there is a copy where one is wanted, and nowhere else");
    for (place, there) in simulation.destinations.elsewhere() {
        let there = there.all();
        let Some(arn) = held.arn_in(&place.region) else {
            assert!(there.is_empty(), "{} is not wanted any more: {there:?}", place.region);
            continue;
        };
        assert_eq!(there.len(), 1, "one copy, none orphaned: {there:?}");
        assert_eq!(there.get(arn).map(|c| &c.serial), Some(&held.serial), "{} has the same", place.region);
    }
    let tagged =
        |tags: CertificateTags| assert_eq!(tags, endpoint.deployment.tags, "the tags are those of the endpoint");
    tagged(simulation.certificates.tags(&held.arn));
    for (place, there) in simulation.destinations.elsewhere() {
        held.arn_in(&place.region).into_iter().for_each(|arn| tagged(there.tags(arn)));
    }
    assert_eq!(held.tags, endpoint.deployment.tags, "and that is recorded");
    let secrets = simulation.exports.secrets();
    assert_eq!(
        secrets.len(),
        usize::from(endpoint.deployment.export_key),
        "a secret only where one is wanted: {secrets:?}"
    );
    assert!(secrets.values().all(|secret| secret.guarded), "and never one that others read");
    let exported = endpoint.deployment.export_key.then(|| held.serial.clone());
    assert_eq!(simulation.exports.current(&endpoint.id), exported, "it has the certificate in place");
    assert_eq!(held.export.as_ref().and_then(|export| export.serial.clone()), exported, "which is recorded");
    for listener in (0..LISTENERS.len()).map(listener) {
        let expected = endpoint.deployment.listeners.contains(&listener);
        let expected: Vec<_> = held.arn_in(listener.region()).filter(|_| expected).into_iter().collect();
        assert_eq!(simulation.destinations.listeners_here().certificates(&listener), expected, "{listener}");
        let known = held.listeners.iter().find(|known| known.listener == listener);
        assert_eq!(known.is_some_and(|known| known.attached_at.is_some()), !expected.is_empty(), "and it is recorded");
    }
}

/// Nothing is left anywhere.
pub(crate) fn check_gone(simulation: &Simulation) {
    assert!(simulation.certificates.all().is_empty(), "no certificate is left");
    assert!(simulation.exports.secrets().is_empty(), "no secret with a key is left");
    for (place, there) in simulation.destinations.elsewhere() {
        assert!(there.all().is_empty(), "a copy is left in {}", place.region);
    }
    for listener in (0..LISTENERS.len()).map(listener) {
        assert_eq!(
            simulation.destinations.listeners_here().certificates(&listener),
            Vec::<String>::new(),
            "{listener}"
        );
    }
}
