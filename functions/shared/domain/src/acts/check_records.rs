//! The gate before an order: do the records of every name lead where they must?

use diagnosis::checks::persistent_record;
use diagnosis::gate::judge_delegation;
use diagnosis::to_failure;
use time::OffsetDateTime;
use vocabulary::dns::{PersistentIssuer, RecordKind};
use vocabulary::failure::Failure;
use vocabulary::names::DomainName;

use crate::ports::dns::AuthoritativeDns;

/// Looks whether the `_acme-challenge` of each base leads to `target`.
///
/// # Errors
///
/// As [`judge_delegation`], for the first that does not.
pub async fn check_delegations<'a>(
    dns: &impl AuthoritativeDns,
    authorization_names: impl IntoIterator<Item = &'a DomainName>,
    target: &str,
) -> Result<(), Failure> {
    for base in authorization_names {
        let name = base.challenge_name();
        let cname = dns.ask(&name, RecordKind::Cname).await;
        // What else may stand there only matters where the alias is not right.
        if judge_delegation(base, target, &cname, &[]).is_err() {
            let txt = dns.ask(&name, RecordKind::Txt).await;
            judge_delegation(base, target, &cname, &txt)?;
        }
    }
    Ok(())
}

/// Looks whether the standing record of each base is one that the CA accepts; with the base, whether for its wildcard.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`](vocabulary::failure::FailureName::RecordsNotReady), for the first that is not.
pub async fn check_persistent_records<'a>(
    dns: &impl AuthoritativeDns,
    authorization_names: impl IntoIterator<Item = (&'a DomainName, bool)>,
    issuer: &PersistentIssuer,
    now: OffsetDateTime,
) -> Result<(), Failure> {
    for (base, wildcard) in authorization_names {
        let txt = dns.ask(&base.persistent_name(), RecordKind::Txt).await;
        if let Some(finding) = persistent_record::fault(base, wildcard, issuer, &txt, now) {
            return Err(to_failure::to_failure(&finding));
        }
    }
    Ok(())
}
