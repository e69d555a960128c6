//! Metrics in CloudWatch's embedded metric format, as lines of the log.
//!
//! Each has the dimension `Stack`, which distinguishes two installations in one account. None has the tenant or the endpoint:
//! every value of a dimension is a separate metric, which is billed. An attempt's log entry names its tenant beside them, for
//! queries of the log.

use std::io::Write;
use std::time::{Duration, SystemTime};

use domain::endpoint::CountedEnd;
use domain::flow::{CaughtFailure, Progress, Status, StepInput};
use metrique::emf::Emf;
use metrique::unit::{Count, Millisecond, Percent, Second};
use metrique::unit_of_work::metrics;
use metrique::writer::format::Format;
use metrique::writer::{Entry, FormatExt};
use metrique::{CloseValue, InflectableEntry, RootEntry};
use vocabulary::guidance::WaitingOn;

/// The namespace that template.yaml's alarms and dashboard read.
const NAMESPACE: &str = "ManagedHttps";

/// Writes metrics of one installation.
#[derive(Clone, Debug)]
pub struct Metrics {
    stack: String,
}

#[derive(Entry)]
#[entry(rename_all = "PascalCase")]
struct Installation {
    stack: String,
}

/// One run of the scan.
#[metrics(rename_all = "PascalCase")]
#[derive(Debug)]
pub struct ScanMetrics {
    #[metrics(timestamp)]
    pub at: SystemTime,
    /// Endpoints that were due.
    #[metrics(unit = Count)]
    pub due: u32,
    /// Endpoints of tenants that have had their share: they are due again in a minute or more.
    #[metrics(unit = Count)]
    pub postponed: u32,
    /// Endpoints that wait until the account has room for another attempt.
    #[metrics(unit = Count)]
    pub waiting: u32,
    #[metrics(unit = Count)]
    pub attempts_started: u32,
    /// Attempts that could not be started.
    #[metrics(unit = Count)]
    pub attempts_not_started: u32,
}

/// One run of the poll for renewal information.
#[metrics(rename_all = "PascalCase")]
#[derive(Debug)]
pub struct AdviceMetrics {
    #[metrics(timestamp)]
    pub at: SystemTime,
    #[metrics(unit = Count)]
    pub advice_asked: u32,
    /// Queries that the CA did not answer.
    #[metrics(unit = Count)]
    pub advice_unanswered: u32,
    /// Renewals that the CA wants earlier, or later, than before.
    #[metrics(unit = Count)]
    pub renewals_moved: u32,
    /// How long one of them had been due when the run reached it.
    #[metrics(unit = Second)]
    pub advice_overdue: Duration,
}

/// One run of the health checks.
#[metrics(rename_all = "PascalCase")]
#[derive(Debug)]
pub struct HealthMetrics {
    #[metrics(timestamp)]
    pub at: SystemTime,
    /// Endpoints that were checked.
    #[metrics(unit = Count)]
    pub looked: u32,
    /// Endpoints with a confirmed fault.
    #[metrics(unit = Count)]
    pub ailing: u32,
    /// Endpoints whose host has been serving a different certificate than the one in ACM.
    #[metrics(unit = Count)]
    pub another_served: u32,
    /// Endpoints that could not be checked.
    #[metrics(unit = Count)]
    pub not_looked_at: u32,
    /// The smallest remaining part of a certificate's lifetime; absent if none was checked.
    #[metrics(unit = Percent)]
    pub least_life_left: Option<u32>,
    /// How long one of the endpoints had been due when the run reached it.
    #[metrics(unit = Second)]
    pub health_overdue: Duration,
    /// Checks of the installation that failed.
    #[metrics(unit = Count)]
    pub engine_checks_failed: u32,
    /// Of ACM's quota of imported certificates; absent if it could not be checked.
    #[metrics(unit = Percent)]
    pub acm_certificates_used: Option<u32>,
    /// The part of its quota of imports that a year of renewals needs.
    #[metrics(unit = Percent)]
    pub acm_imports_used: Option<u32>,
    /// The higher of both.
    #[metrics(unit = Percent)]
    pub acm_quota_used: Option<u32>,
    /// Of the certificates that the fullest load balancer, or the fullest pool, can have; absent if none is in use.
    #[metrics(unit = Percent)]
    pub load_balancer_room_used: Option<u32>,
    /// What our account has left of the first CA's limit of new orders; absent without a limit.
    #[metrics(unit = Percent)]
    pub orders_left: Option<u32>,
}

