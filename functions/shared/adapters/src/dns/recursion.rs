//! Iterative resolution from the roots to a name, as a resolver does it: over IPv4, with results kept for one check.
//!
//! A lookup that another lookup waits for never waits for a third lookup's result, so that name servers that refer to each
//! other in circles block nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diagnosis::facts::MOST_ALIASES;
use futures::future::{BoxFuture, join_all};
use futures::stream::{FuturesUnordered, StreamExt};
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use ipnet::IpNet;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use vocabulary::dns::Unanswered;

use super::exchange::{Manner, exchange, plain, refusal};
use super::questions::{Came, Questions};
use super::reserved::may_be_asked;
use super::zone::{Cut, Server, Zone};

/// The next server is queried in parallel if one has not answered within this time.
const PATIENCE: Duration = Duration::from_millis(500);
/// For a query that is sent after the time for the others is over.
const ONE_QUESTION: Duration = Duration::from_secs(1);
/// The deepest nesting of name servers in zones whose own name servers must be found first.
const MOST_NESTED: usize = 4;
/// Referrals from registries to top-level domains change over weeks.
const REGISTRIES_KEPT: Duration = Duration::from_secs(600);

/// What all checks of a process share.
pub(super) struct Network {
    /// Servers of the root.
    pub roots: Vec<IpAddr>,
    /// The port of every name server.
    pub port: u16,
    /// Networks that name servers may be in although they are special-purpose.
    pub allowed: Vec<IpNet>,
    /// Trusted keys of the root; none if nothing can be validated.
    pub trust: Option<Arc<TrustAnchors>>,
    pub slots: Semaphore,
    pub registries: Mutex<HashMap<Name, (Instant, Cut)>>,
}

type Cells<K, T> = Mutex<HashMap<K, Arc<OnceCell<T>>>>;

/// What is found at a name on the way down.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A zone begins here, or on the way here.
    Below(Cut),
    /// The name belongs to the zone that was queried.
    Inside,
    NoSuchName,
    Failed(Unanswered),
}

/// Where a lookup has ended.
pub(super) struct Found {
    /// The name that the aliases led to.
    pub at: Name,
    pub addresses: Vec<IpAddr>,
    /// Whether the name does not exist.
    pub absent: bool,
}

/// The queries of one check.
#[derive(Clone)]
pub(crate) struct Recursion {
    inner: Arc<Inner>,
}

struct Inner {
    network: Arc<Network>,
    questions: Questions,
    until: Instant,
    /// Each query goes once to each server, with or without signatures.
    answers: Cells<(SocketAddr, Name, RecordType, bool), Message>,
    steps: Cells<(Name, Name), Step>,
    hosts: Cells<Name, Result<SocketAddr, Unanswered>>,
}

impl Recursion {
    /// For a check of this many names that ends at `until`: a query without an answer by then counts as unanswered.
    pub(super) fn new(network: Arc<Network>, names: usize, until: Instant) -> Self {
        let questions = Questions::for_names(names);
        let (answers, steps, hosts) = (Cells::default(), Cells::default(), Cells::default());
        Self { inner: Arc::new(Inner { network, questions, until, answers, steps, hosts }) }
    }

    pub(super) fn trust_anchors(&self) -> Option<Arc<TrustAnchors>> {
        self.network().trust.clone()
    }

    /// For one more query, with its own time.
    pub(super) fn again(&self) -> Self {
        Self::new(self.inner.network.clone(), 1, Instant::now() + ONE_QUESTION)
    }

    pub(super) fn network(&self) -> &Network {
        &self.inner.network
    }

    pub(super) fn root(&self) -> Zone {
        let Network { roots, port, .. } = self.network();
        let server = |ip: &IpAddr| Server { name: ip.to_string(), address: Ok(SocketAddr::new(*ip, *port)) };
        Zone { apex: Name::root(), servers: roots.iter().map(server).collect() }
    }

    /// The response of one server, authoritative or a referral; with `signed`, including signatures.
    pub(super) async fn ask(
        &self,
        server: &Server,
        name: &Name,
        kind: RecordType,
        signed: bool,
    ) -> Result<Message, Unanswered> {
        let address = server.address.clone()?;
        // A response with signatures has everything that one without has.
        let cell = {
            let mut answers = self.inner.answers.lock().expect("nothing panics while it holds the lock");
            let with_signatures = answers.get(&(address, name.clone(), kind, true)).and_then(|cell| cell.get());
            if let Some(known) = with_signatures {
                return Ok(known.clone());
            }
            answers.entry((address, name.clone(), kind, signed)).or_default().clone()
        };
        // An unanswered query is not remembered: the next one may succeed.
        cell.get_or_try_init(|| self.put(address, name, kind, signed)).await.cloned()
    }

