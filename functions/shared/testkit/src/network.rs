use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diagnosis::facts::{HttpObservation, ProbeAnswer, ProbeFault};
use diagnosis::http01::Mark;
use domain::ports::{AuthoritativeDns, HttpProbe};
use time::OffsetDateTime;
use vocabulary::dns::{Answer, RecordKind, ServerAnswer, Unanswered};
use vocabulary::names::DomainName;

use crate::{MemoryTokens, MemoryZone};

/// One name server with the domain owners' aliases and persistent records, which also serves the delegation zone.
#[derive(Clone, Debug)]
pub struct MemoryDns {
    aliases: Arc<Mutex<BTreeMap<String, String>>>,
    texts: Arc<Mutex<BTreeMap<String, String>>>,
    /// Answers without a valid signature, and why.
    bogus: Arc<Mutex<BTreeMap<String, String>>>,
    /// Names whose servers are unreachable.
    hidden: Arc<Mutex<BTreeMap<String, Unanswered>>>,
    zone: MemoryZone,
}

impl MemoryDns {
    pub fn new(zone: MemoryZone) -> Self {
        Self { aliases: Arc::default(), texts: Arc::default(), bogus: Arc::default(), hidden: Arc::default(), zone }
    }

    /// Creates `name CNAME target`.
    pub fn alias(&self, name: &str, target: &str) {
        self.aliases.lock().expect("no test panics in here").insert(name.to_owned(), target.to_owned());
    }

    /// Creates `name TXT text`, or removes it.
    pub fn text(&self, name: &str, text: Option<&str>) {
        let mut texts = self.texts.lock().expect("no test panics in here");
        match text {
            Some(text) => texts.insert(name.to_owned(), text.to_owned()),
            None => texts.remove(name),
        };
    }

    /// From now on the servers of `name` are unreachable.
    pub fn hide(&self, name: &str) {
        self.hidden.lock().expect("no test panics in here").insert(name.to_owned(), Unanswered::Ipv6Only);
    }

    /// From now on a check's own limits are reached before it queries `name`.
    pub fn leave_out(&self, name: &str) {
        self.hidden.lock().expect("no test panics in here").insert(name.to_owned(), Unanswered::NotAsked);
    }

    /// From now on no validating resolver returns the records at `name`.
    pub fn spoil(&self, name: &str, why: &str) {
        self.bogus.lock().expect("no test panics in here").insert(name.to_owned(), why.to_owned());
    }

    pub(crate) fn persistent(&self, name: &str) -> Option<String> {
        self.texts.lock().expect("no test panics in here").get(name).cloned()
    }

    pub(crate) fn target(&self, name: &str) -> Option<String> {
        self.aliases.lock().expect("no test panics in here").get(name).cloned()
    }

    pub(crate) fn zone(&self) -> &MemoryZone {
        &self.zone
    }
}

impl AuthoritativeDns for MemoryDns {
    fn session(&self, _: usize, _: Duration) -> Self {
        self.clone()
    }

    async fn query(&self, name: &str, kind: RecordKind) -> Vec<ServerAnswer> {
        let data: Vec<String> = match kind {
            RecordKind::Cname => self.target(name).into_iter().collect(),
            RecordKind::Txt => self.zone.values(name).into_iter().chain(self.persistent(name)).collect(),
            _ => Vec::new(),
        };
        let hidden = self.hidden.lock().expect("no test panics in here").get(name).cloned();
        let answer = match hidden {
            Some(why) => Answer::Failed(why),
            None if data.is_empty() => Answer::NxDomain,
            None => Answer::Records(data),
        };
        vec![ServerAnswer { server: "ns.memory".into(), answer }]
    }

    async fn bogus(&self, name: &str, _: RecordKind, _: OffsetDateTime) -> Option<String> {
        self.bogus.lock().expect("no test panics in here").get(name).cloned()
    }
}

/// The platform serves every host, unless a test says otherwise.
#[derive(Clone, Debug)]
pub struct MemoryProbe {
    tokens: MemoryTokens,
    /// The answers of other hosts.
    answers: Arc<Mutex<BTreeMap<String, ProbeAnswer>>>,
    /// How long every host takes to answer.
    takes: Arc<Mutex<Duration>>,
}

impl MemoryProbe {
    pub fn new(tokens: MemoryTokens) -> Self {
        Self { tokens, answers: Arc::default(), takes: Arc::default() }
    }

    /// From now on `host` gives this answer, and the platform does not serve it.
    pub fn answer(&self, host: &str, answer: ProbeAnswer) {
        self.answers.lock().expect("no test panics in here").insert(host.to_owned(), answer);
    }

    /// From now on every host takes this long.
    pub fn take(&self, time: Duration) {
        *self.takes.lock().expect("no test panics in here") = time;
    }
}

impl HttpProbe for MemoryProbe {
    async fn fetch(&self, host: &DomainName, token: &str, expected: &str) -> HttpObservation {
        let takes = *self.takes.lock().expect("no test panics in here");
        if !takes.is_zero() {
            #[expect(clippy::disallowed_methods, reason = "it plays a host that is slow")]
            tokio::time::sleep(takes).await;
        }
        let other = self.answers.lock().expect("no test panics in here").get(host.as_str()).cloned();
        let mark = other.is_none().then_some(Mark::Asked);
        let served = || self.tokens.get(host, token).map_or(ProbeAnswer::Status(404), ProbeAnswer::Body);
        let unasked = HttpObservation::failed(ProbeFault::NotAsked, expected);
        HttpObservation { answer: other.unwrap_or_else(served), mark, ..unasked }
    }
}
