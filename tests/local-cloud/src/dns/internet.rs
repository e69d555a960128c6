//! The whole tree of names, from the root on: the registries' zones are made here, the others are those of Route 53.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::Result;
use hickory_proto::rr::rdata::{A, NS, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::answer::Zones;
use super::orders::Orders;
use super::zone::{Found, RecordSet, Zone};

/// Nothing is remembered for longer, as tests change what they have just checked.
const TTL_SECONDS: u32 = 1;

/// What a server is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Root,
    /// Top-level domains, and what else a registry has below them.
    Registry,
    /// Everybody's zones.
    Hosting,
}

/// A server of the cloud. All listen at the same port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) name: &'static str,
    pub(crate) address: Ipv4Addr,
    pub(crate) role: Role,
}

const fn seat(name: &'static str, role: Role, third: u8, last: u8) -> Seat {
    Seat { name, address: Ipv4Addr::new(127, 53, third, last), role }
}

/// Those with names like Route 53's have zones as the emulator makes them; `dns.test` is where domain owners have theirs.
pub(crate) const SEATS: [Seat; 10] = [
    seat("a.root-servers.net", Role::Root, 0, 1),
    seat("b.root-servers.net", Role::Root, 0, 2),
    seat("a.gtld-servers.net", Role::Registry, 0, 11),
    seat("b.gtld-servers.net", Role::Registry, 0, 12),
    seat("ns-1.awsdns-1.com", Role::Hosting, 1, 1),
    seat("ns-2.awsdns-2.net", Role::Hosting, 1, 2),
    seat("ns-3.awsdns-3.org", Role::Hosting, 1, 3),
    seat("ns-4.awsdns-4.co.uk", Role::Hosting, 1, 4),
    seat("ns1.dns.test", Role::Hosting, 2, 1),
    seat("ns2.dns.test", Role::Hosting, 2, 2),
];

/// Name servers of a domain owner's zone, where nothing else is said.
pub(crate) const OWNERS_SERVERS: [&str; 2] = ["ns1.dns.test", "ns2.dns.test"];

/// There in any case, with zones below them or without.
const REGISTRIES: [&str; 6] = ["test", "com", "net", "org", "uk", "co.uk"];

/// Zones of those who run servers.
const PROVIDERS: [&str; 5] = ["awsdns-1.com", "awsdns-2.net", "awsdns-3.org", "awsdns-4.co.uk", "dns.test"];

/// All zones at one time.
#[derive(Debug)]
pub(crate) struct Internet {
    zones: BTreeMap<(Role, Name), Arc<Zone>>,
}

impl Internet {
    pub(crate) fn new(hosted: Vec<Zone>, orders: &Orders) -> Result<Self> {
        let mut hosting: BTreeMap<Name, Zone> = BTreeMap::new();
        for provider in PROVIDERS {
            hosting.insert(absolute(provider)?, provider_zone(provider)?);
        }
        hosting.extend(hosted.into_iter().map(|zone| (zone.origin().clone(), zone)));
        for signed in &orders.signed {
            if let Some(zone) = hosting.get_mut(&absolute(signed)?) {
                zone.sign()?;
            }
        }
        let mut registries = registries(&hosting)?;
        delegate(&mut registries, &hosting)?;
        for zone in &orders.signed_oddly {
            let cut = absolute(zone)?;
            if let Some(above) = registries.get_mut(&cut.base_name()) {
                let ds = RData::try_from_str(RecordType::DS, &format!("7 250 2 {}", "5A".repeat(32)))?;
                above.insert(&cut, RecordType::DS, RecordSet::Records(vec![record(&cut, ds)]));
            }
        }
        for zone in registries.values_mut() {
            zone.sign()?;
        }
        let role = |origin: &Name| if origin.is_root() { Role::Root } else { Role::Registry };
        let own = registries.into_iter().map(|(origin, zone)| ((role(&origin), origin), Arc::new(zone)));
        let hosted = hosting.into_iter().map(|(origin, zone)| ((Role::Hosting, origin), Arc::new(zone)));
        Ok(Self { zones: own.chain(hosted).collect() })
    }

    pub(crate) fn seen_by(&self, role: Role) -> impl Zones {
        Seen { internet: self, role }
    }
}

struct Seen<'a> {
    internet: &'a Internet,
    role: Role,
}

impl Zones for Seen<'_> {
    fn zone_of(&self, name: &Name) -> Option<Arc<Zone>> {
        let name = name.to_lowercase();
        let mut met: Option<Arc<Zone>> = None;
        for labels in 0..=usize::from(name.num_labels()) {
            let origin = name.trim_to(labels);
            let Some(zone) = self.internet.zones.get(&(self.role, origin.clone())) else { continue };
            // A zone below another is met by its delegation only, as everywhere in the DNS.
            if met.as_ref().is_none_or(|above| above.delegates(&origin)) {
                met = Some(zone.clone());
            }
        }
        met
    }
}

