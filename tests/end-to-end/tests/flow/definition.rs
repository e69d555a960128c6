//! Holds the state machine definition against the code and the template.

use std::collections::BTreeSet;

use domain::flow::Status;
use vocabulary::failure::FailureName;

use crate::machine::{Machine, State, Test};

const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// Errors that are not ours: what Lambda and Step Functions report.
fn is_platform_error(name: &str) -> bool {
    ["States.", "Lambda.", "Runtime.", "Sandbox.", "SQS."].iter().any(|prefix| name.starts_with(prefix))
}

#[test]
fn every_error_name_that_the_definition_matches_is_on_the_closed_list() {
    let ours: BTreeSet<&str> = FailureName::ALL.iter().map(|name| name.as_str()).collect();
    for state in Machine::load().states.values() {
        let State::Task { retry, catch, .. } = state else { continue };
        let names = retry.iter().flat_map(|r| &r.error_equals).chain(catch.iter().flat_map(|c| &c.error_equals));
        for name in names.filter(|name| !is_platform_error(name)) {
            assert!(ours.contains(name.as_str()), "{name} is no failure name");
        }
    }
}

#[test]
fn exactly_the_transient_failures_are_retried_and_everything_else_is_caught() {
    for (name, state) in Machine::load().states {
        let State::Task { retry, catch, .. } = state else { continue };
        let retried: BTreeSet<String> = retry.iter().flat_map(|r| r.error_equals.clone()).collect();
        for failure in FailureName::ALL {
            assert_eq!(retried.contains(failure.as_str()), failure.mends_itself(), "{name}: {failure}");
        }
        assert!(catch.iter().any(|c| c.error_equals == ["Superseded"] && c.next == "Superseded"), "{name}");
        let last = catch.last().expect("a catcher");
        assert_eq!(last.error_equals, ["States.ALL"], "{name}");
        let expected = match name.as_str() {
            "CleanUp" | "WithdrawRecords" => "Settle",
            // What it could not withdraw is left to CleanUp.
            "WithdrawSpentRecords" => "FinalizeOrder",
            "Settle" => "SettleFailed",
            _ => "CleanUp",
        };
        assert_eq!(last.next, expected, "clean-up and settling always run: {name}");
    }
}

#[test]
fn every_status_that_the_definition_chooses_by_is_one_that_steps_report() {
    let known: BTreeSet<String> = Status::ALL
        .iter()
        .map(|status| serde_json::to_value(status).expect("plain data").as_str().expect("text").to_owned())
        .collect();
    for state in Machine::load().states.values() {
        let State::Choice { choices, .. } = state else { continue };
        for rule in choices {
            match &rule.test {
                Test::StringEquals(status) => assert!(known.contains(status), "{status} is no status"),
                Test::IsPresent(_) => assert_eq!(rule.variable, "$.progress.records_spent"),
            }
        }
    }
}

#[test]
fn every_function_of_the_definition_is_given_by_the_template_and_has_a_time_limit() {
    let machine = Machine::load();
    for (name, state) in &machine.states {
        let State::Task { resource, timeout_seconds, .. } = state else { continue };
        let placeholder = resource.trim_start_matches("${").trim_end_matches('}');
        assert!(TEMPLATE.contains(placeholder), "{name}: template.yaml does not substitute {placeholder}");
        // In a queue a step waits for its turn.
        assert!(*timeout_seconds <= if placeholder == "SendAndWaitArn" { 300 } else { 90 }, "{name}");
    }
    let State::Task { timeout_seconds, .. } = &machine.states["PublishRecords"] else { panic!("it is a task") };
    let awaited = time::Duration::seconds(timeout_seconds.cast_signed());
    assert_eq!(awaited, domain::flow::PUBLISHING_AWAITED, "a message is too late when nobody waits for its answer");
    let lease = u64::try_from(domain::endpoint::LEASE.whole_seconds()).expect("positive");
    assert!(machine.timeout_seconds < lease, "an execution is over before its endpoint is taken for free");
}

/// How long a step is retried for while Lambda has no room for it, at the least: full jitter may make each wait nothing, so
/// what counts is how often.
fn throttled_tries(state: &State) -> u32 {
    let State::Task { retry, .. } = state else { return 0 };
    let named =
        retry.iter().find(|retrier| retrier.error_equals.iter().any(|e| e == "Lambda.TooManyRequestsException"));
    named.map_or(0, |retrier| retrier.max_attempts)
}

#[test]
fn clean_up_outlasts_the_steps_before_it_and_settling_outlasts_clean_up() {
    let machine = Machine::load();
    let tries = |name: &str| throttled_tries(&machine.states[name]);
    let before = machine.states.keys().filter(|name| !["CleanUp", "Settle"].contains(&name.as_str()));
    let most = before.map(|name| tries(name)).max().expect("there are states");
    assert!(tries("CleanUp") > most && tries("Settle") > tries("CleanUp"));
}
