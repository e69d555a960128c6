//! A check of an endpoint: queries everything concurrently, within a few seconds, and then judges the results.

mod chain;
mod explaining;
mod surroundings;
mod zone;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use diagnosis::checks::zone::is_silent;
use diagnosis::facts::{
    AuthorizationFacts, Bogus, CaaFacts, Chain, ChainEnd, Facts, HostAnswer, HostFacts, HttpObservation, ProbeFault,
    Surroundings, TlsObservation, ZoneFacts,
};
use diagnosis::http01::mark::{check_body, check_token};
use diagnosis::http01::rules::TIME;
use diagnosis::judge;
use diagnosis::report::{CheckReport, RecordStatus};
use diagnosis::subject::Subject;
use domain::ports::{CaaLookup, Prober};
use futures::future::{OptionFuture, join_all};
use ring::rand::{SecureRandom, SystemRandom};
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::dns::caa::climb;
use vocabulary::dns::{Answer, CaaLevel, Connect, Issuer, RecordKind, ServerAnswer, Unanswered};
use vocabulary::names::{CertificateName, DomainName};

use crate::dns::{Dns, LONGEST};
use crate::domain_connect::Discovery;
use crate::http_probe::{MOST_REQUESTS, Probe};
use crate::tls_probe::TlsProbe;
use zone::Zones;

/// Names that are checked before registration.
const MOST_SAMPLED: usize = 10;
/// Zones of one endpoint whose DNS providers are queried for a template.
const MOST_CONNECTED: usize = 3;
/// For the record that names a provider's settings.
const LONGEST_CONNECT: Duration = Duration::from_secs(2);
/// For the hosts: each is given as long as the CA would wait, even if DNS has taken long before.
const LONGEST_OVER_HTTP: Duration = TIME.saturating_add(Duration::from_secs(4));

/// Checks through the DNS, over HTTP and over TLS.
#[derive(Clone)]
pub struct EndpointProber {
    dns: Dns,
    http: Probe,
    /// `None`: the certificates that hosts serve are not checked.
    tls: Option<TlsProbe>,
    /// The same for internal hosts, from inside their network.
    inside: Option<TlsProbe>,
    /// `None`: the platform has no templates at DNS providers.
    connect: Option<Discovery>,
    issuer: Issuer,
    requests: Arc<Semaphore>,
}

impl EndpointProber {
    pub fn new(dns: Dns, http: Probe, tls: Option<TlsProbe>, issuer: Issuer) -> Self {
        Self { dns, http, tls, inside: None, connect: None, issuer, requests: Arc::new(Semaphore::new(MOST_REQUESTS)) }
    }

    /// Also checks the certificates of internal hosts: for a process that can reach them.
    pub fn with_inside(self, probe: TlsProbe) -> Self {
        Self { inside: Some(probe), ..self }
    }

    /// Also queries DNS providers for the platform's templates, where a record is not right yet.
    pub fn with_connect(self, discovery: Option<Discovery>) -> Self {
        Self { connect: discovery, ..self }
    }
}

impl EndpointProber {
    /// The answer for CAA at `name` alone, aliases followed: what a CA gets if another name is an alias of it.
    pub async fn caa_at(&self, name: &str, now: OffsetDateTime) -> CaaLevel {
        self.begin(1, now).caa_at(name.to_owned()).await
    }

    /// A check of so many names.
    fn begin(&self, names: usize, now: OffsetDateTime) -> Probing<'_> {
        let begun = Instant::now();
        let (until, until_http) = (begun + LONGEST, begun + LONGEST_OVER_HTTP);
        let asked = self.dns.begin(names, until);
        let dns = self.dns.within(&asked);
        let http = self.http.by(dns.clone());
        Probing { prober: self, dns, http, zones: Zones::new(asked, now), until, until_http }
    }
}

/// The names that a check covers. Before registration anybody can request one, so it covers only some of them.
fn checked_names(subject: &Subject) -> impl Iterator<Item = &CertificateName> {
    subject.names.iter().take(if subject.registered { usize::MAX } else { MOST_SAMPLED })
}

impl CaaLookup for EndpointProber {
    async fn caa(&self, name: &CertificateName) -> Vec<CaaLevel> {
        self.begin(1, OffsetDateTime::now_utc()).caa(name).await.levels
    }
}

