//! One run of the flow.

use serde::Deserialize;
use time::OffsetDateTime;

use super::endpoint::Failure;

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) attempt: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) started_at: OffsetDateTime,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) finished_at: Option<OffsetDateTime>,
    pub(crate) outcome: Outcome,
    #[serde(default)]
    pub(crate) method: Option<String>,
    /// Directory URL of the CA that was asked.
    #[serde(default)]
    pub(crate) directory: Option<String>,
    #[serde(default)]
    pub(crate) failure: Option<Failure>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Running,
    Issued,
    Renewed,
    Unchanged,
    Failed,
    Removed,
    #[serde(other)]
    Unknown,
}

impl Outcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Issued => "issued",
            Self::Renewed => "renewed",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Removed => "removed",
            Self::Unknown => "unknown",
        }
    }
}

/// What one step used, all its calls together.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) step: String,
    #[serde(default)]
    pub(crate) milliseconds: u64,
    #[serde(default)]
    pub(crate) ca_requests: u64,
    #[serde(default)]
    pub(crate) route53_calls: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AttemptList {
    pub(crate) attempts: Vec<Attempt>,
}

/// The attempt that a request started.
#[derive(Debug, Deserialize)]
pub(crate) struct Started {
    pub(crate) attempt: u64,
}
