//! What makes renewals automatic.

use domain::installation::{InstallationCheck, LONGEST_ATTEMPT, Observed, ResourceState, Schedule, Task, TaskFacts};
use time::{Duration, OffsetDateTime};
use vocabulary::text::counted;

use crate::{Installation, failed, ok, unseen, warning};

/// The checks of one task: its schedule, and its last run.
pub(crate) fn task(facts: &TaskFacts, installation: &Installation, now: OffsetDateTime) -> [InstallationCheck; 2] {
    let told = told(facts.task);
    [schedule(&told, &facts.schedule, installation.silence), last_run(&told, &facts.last_run, installation, now)]
}

/// How texts name a task.
struct Told {
    schedule_check: &'static str,
    run_check: &'static str,
    run: &'static str,
    /// What does not happen while it does not run.
    missed: &'static str,
    function: &'static str,
}

fn told(task: Task) -> Told {
    match task {
        Task::Scan => Told {
            schedule_check: "schedule",
            run_check: "last-scan",
            run: "scan",
            missed: "no certificate is renewed",
            function: "scan-expiring",
        },
        Task::Advice => Told {
            schedule_check: "advice-schedule",
            run_check: "last-advice",
            run: "poll of suggested renewal windows (ARI)",
            missed: "a mass revocation would go unnoticed",
            function: "poll-renewal-info",
        },
        Task::Health => Told {
            schedule_check: "health-schedule",
            run_check: "last-health",
            run: "health check run",
            missed: "problems between renewals go unnoticed",
            function: "check-health",
        },
    }
}

/// `silence`: after how long without a run the alarms ring.
fn schedule(told: &Told, seen: &Observed<Schedule>, silence: Duration) -> InstallationCheck {
    match seen {
        Err(fault) => unseen(told.schedule_check, fault),
        // The alarms count runs in periods of that length: one that a period misses is taken for a good one.
        Ok(Schedule { name, expression, enabled: true, .. })
            if interval(expression).is_some_and(|interval| interval * RUNS_BEFORE_SILENCE > silence) =>
        {
            warning(
                told.schedule_check,
                format!("{name} is enabled: {expression}. The alarms expect three runs in {}.", span(silence)),
                "Deploy with a HeartbeatSeconds of three times the slowest schedule, or with a faster schedule: make deploy",
            )
        }
        // The interval of a calendar schedule is not known here.
        Ok(Schedule { name, expression, enabled: true, .. }) if interval(expression).is_none() => warning(
            told.schedule_check,
            format!(
                "{name} is enabled: {expression}, which is no rate. The alarms expect three runs in {}.",
                span(silence)
            ),
            "Deploy with a rate, like rate(5 minutes), or make sure that three runs are never further apart than \
             HeartbeatSeconds: make deploy",
        ),
        Ok(Schedule { name, expression, enabled: true, .. }) => {
            ok(told.schedule_check, format!("{name} is enabled: {expression}."))
        }
        // An update replaces the whole schedule, so it has to repeat what is to stay.
        Ok(Schedule { name, enabled: false, .. }) => failed(
            told.schedule_check,
            format!("{name} is disabled: no {} starts, and {}.", told.run, told.missed),
            format!(
                "Enable it: aws scheduler get-schedule --name {name} --query '{{Name:Name,GroupName:GroupName,\
                 ScheduleExpression:ScheduleExpression,FlexibleTimeWindow:FlexibleTimeWindow,Target:Target}}' --output json \
                 >schedule.json && aws scheduler update-schedule --cli-input-json file://schedule.json --state ENABLED"
            ),
        ),
    }
}

/// With fewer, one late run would raise an alarm, or hide one.
const RUNS_BEFORE_SILENCE: i32 = 3;

