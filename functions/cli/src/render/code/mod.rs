//! The records as code that makes them: a zone file, Terraform, CloudFormation, a change batch of Route 53.

mod cloud_formation;
mod route53;
mod terraform;
mod zone;

pub(crate) use cloud_formation::cloud_formation;
pub(crate) use route53::{ChangeBatchError, change_batch};
pub(crate) use terraform::terraform;
pub(crate) use zone::zone_lines;

use std::collections::HashSet;

use vocabulary::names::domain_name::registered_domain;
use wire::RequiredRecord;

/// How long resolvers may keep the records: short enough to correct a mistake, long enough to spare the name servers.
const TTL: u32 = 300;
const PROOFS: [&str; 2] = ["_acme-challenge.", "_validation-persist."];
/// The hosted zone of all CloudFront distributions (AWS, `AliasTarget`); other targets have several.
const CLOUDFRONT: (&str, &str) = (".cloudfront.net", "Z2FDTNDATAQYW2");

/// The records of one zone, which is the registrable domain's unless a part of it is delegated.
struct Zone<'a> {
    domain: &'a str,
    records: Vec<&'a RequiredRecord>,
}

/// The records by registrable domain, in the order in which they come.
fn zones<'a>(records: &[&'a RequiredRecord]) -> Vec<Zone<'a>> {
    let mut zones: Vec<Zone<'a>> = Vec::new();
    for record in records {
        let domain = registered_domain(&record.name).unwrap_or(&record.name);
        match zones.iter_mut().find(|zone| zone.domain == domain) {
            Some(zone) => zone.records.push(record),
            None => zones.push(Zone { domain, records: vec![record] }),
        }
    }
    zones
}

/// The endpoint that records are for, as far as they show it: the name in the first one.
fn subject<'a>(records: &[&'a RequiredRecord]) -> &'a str {
    let plain = |name: &'a str| PROOFS.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    records.first().map_or("", |record| plain(&record.name))
}

fn is_alias(record: &RequiredRecord) -> bool {
    record.kind == "ALIAS"
}

/// The hosted zone that an alias leads into, where all targets of its kind are in one.
fn zone_of_target(target: &str) -> Option<&'static str> {
    target.ends_with(CLOUDFRONT.0).then_some(CLOUDFRONT.1)
}

/// Keeps identifiers of different names distinct, such as those of `a-b.example` and `a.b.example`.
#[derive(Default)]
struct Identifiers(HashSet<String>);

impl Identifiers {
    fn unique(&mut self, wanted: String) -> String {
        let mut free = wanted.clone();
        let mut count = 1;
        while !self.0.insert(free.clone()) {
            count += 1;
            free = format!("{wanted}{count}");
        }
        free
    }
}

#[cfg(test)]
fn sample() -> Vec<RequiredRecord> {
    let record = |name: &str, kind: &str, value: &str, purpose: &str| RequiredRecord {
        name: name.into(),
        kind: kind.into(),
        value: value.into(),
        purpose: purpose.into(),
    };
    vec![
        record("example.com", "ALIAS", "edge.platform.example", "Sends example.com to the platform."),
        record("*.example.com", "CNAME", "edge.platform.example", "Sends *.example.com to the platform."),
        record("a-b.example.co.uk", "CNAME", "edge.platform.example", "Says \"${x}\" and %{y}."),
        record("_acme-challenge.example.com", "CNAME", "l.acme.platform.example", "Proves."),
        record("_acme-challenge.a-b.example.co.uk", "CNAME", "l.acme.platform.example", "Proves."),
        record("_validation-persist.example.org", "TXT", "ca.example; accounturi=https://ca.example/7", "Allows."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_that_would_be_alike_are_numbered() {
        let mut identifiers = Identifiers::default();
        assert_eq!(["a", "a", "a2", "a"].map(|text| identifiers.unique(text.into())), ["a", "a2", "a22", "a3"]);
    }

    #[test]
    fn records_are_in_the_zone_of_their_registrable_domain() {
        let sample = sample();
        let zones = zones(&sample.iter().collect::<Vec<_>>());
        let short: Vec<_> = zones.iter().map(|zone| (zone.domain, zone.records.len())).collect();
        assert_eq!(short, [("example.com", 3), ("example.co.uk", 2), ("example.org", 1)]);
        assert_eq!(subject(&sample[3..].iter().collect::<Vec<_>>()), "example.com");
        assert_eq!(subject(&[&sample[5]]), "example.org");
    }
}
