//! What one check gathers, before it is judged.

use std::net::IpAddr;

use vocabulary::dns::{Answer, CaaLevel, Issuer, ServerAnswer, Unanswered};
use vocabulary::names::{CertificateName, DomainName};

pub use crate::http01::mark::{PLATFORM_HEADER, PLATFORM_MARK};
use crate::http01::observation::list;
pub use crate::http01::observation::{HttpObservation, ProbeAnswer, ProbeFault};

/// The most consecutive aliases followed. Source: `MAX_RESTART_COUNT` in unbound's `iterator.h`, 8 for most of its life.
pub const MOST_ALIASES: usize = 8;

/// Everything a check of one subject found out.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The CA, as CAA records name it.
    pub issuer: Issuer,
    pub authorization_names: Vec<AuthorizationFacts>,
    /// CAA for every name.
    pub caa: Vec<CaaFacts>,
    /// External names only.
    pub hosts: Vec<HostFacts>,
    /// Where the endpoint target points; external endpoints only.
    pub platform: Option<Chain>,
    pub tls: Option<TlsObservation>,
    /// Answers that no validating resolver returns, in zones that are otherwise intact.
    pub bogus: Vec<Bogus>,
    /// Whether the root answered. Queried if some zone does not answer, to know on whose side the silence is.
    pub root_answers: bool,
}

/// An answer without a valid signature in a signed zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bogus {
    pub name: String,
    /// In words, after the name.
    pub why: String,
}

/// What is at and around the `_acme-challenge` of one authorization name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationFacts {
    pub base: DomainName,
    pub zone: ZoneFacts,
    pub cname: Vec<ServerAnswer>,
    pub txt: Vec<ServerAnswer>,
    /// Where the CNAME points, followed from the first server that has one.
    pub chain: Option<Chain>,
    /// The name with the zone appended twice, and what is there; queried if the delegation is not right.
    pub doubled: Option<(String, Vec<ServerAnswer>)>,
    /// TXT records at the delegated name, where no order is open.
    pub leftover: Vec<String>,
    /// TXT at `_validation-persist`; queried only for names that a persistent record proves, and then nothing else is.
    pub persistent: Vec<ServerAnswer>,
    /// What explains a delegation that is not right; queried only then, and before registration.
    pub around: Surroundings,
    /// The same for the persistent record.
    pub persistent_around: Surroundings,
}

/// What is at and around a name with a wrong record, from one server of the zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The name servers of the name itself, if it is its own zone (NS records).
    pub own_zone: Vec<String>,
    /// Records of other types at this name, as in a zone file: `A 192.0.2.7`.
    pub others: Vec<String>,
    /// What is at names where the record is created by mistake.
    pub near: Vec<NearName>,
    pub wildcard: Option<Wildcard>,
}

/// A name near the right one, and its records as in a zone file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearName {
    pub name: String,
    pub records: Vec<String>,
}

/// A wildcard record, recognised by the answer for a name that nobody has created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard {
    /// `*.example.com`.
    pub name: String,
    /// As in a zone file: `CNAME sites.builder.example`.
    pub records: Vec<String>,
}

impl Surroundings {
    /// Whether `record`, as in a zone file, comes from a wildcard.
    pub fn is_by_wildcard(&self, record: &str) -> bool {
        self.wildcard.as_ref().is_some_and(|wildcard| wildcard.records.iter().any(|known| known == record))
    }

    /// The records of other types that somebody has created at the name.
    pub fn in_the_way(&self) -> Vec<&str> {
        self.others.iter().map(String::as_str).filter(|record| !self.is_by_wildcard(record)).collect()
    }
}

/// The zone that a name lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneFacts {
    /// What was expected.
    pub name: String,
    pub state: ZoneState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZoneState {
    Served {
        apex: String,
        /// Each server's answer for the zone's SOA record: whether it serves the zone at all.
        servers: Vec<ServerAnswer>,
        dnssec: Dnssec,
        /// Set if the parent names other servers than the zone itself; all of them are among `servers`.
        differing: Option<Differing>,
    },
    /// No zone of its own or above it, up to the public suffix.
    Absent {
        /// Whether the name does not exist; otherwise it exists without name servers.
        nxdomain: bool,
    },
    /// Nothing is known about it.
    Unknown(Unanswered),
}

/// Two sides of a zone cut that name different servers, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// As in the parent's delegation: what was set at the registrar.
    pub above: Vec<String>,
    /// As in the NS records of the zone itself.
    pub own: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dnssec {
    /// No DS record at the parent, or none that any resolver supports.
    Unsigned,
    Intact,
    /// Why no validating resolver accepts the zone, in words.
    Broken(String),
    Unknown,
}

/// The aliases that a name leads through, and where they end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Each name that an alias led to, in order; empty where there is no alias.
    pub names: Vec<String>,
    pub end: ChainEnd,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainEnd {
    Addresses(Vec<IpAddr>),
    /// The last name has no address: `NoData`, `NxDomain` or `Failed`.
    Nothing(Answer),
    /// Back at this name, which was seen before.
    Loop(String),
    TooLong,
}

impl Chain {
    pub fn addresses(&self) -> &[IpAddr] {
        match &self.end {
            ChainEnd::Addresses(addresses) => addresses,
            _ => &[],
        }
    }

    /// As a person reads it: each name, and last the addresses.
    pub fn describe(&self) -> Vec<String> {
        let end = match &self.end {
            ChainEnd::Addresses(addresses) => addresses.iter().map(ToString::to_string).collect(),
            ChainEnd::Nothing(Answer::NxDomain) => vec!["(does not exist)".to_owned()],
            ChainEnd::Nothing(Answer::Failed(why)) => vec![format!("({why})")],
            ChainEnd::Nothing(_) => vec!["(no address)".to_owned()],
            ChainEnd::Loop(name) => vec![format!("(back at {name})")],
            ChainEnd::TooLong => vec!["(and on)".to_owned()],
        };
        self.names.iter().cloned().chain(end).collect()
    }

    /// The same on one line. Several addresses are a list, not consecutive steps.
    pub fn path(&self) -> String {
        match &self.end {
            ChainEnd::Addresses(addresses) if !addresses.is_empty() => {
                let way: Vec<String> = self.names.iter().cloned().chain([list(addresses)]).collect();
                way.join(" → ")
            }
            _ => self.describe().join(" → "),
        }
    }
}

/// What is at a host's own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    pub name: CertificateName,
    pub zone: ZoneFacts,
    pub answers: Vec<HostAnswer>,
    /// Addresses among the answers that the CA leaves out.
    pub reserved: Vec<IpAddr>,
    /// The answer of `http://HOST/.well-known/acme-challenge/` to the check's own token; none for a wildcard.
    pub http: Option<HttpObservation>,
    /// A wildcard record that answers for it; queried if its record is not right.
    pub wildcard: Option<Wildcard>,
}

/// What one server has at a host's name, and where that leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAnswer {
    pub server: String,
    pub cname: Answer,
    pub a: Answer,
    pub aaaa: Answer,
    pub chain: Chain,
}

/// CAA for one name, from the name upwards to the first record set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaaFacts {
    pub name: CertificateName,
    pub levels: Vec<CaaLevel>,
}

/// What a TLS connection showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsObservation {
    Unreachable {
        host: String,
        reason: String,
    },
    /// The certificates that the host sent, DER, leaf first.
    Presented {
        host: String,
        chain: Vec<Vec<u8>>,
    },
}
