//! What the steps of the state machine hand to each other: ids, counters and a nonce, never a key or a token.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::names::EndpointId;

use crate::endpoint::attempt::StepUsage;

/// A step's result for the state machine: `infra/issue-certificate.asl.json` branches on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Started,
    /// Open order: challenges must be answered.
    ChallengesPending,
    /// Open order, submit: the order can be finalized.
    OrderReady,
    /// Open order, finalize: the chain is available and stored.
    Issued,
    /// Open order: the current certificate is good.
    Current,
    Presented,
    /// Present: the zone's writer must publish TXT values.
    RecordsWanted,
    Propagated,
    /// Write, check, submit, finalize: not finished; run the step again after `wait_seconds`.
    Waiting,
    Imported,
    Clean,
    /// Clean up: the zone's writer must withdraw TXT values.
    RecordsLeft,
    /// Settle: the attempt's end is recorded.
    Succeeded,
    Failed,
    Removed,
}

impl Status {
    pub const ALL: [Self; 15] = [
        Self::Started,
        Self::ChallengesPending,
        Self::OrderReady,
        Self::Issued,
        Self::Current,
        Self::Presented,
        Self::RecordsWanted,
        Self::Propagated,
        Self::Waiting,
        Self::Imported,
        Self::Clean,
        Self::RecordsLeft,
        Self::Succeeded,
        Self::Failed,
        Self::Removed,
    ];
}

/// What a step reports when it fails: the failure, and what it used nevertheless.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailureReport {
    #[serde(flatten)]
    pub failure: Failure,
    pub usage: StepUsage,
}

/// The part of the state that steps write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub status: Status,
    /// Seconds to wait before the step runs again; only with [`Status::Waiting`].
    #[serde(default)]
    pub wait_seconds: u32,
    /// Since when the present step has been waiting.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub waiting_since: Option<OffsetDateTime>,
    /// The Route 53 change that the writer of the zone waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// Submit: the CA needs the order's TXT values no more. The flow only asks whether it is there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub records_spent: bool,
    /// Whether the attempt has withdrawn its TXT values already.
    #[serde(default, skip_serializing_if = "is_false")]
    pub withdrawn: bool,
    /// The nonce of the CA's last response, for the next step that sends a request to the CA (RFC 8555 §6.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(default)]
    pub usage: Vec<StepUsage>,
}

/// A failure as Step Functions puts it into the state (`Catch` with `ResultPath`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaughtFailure {
    #[serde(rename = "Error")]
    pub error: String,
    #[serde(rename = "Cause", default)]
    pub cause: String,
}

/// The state of one execution: what every step gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepInput {
    pub endpoint: EndpointId,
    pub attempt: u64,
    #[serde(default)]
    pub progress: Progress,
    /// How often the flow has already repeated the step.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// Why the attempt was abandoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<CaughtFailure>,
    /// Why something published could not be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean_up_failure: Option<CaughtFailure>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl StepInput {
    /// The state that a new execution starts with.
    pub fn start(endpoint: EndpointId, attempt: u64) -> Self {
        Self { endpoint, attempt, progress: Progress::default(), retries: 0, failure: None, clean_up_failure: None }
    }

    /// The nonce for the first request to the CA: none if the flow repeats the step, as the earlier run may have used it.
    pub fn nonce(&self) -> Option<String> {
        self.progress.nonce.clone().filter(|_| self.retries == 0)
    }

    /// Progress of this step to `status`, with what has been used so far.
    pub fn reached(&self, status: Status) -> Progress {
        let Progress { withdrawn, nonce, usage, .. } = self.progress.clone();
        Progress { status, withdrawn, nonce, usage, ..Progress::default() }
    }

    /// Progress that requests another run after `wait_seconds`, until the step has waited for `most`.
    ///
    /// # Errors
    ///
    /// `late` once `most` has passed.
    pub fn wait(
        &self,
        wait_seconds: u32,
        most: time::Duration,
        now: OffsetDateTime,
        late: impl FnOnce() -> Failure,
    ) -> Result<Progress, Failure> {
        let since = self.waiting_since().unwrap_or(now);
        if now - since >= most {
            return Err(late());
        }
        Ok(Progress { wait_seconds, waiting_since: Some(since), ..self.reached(Status::Waiting) })
    }

    fn waiting_since(&self) -> Option<OffsetDateTime> {
        self.progress.waiting_since
    }
}

impl Progress {
    /// Adds what one invocation of `usage.step` used.
    pub fn record(&mut self, usage: StepUsage) {
        match self.usage.iter_mut().find(|known| known.step == usage.step) {
            Some(known) => {
                known.milliseconds += usage.milliseconds;
                known.ca_requests += usage.ca_requests;
                known.route53_calls += usage.route53_calls;
                known.began = known.began.into_iter().chain(usage.began).min();
                known.ended = known.ended.max(usage.ended);
            }
            None => self.usage.push(usage),
        }
    }
}

