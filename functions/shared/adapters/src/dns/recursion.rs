//! The way from the roots to a name, as a resolver goes it: over IPv4, with what it has learnt kept for one check.
//!
//! A lookup that another one waits for never waits for a third one's result, so that name servers that lead in circles
//! keep nobody waiting.

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
use super::questions::Questions;
use super::reserved::may_be_asked;
use super::zone::{Cut, Server, Zone};

/// The next server is asked beside one that has not answered for so long.
const PATIENCE: Duration = Duration::from_millis(500);
/// For a question that is asked when the time for the others is over.
const ONE_QUESTION: Duration = Duration::from_secs(1);
/// Name servers whose names lie in zones whose name servers have to be found first.
const MOST_NESTED: usize = 4;
/// Where registries refer to top-level domains changes over weeks.
const REGISTRIES_KEPT: Duration = Duration::from_secs(600);

/// What all checks of a process have in common.
pub(super) struct Network {
    /// Servers of the root.
    pub roots: Vec<IpAddr>,
    /// Where every name server is asked.
    pub port: u16,
    /// Networks that name servers may be in although they are special-purpose.
    pub allowed: Vec<IpNet>,
    /// Keys of the root that are trusted; none where nothing can be validated.
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
    /// The name belongs to the zone that was asked.
    Inside,
    NoSuchName,
    Failed(Unanswered),
}

/// One check's questions.
#[derive(Clone)]
pub(crate) struct Recursion {
    inner: Arc<Inner>,
}

struct Inner {
    network: Arc<Network>,
    questions: Questions,
    until: Instant,
    steps: Cells<(Name, Name), Step>,
    hosts: Cells<Name, Result<SocketAddr, Unanswered>>,
}

impl Recursion {
    /// For a check of so many names, which ends at `until`: what is not answered by then counts as not answered.
    pub(super) fn new(network: Arc<Network>, names: usize, until: Instant) -> Self {
        let questions = Questions::for_names(names);
        let inner = Inner { network, questions, until, steps: Cells::default(), hosts: Cells::default() };
        Self { inner: Arc::new(inner) }
    }

    pub(super) fn trust_anchors(&self) -> Option<Arc<TrustAnchors>> {
        self.network().trust.clone()
    }

    /// For one more question, with time of its own.
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

    /// The answer of one server as it is, authoritative or a referral; with `signed`, its signatures along.
    pub(super) async fn ask(
        &self,
        server: &Server,
        name: &Name,
        kind: RecordType,
        signed: bool,
    ) -> Result<Message, Unanswered> {
        let address = server.address.clone()?;
        let questions = &self.inner.questions;
        if questions.is_refusing(address, name, kind) {
            return Err(Unanswered::Refused);
        }
        if !questions.take(address) {
            return Err(Unanswered::NotAsked);
        }
        let manner = Manner { signed };
        let asked = async {
            let _slot = self.network().slots.acquire().await.expect("the semaphore is never closed");
            exchange(address, name, kind, manner).await
        };
        let answer = timeout_at(self.inner.until, asked).await.unwrap_or(Err(Unanswered::TimedOut));
        if answer.as_ref().is_ok_and(|message| message.metadata.response_code == ResponseCode::Refused) {
            questions.refused(address, name, kind);
        }
        answer
    }

    /// The first acceptable answer. Servers are asked one after the other, but slow ones are not waited for.
    ///
    /// # Errors
    ///
    /// None of them gives one: why the first did not, a certain reason before silence.
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

    /// Whether an answer says something of the name.
    pub(super) fn says(&self, message: &Message) -> Result<(), Unanswered> {
        match refusal(message.metadata.response_code) {
            Some(why) => Err(why),
            None if message.metadata.authoritative => Ok(()),
            None => Err(Unanswered::NotAuthoritative),
        }
    }

    /// The servers of a cut, sorted by name.
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

    /// The server called `name`, at an address of its name.
    pub(crate) async fn server(&self, name: &Name) -> Server {
        Server { name: plain(name), address: self.host(name, &[]).await }
    }

    /// One of a name server's addresses that may be asked; else why none may, or `None` where there is none.
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
    /// Nobody who must know says whether there are any.
    pub(super) async fn lookup(&self, host: &Name, kind: RecordType, path: &[Name]) -> Result<Vec<IpAddr>, Unanswered> {
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
                None => return Ok(addresses),
            }
        }
        Err(Unanswered::Other("too many aliases".into()))
    }

    /// What stands at `candidate`, as the servers of `zone` above it say.
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

/// The zone below `zone` that `candidate` lies in, by the NS records of an answer or a referral.
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

/// The value for `key`, computed once; again by those that must not wait.
async fn once<K: Hash + Eq, T: Clone>(cells: &Cells<K, T>, key: K, waits: bool, compute: impl Future<Output = T>) -> T {
    let cell = cells.lock().expect("nothing panics while it holds the lock").entry(key).or_default().clone();
    if waits {
        return cell.get_or_init(|| compute).await.clone();
    }
    if let Some(known) = cell.get() {
        return known.clone();
    }
    let value = compute.await;
    // Somebody else may have been faster.
    let _ = cell.set(value.clone());
    value
}

pub(super) fn no_servers() -> Unanswered {
    Unanswered::Other("no name servers can be found for it".into())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hickory_resolver::proto::op::OpCode;
    use tokio::net::UdpSocket;
    use vocabulary::dns::{Answer, RecordKind};

    use super::*;
    use crate::dns::{Dns, Roots};

    /// A server that refuses every question, and how many it was asked.
    async fn refusing() -> (SocketAddr, Arc<AtomicUsize>) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((octets, from)) = socket.recv_from(&mut buffer).await {
                counter.fetch_add(1, Ordering::Relaxed);
                let question = Message::from_vec(&buffer[..octets]).expect("a question");
                let mut answer = Message::response(question.id, OpCode::Query);
                answer.metadata.response_code = ResponseCode::Refused;
                answer.queries = question.queries.clone();
                socket.send_to(&answer.to_vec().expect("it encodes"), from).await.expect("it is sent");
            }
        });
        (address, asked)
    }

    #[tokio::test]
    async fn a_server_that_refuses_is_not_asked_for_each_name_of_its_zone() {
        let (address, asked) = refusing().await;
        let roots = Roots::Own { servers: vec![address.ip()], trust: None };
        let dns = Dns::from_roots(roots, address.port(), vec!["127.0.0.0/8".parse().expect("a network")]);
        let recursion = dns.begin(97, Instant::now() + Duration::from_secs(8));
        let server = Server { name: "ns.victim.test".into(), address: Ok(address) };
        for host in 0..97 {
            let name = Name::from_ascii(format!("h{host}.victim.test.")).expect("a name");
            let reply = recursion.question(&server, &name, RecordKind::Txt).await;
            assert_eq!(reply.answer, Answer::Failed(Unanswered::Refused), "it is told as what it is, asked or not");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }
}