/// How often a schedule of EventBridge Scheduler runs: `rate(5 minutes)`. `None` of one that is no rate.
fn interval(expression: &str) -> Option<Duration> {
    let (count, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let unit = match unit.trim_end_matches('s') {
        "minute" => Duration::MINUTE,
        "hour" => Duration::HOUR,
        "day" => Duration::DAY,
        _ => return None,
    };
    unit.checked_mul(count.parse().ok()?)
}

fn last_run(
    told: &Told,
    seen: &Observed<Option<OffsetDateTime>>,
    installation: &Installation,
    now: OffsetDateTime,
) -> InstallationCheck {
    let Told { schedule_check, run_check, run, missed, function } = told;
    let logs = format!("aws logs tail /{}/{function} --since 1h", installation.stack);
    match seen {
        Err(fault) => unseen(run_check, fault),
        Ok(None) => warning(
            run_check,
            format!("No {run} has finished yet."),
            format!(
                "Just after the first deployment, wait for the schedule. Otherwise see the check “{schedule_check}” and the \
                 log: {logs}"
            ),
        ),
        Ok(Some(last)) if now - *last >= installation.silence => failed(
            run_check,
            format!("The last {run} finished {} ago: {missed}.", span(now - *last)),
            format!("See the checks “{schedule_check}” and “dead-letters”, and the log: {logs}"),
        ),
        Ok(Some(last)) => ok(run_check, format!("The last {run} finished {} ago.", span(now - *last))),
    }
}

pub(crate) fn dead_letters(seen: &Observed<u64>, installation: &Installation) -> InstallationCheck {
    const NAME: &str = "dead-letters";
    let queue = &installation.dead_letters;
    match seen {
        Err(fault) => unseen(NAME, fault),
        Ok(0) => ok(NAME, "All scheduled runs started."),
        Ok(count) => failed(
            NAME,
            format!("{} did not start, or failed at every try.", counted(*count, "scheduled run")),
            format!(
                "Read why: aws sqs receive-message --queue-url {queue} --message-attribute-names All. When it is fixed, \
                 empty the queue: aws sqs purge-queue --queue-url {queue}"
            ),
        ),
    }
}

/// While the queue does not reach the writer, no attempt over DNS goes on: each waits until its step's time is over.
pub(crate) fn record_writer(seen: &Observed<ResourceState>, installation: &Installation) -> InstallationCheck {
    const NAME: &str = "record-writer";
    let id = &installation.records_to_writer;
    match seen {
        Err(fault) => unseen(NAME, fault),
        Ok(ResourceState::Ready) => ok(NAME, "write-records gets the jobs of its queue."),
        Ok(ResourceState::NotReady(state)) => failed(
            NAME,
            format!("The event source mapping of write-records is {state}: no TXT record is written or removed."),
            format!(
                "Enable it: aws lambda update-event-source-mapping --uuid {id} --enabled. If it is being deleted, deploy the \
                 stack again: make deploy"
            ),
        ),
    }
}

pub(crate) fn attempts(seen: &Observed<Vec<String>>, installation: &Installation) -> InstallationCheck {
    const NAME: &str = "attempts";
    let longest = span(LONGEST_ATTEMPT);
    match seen.as_deref() {
        Err(fault) => unseen(NAME, fault),
        Ok([]) => ok(NAME, format!("No attempt has been running for more than {longest}.")),
        Ok([first, ..]) => failed(
            NAME,
            format!(
                "{} running for more than {longest}, for example {first}.",
                counted(seen.as_ref().map_or(0, |all| all.len() as u64), "attempt")
            ),
            format!(
                "See its state: aws stepfunctions get-execution-history --reverse-order --max-results 20 \
                 --execution-arn {}:{first}. It is stopped 90 minutes after its start, and the next attempt continues its order.",
                installation.state_machine.replace(":stateMachine:", ":execution:")
            ),
        ),
    }
}

/// `90 s`, `12 min`, `3 h`, `2 d`.
fn span(duration: Duration) -> String {
    let seconds = duration.whole_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, gone, installation, is_failed, is_ok, is_warning, task};

    fn judged(facts: &TaskFacts) -> [InstallationCheck; 2] {
        super::task(facts, &installation(), NOW)
    }

    #[test]
    fn a_disabled_schedule_is_a_failure_with_the_command_that_enables_it() {
        for which in [Task::Scan, Task::Advice, Task::Health] {
            let mut facts = task(which);
            assert!(judged(&facts).iter().all(is_ok));
            facts.schedule.as_mut().expect("seen").enabled = false;
            let [schedule, run] = judged(&facts);
            assert!(is_failed(&schedule) && is_ok(&run));
            assert!(schedule.remedy.expect("a remedy").ends_with("--state ENABLED"));
            facts.schedule = Err(gone("scheduler:GetSchedule"));
            assert!(is_failed(&judged(&facts)[0]));
        }
    }

    #[test]
    fn a_schedule_that_is_rarer_than_the_alarms_expect_is_named() {
        let told = told(Task::Health);
        let schedule = |expression: &str| {
            let (name, function) = ("check".to_owned(), None);
            let schedule = Schedule { name, enabled: true, expression: expression.into(), function };
            super::schedule(&told, &Ok(schedule), Duration::minutes(15))
        };
        for fine in ["rate(1 minute)", "rate(5 minutes)"] {
            assert!(is_ok(&schedule(fine)), "{fine}");
        }
        for rare in ["rate(6 minutes)", "rate(1 hour)", "rate(2 hours)", "cron(0 * * * ? *)"] {
            let check = schedule(rare);
            assert!(is_warning(&check) && check.remedy.is_some_and(|step| step.contains("HeartbeatSeconds")), "{rare}");
        }
    }

    #[test]
    fn a_run_is_late_exactly_when_the_alarm_on_silence_rings() {
        for which in [Task::Scan, Task::Advice, Task::Health] {
            let run = |last| judged(&TaskFacts { last_run: Ok(last), ..task(which) })[1].clone();
            let silence = installation().silence;
            assert!(is_ok(&run(Some(NOW - silence + Duration::SECOND))));
            assert!(is_failed(&run(Some(NOW - silence))));
            assert!(is_warning(&run(None)));
            assert!(is_ok(&run(Some(NOW + Duration::SECOND))), "its clock may be ahead of ours");
        }
    }

    #[test]
    fn an_attempt_that_does_not_end_is_named() {
        assert!(is_ok(&attempts(&Ok(vec![]), &installation())));
        let check = attempts(&Ok(vec!["ep-x-7".into()]), &installation());
        assert!(is_failed(&check) && check.detail.contains("ep-x-7"));
        assert!(check.remedy.expect("a remedy").contains(":execution:issue:ep-x-7."));
        assert!(is_failed(&attempts(&Err(gone("states:ListExecutions")), &installation())));
    }

    #[test]
    fn a_writer_that_gets_no_jobs_is_a_failure_with_the_command_that_fixes_it() {
        assert!(is_ok(&record_writer(&Ok(ResourceState::Ready), &installation())));
        let check = record_writer(&Ok(ResourceState::NotReady("Disabled".into())), &installation());
        assert!(is_failed(&check) && check.detail.contains("is Disabled"), "{check:?}");
        let command = format!("--uuid {} --enabled", installation().records_to_writer);
        assert!(check.remedy.expect("a remedy").contains(&command));
        assert!(is_failed(&record_writer(&Err(gone("lambda:GetEventSourceMapping")), &installation())));
    }

    #[test]
    fn one_dead_letter_is_a_failure() {
        assert!(is_ok(&dead_letters(&Ok(0), &installation())));
        let check = dead_letters(&Ok(1), &installation());
        assert!(is_failed(&check) && check.remedy.expect("a remedy").contains(&installation().dead_letters));
    }

    #[test]
    fn a_duration_is_given_in_the_largest_unit_of_which_there_are_two() {
        for (seconds, told) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 d")]
        {
            assert_eq!(span(Duration::seconds(seconds)), told);
        }
    }
}
