//! What makes renewals happen by themselves.

use domain::installation::InstallationCheck;
use domain::installation_facts::{Looked, Schedule};
use time::{Duration, OffsetDateTime};

use crate::{Installation, failed, ok, unseen, warning};

pub(crate) fn schedule(seen: &Looked<Schedule>) -> InstallationCheck {
    const NAME: &str = "schedule";
    match seen {
        Err(fault) => unseen(NAME, fault),
        Ok(Schedule { name, expression, enabled: true }) => ok(NAME, format!("{name} is enabled: {expression}.")),
        // An update replaces the whole schedule: what is to stay has to be said again.
        Ok(Schedule { name, enabled: false, .. }) => failed(
            NAME,
            format!("{name} is disabled: no scan starts, and nothing is renewed."),
            format!(
                "Enable it: aws scheduler get-schedule --name {name} --query '{{Name:Name,GroupName:GroupName,\
                 ScheduleExpression:ScheduleExpression,FlexibleTimeWindow:FlexibleTimeWindow,Target:Target}}' --output json \
                 >schedule.json && aws scheduler update-schedule --cli-input-json file://schedule.json --state ENABLED"
            ),
        ),
    }
}

pub(crate) fn last_scan(
    seen: &Looked<Option<OffsetDateTime>>,
    installation: &Installation,
    now: OffsetDateTime,
) -> InstallationCheck {
    const NAME: &str = "last-scan";
    let logs = format!("aws logs tail /{}/scan-expiring --since 1h", installation.stack);
    match seen {
        Err(fault) => unseen(NAME, fault),
        Ok(None) => warning(
            NAME,
            "No scan has come to its end yet.",
            format!(
                "Just after the first deployment, wait for the schedule. Else see the check “schedule” and the log: {logs}"
            ),
        ),
        Ok(Some(last)) if now - *last >= installation.silence => failed(
            NAME,
            format!("The last scan that came to its end was {} ago: nothing is being renewed.", span(now - *last)),
            format!("See the checks “schedule” and “dead-letters”, and the log: {logs}"),
        ),
        Ok(Some(last)) => ok(NAME, format!("The last scan came to its end {} ago.", span(now - *last))),
    }
}

pub(crate) fn dead_letters(seen: &Looked<u64>, installation: &Installation) -> InstallationCheck {
    const NAME: &str = "dead-letters";
    let queue = &installation.dead_letters;
    match seen {
        Err(fault) => unseen(NAME, fault),
        Ok(0) => ok(NAME, "Every scan could be started."),
        Ok(count) => failed(
            NAME,
            format!("{count} scans could not be started, or failed at every try."),
            format!(
                "Read why: aws sqs receive-message --queue-url {queue} --message-attribute-names All. When it is mended, \
                 empty the queue: aws sqs purge-queue --queue-url {queue}"
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
    use crate::testing::{NOW, facts, gone, installation, is_failed, is_ok, is_warning};

    #[test]
    fn a_disabled_schedule_is_a_failure_with_the_command_that_enables_it() {
        let seen = facts().schedule.expect("seen");
        assert!(is_ok(&schedule(&Ok(seen.clone()))));
        let check = schedule(&Ok(Schedule { enabled: false, ..seen }));
        assert!(is_failed(&check) && check.remedy.expect("a remedy").ends_with("--state ENABLED"));
        assert!(is_failed(&schedule(&Err(gone("scheduler:GetSchedule")))));
    }

    #[test]
    fn a_scan_is_late_exactly_when_the_alarm_on_silence_rings() {
        let judged = |last| last_scan(&Ok(last), &installation(), NOW);
        let silence = installation().silence;
        assert!(is_ok(&judged(Some(NOW - silence + Duration::SECOND))));
        assert!(is_failed(&judged(Some(NOW - silence))));
        assert!(is_warning(&judged(None)));
        assert!(is_ok(&judged(Some(NOW + Duration::SECOND))), "its clock may be ahead of ours");
    }

    #[test]
    fn one_dead_letter_is_a_failure() {
        assert!(is_ok(&dead_letters(&Ok(0), &installation())));
        let check = dead_letters(&Ok(1), &installation());
        assert!(is_failed(&check) && check.remedy.expect("a remedy").contains(&installation().dead_letters));
    }

    #[test]
    fn a_span_is_told_in_the_largest_unit_of_which_there_are_two() {
        for (seconds, told) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 d")]
        {
            assert_eq!(span(Duration::seconds(seconds)), told);
        }
    }
}
