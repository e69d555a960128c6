//! How the zone above delegates a zone, and whether those it should delegate to answer for it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::installation::Delegation;
use futures::future::join_all;
use hickory_resolver::Resolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use vocabulary::text::printable;

use crate::dns::{Manner, exchange};

const TIMEOUT: Duration = Duration::from_secs(3);
const DNS_PORT: u16 = 53;

type Tokio = Resolver<TokioRuntimeProvider>;

/// Asks both sides of a zone cut (RFC 1034 §4.2.1).
#[derive(Clone)]
pub struct ZoneCut {
    recursive: Tokio,
    asked: Asked,
}

#[derive(Clone, Copy)]
enum Asked {
    /// Each name server, at this port.
    NameServers { port: u16 },
    /// This one, for everything.
    Only(SocketAddr),
}

impl ZoneCut {
    /// With `only`, that one server is asked for everything, as in a closed network or on one machine.
    ///
    /// # Errors
    ///
    /// The system's resolver configuration cannot be used.
    pub fn new(only: Option<SocketAddr>) -> Result<Self, NetError> {
        match only {
            Some(server) => Ok(Self { recursive: to_one(server, true)?, asked: Asked::Only(server) }),
            None => {
                let recursive = tuned(Resolver::builder_tokio()?, true)?;
                Ok(Self { recursive, asked: Asked::NameServers { port: DNS_PORT } })
            }
        }
    }

    /// Finds name servers through `recursive` instead of the system's resolver, and asks them at `port`.
    pub fn through(recursive: SocketAddr, port: u16) -> Result<Self, NetError> {
        Ok(Self { recursive: to_one(recursive, true)?, asked: Asked::NameServers { port } })
    }

    /// `name_servers` are those that serve `zone`, whoever knows of it.
    pub async fn look(&self, zone: &str, name_servers: &[String]) -> Delegation {
        let Ok(zone) = absolute(zone) else {
            return Delegation { at_parent: Err("the zone is not a DNS name".into()), servers: Vec::new() };
        };
        let servers = name_servers.iter().map(async |server| (server.clone(), self.serves(server, &zone).await));
        let (at_parent, servers) = tokio::join!(self.at_parent(&zone), join_all(servers));
        Delegation { at_parent, servers }
    }

    async fn at_parent(&self, zone: &Name) -> Result<Vec<String>, String> {
        let servers = match self.asked {
            Asked::Only(server) => vec![server],
            Asked::NameServers { port } => self.servers_above(zone, port).await?,
        };
        let mut failed = "none of the name servers of the zone above has an address".to_owned();
        for server in servers {
            match exchange(server, zone, RecordType::NS, Manner::default()).await {
                // In a referral the servers are in the authority section.
                Ok(said) if matches!(said.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain) => {
                    return Ok(names(zone, said.answers.iter().chain(&said.authorities)));
                }
                Ok(said) => failed = format!("{}: {}", server.ip(), said.metadata.response_code),
                Err(why) => failed = format!("{}: {why}", server.ip()),
            }
        }
        Err(failed)
    }

    /// The name servers of the zone that `zone` is cut out of.
    async fn servers_above(&self, zone: &Name, port: u16) -> Result<Vec<SocketAddr>, String> {
        let mut above = zone.base_name();
        while above.num_labels() > 0 {
            if let Ok(found) = self.recursive.lookup(above.clone(), RecordType::NS).await {
                let hosts = names(&above, found.answers().iter());
                if !hosts.is_empty() {
                    let addresses = join_all(hosts.iter().map(|host| self.address(host))).await;
                    let found = addresses.into_iter().filter_map(Result::ok);
                    return Ok(found.map(|address| SocketAddr::new(address, port)).collect());
                }
            }
            above = above.base_name();
        }
        Err("no zone above it was found".into())
    }

    /// Whether `server` answers for the zone by itself.
    async fn serves(&self, server: &str, zone: &Name) -> Result<(), String> {
        let address = match self.asked {
            Asked::Only(only) => only,
            Asked::NameServers { port } => SocketAddr::new(self.address(server).await?, port),
        };
        let resolver = to_one(address, false).map_err(|error| error.to_string())?;
        match resolver.lookup(zone.clone(), RecordType::SOA).await {
            Ok(found) if found.answers().iter().any(|record| record.name == *zone) => Ok(()),
            Ok(_) => Err("it does not serve the zone".into()),
            Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Err("it does not serve the zone".into()),
            Err(error) => Err(printable(&error.to_string(), 120)),
        }
    }

    async fn address(&self, host: &str) -> Result<IpAddr, String> {
        let name = absolute(host)?;
        for kind in [RecordType::A, RecordType::AAAA] {
            let Ok(found) = self.recursive.lookup(name.clone(), kind).await else { continue };
            let address = found.answers().iter().find_map(|record| match record.data {
                RData::A(a) => Some(IpAddr::V4(a.0)),
                RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                _ => None,
            });
            if let Some(address) = address {
                return Ok(address);
            }
        }
        Err("its name does not resolve".into())
    }
}

/// The targets of the NS records at exactly `zone`.
fn names<'a>(zone: &Name, records: impl Iterator<Item = &'a Record>) -> Vec<String> {
    let own = records.filter(|record| record.name == *zone).filter_map(|record| match &record.data {
        RData::NS(ns) => Some(ns.0.to_lowercase().to_ascii().trim_end_matches('.').to_owned()),
        _ => None,
    });
    let mut names: Vec<String> = own.collect();
    names.sort();
    names.dedup();
    names
}

fn absolute(name: &str) -> Result<Name, String> {
    let mut parsed = Name::from_ascii(name).map_err(|_| "it is not a DNS name".to_owned())?;
    parsed.set_fqdn(true);
    Ok(parsed.to_lowercase())
}

fn to_one(server: SocketAddr, recursion: bool) -> Result<Tokio, NetError> {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let servers = vec![NameServerConfig::new(server.ip(), true, connections.into())];
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    tuned(Resolver::builder_with_config(config, TokioRuntimeProvider::default()), recursion)
}

fn tuned(
    mut builder: hickory_resolver::ResolverBuilder<TokioRuntimeProvider>,
    recursion: bool,
) -> Result<Tokio, NetError> {
    let options = builder.options_mut();
    options.timeout = TIMEOUT;
    options.attempts = 2;
    options.cache_size = 0;
    options.recursion_desired = recursion;
    options.use_hosts_file = ResolveHosts::Never;
    options.try_tcp_on_error = true;
    builder.build()
}
