use std::fmt;
use std::future::Future;

use time::OffsetDateTime;

use crate::delegation::{ProbeAnswer, ServerAnswer, judge_delegation};
use crate::diagnosis;
use crate::failure::Failure;
use crate::name::DomainName;
use crate::standing::StandingIssuer;

/// The record types that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    A,
    Aaaa,
    Caa,
    Cname,
    Dnskey,
    Ds,
    Ns,
    Soa,
    Txt,
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Caa => "CAA",
            Self::Cname => "CNAME",
            Self::Dnskey => "DNSKEY",
            Self::Ds => "DS",
            Self::Ns => "NS",
            Self::Soa => "SOA",
            Self::Txt => "TXT",
        })
    }
}

/// Asks those who decide: no cache between them and the answer.
pub trait AuthoritativeDns {
    /// What each authoritative server of `name`'s zone holds for it, aliases not followed.
    ///
    /// Data are as in a zone file: names in lower case without trailing dot, TXT without quotes. Never an error: a
    /// zone whose servers cannot be found is one answer that says so. A server that answers without authority has
    /// failed.
    fn ask(&self, name: &str, kind: RecordKind) -> impl Future<Output = Vec<ServerAnswer>> + Send;
}

/// Looks whether the `_acme-challenge` of each base leads to `target`.
///
/// # Errors
///
/// As [`judge_delegation`], for the first that does not.
pub async fn check_delegations<'a>(
    dns: &impl AuthoritativeDns,
    bases: impl IntoIterator<Item = &'a DomainName>,
    target: &str,
) -> Result<(), Failure> {
    for base in bases {
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
/// [`FailureName::RecordsNotReady`](crate::FailureName::RecordsNotReady), for the first that is not.
pub async fn check_standing_records<'a>(
    dns: &impl AuthoritativeDns,
    bases: impl IntoIterator<Item = (&'a DomainName, bool)>,
    issuer: &StandingIssuer,
    now: OffsetDateTime,
) -> Result<(), Failure> {
    for (base, wildcard) in bases {
        let txt = dns.ask(&base.standing_name(), RecordKind::Txt).await;
        if let Some(finding) = diagnosis::standing_fault(base, wildcard, issuer, &txt, now) {
            return Err(diagnosis::to_failure(&finding));
        }
    }
    Ok(())
}

/// Looks at a host as the CA would.
pub trait HttpProbe {
    /// Fetches `http://HOST/.well-known/acme-challenge/TOKEN`; redirects followed, addresses that are not
    /// public refused, body and time limited.
    fn fetch(&self, host: &DomainName, token: &str) -> impl Future<Output = ProbeAnswer> + Send;
}
