//! The attempts: how each ended, what each step took, and where its execution is.

use askama::Template;
use askama::filters::HtmlSafe;
use domain::endpoint::{Attempt, Outcome, Step, StepUsage};
use time::Duration;
use vocabulary::acme::ChallengeKind;
use vocabulary::failure::FailureName;
use vocabulary::times::length;

use super::console::Console;
use super::moment::Clock;
use super::words::{self, Badge};

#[derive(Debug, Template)]
#[template(path = "parts/attempts.html")]
pub(crate) struct Attempts<'a> {
    clock: Clock,
    rows: Vec<Row<'a>>,
}

impl HtmlSafe for Attempts<'_> {}

#[derive(Debug)]
struct Row<'a> {
    attempt: &'a Attempt,
    outcome: Badge,
    took: Option<String>,
    method: Option<&'static str>,
    steps: Vec<StepRow>,
    execution: Option<String>,
}

#[derive(Debug)]
struct StepRow {
    name: &'static str,
    outcome: Badge,
    took: String,
    /// Per cent of all steps' time: where the bar begins, and its length.
    begin: f64,
    share: f64,
    ca_requests: u32,
    route53_calls: u32,
}

impl<'a> Attempts<'a> {
    /// `attempts` to list; `set_up` says which of them were part of the set-up. `console` only for those who may open it.
    pub(crate) fn of(
        attempts: &'a [Attempt],
        set_up: impl Fn(&Attempt) -> bool,
        console: Option<&Console>,
        clock: Clock,
    ) -> Self {
        let row = |attempt: &'a Attempt| Row {
            attempt,
            outcome: if set_up(attempt) { words::set_up() } else { words::outcome(&attempt.outcome) },
            took: attempt.finished_at.map(|end| length(end - attempt.started_at)),
            method: attempt.method.map(|method| match method {
                ChallengeKind::Http01 => "HTTP-01",
                ChallengeKind::Dns01 => "DNS-01",
                ChallengeKind::DnsPersist01 => "DNS-PERSIST-01",
            }),
            steps: steps(attempt, set_up(attempt)),
            execution: console.map(|console| console.execution(&attempt.execution)),
        };
        Self { clock, rows: attempts.iter().map(row).collect() }
    }
}

fn steps(attempt: &Attempt, set_up: bool) -> Vec<StepRow> {
    let whole = attempt.steps.iter().map(|step| step.milliseconds).sum::<u64>().max(1) as f64;
    let broke = broken_step(attempt);
    let mut begin = 0.0;
    let row = |step: &StepUsage| {
        let share = step.milliseconds as f64 * 100.0 / whole;
        let row = StepRow {
            name: words::step(&step.step),
            outcome: words::step_outcome(broke == Some(step.step), set_up),
            took: length(Duration::milliseconds(i64::try_from(step.milliseconds).unwrap_or(i64::MAX))),
            begin,
            share,
            ca_requests: step.ca_requests,
            route53_calls: step.route53_calls,
        };
        begin += share;
        row
    };
    in_order(attempt).into_iter().map(row).collect()
}

/// The steps in the order in which they ran: an attempt stores them as they were first recorded, an order that a retry or a
/// clean-up changes. Steps of earlier releases have no times and keep their order.
fn in_order(attempt: &Attempt) -> Vec<&StepUsage> {
    let mut steps: Vec<_> = attempt.steps.iter().collect();
    if steps.iter().all(|step| step.began.is_some()) {
        steps.sort_by_key(|step| step.began);
    }
    steps
}