    /// Sends a query that was not sent before in this check.
    async fn put(
        &self,
        server: SocketAddr,
        name: &Name,
        kind: RecordType,
        signed: bool,
    ) -> Result<Message, Unanswered> {
        let questions = &self.inner.questions;
        let asked = async {
            let _turn = questions.turn(server).await;
            questions.take(server, name, kind)?;
            let _slot = self.network().slots.acquire().await.expect("the semaphore is never closed");
            let answer = exchange(server, name, kind, Manner { signed }).await;
            let came = match &answer {
                Ok(message) if message.metadata.response_code == ResponseCode::Refused => Came::Refusal,
                Err(Unanswered::TimedOut) => Came::Nothing,
                Ok(_) | Err(_) => Came::Answer,
            };
            questions.came(came, server, name, kind);
            answer
        };
        timeout_at(self.inner.until, asked).await.unwrap_or(Err(Unanswered::TimedOut))
    }

    /// The first acceptable response. Servers are queried in turn, but slow ones are not waited for.
    ///
    /// # Errors
    ///
    /// No server gives one: why the first did not; a definite reason takes precedence over silence.
    pub(super) async fn ask_any(
        &self,
        zone: &Zone,
        name: &Name,
        kind: RecordType,
        signed: bool,
        accept: impl Fn(&Message) -> Result<(), Unanswered>,
    ) -> Result<Message, Unanswered> {
        let mut failed: Option<Unanswered> = None;
        let mut left = zone.servers.iter();
        let mut asked = FuturesUnordered::new();
        loop {
            if let Some(server) = left.next() {
                asked.push(self.ask(server, name, kind, signed));
            }
            let answer = match left.as_slice() {
                [] => asked.next().await,
                _ => match timeout(PATIENCE, asked.next()).await {
                    Ok(answer) => answer,
                    Err(_) => continue,
                },
            };
            let Some(answer) = answer else { return Err(failed.unwrap_or_else(no_servers)) };
            let why = match answer {
                Ok(message) => match accept(&message) {
                    Ok(()) => return Ok(message),
                    Err(why) => why,
                },
                Err(why) => why,
            };
            if failed.as_ref().is_none_or(|known| *known == Unanswered::TimedOut) {
                failed = Some(why);
            }
        }
    }

    /// Whether a response says something about the name.
    pub(super) fn says(&self, message: &Message) -> Result<(), Unanswered> {
        match refusal(message.metadata.response_code) {
            Some(why) => Err(why),
            None if message.metadata.authoritative => Ok(()),
            None => Err(Unanswered::NotAuthoritative),
        }
    }

    /// The servers of a zone cut, sorted by name.
    pub(super) async fn servers(&self, cut: &Cut, path: &[Name]) -> Vec<Server> {
        let servers = cut.hosts.iter().map(async |host| {
            let glued = cut.glue.iter().filter(|(name, _)| name == host).map(|(_, address)| *address);
            let address = match self.usable(glued.collect()) {
                Err(None) => self.host(host, path).await,
                Err(Some(why)) => Err(why),
                Ok(address) => Ok(address),
            };
            Server { name: plain(host), address }
        });
        let mut servers = join_all(servers).await;
        servers.sort_by(|a, b| a.name.cmp(&b.name));
        servers
    }

    /// The server called `name`, at an address of that name.
    pub(crate) async fn server(&self, name: &Name) -> Server {
        Server { name: plain(name), address: self.host(name, &[]).await }
    }

    /// One of a name server's addresses that may be queried; else why none may, or `None` if there is none.
    fn usable(&self, addresses: Vec<IpAddr>) -> Result<SocketAddr, Option<Unanswered>> {
        let Network { port, allowed, .. } = self.network();
        let may_be_asked = |address: &&IpAddr| may_be_asked(**address, allowed);
        if let Some(address) = addresses.iter().find(may_be_asked) {
            return Ok(SocketAddr::new(*address, *port));
        }
        Err(match addresses.iter().find(|address| address.is_ipv4()) {
            Some(address) => Some(Unanswered::Other(format!("its address {address} is not a public one"))),
            None if addresses.is_empty() => None,
            None => Some(Unanswered::Ipv6Only),
        })
    }

