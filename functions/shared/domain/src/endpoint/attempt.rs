//! One run of the flow for one endpoint, as its history shows it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::acme::ChallengeKind;
use vocabulary::failure::Failure;
use vocabulary::names::EndpointId;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// What one step cost, all its invocations in this attempt together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepUsage {
    pub step: Step,
    pub milliseconds: u64,
    pub ca_requests: u32,
    pub route53_calls: u32,
    /// When the first of them began; absent in attempts of earlier releases.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub began: Option<OffsetDateTime>,
    /// When the last of them ended.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<OffsetDateTime>,
}

impl StepUsage {
    /// Nothing used yet, and no time known.
    pub fn of(step: Step) -> Self {
        Self { step, milliseconds: 0, ca_requests: 0, route53_calls: 0, began: None, ended: None }
    }
}

/// The steps, in the order of one issuance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    OpenOrder,
    PresentChallenge,
    /// By the writer of the delegation zone, `write-records`.
    PublishRecords,
    CheckPropagation,
    SubmitChallenge,
    FinalizeOrder,
    ImportCertificate,
    CleanUpChallenge,
    /// Likewise.
    WithdrawRecords,
    SettleAttempt,
}

impl Step {
    pub const ALL: [Self; 10] = [
        Self::OpenOrder,
        Self::PresentChallenge,
        Self::PublishRecords,
        Self::CheckPropagation,
        Self::SubmitChallenge,
        Self::FinalizeOrder,
        Self::ImportCertificate,
        Self::CleanUpChallenge,
        Self::WithdrawRecords,
        Self::SettleAttempt,
    ];

    /// As the function is called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenOrder => "open-order",
            Self::PresentChallenge => "present-challenge",
            Self::PublishRecords => "publish-records",
            Self::CheckPropagation => "check-propagation",
            Self::SubmitChallenge => "submit-challenge",
            Self::FinalizeOrder => "finalize-order",
            Self::ImportCertificate => "import-certificate",
            Self::CleanUpChallenge => "clean-up-challenge",
            Self::WithdrawRecords => "withdraw-records",
            Self::SettleAttempt => "settle-attempt",
        }
    }
}
