//! The zones of one check: each is located, and its servers are tried, only once.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use diagnosis::facts::{Differing, Dnssec, ZoneFacts, ZoneState};
use futures::future::join_all;
use hickory_resolver::proto::rr::Name;
use time::OffsetDateTime;
use tokio::sync::OnceCell;
use vocabulary::dns::{Answer, RecordKind, ServerAnswer, Unanswered};

use crate::dns::{Located, Recursion, Reply, Server, Zone, absolute};

/// A zone, with its servers that answer.
pub(super) struct Known {
    pub facts: ZoneFacts,
    servers: Vec<Server>,
}

type Cell<T> = Arc<OnceCell<Arc<T>>>;

pub(super) struct Zones {
    dns: Recursion,
    now: i64,
    by_name: Mutex<HashMap<String, Cell<Known>>>,
    by_apex: Mutex<HashMap<Name, Cell<Tried>>>,
}

/// What trying a zone's servers showed.
#[derive(Clone)]
struct Tried {
    servers: Vec<Server>,
    soa: Vec<ServerAnswer>,
    dnssec: Dnssec,
    differing: Option<Differing>,
}

impl Zones {
    pub(super) fn new(dns: Recursion, now: OffsetDateTime) -> Self {
        Self { dns, now: now.unix_timestamp(), by_name: Mutex::default(), by_apex: Mutex::default() }
    }

    /// The zone that `name` lies in.
    pub(super) async fn of(&self, name: &str) -> Arc<Known> {
        let cell = cell(&self.by_name, name.to_owned());
        cell.get_or_init(|| async { Arc::new(self.find(name).await) }).await.clone()
    }

    async fn find(&self, name: &str) -> Known {
        let known = |state, servers| Known { facts: ZoneFacts { name: name.to_owned(), state }, servers };
        let asked = match absolute(name) {
            Ok(asked) => asked,
            Err(why) => return known(ZoneState::Unknown(Unanswered::Other(why)), Vec::new()),
        };
        match self.dns.locate(&asked).await {
            Located::Absent { nxdomain } => known(ZoneState::Absent { nxdomain }, Vec::new()),
            Located::Unknown(why) => known(ZoneState::Unknown(why), Vec::new()),
            Located::Zone(zone) => {
                let cell = cell(&self.by_apex, zone.apex.clone());
                let tried = cell.get_or_init(|| async { Arc::new(self.try_servers(&zone).await) }).await;
                let apex = zone.apex.to_ascii().trim_end_matches('.').to_owned();
                let Tried { servers, soa, dnssec, differing } = Tried::clone(tried);
                known(ZoneState::Served { apex, servers: soa, dnssec, differing }, servers)
            }
        }
    }

    /// Queries the servers in the parent's delegation, and those that the zone itself names, to see whether they serve it.
    async fn try_servers(&self, zone: &Zone) -> Tried {
        let (mut soa, own, dnssec) = tokio::join!(
            self.start_of_authority(&zone.apex, &zone.servers),
            self.dns.names_itself(zone),
            self.dns.security(zone, self.now),
        );
        let mut servers = zone.servers.clone();
        let above: Vec<String> = servers.iter().map(|server| server.name.clone()).collect();
        let own = own.unwrap_or_default();
        let named: Vec<String> = own.iter().map(readable).collect();
        let differing = (!named.is_empty() && named != above).then(|| Differing { above: above.clone(), own: named });
        let further = own.iter().filter(|name| !above.contains(&readable(name)));
        let further = join_all(further.map(|name| self.dns.server(name))).await;
        soa.extend(self.start_of_authority(&zone.apex, &further).await);
        servers.extend(further);
        Tried { servers, soa, dnssec, differing }
    }

    async fn start_of_authority(&self, apex: &Name, servers: &[Server]) -> Vec<ServerAnswer> {
        let asked = servers.iter().map(async |server| {
            let reply = self.dns.question(server, apex, RecordKind::Soa, false).await;
            ServerAnswer { server: server.name.clone(), answer: reply.answer }
        });
        join_all(asked).await
    }

    /// Why no validating resolver returns the records. Zones with an apex in `told` are reported separately if they are broken
    /// as a whole.
    pub(super) async fn bogus(&self, name: &str, kind: RecordKind, told: &BTreeSet<&str>) -> Option<String> {
        let zone = self.of(zone_of(name)).await;
        let ZoneState::Served { dnssec, apex, .. } = &zone.facts.state else { return None };
        match (dnssec, absolute(name)) {
            (Dnssec::Intact, Ok(asked)) => self.dns.bogus(&asked, kind, self.now).await,
            (Dnssec::Broken(why), _) if !told.contains(apex.as_str()) => Some(why.clone()),
            _ => None,
        }
    }

