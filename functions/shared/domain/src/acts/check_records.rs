//! The check before an order: is every name proven for this registration, and do its records point where they must?

use diagnosis::checks::{delegation, persistent_record, zone};
use diagnosis::facts::MOST_ALIASES;
use diagnosis::report::Finding;
use diagnosis::to_failure::to_failure_of_all;
use futures::future::join_all;
use time::OffsetDateTime;
use vocabulary::acme::{ChallengeKind, Challenges, DnsMethod, Reachability};
use vocabulary::dns::owner_records::host_can_prove;
use vocabulary::dns::{Answer, PersistentIssuer, Platform, RecordKind, ServerAnswer, TenantProof, Unanswered};
use vocabulary::failure::Failure;
use vocabulary::names::{CertificateName, DomainName};

use crate::endpoint::endpoint::Endpoint;
use crate::ports::dns::AuthoritativeDns;

/// How a name is proven for a registration.
#[derive(Clone, Debug, PartialEq)]
pub struct Proven {
    pub name: DomainName,
    pub proof: Proof,
    /// The finding if another registration has the better proof.
    pub otherwise: Option<Finding>,
}

/// The proof of a registration. A delegation is better than a host: it points to one label, while a host may get there through
/// other names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// `_acme-challenge` points to its label.
    Delegation,
    /// The host leads through its own target. `elsewhere`: labels here to which `_acme-challenge` points instead.
    Host { elsewhere: Vec<String> },
    /// There is nothing in DNS now: it was proven before, or no proof is needed.
    Before,
    /// We can see nothing, and it was not proven before. If the CA validates over DNS-01, it sees where the name points; until
    /// then nobody has proven it.
    Unseen,
}

/// Checks that each name of `endpoint` is proven for this registration, and delegated if it is validated over DNS-01. Returns
/// the proofs.
///
/// Covers all names, whatever a CA still wants to validate: an authorization that the CA has kept may be another tenant's, as
/// all tenants share one account. A name is proven by its delegation, or by a host that leads through this registration's own
/// target. One that was proven before needs no proof now, unless it is now another registration's.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`](vocabulary::failure::FailureName::RecordsNotReady), with every name that is not.
pub async fn check_proofs(
    dns: &impl AuthoritativeDns,
    endpoint: &Endpoint,
    platform: &Platform,
    challenges: &Challenges,
) -> Result<Vec<Proven>, Failure> {
    // Concurrently: a hundred names with slow servers take no longer than one.
    let checked = endpoint.names.authorization_names().into_iter().map(async |base| {
        let validates = names_of(endpoint, base).any(|name| challenges.of(name) == ChallengeKind::Dns01);
        check_proof(dns, endpoint, platform, base, validates).await
    });
    let (mut proven, mut found) = (Vec::new(), Vec::new());
    for checked in join_all(checked).await {
        match checked {
            Ok(one) => proven.push(one),
            Err(finding) => found.push(Some(*finding)),
        }
    }
    refused(found).map(|()| proven)
}

/// `validates`: whether the CA will validate over the delegation.
async fn check_proof(
    dns: &impl AuthoritativeDns,
    endpoint: &Endpoint,
    platform: &Platform,
    base: &DomainName,
    validates: bool,
) -> Result<Proven, Box<Finding>> {
    let proven = |proof, otherwise| Proven { name: base.clone(), proof, otherwise };
    if !validates && platform.tenant_proof == TenantProof::Off {
        return Ok(proven(Proof::Before, None));
    }
    let target = platform.delegation_target(&endpoint.label);
    let cname = dns.query(&base.challenge_name(), RecordKind::Cname).await;
    let Some(fault) = delegation::fault(base, &target, &cname, &[]) else {
        let is_seen = cname.iter().any(|answer| answer.answer.is_usable());
        let needs_none = platform.tenant_proof == TenantProof::Off || is_known(endpoint, base);
        let unseen = if needs_none { Proof::Before } else { Proof::Unseen };
        let is_our_limit = |answer: &ServerAnswer| answer.answer == Answer::Failed(Unanswered::NotAsked);
        if !is_seen && unseen == Proof::Unseen && cname.iter().any(is_our_limit) {
            // Our own limit says nothing about the record, and whoever chooses the names could reach it on purpose: no order is
            // made.
            return Err(Box::new(zone::unasked_record(base, &cname)));
        }
        if !is_seen && unseen == Proof::Unseen && endpoint.dns_method == DnsMethod::DnsPersist01 {
            // A persistent record names the account, which all tenants share: for the CA it proves no registration.
            return Err(Box::new(zone::unseen_record(base, &cname)));
        }
        return Ok(proven(if is_seen { Proof::Delegation } else { unseen }, None));
    };
    if !validates && let Some(proof) = proof_without(dns, endpoint, platform, base, &cname).await {
        return Ok(proven(proof, Some(fault)));
    }
    // What else is there only matters if the alias is not right.
    let txt = dns.query(&base.challenge_name(), RecordKind::Txt).await;
    Err(Box::new(delegation::fault(base, &target, &cname, &txt).unwrap_or(fault)))
}

