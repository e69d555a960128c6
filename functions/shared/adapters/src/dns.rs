//! Questions to authoritative name servers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::delegation::{Answer, ServerAnswer};
use domain::failure::printable;
use domain::ports::{AuthoritativeDns, RecordKind};
use futures::future::join_all;
use hickory_resolver::Resolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

const DNS_PORT: u16 = 53;
const TIMEOUT: Duration = Duration::from_secs(3);
/// A zone with more name servers than this is asked at the first ones only.
const MOST_SERVERS: usize = 8;

type Tokio = Resolver<TokioRuntimeProvider>;

/// DNS as seen from here: the recursive servers of the system find out who is authoritative.
#[derive(Clone)]
pub struct Dns {
    recursive: Arc<Tokio>,
    authority: Authority,
}

/// Who is taken for authoritative.
#[derive(Clone, Copy)]
enum Authority {
    /// The name servers of the zone, at this port.
    NameServers { port: u16 },
    /// This one, for everything.
    Only(SocketAddr),
}

#[derive(Debug, thiserror::Error)]
#[error("the system's resolver configuration cannot be used")]
pub struct ResolverRejected(#[source] NetError);

impl Dns {
    /// With `only`, that one server is asked for everything, as in a closed network or on one machine.
    pub fn new(only: Option<SocketAddr>) -> Result<Self, ResolverRejected> {
        match only {
            Some(server) => {
                Ok(Self { recursive: Arc::new(resolver(&[server], true)?), authority: Authority::Only(server) })
            }
            None => {
                let builder = Resolver::builder_tokio().map_err(ResolverRejected)?;
                let authority = Authority::NameServers { port: DNS_PORT };
                Ok(Self { recursive: Arc::new(build(builder, true)?), authority })
            }
        }
    }

    /// Finds name servers through `recursive` instead of the system's resolver, and asks them at `port`.
    pub fn through(recursive: SocketAddr, port: u16) -> Result<Self, ResolverRejected> {
        Ok(Self { recursive: Arc::new(resolver(&[recursive], true)?), authority: Authority::NameServers { port } })
    }

    /// All addresses of a host.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let name = absolute(host)?;
        let (v4, v6) = tokio::join!(
            self.recursive.lookup(name.clone(), RecordType::A),
            self.recursive.lookup(name, RecordType::AAAA)
        );
        let mut addresses = Vec::new();
        let mut failed = None;
        for lookup in [v6, v4] {
            match lookup {
                Ok(found) => addresses.extend(found.answers().iter().filter_map(|record| match record.data {
                    RData::A(a) => Some(IpAddr::V4(a.0)),
                    RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                    _ => None,
                })),
                Err(error) => match to_answer(&error) {
                    Answer::Failed(why) => failed = Some(why),
                    _ => continue,
                },
            }
        }
        match (addresses.is_empty(), failed) {
            (false, _) => Ok(addresses),
            (true, Some(why)) => Err(format!("its address cannot be looked up: {why}")),
            (true, None) => Err("it has no address in DNS".into()),
        }
    }

    /// The name servers of the zone that `name` lies in, by climbing towards the root.
    async fn servers(&self, name: &Name) -> Result<Vec<(String, SocketAddr)>, String> {
        let port = match self.authority {
            Authority::Only(server) => return Ok(vec![(server.to_string(), server)]),
            Authority::NameServers { port } => port,
        };
        let mut zone = name.clone();
        let hosts = loop {
            if zone.num_labels() == 0 {
                return Err("no name servers can be found for it".into());
            }
            if let Ok(found) = self.recursive.lookup(zone.clone(), RecordType::NS).await {
                // Behind an alias the answer is about somebody else's zone.
                let own = found.answers().iter().filter(|record| record.name == zone);
                let hosts: Vec<String> = own
                    .filter_map(|record| match &record.data {
                        RData::NS(ns) => Some(ns.0.to_string()),
                        _ => None,
                    })
                    .take(MOST_SERVERS)
                    .collect();
                if !hosts.is_empty() {
                    break hosts;
                }
            }
            zone = zone.base_name();
        };
        let found = join_all(hosts.into_iter().map(|host| async move {
            let first = self.addresses(&host).await.ok()?.into_iter().min_by_key(IpAddr::is_ipv6)?;
            Some((host.trim_end_matches('.').to_owned(), SocketAddr::new(first, port)))
        }))
        .await;
        let servers: Vec<_> = found.into_iter().flatten().collect();
        match servers.is_empty() {
            true => Err("none of its name servers has an address".into()),
            false => Ok(servers),
        }
    }
}

