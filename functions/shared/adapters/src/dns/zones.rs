//! Which zone a name lies in, and who serves it.

use std::net::{IpAddr, SocketAddr};

use futures::future::join_all;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use vocabulary::dns::{Answer, Unanswered};

use super::exchange::{Manner, exchange, plain};
use super::{Authority, Dns, to_answer};

/// A zone with more name servers than this is asked at the first ones only.
const MOST_SERVERS: usize = 8;
/// Zones below zones that are followed by referral alone.
const MOST_REFERRALS: usize = 4;

/// A name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub name: String,
    /// `None`: its name does not resolve.
    pub address: Option<SocketAddr>,
}

/// The zone that a name lies in.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub apex: Name,
    pub servers: Vec<Server>,
}

/// What came of the search for a zone.
#[derive(Clone, Debug)]
pub(crate) enum Located {
    Zone(Zone),
    /// There is none below the public suffix.
    Absent {
        nxdomain: bool,
    },
    Unknown(Unanswered),
}

/// The name servers of a zone, by their names.
struct Cut {
    apex: Name,
    hosts: Vec<Name>,
    /// Addresses that came along with the referral.
    glue: Vec<(Name, IpAddr)>,
}

impl Dns {
    /// Finds the zone by climbing from `name` towards the root, and by the referrals of the zone above where the
    /// resolver does not get through to the zone itself.
    pub(crate) async fn locate(&self, name: &Name) -> Located {
        let (cut, failed) = self.climb(name).await;
        let Some(mut cut) = cut else {
            return match (failed, self.authority) {
                // The one server there is serves no zone of it.
                (Some(Unanswered::Refused), Authority::Only(_)) => Located::Absent { nxdomain: false },
                (failed, _) => Located::Unknown(failed.unwrap_or_else(no_servers)),
            };
        };
        let mut nxdomain = false;
        if failed.is_some() || is_public_suffix(&cut.apex) {
            for _ in 0..MOST_REFERRALS {
                match self.refer(&cut, name).await {
                    Referral::Below(below) => cut = below,
                    Referral::None { nxdomain: no_such_name } => {
                        nxdomain = no_such_name;
                        break;
                    }
                }
            }
        }
        if is_public_suffix(&cut.apex) && cut.apex != *name {
            return Located::Absent { nxdomain };
        }
        let servers = self.resolve(&cut).await;
        Located::Zone(Zone { apex: cut.apex, servers })
    }

    /// The nearest zone that the resolver knows name servers of, and why it knew none of a nearer one.
    async fn climb(&self, name: &Name) -> (Option<Cut>, Option<Unanswered>) {
        let mut failed = None;
        let mut apex = name.clone();
        while apex.num_labels() > 0 {
            match self.recursive.lookup(apex.clone(), RecordType::NS).await {
                Ok(found) => {
                    // Behind an alias the answer is about somebody else's zone.
                    let hosts = name_servers(found.answers(), &apex);
                    if !hosts.is_empty() {
                        return (Some(Cut { apex, hosts, glue: Vec::new() }), failed);
                    }
                }
                Err(error) => {
                    if let Answer::Failed(why) = to_answer(&error) {
                        failed.get_or_insert(why);
                    }
                }
            }
            apex = apex.base_name();
        }
        (None, failed)
    }

    /// Where the servers of `cut` refer to for `name`.
    async fn refer(&self, cut: &Cut, name: &Name) -> Referral {
        if let Authority::Only(_) = self.authority {
            return Referral::None { nxdomain: false };
        }
        for server in self.resolve(cut).await {
            let Some(address) = server.address else { continue };
            let Ok(message) = exchange(address, name, RecordType::NS, Manner::default()).await else { continue };
            let sections = || message.authorities.iter().chain(&message.answers);
            let below = sections().find(|record| {
                record.record_type() == RecordType::NS && record.name != cut.apex && cut.apex.zone_of(&record.name)
            });
            if let Some(record) = below {
                let apex = record.name.to_lowercase();
                let hosts = name_servers(&sections().cloned().collect::<Vec<_>>(), &apex);
                let glue = message.additionals.iter().filter_map(|record| match &record.data {
                    RData::A(a) => Some((record.name.clone(), IpAddr::V4(a.0))),
                    RData::AAAA(aaaa) => Some((record.name.clone(), IpAddr::V6(aaaa.0))),
                    _ => None,
                });
                return Referral::Below(Cut { apex, hosts, glue: glue.collect() });
            }
            if matches!(message.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain) {
                return Referral::None { nxdomain: message.metadata.response_code == ResponseCode::NXDomain };
            }
        }
        Referral::None { nxdomain: false }
    }

    async fn resolve(&self, cut: &Cut) -> Vec<Server> {
        let port = match self.authority {
            Authority::Only(server) => return vec![Server { name: server.to_string(), address: Some(server) }],
            Authority::NameServers { port } => port,
        };
        let servers = cut.hosts.iter().map(|host| async move {
            let glued = cut.glue.iter().filter(|(name, _)| name == host).map(|(_, address)| *address);
            let found = match self.addresses(&host.to_string()).await {
                Ok(found) => found,
                Err(_) => glued.collect(),
            };
            let first = found.into_iter().min_by_key(IpAddr::is_ipv6);
            Server { name: plain(host), address: first.map(|address| SocketAddr::new(address, port)) }
        });
        let mut servers = join_all(servers).await;
        servers.sort_by(|a, b| a.name.cmp(&b.name));
        servers
    }
}

enum Referral {
    Below(Cut),
    None { nxdomain: bool },
}

fn name_servers(records: &[Record], apex: &Name) -> Vec<Name> {
    let own = records.iter().filter(|record| record.name == *apex);
    let hosts = own.filter_map(|record| match &record.data {
        RData::NS(ns) => Some(ns.0.clone()),
        _ => None,
    });
    hosts.take(MOST_SERVERS).collect()
}

pub(super) fn no_servers() -> Unanswered {
    Unanswered::Other("no name servers can be found for it".into())
}

/// Whether strangers register names below: what is not delegated there does not exist.
fn is_public_suffix(apex: &Name) -> bool {
    vocabulary::names::domain_name::is_registry(&plain(apex))
}
