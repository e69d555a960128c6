//! DNS: zones are found from the roots as a CA's resolver does, and each authoritative name server is queried.

mod denial;
mod dnssec;
mod exchange;
#[cfg(test)]
mod fuzz;
mod questions;
mod recursion;
mod reserved;
mod roots;
mod validation;
mod zone;
mod zones;

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use diagnosis::facts::ProbeFault;
use domain::ports::AuthoritativeDns;
use futures::future::join_all;
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::rr::{Name, RecordType};
use ipnet::IpNet;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use vocabulary::dns::{Answer, RecordKind, ServerAnswer, Unanswered};

pub(crate) use exchange::Reply;
use recursion::Network;
pub(crate) use recursion::Recursion;
pub(crate) use zone::{Located, Server, Zone};

/// The port of DNS servers.
pub const DNS_PORT: u16 = 53;
/// The most concurrent queries: an endpoint may have a hundred names.
const MOST_QUESTIONS: usize = 64;
/// How long a step of the flow, or a host lookup, waits for answers.
pub(crate) const LONGEST: Duration = Duration::from_secs(8);

/// Where the search for a name begins.
#[derive(Clone)]
pub enum Roots {
    Iana,
    /// For a network with its own roots. Without an anchor nothing is validated from the root on.
    Own {
        servers: Vec<IpAddr>,
        trust: Option<TrustAnchor>,
    },
}

/// Trusted keys of the root.
#[derive(Clone)]
pub struct TrustAnchor(TrustAnchors);

#[derive(Debug, thiserror::Error)]
#[error("not DNSKEY records as in a zone file")]
pub struct NoTrustAnchor;

impl FromStr for TrustAnchor {
    type Err = NoTrustAnchor;

    fn from_str(text: &str) -> Result<Self, NoTrustAnchor> {
        let anchors: TrustAnchors = text.parse().map_err(|_| NoTrustAnchor)?;
        if anchors.is_empty() { Err(NoTrustAnchor) } else { Ok(Self(anchors)) }
    }
}

/// DNS as seen from here.
#[derive(Clone)]
pub struct Dns {
    network: Arc<Network>,
    /// What all queries share; without it, each has its own.
    shared: Option<Recursion>,
}

impl Dns {
    /// As on the internet: from the roots, with all name servers at `port`.
    ///
    /// `allowed` are networks that name servers may be in although they are special-purpose.
    pub fn from_roots(roots: Roots, port: u16, allowed: Vec<IpNet>) -> Self {
        let (roots, trust) = match roots {
            Roots::Iana => (roots::IANA.to_vec(), Some(TrustAnchors::default())),
            Roots::Own { servers, trust } => (servers, trust.map(|TrustAnchor(anchors)| anchors)),
        };
        let (slots, trust) = (Semaphore::new(MOST_QUESTIONS), trust.map(Arc::new));
        let network = Network { roots, port, allowed, trust, slots, registries: Default::default() };
        Self { network: Arc::new(network), shared: None }
    }

    /// The queries of one check of `names` names, until `until`.
    pub(crate) fn begin(&self, names: usize, until: Instant) -> Recursion {
        Recursion::new(self.network.clone(), names, until)
    }

    /// DNS for parts of the check of `recursion`: no query is sent twice, and its limits apply.
    pub(crate) fn within(&self, recursion: &Recursion) -> Self {
        Self { network: self.network.clone(), shared: Some(recursion.clone()) }
    }

    pub(crate) fn begin_one(&self) -> Recursion {
        self.shared.clone().unwrap_or_else(|| self.begin(1, Instant::now() + LONGEST))
    }

    /// All addresses of a host, as a resolver finds them.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ProbeFault> {
        let name = absolute(host).map_err(|why| ProbeFault::Unresolved(Unanswered::Other(why)))?;
        let recursion = self.begin_one();
        // Aliases are the same for A and AAAA.
        let v4 = recursion.lookup_along(&name, RecordType::A, &[]).await;
        let v6 = match &v4 {
            Ok(found) if found.absent => return Err(ProbeFault::NoAddress),
            Ok(found) => recursion.lookup(&found.at, RecordType::AAAA, &[]).await,
            Err(_) => recursion.lookup(&name, RecordType::AAAA, &[]).await,
        };
        match (v6, v4.map(|found| found.addresses)) {
            (Ok(v6), Ok(v4)) if v6.is_empty() && v4.is_empty() => Err(ProbeFault::NoAddress),
            (Ok(v6), Ok(v4)) => Ok([v6, v4].concat()),
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if !some.is_empty() => Ok(some),
            (Err(why), _) | (_, Err(why)) => Err(ProbeFault::Unresolved(why)),
        }
    }
}

impl Recursion {
    /// Queries one server. A response without authority counts as none. `signed`: with signatures, which are then cached.
    pub(crate) async fn question(&self, server: &Server, name: &Name, kind: RecordKind, signed: bool) -> Reply {
        match self.ask(server, name, exchange::record_type(kind), signed).await {
            Ok(message) => exchange::read(&message, name, kind),
            Err(why) => Reply { answer: Answer::Failed(why), alias: None },
        }
    }

    /// Why no validating resolver returns the records, if that is so.
    pub(crate) async fn bogus(&self, name: &Name, kind: RecordKind, now: i64) -> Option<String> {
        match self.validity(name, exchange::record_type(kind), now).await? {
            validation::Validity::Bogus(why) => Some(why),
            _ => None,
        }
    }

    /// The name servers that one server of the zone returns for `name` itself; none if it is not a zone of its own.
    pub(crate) async fn name_servers_of(&self, server: &Server, name: &Name) -> Vec<String> {
        match self.ask(server, name, RecordType::NS, false).await {
            Ok(message) if exchange::refusal(message.metadata.response_code).is_none() => {
                exchange::name_servers(&message, name)
            }
            _ => Vec::new(),
        }
    }
}

impl AuthoritativeDns for Dns {
    fn session(&self, names: usize, within: Duration) -> Self {
        Self { network: self.network.clone(), shared: Some(self.begin(names, Instant::now() + within)) }
    }

    async fn query(&self, name: &str, kind: RecordKind) -> Vec<ServerAnswer> {
        let failed = |why: Unanswered| vec![ServerAnswer { server: name.to_owned(), answer: Answer::Failed(why) }];
        let question = match absolute(name) {
            Ok(question) => question,
            Err(why) => return failed(Unanswered::Other(why)),
        };
        let recursion = self.begin_one();
        let servers = match recursion.locate_around(&question).await {
            Located::Zone(zone) => zone.servers,
            Located::Absent { .. } => return failed(recursion::no_servers()),
            Located::Unknown(why) => return failed(why),
        };
        join_all(servers.into_iter().map(|server| {
            let (question, recursion) = (&question, &recursion);
            async move {
                let answer = recursion.question(&server, question, kind, false).await.answer;
                ServerAnswer { server: server.name, answer }
            }
        }))
        .await
    }

    async fn bogus(&self, name: &str, kind: RecordKind, now: OffsetDateTime) -> Option<String> {
        self.begin_one().bogus(&absolute(name).ok()?, kind, now.unix_timestamp()).await
    }
}

/// A name as DNS has it: absolute, in lower case.
pub(crate) fn absolute(name: &str) -> Result<Name, String> {
    let mut parsed = Name::from_ascii(name).map_err(|_| "it is not a DNS name".to_owned())?;
    parsed.set_fqdn(true);
    Ok(parsed.to_lowercase())
}
