//! Zones and their name servers.

use std::net::{IpAddr, SocketAddr};

use hickory_resolver::proto::rr::{Name, RData, Record};
use vocabulary::dns::Unanswered;

use super::exchange::plain;

/// If a zone has more name servers than this, only the first ones are queried.
const MOST_SERVERS: usize = 8;

/// A name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub name: String,
    /// Else why it cannot be queried.
    pub address: Result<SocketAddr, Unanswered>,
}

/// The zone that a name lies in.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub apex: Name,
    /// The servers that the parent zone names.
    pub servers: Vec<Server>,
}

/// The result of the search for a zone.
#[derive(Clone, Debug)]
pub(crate) enum Located {
    Zone(Zone),
    /// There is no zone below the public suffix.
    Absent {
        nxdomain: bool,
    },
    Unknown(Unanswered),
}

/// The name servers of a zone, by their names.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub apex: Name,
    pub hosts: Vec<Name>,
    /// Addresses from the referral.
    pub glue: Vec<(Name, IpAddr)>,
    /// Whether the server that was queried for the parent serves the zone itself.
    pub is_own: bool,
}

impl Cut {
    /// From the NS records of `apex` among `records` and the addresses in `additionals`.
    pub(super) fn new<'a>(apex: Name, records: impl Iterator<Item = &'a Record>, additionals: &[Record]) -> Self {
        let hosts = name_servers(records, &apex);
        let glue = additionals.iter().filter_map(|record| match &record.data {
            RData::A(a) => Some((record.name.to_lowercase(), IpAddr::V4(a.0))),
            RData::AAAA(aaaa) => Some((record.name.to_lowercase(), IpAddr::V6(aaaa.0))),
            _ => None,
        });
        Self { glue: glue.filter(|(name, _)| hosts.contains(name)).collect(), apex, hosts, is_own: false }
    }

    /// The names of the servers as people read them, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.hosts.iter().map(plain).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn name_servers<'a>(records: impl Iterator<Item = &'a Record>, apex: &Name) -> Vec<Name> {
    let hosts = records.filter(|record| record.name == *apex).filter_map(|record| match &record.data {
        RData::NS(ns) => Some(ns.0.to_lowercase()),
        _ => None,
    });
    hosts.take(MOST_SERVERS).collect()
}

/// Whether anybody can register names below it: a name that is not delegated there does not exist.
pub(super) fn is_public_suffix(apex: &Name) -> bool {
    vocabulary::names::domain_name::is_registry(&plain(apex))
}