impl AuthoritativeDns for Dns {
    async fn ask(&self, name: &str, kind: RecordKind) -> Vec<ServerAnswer> {
        let failed = |why: String| vec![ServerAnswer { server: name.to_owned(), answer: Answer::Failed(why) }];
        let question = match absolute(name) {
            Ok(question) => question,
            Err(why) => return failed(why),
        };
        let servers = match self.servers(&question).await {
            Ok(servers) => servers,
            Err(why) => return failed(why),
        };
        join_all(servers.into_iter().map(|(server, address)| {
            let question = question.clone();
            async move {
                let answer = match resolver(&[address], false) {
                    Ok(resolver) => ask_one(&resolver, question, kind).await,
                    Err(error) => Answer::Failed(error.to_string()),
                };
                ServerAnswer { server, answer }
            }
        }))
        .await
    }
}

async fn ask_one(resolver: &Tokio, question: Name, kind: RecordKind) -> Answer {
    let record_type = match kind {
        RecordKind::Cname => RecordType::CNAME,
        RecordKind::Txt => RecordType::TXT,
    };
    let found = match resolver.lookup(question.clone(), record_type).await {
        Ok(found) => found,
        Err(error) => return to_answer(&error),
    };
    // Only what stands at the name itself: aliases are not followed.
    let own = found.answers().iter().filter(|record| record.name == question);
    let data: Vec<String> = own
        .filter_map(|record| match &record.data {
            RData::CNAME(target) if kind == RecordKind::Cname => Some(plain(&target.0)),
            RData::TXT(txt) if kind == RecordKind::Txt => {
                let octets: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
                Some(printable(&String::from_utf8_lossy(&octets), 300))
            }
            _ => None,
        })
        .collect();
    match data.is_empty() {
        true => Answer::NoData,
        false => Answer::Records(data),
    }
}

fn to_answer(error: &NetError) -> Answer {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Answer::NxDomain,
            ResponseCode::NoError => Answer::NoData,
            code => Answer::Failed(code.to_string()),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => Answer::Failed(code.to_string()),
        other => Answer::Failed(printable(&other.to_string(), 120)),
    }
}

/// Lower case, no trailing dot, escapes as DNS writes them.
fn plain(name: &Name) -> String {
    printable(name.to_lowercase().to_ascii().trim_end_matches('.'), 255)
}

fn absolute(name: &str) -> Result<Name, String> {
    let mut parsed = Name::from_ascii(name).map_err(|_| "it is not a DNS name".to_owned())?;
    parsed.set_fqdn(true);
    Ok(parsed.to_lowercase())
}

fn resolver(servers: &[SocketAddr], recursion: bool) -> Result<Tokio, ResolverRejected> {
    let servers = servers
        .iter()
        .map(|server| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.into())
        })
        .collect();
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    build(Resolver::builder_with_config(config, TokioRuntimeProvider::default()), recursion)
}

fn build(
    mut builder: hickory_resolver::ResolverBuilder<TokioRuntimeProvider>,
    recursion: bool,
) -> Result<Tokio, ResolverRejected> {
    let options: &mut ResolverOpts = builder.options_mut();
    options.timeout = TIMEOUT;
    options.attempts = 2;
    options.cache_size = 0;
    options.recursion_desired = recursion;
    options.use_hosts_file = ResolveHosts::Never;
    options.try_tcp_on_error = true;
    builder.build().map_err(ResolverRejected)
}