/// The root, the registries that are always there, and a top-level domain for each hosted zone.
fn registries(hosting: &BTreeMap<Name, Zone>) -> Result<BTreeMap<Name, Zone>> {
    let mut origins: BTreeSet<Name> = REGISTRIES.iter().map(|name| absolute(name)).collect::<Result<_>>()?;
    origins.insert(Name::root());
    origins.extend(hosting.keys().map(|origin| origin.trim_to(1)));
    origins.retain(|origin| !hosting.contains_key(origin));
    let mut zones = BTreeMap::new();
    for origin in origins {
        let role = if origin.is_root() { Role::Root } else { Role::Registry };
        zones.insert(origin.clone(), empty_zone(&origin, &servers(role)?)?);
    }
    Ok(zones)
}

/// Names each zone in the one above it, where a registry has that. In a hosted zone its owner does so.
fn delegate(registries: &mut BTreeMap<Name, Zone>, hosting: &BTreeMap<Name, Zone>) -> Result<()> {
    let below: Vec<Name> =
        registries.keys().chain(hosting.keys()).filter(|origin| !origin.is_root()).cloned().collect();
    for cut in below {
        let ancestors = (0..usize::from(cut.num_labels())).rev().map(|labels| cut.trim_to(labels));
        let above = ancestors.into_iter().find(|name| registries.contains_key(name) || hosting.contains_key(name));
        let Some(above) = above.filter(|above| registries.contains_key(above)) else { continue };
        let (servers, signed) = match hosting.get(&cut) {
            Some(zone) => (named_in(zone), zone.is_signed()),
            None => (servers(Role::Registry)?, true),
        };
        let glue = servers.iter().filter(|host| above.zone_of(host)).map(|host| (host.clone(), address(hosting, host)));
        let glue: Vec<_> = glue.collect();
        let Some(zone) = registries.get_mut(&above) else { continue };
        let records = servers.iter().map(|host| record(&cut, RData::NS(NS(host.clone()))));
        zone.insert(&cut, RecordType::NS, RecordSet::Records(records.collect()));
        if signed {
            let ds = super::keys::ZoneKey::of(&cut)?.ds()?;
            zone.insert(&cut, RecordType::DS, RecordSet::Records(vec![ds]));
        }
        for (host, addresses) in glue {
            let records: Vec<_> = addresses.into_iter().map(|data| record(&host, data)).collect();
            if !records.is_empty() {
                zone.insert(&host, RecordType::A, RecordSet::Records(records));
            }
        }
    }
    Ok(())
}

/// The servers that a zone names itself.
fn named_in(zone: &Zone) -> Vec<Name> {
    let Found::Records(records) = zone.find(zone.origin(), RecordType::NS) else { return Vec::new() };
    let hosts = records.iter().filter_map(|record| match &record.data {
        RData::NS(host) => Some(host.0.to_lowercase()),
        _ => None,
    });
    hosts.collect()
}

/// Addresses of a name server: one of the cloud's, or one that a hosted zone has.
fn address(hosting: &BTreeMap<Name, Zone>, host: &Name) -> Vec<RData> {
    let own = SEATS.iter().filter(|seat| absolute(seat.name).is_ok_and(|name| name == *host));
    let own: Vec<_> = own.map(|seat| RData::A(A(seat.address))).collect();
    if !own.is_empty() {
        return own;
    }
    let around = (0..=usize::from(host.num_labels())).rev().find_map(|labels| hosting.get(&host.trim_to(labels)));
    match around.map(|zone| zone.find(host, RecordType::A)) {
        Some(Found::Records(records)) => records.into_iter().map(|record| record.data).collect(),
        _ => Vec::new(),
    }
}

fn servers(role: Role) -> Result<Vec<Name>> {
    SEATS.iter().filter(|seat| seat.role == role).map(|seat| absolute(seat.name)).collect()
}

fn empty_zone(origin: &Name, servers: &[Name]) -> Result<Zone> {
    let mut zone = Zone::new(origin.clone());
    let first = servers.first().cloned().unwrap_or_default();
    let soa = SOA::new(first, absolute("hostmaster.dns.test")?, 1, 7200, 900, 1_209_600, TTL_SECONDS);
    zone.insert(origin, RecordType::SOA, RecordSet::Records(vec![record(origin, RData::SOA(soa))]));
    let named = servers.iter().map(|server| record(origin, RData::NS(NS(server.clone()))));
    zone.insert(origin, RecordType::NS, RecordSet::Records(named.collect()));
    // The servers of the root and the registries: glue in the root, their own data in the zone that they lie in.
    for seat in &SEATS {
        let name = absolute(seat.name)?;
        let is_own =
            seat.role != Role::Hosting || PROVIDERS.iter().any(|it| absolute(it).is_ok_and(|it| it == *origin));
        if is_own && origin.zone_of(&name) {
            let address = RData::A(A(seat.address));
            zone.insert(&name, RecordType::A, RecordSet::Records(vec![record(&name, address)]));
        }
    }
    Ok(zone)
}

