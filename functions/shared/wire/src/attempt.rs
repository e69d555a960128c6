//! Attempts: each is one issuance run with one ACME order.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{Failure, Open};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// No end is recorded: it is running, or it died and the next attempt takes over once its lease expires.
    Running,
    /// The endpoint's first certificate.
    Issued,
    Renewed,
    /// The current certificate was valid; there was nothing to do.
    Unchanged,
    Failed,
    /// The endpoint was removed.
    Removed,
}

/// A validation method: HTTP-01 and DNS-01 (RFC 8555 §8), or a persistent validation record.
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

/// Usage of one step: all its invocations in this attempt.
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
    /// Start of the first invocation; absent in attempts of earlier releases.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub began: Option<OffsetDateTime>,
    /// End of the last invocation.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<OffsetDateTime>,
}

/// One attempt: one issuance run, with one ACME order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    pub attempt: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub finished_at: Option<OffsetDateTime>,
    #[schema(value_type = Outcome)]
    pub outcome: Open<Outcome>,
    /// Whether it `failed` during set-up: before the first certificate, the domain owner's records were not correct
    /// yet. No CA was contacted.
    #[serde(default)]
    #[schema(required = true)]
    pub set_up: bool,
    #[serde(default)]
    #[schema(value_type = Option<ChallengeKind>)]
    pub method: Option<Open<ChallengeKind>>,
    /// URL of the ACME order.
    #[serde(default)]
    pub order: Option<String>,
    /// Directory URL of the CA.
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

/// An attempt: started, or waiting for room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StartedView {
    #[serde(default)]
    #[schema(required = true)]
    pub endpoint: String,
    pub attempt: u64,
    /// When a waiting attempt is expected to start, after others have ended; absent if it was started.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<OffsetDateTime>,
}