/// One finished attempt.
#[metrics(rename_all = "PascalCase", emf::dimension_sets = [["Outcome"]])]
#[derive(Debug)]
pub struct AttemptMetrics {
    #[metrics(timestamp)]
    pub at: SystemTime,
    /// `Succeeded`, `Failed`, `Removed`.
    pub outcome: &'static str,
    #[metrics(unit = Count)]
    pub attempts: u32,
    /// The working time of its steps, without the waiting between them.
    #[metrics(unit = Millisecond)]
    pub work: Duration,
    #[metrics(unit = Count)]
    pub ca_requests: u32,
    #[metrics(unit = Count)]
    pub route53_calls: u32,
    /// From the registration to its first certificate, if this attempt issued it.
    #[metrics(unit = Second)]
    pub time_to_certificate: Option<Duration>,
    /// Not a dimension, which would make one metric per value: CloudWatch Logs Insights counts by it.
    pub tenant: String,
    /// `no` if it says nothing about success: it had nothing to do, or waited for the domain owner's first records.
    pub counted: &'static str,
}

/// One failed attempt, by who is waited on.
#[metrics(rename_all = "PascalCase", emf::dimension_sets = [["Actor"]])]
#[derive(Debug)]
pub struct FailureMetrics {
    #[metrics(timestamp)]
    pub at: SystemTime,
    /// `Customer`, `Operator`, `Ca`.
    pub actor: &'static str,
    #[metrics(unit = Count)]
    pub failures: u32,
    /// Not a metric: what to search the log for.
    pub failure: &'static str,
}

impl Metrics {
    pub(crate) fn new(stack: String) -> Self {
        Self { stack }
    }

    /// Writes `entry` as one line. A metric that cannot be written does not fail the function.
    pub fn emit<E: CloseValue<Closed: InflectableEntry>>(&self, entry: E) {
        let written = self.line(entry).and_then(|line| std::io::stdout().lock().write_all(&line));
        if let Err(error) = written {
            tracing::warn!(%error, "a metric could not be written");
        }
    }

    /// The end of the attempt that `input` belongs to, as settle-attempt recorded it.
    pub fn emit_attempt(&self, input: &StepInput, settled: &Progress, counted: &CountedEnd) {
        let (attempt, failure) = attempt(input, settled, counted, SystemTime::now());
        self.emit(attempt);
        if let Some(failure) = failure {
            self.emit(failure);
        }
    }

    fn line<E: CloseValue<Closed: InflectableEntry>>(&self, entry: E) -> std::io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let installation = Installation { stack: self.stack.clone() };
        let emf = Emf::builder(NAMESPACE.into(), vec![vec!["Stack".into()]]).build();
        emf.merge_globals(installation)
            .format(&RootEntry::new(entry.close()), &mut line)
            .map_err(std::io::Error::other)?;
        Ok(line)
    }
}

