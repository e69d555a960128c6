//! One run of the flow for one endpoint, as its history shows it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::acme::ChallengeKind;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
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
    /// The current certificate was good; there was nothing to do.
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
    /// Directory URL of the CA that was used.
    #[serde(default)]
    pub directory: Option<String>,
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Name of the Step Functions execution.
    pub execution: String,
    #[serde(default)]
    pub steps: Vec<StepUsage>,
}

impl Attempt {
    fn has_succeeded(&self) -> bool {
        matches!(self.outcome, Outcome::Issued | Outcome::Renewed | Outcome::Unchanged)
    }

    /// Whether it ended because the domain owner's records were not right.
    pub fn waits_for_records(&self) -> bool {
        self.outcome == Outcome::Failed
            && self.failure.as_ref().is_some_and(|failure| {
                failure.name == FailureName::RecordsNotReady && failure.waiting_on() == WaitingOn::DomainOwner
            })
    }
}

/// Which of an endpoint's attempts were set-up, and not failures: they found wrong records before its first certificate.
/// `certified`: whether it has a certificate now.
pub fn set_up(attempts: &[Attempt], certified: bool) -> impl Fn(&Attempt) -> bool + use<> {
    let first = attempts.iter().filter(|attempt| attempt.has_succeeded()).map(|attempt| attempt.attempt).min();
    move |attempt| attempt.waits_for_records() && first.map_or(!certified, |first| attempt.attempt < first)
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
    /// Likewise; after the clean-up where they are left then.
    WithdrawRecords,
    FinalizeOrder,
    ImportCertificate,
    CleanUpChallenge,
    SettleAttempt,
}

impl Step {
    pub const ALL: [Self; 10] = [
        Self::OpenOrder,
        Self::PresentChallenge,
        Self::PublishRecords,
        Self::CheckPropagation,
        Self::SubmitChallenge,
        Self::WithdrawRecords,
        Self::FinalizeOrder,
        Self::ImportCertificate,
        Self::CleanUpChallenge,
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn attempt(number: u64, outcome: Outcome, waiting_on: WaitingOn) -> Attempt {
        let failure = Failure::new(FailureName::RecordsNotReady, waiting_on, "no CNAME", "create it");
        let at = datetime!(2026-11-24 12:00 UTC);
        Attempt {
            attempt: number,
            started_at: at,
            finished_at: Some(at),
            outcome,
            method: None,
            order: None,
            directory: None,
            failure: (outcome == Outcome::Failed).then_some(failure),
            execution: "x".into(),
            steps: Vec::new(),
        }
    }

    #[test]
    fn waiting_for_records_is_set_up_before_the_first_certificate_and_a_failure_after_it() {
        use WaitingOn::{DomainOwner, Operator};
        let missing = |number| attempt(number, Outcome::Failed, DomainOwner);
        let [first, ours] = [missing(1), attempt(2, Outcome::Failed, Operator)];
        let alone = [ours.clone(), first.clone()];
        assert_eq!(alone.each_ref().map(set_up(&alone, false)), [false, true], "the operator's is a failure");
        assert!(!set_up(&alone, true)(&first), "it has a certificate from before what is listed");
        let all = [missing(4), attempt(3, Outcome::Issued, DomainOwner), ours, first];
        assert_eq!(all.each_ref().map(set_up(&all, true)), [false, false, false, true]);
    }
}
