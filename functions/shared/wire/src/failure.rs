use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{Open, RequiredRecord, WaitingOn};

/// The error types that a step reports to Step Functions; `infra/issue-certificate.asl.json` matches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum FailureName {
    /// A service asked to slow down. Retried by the flow.
    Throttled,
    /// A service did not answer or failed on its side. Retried by the flow.
    Unavailable,
    /// The customer's DNS or host is not as it must be; found before the CA was asked.
    RecordsNotReady,
    /// The CA looked and was not convinced.
    ChallengeFailed,
    /// The CA's limits are spent for now.
    RateLimited,
    /// The CA is away or busy, and said until when.
    CaUnavailable,
    /// The order expired, or the CA knows it no longer.
    OrderLost,
    /// The CA will not issue for these names: policy, CAA, the request.
    CaRefused,
    /// The certificate that came does not match key, names, clock or the one in place.
    CertificateRejected,
    /// ACM would not take the certificate.
    DestinationRefused,
    /// A permission, a parameter or a resource of the installation is wrong.
    Misconfigured,
    /// A step waited for as long as it may.
    TimedOut,
    /// The endpoint was removed while the attempt ran.
    EndpointRemoved,
    /// A newer attempt owns the endpoint; this one must not touch it.
    Superseded,
    /// By our own count a limit of the CA is spent; the CA was not asked.
    BudgetSpent,
    /// The CA takes nothing from this installation: its account, contact, terms or profile.
    AccountRefused,
}

/// An ACME problem document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AcmeProblem {
    /// Without the `urn:ietf:params:acme:error:` prefix: `rateLimited`.
    pub kind: String,
    /// The CA's own words, made printable; those of the subproblems follow, separated by `; `.
    pub detail: String,
    /// One for each name at fault (RFC 8555 §6.7.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subproblems: Vec<Subproblem>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subproblem {
    /// The name it is about, where the CA says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub kind: String,
    pub detail: String,
}

/// Why an attempt failed, in words for the one who must act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    #[schema(value_type = FailureName)]
    pub name: Open<FailureName>,
    #[schema(value_type = WaitingOn)]
    pub actor: Open<WaitingOn>,
    /// What happened and why, in one or two sentences. Texts from outside are made printable.
    pub summary: String,
    /// The next step, for `actor`.
    pub remedy: String,
    /// The earliest moment another try makes sense, where the other side named one.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<OffsetDateTime>,
    /// The CA's own words, where it was the CA that refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<AcmeProblem>,
    /// The record to create or to change, where that is the remedy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RequiredRecord>,
    /// The check that found it: `delegation-missing`. Absent where no check did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailureView {
    #[schema(value_type = FailureName)]
    pub name: Open<FailureName>,
    #[schema(value_type = WaitingOn)]
    pub actor: Open<WaitingOn>,
    pub summary: String,
    pub remedy: String,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    pub attempts: u32,
    /// Since when the endpoint has been parked, as its customer seems to have left; null while it is not.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub parked_since: Option<OffsetDateTime>,
    /// The check that found it: `delegation-missing`. Absent where no check did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
}
