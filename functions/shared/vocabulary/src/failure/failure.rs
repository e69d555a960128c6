//! How a step fails: a closed list of names that the state machine matches, and who is waited on.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::failure::problem::Problem;
use crate::former_names::read_optional;
use crate::guidance::{Guidance, WaitingOn};
use crate::record::DnsRecord;
use crate::text::printable;

/// The error types that a step reports to Step Functions; `infra/issue-certificate.asl.json` matches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// A step waited for as long as it may.
    TimedOut,
    /// The endpoint was removed while the attempt ran.
    EndpointRemoved,
    /// A newer attempt owns the endpoint; this one must not touch it.
    Superseded,
    /// By our own count a rate limit of the CA is reached; the CA was not contacted.
    BudgetSpent,
    /// The CA takes nothing from this installation: its account, contact, terms or profile.
    AccountRefused,
}

impl FailureName {
    pub const ALL: [Self; 16] = [
        Self::Throttled,
        Self::Unavailable,
        Self::RecordsNotReady,
        Self::ChallengeFailed,
        Self::RateLimited,
        Self::CaUnavailable,
        Self::OrderLost,
        Self::CaRefused,
        Self::CertificateRejected,
        Self::DestinationRefused,
        Self::Misconfigured,
        Self::TimedOut,
        Self::EndpointRemoved,
        Self::Superseded,
        Self::BudgetSpent,
        Self::AccountRefused,
    ];

    /// Whether the same step may succeed if it is simply repeated a little later.
    pub fn mends_itself(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "Throttled",
            Self::Unavailable => "Unavailable",
            Self::RecordsNotReady => "RecordsNotReady",
            Self::ChallengeFailed => "ChallengeFailed",
            Self::RateLimited => "RateLimited",
            Self::CaUnavailable => "CaUnavailable",
            Self::OrderLost => "OrderLost",
            Self::CaRefused => "CaRefused",
            Self::CertificateRejected => "CertificateRejected",
            Self::DestinationRefused => "DestinationRefused",
            Self::Misconfigured => "Misconfigured",
            Self::TimedOut => "TimedOut",
            Self::EndpointRemoved => "EndpointRemoved",
            Self::Superseded => "Superseded",
            Self::BudgetSpent => "BudgetSpent",
            Self::AccountRefused => "AccountRefused",
        }
    }
}

impl fmt::Display for FailureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an attempt failed, in words for the one who is waited on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{name}: {}", guidance.summary)]
pub struct Failure {
    pub name: FailureName,
    /// What happened and what to do. Texts from outside are made [`printable`].
    #[serde(flatten)]
    pub guidance: Guidance,
    /// Name of the catalogue's entry, where a check found it: `delegation-missing`.
    #[serde(default, deserialize_with = "read_optional", skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// The earliest time another try makes sense, where the other side named one.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<OffsetDateTime>,
    /// The CA's own words, where it was the CA that refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Box<Problem>>,
}

/// How long a summary may be, in characters.
const LONGEST_SUMMARY: usize = 1500;

impl Failure {
    pub fn new(name: FailureName, waiting_on: WaitingOn, summary: impl AsRef<str>, action: impl Into<String>) -> Self {
        Self::with_guidance(name, Guidance::new(waiting_on, printable(summary.as_ref(), LONGEST_SUMMARY), action))
    }

    /// A failure that nobody can do anything about, or needs to.
    pub fn without_action(name: FailureName, waiting_on: WaitingOn, summary: impl AsRef<str>) -> Self {
        Self::with_guidance(name, Guidance::without_action(waiting_on, printable(summary.as_ref(), LONGEST_SUMMARY)))
    }

    /// With guidance as it is.
    pub fn with_guidance(name: FailureName, guidance: Guidance) -> Self {
        Self { name, guidance, check: None, retry_after: None, problem: None }
    }

    pub fn waiting_on(&self) -> WaitingOn {
        self.guidance.waiting_on
    }

    pub fn with_problem(mut self, problem: &Problem) -> Self {
        self.problem = Some(Box::new(problem.clone()));
        self
    }

    pub fn with_check(mut self, check: &str) -> Self {
        self.check = Some(check.to_owned());
        self
    }

    pub fn with_record(mut self, record: Option<&DnsRecord>) -> Self {
        self.guidance = self.guidance.with_record(record);
        self
    }

    /// With what is at fault, if other endpoints can have the same fault.
    pub fn at(mut self, what: impl Into<String>) -> Self {
        self.guidance = self.guidance.at(what);
        self
    }

    pub fn with_retry_after(mut self, at: Option<OffsetDateTime>) -> Self {
        self.retry_after = at;
        self
    }

    /// A permission, parameter or resource of the installation is wrong.
    pub fn misconfigured(summary: impl AsRef<str>) -> Self {
        Self::new(
            FailureName::Misconfigured,
            WaitingOn::Operator,
            summary,
            "Compare the stack's parameters and the function's role with template.yaml, deploy again, then run: managed-https renew ENDPOINT",
        )
    }

    /// A service failed on its side.
    pub fn unavailable(summary: impl AsRef<str>) -> Self {
        Self::new(
            FailureName::Unavailable,
            WaitingOn::Operator,
            summary,
            "Retried automatically. If it lasts, check the function's log and the AWS Health Dashboard.",
        )
    }

    pub fn superseded() -> Self {
        let summary = "A newer attempt has replaced this one and continues.";
        Self::without_action(FailureName::Superseded, WaitingOn::Nobody, summary)
    }

    pub fn removed() -> Self {
        let summary = "The endpoint was removed during the attempt. What the attempt had published is deleted.";
        Self::without_action(FailureName::EndpointRemoved, WaitingOn::Nobody, summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_written_as_it_is_serialized() {
        for name in FailureName::ALL {
            assert_eq!(serde_json::to_value(name).expect("serializes"), name.as_str());
        }
    }
}
