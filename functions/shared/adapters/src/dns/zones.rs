//! Which zone a name lies in, and who serves it.

use std::net::{IpAddr, SocketAddr};

use futures::future::join_all;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use vocabulary::dns::{Answer, Unanswered};

use super::exchange::{plain, refusal};
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
        let refers = matches!(self.authority, Authority::NameServers { .. });
        if refers && (failed.is_some() || is_public_suffix(&cut.apex)) {
            for _ in 0..MOST_REFERRALS {
                match self.refer(&cut.apex, &self.resolve(&cut).await, name).await {
                    Ok(Referral::Below(below)) => cut = below,
                    Ok(Referral::None { nxdomain: no_such_name }) => {
                        nxdomain = no_such_name;
                        break;
                    }
                    Err(_) => break,
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

    /// The name servers that the zone above `zone` names for it, sorted; none where it does not delegate it.
    ///
    /// # Errors
    ///
    /// No server of the zone above answers, or none is known.
    pub(crate) async fn delegated(&self, zone: &Name) -> Result<Vec<String>, Unanswered> {
        let above = zone.base_name();
        let (apex, servers) = match self.authority {
            Authority::Only(server) => (above, vec![only(server)]),
            Authority::NameServers { .. } => match self.locate(&above).await {
                Located::Zone(zone) => (zone.apex, zone.servers),
                Located::Absent { .. } => return Ok(Vec::new()),
                Located::Unknown(why) => return Err(why),
            },
        };
        let mut names: Vec<String> = match self.refer(&apex, &servers, zone).await? {
            Referral::Below(cut) if cut.apex == *zone => cut.hosts.iter().map(plain).collect(),
            Referral::Below(_) | Referral::None { .. } => Vec::new(),
        };
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Where `servers`, those of the zone `apex`, refer to for `name`.
    ///
    /// # Errors
    ///
    /// None of them answers; what is wrong with the last one.
    async fn refer(&self, apex: &Name, servers: &[Server], name: &Name) -> Result<Referral, Unanswered> {
        let mut failed = no_servers();
        for server in servers {
            let message = match self.exchange(server, name, RecordType::NS).await {
                Ok(message) => message,
                Err(why) => {
                    failed = why;
                    continue;
                }
            };
            // In a referral the servers are in the authority section.
            let sections = || message.authorities.iter().chain(&message.answers);
            let below = sections().find(|record| {
                record.record_type() == RecordType::NS && record.name != *apex && apex.zone_of(&record.name)
            });
            if let Some(record) = below {
                let apex = record.name.to_lowercase();
                let hosts = name_servers(&sections().cloned().collect::<Vec<_>>(), &apex);
                let glue = message.additionals.iter().filter_map(|record| match &record.data {
                    RData::A(a) => Some((record.name.clone(), IpAddr::V4(a.0))),
                    RData::AAAA(aaaa) => Some((record.name.clone(), IpAddr::V6(aaaa.0))),
                    _ => None,
                });
                return Ok(Referral::Below(Cut { apex, hosts, glue: glue.collect() }));
            }
            match refusal(message.metadata.response_code) {
                None => {
                    let nxdomain = message.metadata.response_code == ResponseCode::NXDomain;
                    return Ok(Referral::None { nxdomain });
                }
                Some(why) => failed = why,
            }
        }
        Err(failed)
    }

    async fn resolve(&self, cut: &Cut) -> Vec<Server> {
        if let Authority::Only(server) = self.authority {
            return vec![only(server)];
        }
        let servers = cut.hosts.iter().map(|host| {
            let glued = cut.glue.iter().filter(|(name, _)| name == host).map(|(_, address)| *address);
            self.server(plain(host), glued.collect())
        });
        let mut servers = join_all(servers).await;
        servers.sort_by(|a, b| a.name.cmp(&b.name));
        servers
    }

    /// The server called `name`, at an address of its name; at one of `glue` where that does not resolve.
    pub(crate) async fn server(&self, name: String, glue: Vec<IpAddr>) -> Server {
        let address = match self.authority {
            Authority::Only(server) => Some(server),
            Authority::NameServers { port } => {
                let found = self.addresses(&name).await.unwrap_or(glue);
                let first = found.into_iter().min_by_key(IpAddr::is_ipv6);
                first.map(|address| SocketAddr::new(address, port))
            }
        };
        Server { name, address }
    }
}

/// Where one server is asked for everything.
pub(super) fn only(server: SocketAddr) -> Server {
    Server { name: server.to_string(), address: Some(server) }
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
