//! The DNS of a platform in memory. What a check says of it is up to the code that judges in production.

use std::collections::BTreeMap;
use std::net::IpAddr;

use diagnosis::facts::{
    AuthorizationFacts, Chain, ChainEnd, Dnssec, Facts, HostAnswer, HostFacts, HttpObservation, ProbeAnswer,
    ProbeFault, Surroundings, ZoneFacts, ZoneState,
};
use diagnosis::http01::Mark;
use diagnosis::judge::diagnose;
use diagnosis::report::CheckReport;
use diagnosis::subject::Subject;
use time::OffsetDateTime;
use vocabulary::acme::Reachability;
use vocabulary::dns::{Answer, Issuer, ServerAnswer, Unanswered};
use vocabulary::names::DomainName;

use crate::fixture::TARGET;

/// Name servers of a provider whose pages to type records into are known, and others.
pub(crate) const CLOUDFLARE: &[&str] = &["ada.ns.cloudflare.com", "hal.ns.cloudflare.com"];
pub(crate) const REGISTRAR: &[&str] = &["ns1.registrar.example", "ns2.registrar.example", "ns3.registrar.example"];

/// The platform's edge, and whoever else serves a host.
const EDGE: [[u8; 4]; 2] = [[192, 0, 2, 80], [192, 0, 2, 81]];
const ELSEWHERE: [u8; 4] = [198, 51, 100, 7];

/// The DNS of the domain owners.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedDns {
    /// What stands at a name, as in a zone file: `CNAME edge.platform.example`.
    pub(crate) records: BTreeMap<String, Vec<String>>,
    /// Those of every zone.
    pub(crate) servers: &'static [&'static str],
    /// A server that does not have a name yet.
    pub(crate) lacking: Option<(&'static str, String)>,
    /// Whether no server answers.
    pub(crate) silent: bool,
}

impl SimulatedDns {
    pub(crate) fn new(records: BTreeMap<String, Vec<String>>, servers: &'static [&'static str]) -> Self {
        Self { records, servers, lacking: None, silent: false }
    }

    pub(crate) fn check(&self, subject: &Subject, now: OffsetDateTime) -> CheckReport {
        diagnose(subject, &self.facts(subject), now)
    }

    fn facts(&self, subject: &Subject) -> Facts {
        let bases = subject.names.authorization_names().into_iter();
        let external = subject.reachability == Reachability::External;
        let hosts = subject.names.iter().filter(|name| external && !name.wildcard);
        Facts {
            issuer: Issuer { identities: vec!["letsencrypt.org".into()], account: None },
            authorization_names: bases.map(|base| self.authorization(base)).collect(),
            caa: Vec::new(),
            hosts: hosts
                .map(|name| HostFacts {
                    name: name.clone(),
                    zone: self.zone(&name.base),
                    answers: self.servers.iter().map(|server| self.host(server, name.base.as_str())).collect(),
                    reserved: Vec::new(),
                    http: Some(self.http(name.base.as_str())),
                    wildcard: None,
                })
                .collect(),
            platform: external.then(edge),
            tls: None,
            bogus: Vec::new(),
            root_answers: true,
        }
    }

    fn zone(&self, base: &DomainName) -> ZoneFacts {
        let soa = || match self.silent {
            true => Answer::Failed(Unanswered::TimedOut),
            false => Answer::Records(vec!["SOA".into()]),
        };
        let servers = self.servers.iter().map(|server| ServerAnswer { server: (*server).into(), answer: soa() });
        let apex = base.registered().to_owned();
        let state = ZoneState::Served { apex, servers: servers.collect(), dnssec: Dnssec::Unsigned, differing: None };
        ZoneFacts { name: base.to_string(), state }
    }

    /// What one server has of a type at a name.
    fn answer(&self, server: &str, name: &str, kind: &str) -> Answer {
        let lacks = self.lacking.as_ref().is_some_and(|(at, what)| *at == server && what == name);
        match self.records.get(name).filter(|records| !lacks && !records.is_empty()) {
            _ if self.silent => Answer::Failed(Unanswered::TimedOut),
            None => Answer::NxDomain,
            Some(records) => {
                let of_kind = records.iter().filter_map(|record| record.strip_prefix(kind)?.strip_prefix(' '));
                let of_kind: Vec<String> = of_kind.map(str::to_owned).collect();
                if of_kind.is_empty() { Answer::NoData } else { Answer::Records(of_kind) }
            }
        }
    }

    fn everywhere(&self, name: &str, kind: &str) -> Vec<ServerAnswer> {
        let servers = self.servers.iter();
        servers
            .map(|server| ServerAnswer { server: (*server).into(), answer: self.answer(server, name, kind) })
            .collect()
    }

    fn authorization(&self, base: &DomainName) -> AuthorizationFacts {
        let name = base.challenge_name();
        let cname = self.everywhere(&name, "CNAME");
        let target = cname.iter().find_map(|answer| answer.answer.records().first().cloned());
        AuthorizationFacts {
            base: base.clone(),
            zone: self.zone(base),
            txt: self.everywhere(&name, "TXT"),
            cname,
            chain: target.map(|target| Chain { names: vec![target], end: ChainEnd::Nothing(Answer::NoData) }),
            doubled: None,
            leftover: Vec::new(),
            persistent: Vec::new(),
            around: Surroundings::default(),
            persistent_around: Surroundings::default(),
        }
    }

    fn host(&self, server: &str, name: &str) -> HostAnswer {
        let cname = self.answer(server, name, "CNAME");
        let chain = match cname.records().first() {
            Some(target) if target == TARGET => Chain { names: vec![TARGET.into()], ..edge() },
            Some(other) => {
                Chain { names: vec![other.clone()], end: ChainEnd::Addresses(vec![IpAddr::from(ELSEWHERE)]) }
            }
            None => Chain { names: Vec::new(), end: ChainEnd::Nothing(cname.clone()) },
        };
        let (a, aaaa) = (self.answer(server, name, "A"), self.answer(server, name, "AAAA"));
        HostAnswer { server: server.into(), cname, a, aaaa, chain }
    }

    fn http(&self, name: &str) -> HttpObservation {
        let cname = self.answer(self.servers[0], name, "CNAME");
        let (answer, mark) = match cname.records().first() {
            Some(target) if target == TARGET => (ProbeAnswer::Status(404), Some(Mark::Asked)),
            Some(_) => (ProbeAnswer::Body("<h1>Welcome to another server</h1>".into()), None),
            None => (ProbeAnswer::Failed(ProbeFault::NoAddress), None),
        };
        HttpObservation { redirects: Vec::new(), answer, mark, fallback: None, expected: "token.thumbprint".into() }
    }
}

fn edge() -> Chain {
    Chain { names: Vec::new(), end: ChainEnd::Addresses(EDGE.map(IpAddr::from).to_vec()) }
}