impl CaughtFailure {
    /// What the failed step used, if it could report that.
    pub fn usage(&self) -> Option<StepUsage> {
        let report: FailureReport = serde_json::from_str(&self.message()?).ok()?;
        Some(report.usage)
    }

    /// The message of the Lambda's error.
    fn message(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct LambdaError {
            #[serde(rename = "errorMessage")]
            message: String,
        }
        serde_json::from_str::<LambdaError>(&self.cause).ok().map(|error| error.message)
    }

    /// What went wrong, from what Step Functions caught: our own [`Failure`] where a step reported one,
    /// else what the platform said (a timeout, a killed process …).
    pub fn to_failure(&self) -> Failure {
        let message = self.message();
        if let Some(failure) = message.as_ref().and_then(|text| serde_json::from_str(text).ok()) {
            return failure;
        }
        let detail = message.as_deref().unwrap_or(&self.cause);
        let name = match self.error.as_str() {
            "States.Timeout" | "Sandbox.Timedout" => FailureName::TimedOut,
            _ => FailureName::Unavailable,
        };
        Failure { name, ..Failure::unavailable(format!("A step did not end as it should ({}): {detail}", self.error)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::attempt::Step;
    use time::Duration;
    use time::macros::datetime;
    use vocabulary::guidance::WaitingOn;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn input() -> StepInput {
        StepInput::start(EndpointId::from_random([7; 16]), 3)
    }

    #[test]
    fn every_step_is_written_as_it_is_serialized() {
        for step in Step::ALL {
            assert_eq!(serde_json::to_value(step).expect("serializes"), step.as_str());
        }
    }

    #[test]
    fn what_an_earlier_release_recorded_still_reads() {
        let usage = serde_json::json!({"step": "open-order", "milliseconds": 7, "ca_requests": 2, "route53_calls": 0});
        let read: StepUsage = serde_json::from_value(usage.clone()).expect("reads");
        assert_eq!(serde_json::to_value(&read).expect("serializes"), usage);
    }

    #[test]
    fn waiting_ends_exactly_at_its_limit() {
        let late = || Failure::new(FailureName::TimedOut, WaitingOn::Ca, "late", "");
        let mut input = input();
        input.progress = input.wait(5, Duration::MINUTE, NOW, late).expect("the first wait");
        assert!(input.wait(5, Duration::MINUTE, NOW + Duration::seconds(59), late).is_ok());
        assert!(input.wait(5, Duration::MINUTE, NOW + Duration::MINUTE, late).is_err());
    }

    #[test]
    fn usage_of_a_repeated_step_adds_up() {
        let mut progress = Progress::default();
        let usage = |ca_requests, seconds| StepUsage {
            milliseconds: 5,
            ca_requests,
            began: Some(NOW + Duration::seconds(seconds)),
            ended: Some(NOW + Duration::seconds(seconds + 1)),
            ..StepUsage::of(Step::SubmitChallenge)
        };
        progress.record(usage(2, 0));
        progress.record(usage(1, 8));
        let ended = Some(NOW + Duration::seconds(9));
        assert_eq!(progress.usage, [StepUsage { milliseconds: 10, ended, ..usage(3, 0) }]);
    }

    #[test]
    fn a_failure_survives_the_way_through_step_functions() {
        let failure =
            Failure::new(FailureName::RateLimited, WaitingOn::Ca, "too many", "wait").with_retry_after(Some(NOW));
        let usage = StepUsage { milliseconds: 7, ca_requests: 2, ..StepUsage::of(Step::OpenOrder) };
        let report = FailureReport { failure: failure.clone(), usage: usage.clone() };
        let message = serde_json::to_string(&report).expect("serializes");
        let cause = serde_json::json!({"errorType": "RateLimited", "errorMessage": message}).to_string();
        let caught = CaughtFailure { error: "RateLimited".into(), cause };
        assert_eq!((caught.to_failure(), caught.usage()), (failure, Some(usage)));
    }

    #[test]
    fn what_the_platform_reports_becomes_a_failure_too() {
        let caught = |error: &str, cause: &str| CaughtFailure { error: error.into(), cause: cause.into() }.to_failure();
        assert_eq!(caught("States.Timeout", "").name, FailureName::TimedOut);
        let killed = caught("Runtime.ExitError", r#"{"errorMessage":"signal: killed"}"#);
        assert_eq!(killed.name, FailureName::Unavailable);
        assert!(killed.guidance.summary.contains("signal: killed"));
        let silent = CaughtFailure { error: "States.Timeout".into(), cause: String::new() };
        assert_eq!(silent.usage(), None);
    }
}