/// The zone of somebody who runs servers, with their addresses.
fn provider_zone(provider: &str) -> Result<Zone> {
    let origin = absolute(provider)?;
    let own: Vec<Name> = SEATS.iter().filter_map(|seat| absolute(seat.name).ok()).collect();
    let own: Vec<Name> = own.into_iter().filter(|name| origin.zone_of(name)).collect();
    empty_zone(&origin, &own)
}

fn record(owner: &Name, data: RData) -> Record {
    Record::from_rdata(owner.clone(), TTL_SECONDS, data)
}

pub(super) fn absolute(name: &str) -> Result<Name> {
    let mut name = Name::from_ascii(name)?;
    name.set_fqdn(true);
    Ok(name.to_lowercase())
}

/// Where the search for a name begins.
pub(crate) fn roots() -> Vec<IpAddr> {
    SEATS.iter().filter(|seat| seat.role == Role::Root).map(|seat| IpAddr::V4(seat.address)).collect()
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::ResponseCode;

    use super::*;
    use crate::dns::answer::{Answer, Question, answer};
    use crate::dns::testing::{name, zone};

    fn internet() -> Internet {
        let hosted = vec![
            zone(
                "shop.test.",
                &[
                    ("shop.test.", "NS", "ns1.dns.test."),
                    ("shop.test.", "NS", "ns.shop.test."),
                    ("ns.shop.test.", "A", "127.0.0.9"),
                    ("below.shop.test.", "NS", "ns1.dns.test."),
                ],
            ),
            zone("below.shop.test.", &[("www.below.shop.test.", "A", "192.0.2.1")]),
            zone("hidden.shop.test.", &[("www.hidden.shop.test.", "A", "192.0.2.1")]),
            zone("own", &[("own.", "NS", "ns1.dns.test."), ("www.own.", "A", "192.0.2.1")]),
        ];
        Internet::new(hosted, &Orders { signed: ["own".to_owned()].into(), ..Orders::default() }).unwrap()
    }

    fn query(role: Role, queried: &str, record_type: RecordType) -> Answer {
        let question = Question { name: name(queried), record_type, extended: true, signed: true, over_tcp: false };
        answer(&internet().seen_by(role), &question)
    }

    fn kinds(records: &[Record]) -> Vec<RecordType> {
        records.iter().map(Record::record_type).filter(|kind| *kind != RecordType::RRSIG).collect()
    }

    #[test]
    fn the_root_refers_to_the_registry_and_the_registry_to_the_zone_with_its_glue() {
        let root = query(Role::Root, "www.shop.test.", RecordType::A);
        assert_eq!(kinds(&root.authorities), [RecordType::NS, RecordType::NS, RecordType::DS]);
        assert_eq!(root.additionals.len(), 2, "{root:?}");
        let registry = query(Role::Registry, "www.shop.test.", RecordType::A);
        assert_eq!(registry.authorities[0].name, name("shop.test."));
        assert_eq!(kinds(&registry.authorities), [RecordType::NS, RecordType::NS, RecordType::NSEC]);
        assert_eq!(
            registry.additionals.len(),
            2,
            "of the host elsewhere below the registry, and of its own: {registry:?}"
        );
    }

    #[test]
    fn a_domain_that_nobody_has_does_not_exist() {
        assert_eq!(query(Role::Registry, "nobody.test.", RecordType::A).code, ResponseCode::NXDomain);
        assert_eq!(query(Role::Root, "www.nobody.", RecordType::A).code, ResponseCode::NXDomain);
        assert_eq!(query(Role::Hosting, "www.nobody.test.", RecordType::A).code, ResponseCode::Refused);
    }

    #[test]
    fn a_hosted_top_level_domain_is_delegated_by_the_root_and_secured_if_it_is_signed() {
        let root = query(Role::Root, "www.own.", RecordType::A);
        assert_eq!(kinds(&root.authorities), [RecordType::NS, RecordType::DS]);
        assert!(root.additionals.is_empty() || root.additionals[0].name == name("ns1.dns.test."));
        assert_eq!(query(Role::Hosting, "www.own.", RecordType::A).answers.len(), 2, "with its signature");
    }

    #[test]
    fn a_zone_below_a_hosted_one_is_served_where_that_one_delegates_it() {
        assert_eq!(query(Role::Hosting, "www.below.shop.test.", RecordType::A).answers.len(), 1);
        assert_eq!(query(Role::Hosting, "www.hidden.shop.test.", RecordType::A).code, ResponseCode::NXDomain);
    }

    #[test]
    fn the_servers_of_a_provider_are_found_by_their_names() {
        let registry = query(Role::Registry, "ns-4.awsdns-4.co.uk.", RecordType::A);
        assert_eq!(registry.authorities[0].name, name("awsdns-4.co.uk."));
        assert_eq!(kinds(&registry.additionals), [RecordType::A]);
        let host = query(Role::Hosting, "ns-4.awsdns-4.co.uk.", RecordType::A);
        assert!(host.authoritative && host.answers.len() == 1);
        assert!(query(Role::Registry, "a.gtld-servers.net.", RecordType::A).authoritative);
    }
}
