//! One attempt as a trace: the ids of its parts, and their attributes.
//!
//! Ids are derived, not passed on: the endpoint, the attempt and the step determine them. So the logs of a step have the ids of
//! a trace that another function sends at the end, and a trace that is sent twice is the same one.

use std::fmt;

use time::OffsetDateTime;
use vocabulary::acme::directory::host;
use vocabulary::failure::FailureName;
use vocabulary::names::EndpointId;
use vocabulary::stable_hash::hash_128;

use crate::endpoint::attempt::{Attempt, Outcome, Step, StepUsage};
use crate::endpoint::endpoint::Endpoint;
use crate::flow::input::{CaughtFailure, StepInput};

/// As W3C Trace Context has it: 16 bytes, never all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId([u8; 16]);

/// Likewise, of 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId([u8; 8]);

impl TraceId {
    /// The id of one attempt's trace.
    pub fn of(endpoint: &EndpointId, attempt: u64) -> Self {
        Self(hash(format!("{endpoint}-{attempt}").as_bytes()).to_be_bytes())
    }

    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl SpanId {
    /// The id of the whole attempt's span.
    pub fn of_attempt(trace: TraceId) -> Self {
        Self::named(trace, "attempt")
    }

    /// The id of a step's span, for all its runs in the attempt.
    pub fn of_step(trace: TraceId, step: Step) -> Self {
        Self::named(trace, step.as_str())
    }

    fn named(trace: TraceId, name: &str) -> Self {
        let hash = hash(&[&trace.0, name.as_bytes()].concat());
        // Both halves: the upper one alone changes little with the last letters.
        let [upper, lower] = [hash >> 64, hash & u128::from(u64::MAX)];
        let folded = u64::try_from(upper ^ lower).expect("64 bits");
        Self(folded.max(1).to_be_bytes())
    }

    pub fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

/// Never zero, which is not a valid id.
fn hash(bytes: &[u8]) -> u128 {
    hash_128(bytes).max(1)
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The value of a span's attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Number(u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub id: SpanId,
    /// `None`: the attempt itself.
    pub parent: Option<SpanId>,
    pub name: &'static str,
    pub started_at: OffsetDateTime,
    pub ended_at: OffsetDateTime,
    pub attributes: Vec<(&'static str, Value)>,
    /// Its failure.
    pub failure: Option<FailureName>,
}

/// A whole attempt: first the attempt's own span, then one for each step that ran, in the order in which they began.
///
/// Contains no names of domain owners, and no tenant: those who may see them find them by the endpoint's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptTrace {
    pub id: TraceId,
    pub spans: Vec<Span>,
}

impl AttemptTrace {
    /// For an attempt that has ended like this; `input` is the input of its last step.
    pub fn of(endpoint: &Endpoint, input: &StepInput, attempt: &Attempt) -> Self {
        let id = TraceId::of(&endpoint.id, attempt.attempt);
        let root = SpanId::of_attempt(id);
        let mut attributes = vec![
            ("managed_https.endpoint", Value::Text(endpoint.id.to_string())),
            ("managed_https.attempt", Value::Number(attempt.attempt)),
            ("managed_https.outcome", Value::Text(word(attempt.outcome).into())),
            ("managed_https.execution", Value::Text(attempt.execution.clone())),
        ];
        attributes.extend(attempt.method.map(|method| ("managed_https.method", Value::Text(method.as_str().into()))));
        let ca = attempt.directory.as_ref().map(|directory| Value::Text(host(directory).into()));
        attributes.extend(ca.map(|ca| ("managed_https.ca", ca)));
        let whole = Span {
            id: root,
            parent: None,
            name: "attempt",
            started_at: attempt.started_at,
            ended_at: attempt.finished_at.unwrap_or(attempt.started_at),
            attributes,
            failure: attempt.failure.as_ref().map(|failure| failure.name),
        };
        let broken: Vec<(Step, FailureName)> = [&input.failure, &input.clean_up_failure]
            .into_iter()
            .flatten()
            .filter_map(|caught| Some((CaughtFailure::usage(caught)?.step, caught.to_failure().name)))
            .collect();
        let mut steps: Vec<Span> =
            attempt.steps.iter().filter_map(|usage| step_span(id, root, usage, &broken, &whole)).collect();
        steps.sort_by_key(|span| span.started_at);
        Self { id, spans: [whole].into_iter().chain(steps).collect() }
    }
}

/// `None` for a step that an earlier release ran: it does not record the times.
fn step_span(
    trace: TraceId,
    parent: SpanId,
    usage: &StepUsage,
    broken: &[(Step, FailureName)],
    whole: &Span,
) -> Option<Span> {
    let started_at = usage.began?;
    let number = |number: u32| Value::Number(number.into());
    Some(Span {
        id: SpanId::of_step(trace, usage.step),
        parent: Some(parent),
        name: usage.step.as_str(),
        started_at,
        ended_at: usage.ended.unwrap_or(started_at).max(started_at),
        attributes: vec![
            ("managed_https.endpoint", whole.attributes[0].1.clone()),
            ("managed_https.attempt", whole.attributes[1].1.clone()),
            ("faas.name", Value::Text(usage.step.as_str().into())),
            // A waiting step runs several times: its span includes the waiting, this does not.
            ("managed_https.lambda_ms", Value::Number(usage.milliseconds)),
            ("managed_https.ca_requests", number(usage.ca_requests)),
            ("managed_https.route53_calls", number(usage.route53_calls)),
        ],
        failure: broken.iter().find(|(step, _)| *step == usage.step).map(|(_, name)| *name),
    })
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Running => "running",
        Outcome::Issued => "issued",
        Outcome::Renewed => "renewed",
        Outcome::Unchanged => "unchanged",
        Outcome::Failed => "failed",
        Outcome::Removed => "removed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::attempt::execution_name;
    use crate::flow::input::FailureReport;
    use std::collections::BTreeSet;
    use time::Duration;
    use time::macros::datetime;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::Failure;
    use vocabulary::guidance::WaitingOn;
    use vocabulary::names::{DelegationLabel, EndpointNames};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn id(seed: u8) -> EndpointId {
        EndpointId::from_random([seed; 16])
    }

    #[test]
    fn ids_are_the_same_in_every_release() {
        let trace = TraceId::of(&id(1), 7);
        assert_eq!(trace.to_string(), TRACE);
        assert_eq!(SpanId::of_attempt(trace).to_string(), ATTEMPT);
        assert_eq!(SpanId::of_step(trace, Step::OpenOrder).to_string(), OPEN_ORDER);
    }

    // Calculated once; existing logs and traces contain these ids.
    const TRACE: &str = "f6641bd39ab66a7661a82f5166a28a3b";

    const ATTEMPT: &str = "36afac18150ef73d";

    const OPEN_ORDER: &str = "a7c555ce2a4a796e";

    #[test]
    fn no_two_attempts_and_no_two_steps_share_an_id() {
        let traces: BTreeSet<_> =
            (0..=255).flat_map(|seed| (0..100).map(move |attempt| TraceId::of(&id(seed), attempt))).collect();
        assert_eq!(traces.len(), 25_600);
        let spans = traces.iter().flat_map(|trace| {
            Step::ALL.iter().map(|step| SpanId::of_step(*trace, *step)).chain([SpanId::of_attempt(*trace)])
        });
        assert_eq!(spans.collect::<BTreeSet<_>>().len(), 25_600 * (Step::ALL.len() + 1));
    }

    fn usage(step: Step, from: i64, to: i64) -> StepUsage {
        let at = |seconds| Some(NOW + Duration::seconds(seconds));
        StepUsage { step, milliseconds: 5, ca_requests: 2, route53_calls: 1, began: at(from), ended: at(to) }
    }

    #[test]
    fn an_attempt_is_one_span_with_a_child_for_each_step_and_the_one_that_broke_says_by_what() {
        let names = EndpointNames::parse("www.example.com", &[], 9).expect("valid");
        let tenant = vocabulary::names::TenantId::fallback();
        let label = DelegationLabel::from_random([2; 16]);
        let endpoint = Endpoint::register(id(1), tenant, names, Reachability::Internal, label, NOW);
        let failure = Failure::new(FailureName::ChallengeFailed, WaitingOn::DomainOwner, "no", "do");
        let report = FailureReport { failure: failure.clone(), usage: usage(Step::SubmitChallenge, 3, 4) };
        let message = serde_json::to_string(&report).expect("plain data");
        let cause = serde_json::json!({"errorType": "ChallengeFailed", "errorMessage": message}).to_string();
        let mut input = StepInput::start(id(1), 7);
        input.failure = Some(CaughtFailure { error: "ChallengeFailed".into(), cause });
        let attempt = Attempt {
            attempt: 7,
            started_at: NOW,
            finished_at: Some(NOW + Duration::seconds(9)),
            outcome: Outcome::Failed,
            method: None,
            order: None,
            directory: None,
            failure: Some(failure),
            execution: execution_name(&id(1), 7),
            steps: vec![
                usage(Step::SubmitChallenge, 3, 4),
                usage(Step::OpenOrder, 1, 2),
                StepUsage { began: None, ..usage(Step::CleanUpChallenge, 5, 6) },
            ],
        };
        let trace = AttemptTrace::of(&endpoint, &input, &attempt);
        assert_eq!(trace.id, TraceId::of(&id(1), 7));
        let told: Vec<_> = trace.spans.iter().map(|span| (span.name, span.parent.is_some(), span.failure)).collect();
        let broken = Some(FailureName::ChallengeFailed);
        let expected = [("attempt", false, broken), ("open-order", true, None), ("submit-challenge", true, broken)];
        assert_eq!(told, expected, "a step that does not say when it ran has no span");
        assert_eq!((trace.spans[0].started_at, trace.spans[0].ended_at), (NOW, NOW + Duration::seconds(9)));
        assert!(trace.spans[1..].iter().all(|span| span.parent == Some(trace.spans[0].id)));
        assert!(trace.spans[0].attributes.contains(&("managed_https.outcome", Value::Text("failed".into()))));
        let text = format!("{trace:?}");
        assert!(!text.contains("example.com"), "no customer is named: {text}");
    }
}