fn names_of<'a>(endpoint: &'a Endpoint, base: &DomainName) -> impl Iterator<Item = &'a CertificateName> {
    endpoint.names.iter().filter(move |name| name.base == *base)
}

/// The proof of `base` if its delegation is not right: where its host leads, or an earlier proof.
async fn proof_without(
    dns: &impl AuthoritativeDns,
    endpoint: &Endpoint,
    platform: &Platform,
    base: &DomainName,
    cname: &[ServerAnswer],
) -> Option<Proof> {
    let target = platform.delegation_target(&endpoint.label);
    let elsewhere: Vec<String> = leads_to_others(cname, platform, &target).cloned().collect();
    let external = endpoint.reachability == Reachability::External;
    if external && endpoint.target(platform).is_own() && names_of(endpoint, base).all(host_can_prove) {
        let own = endpoint.target(platform).of(&endpoint.label);
        if leads_through(dns, base, &own).await {
            return Some(Proof::Host { elsewhere });
        }
    }
    (is_known(endpoint, base) && elsewhere.is_empty()).then_some(Proof::Before)
}

/// Whether the endpoint has a certificate for all of its names at `base`.
fn is_known(endpoint: &Endpoint, base: &DomainName) -> bool {
    names_of(endpoint, base).all(|name| endpoint.is_known(name))
}

/// The labels of other registrations here, including removed ones, that a server points to.
fn leads_to_others<'a>(
    cname: &'a [ServerAnswer],
    platform: &'a Platform,
    target: &'a str,
) -> impl Iterator<Item = &'a String> {
    let leads = cname.iter().flat_map(|answer| answer.answer.records());
    leads.filter(move |to| *to != target && platform.is_delegation_target(to))
}

/// Whether the aliases of `host` lead through `target`, at every server that answers.
async fn leads_through(dns: &impl AuthoritativeDns, host: &DomainName, target: &str) -> bool {
    let mut name = host.to_string();
    for _ in 0..MOST_ALIASES {
        let answers = dns.query(&name, RecordKind::Cname).await;
        let mut usable = answers.iter().map(|answer| &answer.answer).filter(|answer| answer.is_usable());
        let Some([next]) = usable.next().map(|answer| answer.records()) else { return false };
        if usable.any(|answer| answer.records() != [next.as_str()]) {
            return false;
        }
        if next == target {
            return true;
        }
        name.clone_from(next);
    }
    false
}

/// Checks whether the `_acme-challenge` of each authorization name points to `target`.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`](vocabulary::failure::FailureName::RecordsNotReady), with every one that does not.
pub async fn check_delegations<'a>(
    dns: &impl AuthoritativeDns,
    authorization_names: impl IntoIterator<Item = &'a DomainName>,
    target: &str,
) -> Result<(), Failure> {
    let checked = authorization_names.into_iter().map(async |base| {
        let name = base.challenge_name();
        let cname = dns.query(&name, RecordKind::Cname).await;
        delegation::fault(base, target, &cname, &[])?;
        // What else is there only matters if the alias is not right.
        let txt = dns.query(&name, RecordKind::Txt).await;
        delegation::fault(base, target, &cname, &txt)
    });
    refused(join_all(checked).await)
}

/// Checks whether the CA accepts the persistent record of each name; each name comes with whether its wildcard is needed.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`](vocabulary::failure::FailureName::RecordsNotReady), with every one that is not.
pub async fn check_persistent_records<'a>(
    dns: &impl AuthoritativeDns,
    authorization_names: impl IntoIterator<Item = (&'a DomainName, bool)>,
    issuer: &PersistentIssuer,
    now: OffsetDateTime,
) -> Result<(), Failure> {
    let checked = authorization_names.into_iter().map(async |(base, wildcard)| {
        let txt = dns.query(&base.persistent_name(), RecordKind::Txt).await;
        persistent_record::fault(base, wildcard, issuer, &txt, now)
    });
    refused(join_all(checked).await)
}

/// One failure for all faults.
fn refused(found: Vec<Option<Finding>>) -> Result<(), Failure> {
    let found: Vec<Finding> = found.into_iter().flatten().collect();
    to_failure_of_all(&found).map_or(Ok(()), Err)
}
