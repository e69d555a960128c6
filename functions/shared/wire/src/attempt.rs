//! One run of the flow.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{Failure, Open};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// No end is recorded: it runs, or it died and the next attempt takes over when its lease ends.
    Running,
    /// The endpoint's first certificate.
    Issued,
    Renewed,
    /// The current certificate was good; there was nothing to do.
    Unchanged,
    Failed,
    /// The endpoint was removed.
    Removed,
}

/// A validation method that this product answers: those of RFC 8555 §8, and the persistent record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum ChallengeKind {
    #[serde(rename = "http-01")]
    Http01,
    #[serde(rename = "dns-01")]
    Dns01,
    /// draft-ietf-acme-dns-persist.
    #[serde(rename = "dns-persist-01")]
    DnsPersist01,
}

/// The steps, in the order of one issuance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    OpenOrder,
    PresentChallenge,
    PublishRecords,
    CheckPropagation,
    SubmitChallenge,
    FinalizeOrder,
    ImportCertificate,
    CleanUpChallenge,
    WithdrawRecords,
    SettleAttempt,
}

/// What one step cost, all its invocations in this attempt together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepUsage {
    #[schema(value_type = Step)]
    pub step: Open<Step>,
    #[serde(default)]
    #[schema(required = true)]
    pub milliseconds: u64,
    #[serde(default)]
    #[schema(required = true)]
    pub ca_requests: u32,
    #[serde(default)]
    #[schema(required = true)]
    pub route53_calls: u32,
    /// When the first of them began; absent in attempts of earlier releases.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub began: Option<OffsetDateTime>,
    /// When the last of them ended.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<OffsetDateTime>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    pub attempt: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub finished_at: Option<OffsetDateTime>,
    #[schema(value_type = Outcome)]
    pub outcome: Open<Outcome>,
    /// Whether it is `failed` as part of the set-up: the domain owner's records were not right yet, before the first
    /// certificate. No CA was contacted.
    #[serde(default)]
    #[schema(required = true)]
    pub set_up: bool,
    #[serde(default)]
    #[schema(value_type = Option<ChallengeKind>)]
    pub method: Option<Open<ChallengeKind>>,
    /// URL of the ACME order.
    #[serde(default)]
    pub order: Option<String>,
    /// Directory URL of the CA that was asked.
    #[serde(default)]
    pub directory: Option<String>,
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Name of the Step Functions execution.
    #[serde(default)]
    #[schema(required = true)]
    pub execution: String,
    #[serde(default)]
    pub steps: Vec<StepUsage>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttemptList {
    /// Newest first.
    pub attempts: Vec<Attempt>,
}

/// An attempt that was started, or that waits for room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StartedView {
    #[serde(default)]
    #[schema(required = true)]
    pub endpoint: String,
    pub attempt: u64,
    /// It waits until others have ended, and is expected to start by then; absent where it was started.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<OffsetDateTime>,
}
