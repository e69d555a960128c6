//! An ACME order as it is stored between steps (RFC 8555 §7.1.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::acme::authorizations::{KnownAuthorization, remembering};
use crate::acme::challenge::ChallengeKind;
use crate::acme::rate_limit::Token;
use crate::names::certificate_name::CertificateName;
use crate::names::domain_name::DomainName;
use crate::names::endpoint_names::{EndpointNames, persistent_names};

/// RFC 8555 §7.1.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderStatus {
    Pending,
    Ready,
    Processing,
    Valid,
    Invalid,
}

/// RFC 8555 §7.1.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthorizationStatus {
    Pending,
    Valid,
    Invalid,
    Revoked,
    Expired,
    Deactivated,
}

/// One challenge of the CA. `response` is what must be published for it: the key authorization for HTTP-01 (RFC 8555 §8.3), its
/// digest for the TXT record for DNS-01 (§8.4); for a persistent record nothing, and it has no token either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    pub kind: ChallengeKind,
    pub url: String,
    pub token: String,
    pub response: String,
}

/// One authorization of an order, with the challenge chosen for it while it is pending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    pub url: String,
    pub name: CertificateName,
    pub status: AuthorizationStatus,
    pub challenge: Option<Challenge>,
}

/// The one open order of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    pub url: String,
    pub finalize_url: String,
    /// The directory of the CA that has the order: with another one the order is worthless.
    pub directory: String,
    /// Which of the endpoint's keys this order is for. Never changes: a finalized CSR contains that key.
    pub generation: u64,
    pub names: Vec<CertificateName>,
    pub status: OrderStatus,
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: OffsetDateTime,
    /// When the CA forgets the order, if it said so.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub expires: Option<OffsetDateTime>,
    pub authorizations: Vec<Authorization>,
    /// Challenges of earlier orders, or chosen earlier, that may still be published: a clean-up removes them too.
    #[serde(default)]
    pub stale: Vec<Authorization>,
    /// The nonce of the CA's last response: the next request need not fetch one (RFC 8555 §6.5). It is in the flow's state, and
    /// not stored with the order.
    #[serde(default, skip_serializing)]
    pub nonce: Option<String>,
    /// Set when an attempt has ended that removed its TXT values, until the next one publishes them again. While it is not set
    /// there may be some, whether or not they were ever written.
    #[serde(default, skip_serializing_if = "is_false")]
    pub withdrawn: bool,
    /// The issued chain, PEM, leaf first. Public.
    #[serde(default)]
    pub chain: Option<String>,
    /// Set just before a first import into ACM: a crash after it may have left a certificate to adopt.
    #[serde(default)]
    pub importing: bool,
    /// Tokens of the CA's limits on certificates that were taken for it: they are given back if no certificate is issued.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<Token>,
    /// Those of earlier failed orders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<Token>,
    /// Authorizations of earlier failed orders: the CA may have them on record as valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<KnownAuthorization>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A body to serve at `http://HOST/.well-known/acme-challenge/TOKEN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpPublication<'a> {
    pub host: &'a DomainName,
    pub token: &'a str,
    pub key_authorization: &'a str,
}

impl OpenOrder {
    /// Whether the order is usable at `now`, for this set of names at this CA.
    ///
    /// An order with a chain remains usable after the CA has forgotten it; one for other names is never usable.
    pub fn is_usable(&self, directory: &str, names: &EndpointNames, now: OffsetDateTime) -> bool {
        if !names.same_set(&self.names) {
            return false;
        }
        if self.chain.is_some() {
            return true;
        }
        self.directory == directory
            && self.status != OrderStatus::Invalid
            && self.expires.is_none_or(|expires| now < expires)
    }

    /// The challenges that still have to be answered.
    pub fn pending(&self) -> impl Iterator<Item = (&CertificateName, &Challenge)> {
        self.authorizations
            .iter()
            .filter(|authorization| authorization.status == AuthorizationStatus::Pending)
            .filter_map(|authorization| Some((&authorization.name, authorization.challenge.as_ref()?)))
    }

    /// The names of the pending DNS-01 challenges, each authorization name once.
    pub fn dns_names(&self) -> Vec<&DomainName> {
        let mut authorization_names: Vec<_> =
            of_kind(self.pending(), ChallengeKind::Dns01).map(|(name, _)| &name.base).collect();
        authorization_names.sort();
        authorization_names.dedup();
        authorization_names
    }

    /// The names that a persistent record is to prove, each once, with whether its wildcard is among them.
    pub fn persistent_names(&self) -> BTreeMap<&DomainName, bool> {
        persistent_names(of_kind(self.pending(), ChallengeKind::DnsPersist01).map(|(name, _)| name))
    }

    /// The TXT values to publish. They share one record set, so they are written together.
    pub fn txt_values(&self) -> Vec<String> {
        txt_values(self.pending())
    }

