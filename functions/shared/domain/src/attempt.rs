//! One run of the flow for one endpoint, as its history shows it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::endpoint::EndpointId;
use crate::failure::Failure;
use crate::flow::StepUsage;
use crate::order::ChallengeKind;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// No end is recorded: it runs, or it died and the next attempt takes over when its lease ends.
    Running,
    /// The endpoint's first certificate.
    Issued,
    Renewed,
    /// The certificate in place was good; there was nothing to do.
    Unchanged,
    Failed,
    /// The endpoint was removed.
    Removed,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    pub attempt: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub finished_at: Option<OffsetDateTime>,
    pub outcome: Outcome,
    #[serde(default)]
    pub method: Option<ChallengeKind>,
    /// URL of the ACME order.
    #[serde(default)]
    pub order: Option<String>,
    /// Directory URL of the CA that was asked.
    #[serde(default)]
    pub directory: Option<String>,
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Name of the Step Functions execution.
    pub execution: String,
    #[serde(default)]
    pub steps: Vec<StepUsage>,
}

/// The name that makes a second start of the same attempt harmless: Step Functions refuses it for 90 days.
pub fn execution_name(endpoint: &EndpointId, attempt: u64) -> String {
    format!("{endpoint}-{attempt}")
}
