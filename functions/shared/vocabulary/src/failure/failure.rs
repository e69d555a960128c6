//! How a step fails: a closed list of names that the state machine matches, and who must act.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::failure::problem::Problem;
use crate::record::RequiredRecord;
use crate::text::printable;

/// The error types that a step reports to Step Functions; `infra/issue-certificate.asl.json` matches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// The CA will not issue: policy, CAA, the account.
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
}

impl FailureName {
    pub const ALL: [Self; 15] = [
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
    ];

    /// Whether the same step may succeed when it is simply run again in a moment.
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
        }
    }
}

impl fmt::Display for FailureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who has to do something before it can work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// The owner of the domain, in its DNS.
    Customer,
    /// The team that runs this installation.
    Operator,
    /// The certificate authority; waiting is enough.
    Ca,
}

/// Why an attempt failed, in words for the one who must act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{name}: {summary}")]
pub struct Failure {
    pub name: FailureName,
    pub actor: Actor,
    /// What happened and why, in one or two sentences. Texts from outside are made [`printable`].
    pub summary: String,
    /// The next step, for `actor`.
    pub remedy: String,
    /// The earliest moment another try makes sense, where the other side named one.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<OffsetDateTime>,
    /// The CA's own words, where it was the CA that refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Box<Problem>>,
    /// The record to create or to change, where that is the remedy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<RequiredRecord>>,
}

impl Failure {
    pub fn new(name: FailureName, actor: Actor, summary: impl AsRef<str>, remedy: impl Into<String>) -> Self {
        let (summary, remedy) = (printable(summary.as_ref(), 1500), remedy.into());
        Self { name, actor, summary, remedy, retry_after: None, problem: None, record: None }
    }

    pub fn with_problem(mut self, problem: &Problem) -> Self {
        self.problem = Some(Box::new(problem.clone()));
        self
    }

    pub fn with_record(mut self, record: Option<&RequiredRecord>) -> Self {
        self.record = record.cloned().map(Box::new);
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
            Actor::Operator,
            summary,
            "Compare the stack's parameters and the function's role with template.yaml, deploy again, then run `managed-https renew`.",
        )
    }

    /// A service failed on its side.
    pub fn unavailable(summary: impl AsRef<str>) -> Self {
        Self::new(
            FailureName::Unavailable,
            Actor::Operator,
            summary,
            "Nothing at once: it is retried. If it lasts, look at the service's health page and the function's log.",
        )
    }

    pub fn superseded() -> Self {
        Self::new(
            FailureName::Superseded,
            Actor::Operator,
            "A newer attempt owns this endpoint.",
            "Nothing: the newer attempt goes on.",
        )
    }

    pub fn removed() -> Self {
        Self::new(
            FailureName::EndpointRemoved,
            Actor::Operator,
            "The endpoint was removed while the attempt ran.",
            "Nothing: what the attempt had published is taken away.",
        )
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