    /// The HTTP-01 responses to publish.
    pub fn http_publications(&self) -> impl Iterator<Item = HttpPublication<'_>> {
        self.pending().filter_map(http_publication)
    }

    /// The TXT values that may be published, whatever the state of their authorizations.
    pub fn published_txt_values(&self) -> Vec<String> {
        txt_values(self.chosen())
    }

    /// Whether TXT values may be in the delegation zone: this order's, or those of an order that it replaced.
    pub fn may_have_records(&self) -> bool {
        !self.withdrawn && !self.published_txt_values().is_empty()
    }

    /// The HTTP-01 responses that may be published, likewise.
    pub fn published_http(&self) -> impl Iterator<Item = HttpPublication<'_>> {
        self.chosen().filter_map(http_publication)
    }

    /// All challenges that were ever chosen and not yet forgotten.
    fn chosen(&self) -> impl Iterator<Item = (&CertificateName, &Challenge)> {
        let all = self.authorizations.iter().chain(&self.stale);
        all.filter_map(|authorization| Some((&authorization.name, authorization.challenge.as_ref()?)))
    }

    /// What an order that replaces `self` must remember to remove.
    pub fn to_stale(&self) -> Vec<Authorization> {
        let all = self.authorizations.iter().chain(&self.stale);
        all.filter(|authorization| authorization.challenge.is_some()).cloned().collect()
    }

    /// The tokens that are given back when the order is dropped; `issued`: whether its certificate was issued.
    pub fn to_give_back(&self, issued: bool) -> Vec<Token> {
        let own = self.taken.iter().filter(|_| !issued);
        own.chain(&self.owed).cloned().collect()
    }

    /// What the CAs may have on record for it, and for the orders before it: everything but deactivated authorizations.
    pub fn known_authorizations(&self) -> Vec<KnownAuthorization> {
        let is_there = |one: &&Authorization| one.status != AuthorizationStatus::Deactivated;
        let own = self.authorizations.iter().filter(is_there);
        let own = own.map(|authorization| KnownAuthorization {
            directory: self.directory.clone(),
            url: authorization.url.clone(),
            name: authorization.name.clone(),
        });
        remembering(self.former.iter().cloned(), own)
    }

    /// How the order is validated, for the history: over DNS if any name is.
    pub fn method(&self) -> Option<ChallengeKind> {
        self.authorizations.iter().filter_map(|a| Some(a.challenge.as_ref()?.kind)).max()
    }
}

fn of_kind<'a>(
    challenges: impl Iterator<Item = (&'a CertificateName, &'a Challenge)>,
    kind: ChallengeKind,
) -> impl Iterator<Item = (&'a CertificateName, &'a Challenge)> {
    challenges.filter(move |(_, challenge)| challenge.kind == kind)
}

fn txt_values<'a>(challenges: impl Iterator<Item = (&'a CertificateName, &'a Challenge)>) -> Vec<String> {
    let mut values: Vec<_> =
        of_kind(challenges, ChallengeKind::Dns01).map(|(_, challenge)| challenge.response.clone()).collect();
    values.sort();
    values.dedup();
    values
}

fn http_publication<'a>((name, challenge): (&'a CertificateName, &'a Challenge)) -> Option<HttpPublication<'a>> {
    (challenge.kind == ChallengeKind::Http01).then_some(HttpPublication {
        host: &name.base,
        token: &challenge.token,
        key_authorization: &challenge.response,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn names() -> EndpointNames {
        EndpointNames::parse("www.example.com", &["example.com".into()], 9).expect("valid names")
    }

    fn order(expires: Option<OffsetDateTime>) -> OpenOrder {
        OpenOrder {
            url: "https://ca.example/order/1".into(),
            finalize_url: "https://ca.example/order/1/finalize".into(),
            directory: "https://ca.example/dir".into(),
            generation: 1,
            names: names().iter().cloned().collect(),
            status: OrderStatus::Pending,
            opened_at: NOW,
            expires,
            authorizations: vec![],
            stale: vec![],
            nonce: None,
            withdrawn: false,
            chain: None,
            importing: false,
            taken: vec![],
            owed: vec![],
            former: vec![],
        }
    }

    #[test]
    fn an_order_is_of_no_use_from_its_expiry_on() {
        let order = order(Some(NOW));
        assert!(order.is_usable("https://ca.example/dir", &names(), NOW - Duration::SECOND));
        assert!(!order.is_usable("https://ca.example/dir", &names(), NOW));
    }

    #[test]
    fn an_order_of_another_ca_is_of_no_use_unless_it_was_issued() {
        let mut order = order(None);
        assert!(!order.is_usable("https://other.example/dir", &names(), NOW));
        order.chain = Some("PEM".into());
        assert!(order.is_usable("https://other.example/dir", &names(), NOW));
    }

    #[test]
    fn an_order_for_other_names_is_of_no_use_even_with_its_certificate() {
        let mut order = order(None);
        order.names.reverse();
        assert!(order.is_usable("https://ca.example/dir", &names(), NOW), "the order of names does not matter");
        order.names.pop();
        assert!(!order.is_usable("https://ca.example/dir", &names(), NOW));
        order.chain = Some("PEM".into());
        assert!(!order.is_usable("https://ca.example/dir", &names(), NOW));
    }
}