impl Prober for EndpointProber {
    async fn probe(&self, subject: &Subject, now: OffsetDateTime) -> CheckReport {
        let probing = self.begin(checked_names(subject).count(), now);
        let facts = probing.gather(subject).await;
        let mut report = judge::diagnose(subject, &facts, now);
        // Correct records need no link, and before registration there is no label to put into one.
        let is_open = subject.registered && report.records.iter().any(|record| record.status != RecordStatus::Ok);
        if let Some(discovery) = self.connect.as_ref().filter(|_| is_open) {
            report.connect = probing.connect(discovery, &facts).await;
        }
        report
    }
}

/// One check, which remembers each zone that it has found.
struct Probing<'a> {
    prober: &'a EndpointProber,
    /// The same queries, for hosts that the check connects to.
    dns: Dns,
    http: Probe,
    zones: Zones,
    until: Instant,
    until_http: Instant,
}

impl Probing<'_> {
    async fn gather(&self, subject: &Subject) -> Facts {
        let external = subject.reachability == Reachability::External;
        let bases: BTreeSet<&DomainName> = checked_names(subject).map(|name| &name.base).collect();
        let bases = subject.names.authorization_names().into_iter().filter(|base| bases.contains(base));
        let authorization_names = join_all(bases.map(|base| self.base(subject, base)));
        let caa = join_all(checked_names(subject).map(|name| self.caa(name)));
        let hosts = join_all(checked_names(subject).filter(|_| external).map(|name| self.host(name)));
        let platform = OptionFuture::from(external.then(|| self.follow(&subject.endpoint_target)));
        let tls = OptionFuture::from(self.presenting(subject).map(|(probe, host)| self.present(probe, host)));
        let (mut authorization_names, caa, mut hosts, platform, tls) =
            tokio::join!(authorization_names, caa, hosts, platform, tls);
        tokio::join!(self.explain(subject, &mut authorization_names), self.explain_hosts(subject, &mut hosts));
        let zones = authorization_names.iter().map(|facts| &facts.zone).chain(hosts.iter().map(|host| &host.zone));
        let root_answers = !zones.clone().any(is_silent) || self.zones.root_answers().await;
        let bogus = self.bogus(subject, &authorization_names, &caa, &hosts).await;
        let issuer = self.prober.issuer.clone();
        Facts { issuer, authorization_names, caa, hosts, platform, tls, bogus, root_answers }
    }

    /// `late` if it takes too long.
    async fn within<T>(&self, asked: impl Future<Output = T>, late: impl FnOnce() -> T) -> T {
        timeout_at(self.until, asked).await.unwrap_or_else(|_| late())
    }

    async fn base(&self, subject: &Subject, base: &DomainName) -> AuthorizationFacts {
        let zone = self.within(self.zones.of(base.as_str()), || zone::late(base.as_str())).await;
        let mut facts = AuthorizationFacts {
            base: base.clone(),
            zone: zone.facts.clone(),
            cname: Vec::new(),
            txt: Vec::new(),
            chain: None,
            doubled: None,
            leftover: Vec::new(),
            persistent: Vec::new(),
            around: Surroundings::default(),
            persistent_around: Surroundings::default(),
        };
        if subject.needs_delegation() {
            self.delegation(subject, &mut facts).await;
        }
        if subject.dns_method == DnsMethod::DnsPersist01 {
            self.persistent(&mut facts).await;
        }
        facts
    }

    /// The answers that the CA depends on and that its resolver does not return.
    async fn bogus(
        &self,
        subject: &Subject,
        bases: &[AuthorizationFacts],
        caa: &[CaaFacts],
        hosts: &[HostFacts],
    ) -> Vec<Bogus> {
        let mut depends: BTreeSet<(String, RecordKind)> = BTreeSet::new();
        for name in checked_names(subject) {
            depends.insert(match subject.dns_method {
                DnsMethod::Dns01 => (name.base.challenge_name(), RecordKind::Cname),
                DnsMethod::DnsPersist01 => (name.base.persistent_name(), RecordKind::Txt),
            });
        }
        for level in caa.iter().flat_map(|caa| &caa.levels) {
            depends.extend(level.aliases.iter().chain([&level.name]).map(|name| (name.clone(), RecordKind::Caa)));
        }
        for host in hosts {
            let kinds = |name: String| [(name.clone(), RecordKind::A), (name, RecordKind::Aaaa)];
            let names = host.answers.iter().flat_map(|answer| &answer.chain.names).cloned();
            depends.extend(names.flat_map(kinds));
            // If a name has an alias, it has no other records.
            match host.answers.iter().all(|answer| !answer.cname.records().is_empty()) {
                true => depends.extend([(host.name.to_string(), RecordKind::Cname)]),
                false => depends.extend(kinds(host.name.to_string())),
            }
        }
        // The zone of the delegated name is the platform's.
        let target = subject.delegation_target.iter().filter(|target| {
            bases.iter().flat_map(|base| &base.cname).any(|answer| answer.answer.records() == [(*target).clone()])
        });
        depends.extend(target.map(|target| (target.clone(), RecordKind::Txt)));
        // Faults of these zones as a whole are reported with the zones.
        let zones = bases.iter().map(|base| &base.zone).chain(hosts.iter().map(|host| &host.zone));
        let own: BTreeSet<&str> = zones.filter_map(ZoneFacts::apex).collect();
        let validated = depends.into_iter().map(async |(name, kind)| {
            let why = self.within(self.zones.bogus(&name, kind, &own), || None).await?;
            Some(Bogus { name, why })
        });
        let mut bogus: Vec<Bogus> = join_all(validated).await.into_iter().flatten().collect();
        bogus.dedup();
        bogus
    }

    /// What the DNS providers of the first zones offer.
    async fn connect(&self, discovery: &Discovery, facts: &Facts) -> Vec<Connect> {
        let bases = facts.authorization_names.iter().map(|base| &base.zone);
        let zones: BTreeSet<&str> =
            bases.chain(facts.hosts.iter().map(|host| &host.zone)).filter_map(ZoneFacts::apex).collect();
        // Within the check's limit of queries to name servers.
        let discovery = &discovery.by(self.dns.clone());
        let offered = zones.into_iter().take(MOST_CONNECTED).map(async |zone| {
            let name = format!("_domainconnect.{zone}");
            let asked = timeout(LONGEST_CONNECT, chain::chase(&self.zones, &name, RecordKind::Txt));
            let (_, answer) = asked.await.ok()?;
            discovery.offered(zone, answer.records().first()?).await
        });
        join_all(offered).await.into_iter().flatten().collect()
    }

    async fn delegation(&self, subject: &Subject, facts: &mut AuthorizationFacts) {
        let name = facts.base.challenge_name();
        facts.cname = self.ask(&name, RecordKind::Cname).await;
        // Even if the alias is right: some servers give the CA the TXT record beside it.
        facts.txt = self.beside(&name, RecordKind::Txt, &facts.cname).await;
        let target = subject.delegation_target.as_deref();
        let leads = facts.cname.iter().find_map(|answer| answer.answer.records().first());
        let chain =
            OptionFuture::from(leads.map(|to| self.within(chain::aliases(&self.zones, &name, to), || chain::late(to))));
        let wanted = target.filter(|_| leads.is_some() && !subject.order_open);
        let leftover = OptionFuture::from(wanted.map(|to| self.ask(to, RecordKind::Txt)));
        let (chain, leftover) = tokio::join!(chain, leftover);
        let values = leftover.into_iter().flatten().flat_map(|answer| answer.answer.records().to_vec());
        facts.leftover = values.collect();
        facts.leftover.sort();
        facts.leftover.dedup();
        facts.chain = chain;
    }

    /// The records of `kind` at a name for which its servers' answers to another query are known: a name that does not exist
    /// has none.
    async fn beside(&self, name: &str, kind: RecordKind, known: &[ServerAnswer]) -> Vec<ServerAnswer> {
        match known.iter().all(|answer| answer.answer == Answer::NxDomain) {
            true => known.to_vec(),
            false => self.ask(name, kind).await,
        }
    }

    async fn persistent(&self, facts: &mut AuthorizationFacts) {
        facts.persistent = self.ask(&facts.base.persistent_name(), RecordKind::Txt).await;
    }

    async fn caa(&self, name: &CertificateName) -> CaaFacts {
        let levels = climb(name).into_iter().map(|level| self.caa_at(level));
        CaaFacts { name: name.clone(), levels: join_all(levels).await }
    }

    async fn caa_at(&self, name: String) -> CaaLevel {
        let asked = chain::chase(&self.zones, &name, RecordKind::Caa);
        let (aliases, answer) = self.within(asked, || (Vec::new(), Answer::Failed(Unanswered::TimedOut))).await;
        CaaLevel { name, aliases, answer }
    }

    async fn host(&self, name: &CertificateName) -> HostFacts {
        let text = name.to_string();
        let http = OptionFuture::from((!name.wildcard).then(|| self.probe(&name.base)));
        let dns = async {
            let zone = self.within(self.zones.of(name.base.as_str()), || zone::late(name.base.as_str())).await;
            // Addresses beside the right alias are a conflict: depending on the server, resolvers get one or the other.
            let (cname, a) = tokio::join!(self.ask(&text, RecordKind::Cname), self.ask(&text, RecordKind::A));
            let aaaa = self.beside(&text, RecordKind::Aaaa, &a).await;
            let answers = cname.into_iter().zip(a).zip(aaaa).map(|((cname, a), aaaa)| {
                let text = &text;
                async move {
                    let chain = match cname.answer.records().first() {
                        Some(to) => self.within(chain::follow_from(&self.zones, text, to), || chain::late(to)).await,
                        None => chain::ends(Vec::new(), &a.answer, &aaaa.answer),
                    };
                    HostAnswer { server: cname.server, cname: cname.answer, a: a.answer, aaaa: aaaa.answer, chain }
                }
            });
            (zone.facts.clone(), join_all(answers).await)
        };
        let ((zone, answers), http) = tokio::join!(dns, http);
        let mut reserved: Vec<IpAddr> = answers.iter().flat_map(|answer| answer.chain.addresses()).copied().collect();
        reserved.retain(|address| self.http.leaves_out(*address));
        HostFacts { name: name.clone(), zone, answers, reserved, http, wildcard: None }
    }

    /// What every server of the name's zone says.
    async fn ask(&self, name: &str, kind: RecordKind) -> Vec<ServerAnswer> {
        let late = || vec![ServerAnswer { server: name.to_owned(), answer: Answer::Failed(Unanswered::TimedOut) }];
        self.within(self.zones.ask(name, kind), late).await
    }

    async fn follow(&self, name: &str) -> Chain {
        let late = || Chain { names: Vec::new(), end: ChainEnd::Nothing(Answer::Failed(Unanswered::TimedOut)) };
        self.within(chain::follow(&self.zones, name), late).await
    }

    async fn probe(&self, host: &DomainName) -> HttpObservation {
        // The check's own token: the responder answers it like one of the CA's, with what it saw.
        let token = check_token(random());
        let expected = check_body(host, &token);
        let asked = async {
            let _slot = self.prober.requests.acquire().await.expect("the semaphore is never closed");
            self.http.observe(host, &token, &expected).await
        };
        let asked = timeout_at(self.until_http, asked).await;
        // A host that was not requested, or not to the end, is not to blame.
        asked.unwrap_or_else(|_| HttpObservation::failed(ProbeFault::NotAsked, &expected))
    }

    /// Whether a certificate is to be served, and by which host.
    fn presenting<'s>(&self, subject: &'s Subject) -> Option<(&TlsProbe, &'s DomainName)> {
        let host = subject.names.iter().find(|name| !name.wildcard).filter(|_| subject.certificate.is_some())?;
        let probe = match subject.reachability {
            Reachability::External => self.prober.tls.as_ref(),
            Reachability::Internal => self.prober.inside.as_ref(),
        };
        Some((probe?, &host.base))
    }

    async fn present(&self, probe: &TlsProbe, host: &DomainName) -> TlsObservation {
        let reason = || format!("it did not answer within {} seconds", LONGEST.as_secs());
        let late = || TlsObservation::Unreachable { host: host.to_string(), reason: reason() };
        self.within(probe.by(self.dns.clone()).observe(host), late).await
    }
}

/// Whether a server answers for the delegation with anything but `target`.
fn is_wrong(facts: &AuthorizationFacts, target: Option<&str>) -> bool {
    let is_right = |answer: &ServerAnswer| matches!(answer.answer.records(), [one] if Some(one.as_str()) == target);
    facts.cname.iter().any(|answer| !is_right(answer))
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("the system has randomness");
    bytes
}