fn attempt(
    input: &StepInput,
    settled: &Progress,
    counted: &CountedEnd,
    at: SystemTime,
) -> (AttemptMetrics, Option<FailureMetrics>) {
    let outcome = match settled.status {
        Status::Succeeded => "Succeeded",
        Status::Removed => "Removed",
        _ => "Failed",
    };
    let caught = [&input.failure, &input.clean_up_failure].into_iter().flatten();
    let used: Vec<_> = settled.usage.iter().cloned().chain(caught.filter_map(CaughtFailure::usage)).collect();
    let attempt = AttemptMetrics {
        at,
        outcome,
        attempts: 1,
        work: Duration::from_millis(used.iter().map(|usage| usage.milliseconds).sum()),
        ca_requests: used.iter().map(|usage| usage.ca_requests).sum(),
        route53_calls: used.iter().map(|usage| usage.route53_calls).sum(),
        time_to_certificate: counted.first_after.map(time::Duration::unsigned_abs),
        tenant: counted.tenant.to_string(),
        counted: if counted.end.is_some() { "yes" } else { "no" },
    };
    // If the certificate was installed although something could not be cleaned up, the attempt succeeded.
    let reason = input.failure.as_ref().or(input.clean_up_failure.as_ref()).filter(|_| outcome == "Failed");
    let failure = reason.map(CaughtFailure::to_failure).map(|failure| FailureMetrics {
        at,
        actor: match failure.guidance.waiting_on {
            WaitingOn::DomainOwner => "Customer",
            WaitingOn::Operator => "Operator",
            WaitingOn::Ca => "Ca",
            WaitingOn::Nobody => "Nobody",
        },
        failures: 1,
        failure: failure.name.as_str(),
    });
    (attempt, failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::endpoint::{AttemptEnd, Step, StepUsage};
    use domain::flow::FailureReport;
    use serde_json::{Value, json};
    use vocabulary::failure::{Failure, FailureName};
    use vocabulary::names::EndpointId;

    fn parsed<E: CloseValue<Closed: InflectableEntry>>(entry: E) -> Value {
        let line = Metrics::new("managed-https".into()).line(entry).expect("valid");
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
        serde_json::from_slice(&line).expect("JSON")
    }

    #[test]
    fn a_line_has_the_shape_that_cloudwatch_reads() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(7);
        let line =
            parsed(ScanMetrics { at, due: 3, postponed: 0, waiting: 0, attempts_started: 2, attempts_not_started: 1 });
        let count = |name: &str| json!({"Name": name, "Unit": "Count"});
        assert_eq!(
            line["_aws"],
            json!({"Timestamp": 7000, "CloudWatchMetrics": [{
                "Namespace": NAMESPACE, "Dimensions": [["Stack"]],
                "Metrics": [
                    count("Due"), count("Postponed"), count("Waiting"), count("AttemptsStarted"), count("AttemptsNotStarted"),
                ],
            }]})
        );
        assert_eq!((&line["Stack"], &line["Due"]), (&json!("managed-https"), &json!(3)));
    }

    #[test]
    fn a_lifetime_that_nobody_checked_is_no_metric() {
        let health = |least_life_left| HealthMetrics {
            health_overdue: Duration::from_secs(90),
            at: SystemTime::UNIX_EPOCH,
            looked: 1,
            ailing: 0,
            another_served: 0,
            not_looked_at: 0,
            least_life_left,
            engine_checks_failed: 0,
            acm_certificates_used: None,
            acm_imports_used: None,
            acm_quota_used: None,
            load_balancer_room_used: None,
            orders_left: None,
        };
        assert_eq!(parsed(health(Some(7)))["LeastLifeLeft"], 7);
        let without = parsed(health(None));
        assert!(!without.to_string().contains("LeastLifeLeft"), "{without}");
    }

    #[test]
    fn the_metric_of_a_failure_has_who_is_waited_on_and_its_name_for_the_log() {
        let at = SystemTime::UNIX_EPOCH;
        let line = parsed(FailureMetrics { at, actor: "Customer", failures: 1, failure: "RecordsNotReady" });
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["Stack", "Actor"]]));
        assert_eq!(directive["Metrics"], json!([{"Name": "Failures", "Unit": "Count"}]));
        assert_eq!((&line["Actor"], &line["Failure"]), (&json!("Customer"), &json!("RecordsNotReady")));
    }

    #[test]
    fn an_attempt_adds_up_what_its_steps_used_also_the_one_that_failed() {
        let usage =
            |step, ca_requests| StepUsage { milliseconds: 10, ca_requests, route53_calls: 1, ..StepUsage::of(step) };
        let failure = Failure::new(FailureName::ChallengeFailed, WaitingOn::DomainOwner, "not convinced", "");
        let report = FailureReport { failure, usage: usage(Step::SubmitChallenge, 2) };
        let message = serde_json::to_string(&report).expect("serializes");
        let cause = json!({"errorType": "ChallengeFailed", "errorMessage": message}).to_string();
        let mut input = StepInput::start(EndpointId::from_random([1; 16]), 3);
        input.failure = Some(CaughtFailure { error: "ChallengeFailed".into(), cause });
        input.progress.record(usage(Step::OpenOrder, 3));
        let at = SystemTime::UNIX_EPOCH;
        let counted = CountedEnd {
            tenant: "acme".parse().expect("a tenant"),
            end: Some(AttemptEnd::Succeeded),
            first_after: None,
        };
        let (ended, failed) = attempt(&input, &input.reached(Status::Failed), &counted, at);
        assert_eq!(
            (ended.outcome, ended.work.as_millis(), ended.ca_requests, ended.route53_calls),
            ("Failed", 20, 5, 2)
        );
        assert_eq!(failed.map(|failed| (failed.actor, failed.failure)), Some(("Customer", "ChallengeFailed")));
        // A failed clean-up does not affect the certificate.
        let first = CountedEnd { first_after: Some(time::Duration::minutes(7)), ..counted };
        let (ended, failed) = attempt(&input, &input.reached(Status::Succeeded), &first, at);
        assert_eq!((ended.outcome, failed.is_none()), ("Succeeded", true));
        let line = parsed(ended);
        assert_eq!(
            (&line["Tenant"], &line["Counted"], &line["TimeToCertificate"]),
            (&json!("acme"), &json!("yes"), &json!(420))
        );
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
            json!([["Stack", "Outcome"]]),
            "no tenant there"
        );
    }
}
