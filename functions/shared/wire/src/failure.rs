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
    /// The domain owner's DNS records or host are missing or wrong; found before the CA was contacted.
    RecordsNotReady,
    /// The CA's validation failed.
    ChallengeFailed,
    /// A rate limit of the CA is reached.
    RateLimited,
    /// The CA is unavailable or busy.
    CaUnavailable,
    /// The order expired, or the CA no longer knows it.
    OrderLost,
    /// The CA will not issue for these names: policy, CAA, the request.
    CaRefused,
    /// The new certificate does not match the key, the names, the clock or the current certificate.
    CertificateRejected,
    /// ACM or a load balancer refused the certificate.
    DestinationRefused,
    /// A permission, a parameter or a resource of the installation is wrong.
    Misconfigured,
    /// A step reached its time limit.
    TimedOut,
    /// The endpoint was removed while the attempt ran.
    EndpointRemoved,
    /// A newer attempt owns the endpoint; this one must not touch it.
    Superseded,
    /// By our own count a rate limit of the CA is reached; the CA was not contacted.
    BudgetSpent,
    /// The CA refuses this installation: its account, contact, terms or profile.
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
    /// The name it is about, if the CA says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub kind: String,
    pub detail: String,
}

/// Why an attempt failed, in words for the party it is waiting on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    #[schema(value_type = FailureName)]
    pub name: Open<FailureName>,
    #[serde(flatten, with = "crate::renamed::waiting_on")]
    #[schema(value_type = crate::renamed::WaitingOnFields)]
    pub actor: Open<WaitingOn>,
    /// What happened and why, in one or two sentences. Texts from outside are made printable.
    pub summary: String,
    #[serde(flatten, with = "crate::renamed::remedy")]
    #[schema(value_type = crate::renamed::ActionFields)]
    pub remedy: String,
    /// Earliest time for a retry, if the other side named one.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<OffsetDateTime>,
    /// The CA's own words, if the CA refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<AcmeProblem>,
    /// The record to create or to change, if that is the next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RequiredRecord>,
    /// Name of the check, if a check found it: `delegation-missing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailureView {
    #[schema(value_type = FailureName)]
    pub name: Open<FailureName>,
    #[serde(flatten, with = "crate::renamed::waiting_on")]
    #[schema(value_type = crate::renamed::WaitingOnFields)]
    pub actor: Open<WaitingOn>,
    pub summary: String,
    #[serde(flatten, with = "crate::renamed::remedy")]
    #[schema(value_type = crate::renamed::ActionFields)]
    pub remedy: String,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    pub attempts: u32,
    #[serde(flatten, with = "crate::renamed::paused_since")]
    #[schema(value_type = crate::renamed::PausedSinceFields)]
    pub paused_since: Option<OffsetDateTime>,
    /// Name of the check, if a check found it: `delegation-missing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
}
