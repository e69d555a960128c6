//! By which method the names of an endpoint are validated.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::names::certificate_name::CertificateName;
use crate::names::domain_name::DomainName;

/// Whether the CA can open a connection to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reachability {
    /// Open to the internet: validated over HTTP-01 (wildcards over DNS).
    External,
    /// Internal or IP-filtered: validated over DNS, at the delegated name or by a persistent record.
    Internal,
}

/// A validation method that this product supports: those of RFC 8555 §8, and the persistent record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ChallengeKind {
    #[serde(rename = "http-01")]
    Http01,
    #[serde(rename = "dns-01")]
    Dns01,
    /// draft-ietf-acme-dns-persist.
    #[serde(rename = "dns-persist-01")]
    DnsPersist01,
}

impl ChallengeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::Dns01 => "dns-01",
            Self::DnsPersist01 => "dns-persist-01",
        }
    }
}

/// How names that must be validated over DNS are validated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DnsMethod {
    /// By a value of each order, published at the delegated name (RFC 8555 §8.4).
    #[default]
    #[serde(rename = "dns-01")]
    Dns01,
    /// By a persistent record that names our account; nothing is published (draft-ietf-acme-dns-persist).
    #[serde(rename = "dns-persist-01")]
    DnsPersist01,
}

impl DnsMethod {
    pub fn challenge(self) -> ChallengeKind {
        match self {
            Self::Dns01 => ChallengeKind::Dns01,
            Self::DnsPersist01 => ChallengeKind::DnsPersist01,
        }
    }
}

/// Everything that decides how an endpoint's names are validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proving {
    pub reachability: Reachability,
    pub dns_method: DnsMethod,
}

impl From<Reachability> for Proving {
    fn from(reachability: Reachability) -> Self {
        Self { reachability, dns_method: DnsMethod::default() }
    }
}

/// By which challenge each name of an endpoint is validated: a choice for each order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenges {
    proving: Proving,
    over_dns: BTreeSet<DomainName>,
}

impl Challenges {
    /// `over_dns`: external hosts to which the platform does not answer yet, and which need not wait for that.
    pub fn new(proving: Proving, over_dns: impl IntoIterator<Item = DomainName>) -> Self {
        Self { proving, over_dns: over_dns.into_iter().collect() }
    }

    pub fn of(&self, name: &CertificateName) -> ChallengeKind {
        match choose_challenge(self.proving, name) {
            ChallengeKind::Http01 if self.over_dns.contains(&name.base) => self.proving.dns_method.challenge(),
            kind => kind,
        }
    }
}

/// Every external host over HTTP.
impl From<Proving> for Challenges {
    fn from(proving: Proving) -> Self {
        Self::new(proving, [])
    }
}

/// The challenge that validates `name`, unless its host does not point to the platform yet: [`Challenges`].
///
/// A wildcard is only ever validated over DNS (RFC 8555 §7.4.1), and so is a host that the CA cannot reach.
pub fn choose_challenge(proving: Proving, name: &CertificateName) -> ChallengeKind {
    match (proving.reachability, proving.dns_method) {
        (Reachability::External, _) if !name.wildcard => ChallengeKind::Http01,
        (_, method) => method.challenge(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_and_internal_hosts_are_validated_over_dns_by_the_endpoints_method() {
        let choose = |reachability, dns_method, text: &str| {
            choose_challenge(Proving { reachability, dns_method }, &text.parse().expect("a valid name"))
        };
        for (method, kind) in
            [(DnsMethod::Dns01, ChallengeKind::Dns01), (DnsMethod::DnsPersist01, ChallengeKind::DnsPersist01)]
        {
            assert_eq!(choose(Reachability::External, method, "www.example.com"), ChallengeKind::Http01);
            assert_eq!(choose(Reachability::External, method, "*.example.com"), kind);
            assert_eq!(choose(Reachability::Internal, method, "www.example.com"), kind);
        }
    }

    #[test]
    fn a_host_that_is_not_the_platforms_yet_is_validated_over_dns_and_the_others_over_http() {
        let name = |text: &str| text.parse::<CertificateName>().expect("a valid name");
        let challenges = Challenges::new(Reachability::External.into(), [name("live.example.com").base]);
        let kinds = ["live.example.com", "www.example.com", "*.www.example.com"].map(|text| challenges.of(&name(text)));
        assert_eq!(kinds, [ChallengeKind::Dns01, ChallengeKind::Http01, ChallengeKind::Dns01]);
    }

    #[test]
    fn the_method_and_its_challenge_are_written_alike() {
        for (method, kind) in
            [(DnsMethod::Dns01, ChallengeKind::Dns01), (DnsMethod::DnsPersist01, ChallengeKind::DnsPersist01)]
        {
            assert_eq!(serde_json::to_value(method).expect("plain data"), kind.as_str());
        }
    }
}