    /// Whether the root answers, now.
    pub(super) async fn root_answers(&self) -> bool {
        self.dns.root_answers().await
    }

    /// What each server of the name's zone says; servers that gave no answer before are not queried again.
    pub(super) async fn ask(&self, name: &str, kind: RecordKind) -> Vec<ServerAnswer> {
        let zone = self.of(zone_of(name)).await;
        let replies = self.replies(&zone, name, kind, usize::MAX).await;
        replies.into_iter().map(|(server, reply)| ServerAnswer { server, answer: reply.answer }).collect()
    }

    /// The most useful answer of the first servers.
    pub(super) async fn first(&self, name: &str, kind: RecordKind) -> Reply {
        self.first_in(&*self.of(zone_of(name)).await, name, kind).await
    }

    /// The same for the servers of `zone`, which `name` is assumed to lie in.
    pub(super) async fn first_in(&self, zone: &Known, name: &str, kind: RecordKind) -> Reply {
        let replies = self.replies(zone, name, kind, FIRST).await;
        let usable = replies.iter().find(|(_, reply)| reply.answer.is_usable()).or(replies.first());
        usable.map_or_else(|| nothing(Unanswered::TimedOut), |(_, reply)| reply.clone())
    }

    /// The name servers of `name` itself, from a server of the `zone` around it; none if it is not a zone.
    pub(super) async fn name_servers_of(&self, zone: &Known, name: &str) -> Vec<String> {
        let Ok(asked) = absolute(name) else { return Vec::new() };
        let ZoneState::Served { servers: soa, .. } = &zone.facts.state else { return Vec::new() };
        let serving = zone.servers.iter().zip(soa).find(|(_, soa)| soa.answer.is_usable());
        match serving {
            Some((server, _)) => self.dns.name_servers_of(server, &asked).await,
            None => Vec::new(),
        }
    }

    async fn replies(&self, zone: &Known, name: &str, kind: RecordKind, most: usize) -> Vec<(String, Reply)> {
        let (soa, signed) = match &zone.facts.state {
            // Records that will be validated are requested with their signatures at once.
            ZoneState::Served { servers, dnssec, .. } => (servers, *dnssec == Dnssec::Intact),
            ZoneState::Absent { nxdomain: true } => {
                return vec![(name.to_owned(), Reply { answer: Answer::NxDomain, alias: None })];
            }
            ZoneState::Absent { nxdomain: false } => {
                let why = Unanswered::Other("no name servers can be found for it".into());
                return vec![(name.to_owned(), nothing(why))];
            }
            ZoneState::Unknown(why) => return vec![(name.to_owned(), nothing(why.clone()))],
        };
        let Ok(asked) = absolute(name) else {
            return vec![(name.to_owned(), nothing(Unanswered::Other("it is not a DNS name".into())))];
        };
        let mut servers: Vec<(&Server, &Answer)> = zone.servers.iter().zip(soa.iter().map(|soa| &soa.answer)).collect();
        // The others come after those that serve the zone.
        if most < servers.len() {
            servers.sort_by_key(|(_, soa)| !soa.is_usable());
            servers.truncate(most);
        }
        join_all(servers.into_iter().map(|(server, soa)| {
            let asked = &asked;
            async move {
                let reply = match soa {
                    // It serves the zone for nobody, or not for us: it is not queried again.
                    Answer::Failed(why) if !matches!(why, Unanswered::ServFail | Unanswered::NotAuthoritative) => {
                        nothing(why.clone())
                    }
                    _ => self.dns.question(server, asked, kind, signed).await,
                };
                (server.name.clone(), reply)
            }
        }))
        .await
    }
}

/// The number of servers that are queried if any of them will do.
const FIRST: usize = 2;

fn nothing(why: Unanswered) -> Reply {
    Reply { answer: Answer::Failed(why), alias: None }
}

/// The name as people read it.
fn readable(name: &Name) -> String {
    name.to_lowercase().to_ascii().trim_end_matches('.').to_owned()
}

/// Labels that never have a zone of their own are skipped.
fn zone_of(name: &str) -> &str {
    ["*.", "_acme-challenge.", "_validation-persist."].iter().find_map(|label| name.strip_prefix(label)).unwrap_or(name)
}

fn cell<K: std::hash::Hash + Eq, T>(cells: &Mutex<HashMap<K, Cell<T>>>, key: K) -> Cell<T> {
    cells.lock().expect("nothing panics while it holds the lock").entry(key).or_default().clone()
}

/// For a zone that was not found in time.
pub(super) fn late(name: &str) -> Arc<Known> {
    let state = ZoneState::Unknown(Unanswered::TimedOut);
    Arc::new(Known { facts: ZoneFacts { name: name.to_owned(), state }, servers: Vec::new() })
}
