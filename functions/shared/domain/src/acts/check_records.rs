//! The gate before an order: is every name proven for this registration, and do its records lead where they must?

use diagnosis::checks::{delegation, persistent_record};
use diagnosis::facts::MOST_ALIASES;
use diagnosis::report::Finding;
use diagnosis::to_failure::to_failure_of_all;
use futures::future::join_all;
use time::OffsetDateTime;
use vocabulary::acme::{ChallengeKind, Challenges, Reachability};
use vocabulary::dns::owner_records::host_can_prove;
use vocabulary::dns::{PersistentIssuer, Platform, RecordKind, ServerAnswer, TenantProof};
use vocabulary::failure::Failure;
use vocabulary::names::{CertificateName, DomainName};

use crate::endpoint::endpoint::Endpoint;
use crate::ports::dns::AuthoritativeDns;

/// Checks that each name of `endpoint` is proven for this registration, and delegated where it is validated over DNS-01.
///
/// All names, whatever a CA still wants to validate: an authorization that it has kept may be another tenant's, as all
/// tenants share one account there. A name is proven by its delegation, or by a host that leads through this registration's
/// own target. One that was proven before may go on without, unless it is now another registration's.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`](vocabulary::failure::FailureName::RecordsNotReady), with every one that is not.
pub async fn check_proofs(
    dns: &impl AuthoritativeDns,
    endpoint: &Endpoint,
    platform: &Platform,
    challenges: &Challenges,
) -> Result<(), Failure> {
    let target = platform.delegation_target(&endpoint.label);
    let bases = endpoint.names.authorization_names().into_iter().filter_map(|base| {
        let validates = names_of(endpoint, base).any(|name| challenges.of(name) == ChallengeKind::Dns01);
        (validates || platform.tenant_proof != TenantProof::Off).then_some((base, validates))
    });
    // Side by side: a hundred names with servers that are slow take no longer than one.
    let checked = bases.map(async |(base, validates)| {
        let cname = dns.ask(&base.challenge_name(), RecordKind::Cname).await;
        delegation::fault(base, &target, &cname, &[])?;
        if !validates && is_proven_without(dns, endpoint, platform, base, &cname).await {
            return None;
        }
        // What else may stand there only matters where the alias is not right.
        let txt = dns.ask(&base.challenge_name(), RecordKind::Txt).await;
        delegation::fault(base, &target, &cname, &txt)
    });
    refused(join_all(checked).await)
}

fn names_of<'a>(endpoint: &'a Endpoint, base: &DomainName) -> impl Iterator<Item = &'a CertificateName> {
    endpoint.names.iter().filter(move |name| name.base == *base)
}

/// Whether `base` is proven though its delegation is not right: by where its host leads, or from before.
async fn is_proven_without(
    dns: &impl AuthoritativeDns,
    endpoint: &Endpoint,
    platform: &Platform,
    base: &DomainName,
    cname: &[ServerAnswer],
) -> bool {
    let external = endpoint.reachability == Reachability::External;
    if external && platform.endpoint_target.is_own() && names_of(endpoint, base).all(host_can_prove) {
        let own = platform.endpoint_target.of(&endpoint.label);
        if leads_through(dns, base, &own).await {
            return true;
        }
    }
    let target = platform.delegation_target(&endpoint.label);
    names_of(endpoint, base).all(|name| endpoint.is_known(name)) && !leads_to_another(cname, platform, &target)
}

/// Whether a server leads to the label of another registration here.
fn leads_to_another(cname: &[ServerAnswer], platform: &Platform, target: &str) -> bool {
    let mut leads = cname.iter().flat_map(|answer| answer.answer.records());
    leads.any(|to| to != target && platform.is_delegation_target(to))
}

/// Whether the aliases of `host` lead through `target`, at every server that answers.
async fn leads_through(dns: &impl AuthoritativeDns, host: &DomainName, target: &str) -> bool {
    let mut name = host.to_string();
    for _ in 0..MOST_ALIASES {
        let answers = dns.ask(&name, RecordKind::Cname).await;
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

/// Looks whether the `_acme-challenge` of each base leads to `target`.
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
        let cname = dns.ask(&name, RecordKind::Cname).await;
        delegation::fault(base, target, &cname, &[])?;
        // What else may stand there only matters where the alias is not right.
        let txt = dns.ask(&name, RecordKind::Txt).await;
        delegation::fault(base, target, &cname, &txt)
    });
    refused(join_all(checked).await)
}

/// Looks whether the standing record of each base is one that the CA accepts; with the base, whether for its wildcard.
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
        let txt = dns.ask(&base.persistent_name(), RecordKind::Txt).await;
        persistent_record::fault(base, wildcard, issuer, &txt, now)
    });
    refused(join_all(checked).await)
}

/// One failure for all that is wrong.
fn refused(found: Vec<Option<Finding>>) -> Result<(), Failure> {
    let found: Vec<Finding> = found.into_iter().flatten().collect();
    to_failure_of_all(&found).map_or(Ok(()), Err)
}