/// The step at which a failed attempt ended: the last one that was not clean-up. A step that timed out was killed before it
/// could report its usage, so none is named then.
fn broken_step(attempt: &Attempt) -> Option<Step> {
    let failure = attempt.failure.as_ref().filter(|_| attempt.outcome == Outcome::Failed)?;
    let works = |step: &Step| !matches!(step, Step::CleanUpChallenge | Step::WithdrawRecords | Step::SettleAttempt);
    let last = in_order(attempt).into_iter().map(|usage| usage.step).rfind(works);
    last.filter(|_| failure.name != FailureName::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use vocabulary::failure::Failure;
    use vocabulary::guidance::WaitingOn;

    fn failed(name: FailureName) -> Attempt {
        let usage = |step, milliseconds| StepUsage { milliseconds, ca_requests: 1, ..StepUsage::of(step) };
        Attempt {
            attempt: 3,
            started_at: datetime!(2026-11-24 12:00 UTC),
            finished_at: Some(datetime!(2026-11-24 12:00:05 UTC)),
            outcome: Outcome::Failed,
            method: Some(ChallengeKind::Dns01),
            order: None,
            directory: None,
            failure: Some(Failure::new(name, WaitingOn::Ca, "<b>no</b>", "wait")),
            execution: "ep-a-3".into(),
            steps: vec![
                usage(Step::OpenOrder, 300),
                usage(Step::SubmitChallenge, 100),
                usage(Step::CleanUpChallenge, 0),
            ],
        }
    }

    #[test]
    fn the_step_that_broke_is_named_unless_it_was_killed() {
        assert_eq!(broken_step(&failed(FailureName::ChallengeFailed)), Some(Step::SubmitChallenge));
        assert_eq!(broken_step(&failed(FailureName::TimedOut)), None);
        let fine = Attempt { outcome: Outcome::Issued, failure: None, ..failed(FailureName::TimedOut) };
        assert_eq!(broken_step(&fine), None);
    }

    #[test]
    fn the_bars_of_the_steps_follow_each_other() {
        let steps = steps(&failed(FailureName::ChallengeFailed), false);
        let bars: Vec<_> = steps.iter().map(|step| (step.begin, step.share)).collect();
        assert_eq!(bars, [(0.0, 75.0), (75.0, 25.0), (100.0, 0.0)]);
    }

    #[test]
    fn steps_are_listed_in_the_order_in_which_they_ran() {
        let mut attempt = failed(FailureName::ChallengeFailed);
        attempt.steps.rotate_left(1);
        let names = |attempt: &Attempt| in_order(attempt).iter().map(|step| step.step).collect::<Vec<_>>();
        assert_eq!(names(&attempt)[0], Step::SubmitChallenge, "without times they stay");
        for step in &mut attempt.steps {
            let at = if step.step == Step::OpenOrder { 0 } else { i64::from(step.step == Step::CleanUpChallenge) + 1 };
            step.began = Some(attempt.started_at + Duration::seconds(at));
        }
        assert_eq!(names(&attempt), [Step::OpenOrder, Step::SubmitChallenge, Step::CleanUpChallenge]);
        assert_eq!(broken_step(&attempt), Some(Step::SubmitChallenge));
    }

    #[test]
    fn an_attempt_of_the_set_up_is_not_called_failed() {
        let attempts = [failed(FailureName::RecordsNotReady)];
        let clock = Clock { now: datetime!(2026-11-24 13:00 UTC) };
        let html = |set_up: bool| Attempts::of(&attempts, |_| set_up, None, clock).to_string();
        assert!(html(true).contains("Waiting for DNS") && !html(true).contains("Failed"), "{}", html(true));
        assert!(html(false).contains("Failed"));
    }

    #[test]
    fn an_execution_is_a_link_only_where_the_console_is_known() {
        let attempts = [failed(FailureName::ChallengeFailed)];
        let clock = Clock { now: datetime!(2026-11-24 13:00 UTC) };
        let html = Attempts::of(&attempts, |_| false, None, clock).to_string();
        assert!(html.contains("ep-a-3") && !html.contains("href=") && !html.contains("<b>"), "{html}");
        let console = Console::of("arn:aws:states:eu-central-1:1:stateMachine:m");
        let html = Attempts::of(&attempts, |_| false, console.as_ref(), clock).to_string();
        assert!(html.contains(r#"href="https://eu-central-1.console.aws.amazon.com/states/"#), "{html}");
    }
}