    /// The address of a name server. `path` are the name servers that wait for this one.
    fn host<'a>(&'a self, host: &'a Name, path: &'a [Name]) -> BoxFuture<'a, Result<SocketAddr, Unanswered>> {
        Box::pin(async move {
            if path.contains(host) || path.len() >= MOST_NESTED {
                return Err(Unanswered::Other("its name cannot be looked up without itself".into()));
            }
            let path_with_it: Vec<Name> = path.iter().chain([host]).cloned().collect();
            once(&self.inner.hosts, host.clone(), path.is_empty(), self.find_host(host, &path_with_it)).await
        })
    }

    async fn find_host(&self, host: &Name, path: &[Name]) -> Result<SocketAddr, Unanswered> {
        let v4 = self.lookup(host, RecordType::A, path).await?;
        match self.usable(v4) {
            Ok(address) => Ok(address),
            Err(Some(why)) => Err(why),
            Err(None) => match self.lookup(host, RecordType::AAAA, path).await {
                Ok(v6) if !v6.is_empty() => Err(Unanswered::Ipv6Only),
                _ => Err(Unanswered::Other("its name has no address".into())),
            },
        }
    }

    /// The addresses of one kind that a host has, or where its aliases lead.
    ///
    /// # Errors
    ///
    /// No responsible server says whether there are any.
    pub(super) async fn lookup(&self, host: &Name, kind: RecordType, path: &[Name]) -> Result<Vec<IpAddr>, Unanswered> {
        Ok(self.lookup_along(host, kind, path).await?.addresses)
    }

    /// The same, with the name that the aliases led to.
    pub(super) async fn lookup_along(&self, host: &Name, kind: RecordType, path: &[Name]) -> Result<Found, Unanswered> {
        let mut at = host.clone();
        for _ in 0..=MOST_ALIASES {
            let zone = self.nearest(&at, path).await.zone;
            let message = self.ask_any(&zone, &at, kind, false, |message| self.says(message)).await?;
            let own = || message.answers.iter().filter(|record| record.name == at);
            let addresses: Vec<IpAddr> = own()
                .filter_map(|record| match record.data {
                    RData::A(a) => Some(IpAddr::V4(a.0)),
                    RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                    _ => None,
                })
                .collect();
            let alias = own().find_map(|record| match &record.data {
                RData::CNAME(target) => Some(target.0.to_lowercase()),
                _ => None,
            });
            match alias.filter(|_| addresses.is_empty()) {
                Some(next) => at = next,
                None => {
                    let absent = addresses.is_empty() && message.metadata.response_code == ResponseCode::NXDomain;
                    return Ok(Found { at, addresses, absent });
                }
            }
        }
        Err(Unanswered::Other("too many aliases".into()))
    }

    /// What stands at `candidate`, according to the servers of `zone` above it.
    pub(super) async fn step(&self, zone: &Zone, candidate: &Name) -> Step {
        let key = (zone.apex.clone(), candidate.clone());
        once(&self.inner.steps, key, true, self.take_step(zone, candidate)).await
    }

    async fn take_step(&self, zone: &Zone, candidate: &Name) -> Step {
        let is_registry = super::zone::is_public_suffix(candidate);
        if let Some(known) = self.known_registry(candidate).filter(|_| is_registry) {
            return Step::Below(known);
        }
        let below = |message: &Message| referral(message, zone, candidate);
        let accept = |message: &Message| match below(message) {
            Some(_) if refusal(message.metadata.response_code).is_none() => Ok(()),
            _ => self.says(message),
        };
        let message = match self.ask_any(zone, candidate, RecordType::NS, false, accept).await {
            Ok(message) => message,
            Err(why) => return Step::Failed(why),
        };
        match below(&message) {
            Some(cut) => {
                if is_registry && cut.apex == *candidate {
                    let mut registries = self.network().registries.lock().expect("nothing panics while it is held");
                    registries.insert(candidate.clone(), (Instant::now(), cut.clone()));
                }
                Step::Below(cut)
            }
            None if message.metadata.response_code == ResponseCode::NXDomain => Step::NoSuchName,
            None => Step::Inside,
        }
    }

    fn known_registry(&self, name: &Name) -> Option<Cut> {
        let registries = self.network().registries.lock().expect("nothing panics while it is held");
        registries.get(name).filter(|(at, _)| at.elapsed() < REGISTRIES_KEPT).map(|(_, cut)| cut.clone())
    }
}

/// The zone below `zone` that contains `candidate`, from the NS records of an answer or a referral.
fn referral(message: &Message, zone: &Zone, candidate: &Name) -> Option<Cut> {
    let sections = || message.authorities.iter().chain(&message.answers);
    let below = sections().find(|record| {
        record.record_type() == RecordType::NS
            && record.name != zone.apex
            && zone.apex.zone_of(&record.name)
            && record.name.zone_of(candidate)
    })?;
    let cut = Cut::new(below.name.to_lowercase(), sections(), &message.additionals);
    Some(Cut { is_own: message.metadata.authoritative, ..cut })
}

/// The value for `key`, computed once; callers that must not wait compute it themselves.
async fn once<K: Hash + Eq, T: Clone>(cells: &Cells<K, T>, key: K, waits: bool, compute: impl Future<Output = T>) -> T {
    let cell = cells.lock().expect("nothing panics while it holds the lock").entry(key).or_default().clone();
    if waits {
        return cell.get_or_init(|| compute).await.clone();
    }
    if let Some(known) = cell.get() {
        return known.clone();
    }
    let value = compute.await;
    // Another task may have been faster.
    let _ = cell.set(value.clone());
    value
}

pub(super) fn no_servers() -> Unanswered {
    Unanswered::Other("no name servers can be found for it".into())
}

#[cfg(test)]
mod tests;
