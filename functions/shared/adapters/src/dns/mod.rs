//! Questions to authoritative name servers.

mod dnssec;
mod exchange;
mod zones;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use diagnosis::facts::ProbeFault;
use domain::ports::AuthoritativeDns;
use futures::future::join_all;
use hickory_resolver::Resolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::sync::Semaphore;
use vocabulary::dns::{Answer, RecordKind, ServerAnswer, Unanswered};
use vocabulary::text::printable;

pub(crate) use exchange::Reply;
use exchange::{Manner, exchange};
pub(crate) use zones::{Located, Server};

const DNS_PORT: u16 = 53;
/// For the resolver of the system.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Questions on their way at a time: an endpoint may have a hundred names.
const MOST_QUESTIONS: usize = 64;

type Tokio = Resolver<TokioRuntimeProvider>;

/// DNS as seen from here: the recursive servers of the system find out who is authoritative.
#[derive(Clone)]
pub struct Dns {
    recursive: Arc<Tokio>,
    authority: Authority,
    slots: Arc<Semaphore>,
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
            Some(server) => Ok(Self::with(resolver(server)?, Authority::Only(server))),
            None => {
                let builder = Resolver::builder_tokio().map_err(ResolverRejected)?;
                Ok(Self::with(build(builder)?, Authority::NameServers { port: DNS_PORT }))
            }
        }
    }

    /// Finds name servers through `recursive` instead of the system's resolver, and asks them at `port`.
    pub fn through(recursive: SocketAddr, port: u16) -> Result<Self, ResolverRejected> {
        Ok(Self::with(resolver(recursive)?, Authority::NameServers { port }))
    }

    fn with(recursive: Tokio, authority: Authority) -> Self {
        Self { recursive: Arc::new(recursive), authority, slots: Arc::new(Semaphore::new(MOST_QUESTIONS)) }
    }

    /// All addresses of a host, as the resolver of the system finds them.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ProbeFault> {
        let name = absolute(host).map_err(ProbeFault::Unresolved)?;
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
            (true, Some(why)) => Err(ProbeFault::Unresolved(why.to_string())),
            (true, None) => Err(ProbeFault::NoAddress),
        }
    }

    /// Asks one server. Without `Only`, an answer without authority is none.
    pub(crate) async fn question(&self, server: &Server, name: &Name, kind: RecordKind) -> Reply {
        match self.exchange(server, name, exchange::record_type(kind)).await {
            Ok(message) => exchange::read(&message, name, kind, self.manner()),
            Err(why) => Reply { answer: Answer::Failed(why), alias: None },
        }
    }

    /// The name servers that one server of the zone names for `name` itself; none where it is no zone of its own.
    pub(crate) async fn name_servers_of(&self, server: &Server, name: &Name) -> Vec<String> {
        match self.exchange(server, name, RecordType::NS).await {
            Ok(message) if exchange::refusal(message.metadata.response_code).is_none() => {
                exchange::name_servers(&message, name)
            }
            _ => Vec::new(),
        }
    }

    /// The answer of one server as it is, authoritative or a referral.
    async fn exchange(&self, server: &Server, name: &Name, kind: RecordType) -> Result<Message, Unanswered> {
        let Some(address) = server.address else {
            return Err(Unanswered::Other("its name has no address".into()));
        };
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        exchange(address, name, kind, self.manner()).await
    }

    fn manner(&self) -> Manner {
        Manner { recursive: matches!(self.authority, Authority::Only(_)), signed: false }
    }
}

impl AuthoritativeDns for Dns {
    async fn ask(&self, name: &str, kind: RecordKind) -> Vec<ServerAnswer> {
        let failed = |why: Unanswered| vec![ServerAnswer { server: name.to_owned(), answer: Answer::Failed(why) }];
        let question = match absolute(name) {
            Ok(question) => question,
            Err(why) => return failed(Unanswered::Other(why)),
        };
        let servers = match self.authority {
            Authority::Only(server) => vec![zones::only(server)],
            Authority::NameServers { .. } => match self.locate(&question).await {
                Located::Zone(zone) => zone.servers,
                Located::Absent { .. } => return failed(zones::no_servers()),
                Located::Unknown(why) => return failed(why),
            },
        };
        join_all(servers.into_iter().map(|server| {
            let question = &question;
            async move {
                let answer = self.question(&server, question, kind).await.answer;
                ServerAnswer { server: server.name, answer }
            }
        }))
        .await
    }
}

/// What the resolver's error says of the name.
fn to_answer(error: &NetError) -> Answer {
    let code = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => none.response_code,
        NetError::Dns(DnsError::ResponseCode(code)) => *code,
        NetError::Timeout => return Answer::Failed(Unanswered::TimedOut),
        other => return Answer::Failed(Unanswered::Other(printable(&other.to_string(), 120))),
    };
    match exchange::refusal(code) {
        Some(why) => Answer::Failed(why),
        None if code == ResponseCode::NXDomain => Answer::NxDomain,
        None => Answer::NoData,
    }
}

/// A name as DNS has it: absolute, in lower case.
pub(crate) fn absolute(name: &str) -> Result<Name, String> {
    let mut parsed = Name::from_ascii(name).map_err(|_| "it is not a DNS name".to_owned())?;
    parsed.set_fqdn(true);
    Ok(parsed.to_lowercase())
}

fn resolver(server: SocketAddr) -> Result<Tokio, ResolverRejected> {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let servers = vec![NameServerConfig::new(server.ip(), true, connections.into())];
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    build(Resolver::builder_with_config(config, TokioRuntimeProvider::default()))
}

fn build(mut builder: hickory_resolver::ResolverBuilder<TokioRuntimeProvider>) -> Result<Tokio, ResolverRejected> {
    let options: &mut ResolverOpts = builder.options_mut();
    options.timeout = TIMEOUT;
    options.attempts = 2;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.try_tcp_on_error = true;
    builder.build().map_err(ResolverRejected)
}
