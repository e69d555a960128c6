//! What is wrong before anything is asked, and what is wrong with the answer.

use serde_json::json;

use crate::api_double::ApiDouble;
use crate::fixtures::problem;
use crate::{assert_status, command, err, out, run};

#[test]
fn usage_errors_end_with_2_and_say_what_is_missing() {
    for (arguments, says) in [
        (&["add", "a.example"][..], "--external"),
        (&["nonsense"], "nonsense"),
        (&["show", ".."], "not a domain"),
        (&["renew", "a.example", "--wait", "--timeout", "soon"], "15m"),
        (&["list", "--api", "api.example"], "--api"),
        (&["list", "--verdict", "good"], "action_required"),
        (&["records", "a.example", "--format", "xml"], "cloudformation"),
        (&["change", "a.example"], "--no-also"),
        (&["share", "a.example", "--revoke", "x"], "--list"),
        (&["remove", "a.example"], "--yes"),
    ] {
        let output = command("http://127.0.0.1:1", arguments).output().expect("starts");
        assert_status(&output, 2);
        assert!(err(&output).contains(says) && out(&output).is_empty(), "{arguments:?}: {}", err(&output));
    }
    let output = command("", &["list"]).env_remove("MANAGED_HTTPS_API").output().expect("starts");
    assert_status(&output, 2);
    assert!(err(&output).contains("MANAGED_HTTPS_API"));
}

#[test]
fn help_version_and_completions_need_nothing() {
    let bare = |arguments: &[&str]| {
        let output = command("", arguments).env_clear().output().expect("starts");
        assert_status(&output, 0);
        out(&output).to_owned()
    };
    assert!(bare(&["--version"]).starts_with("managed-https 0."));
    assert!(bare(&["--help"]).contains("Examples:"));
    for (shell, names) in
        [("bash", "complete -F"), ("zsh", "#compdef managed-https"), ("fish", "complete -c managed-https")]
    {
        let script = bare(&["completions", shell]);
        assert!(script.contains(names) && script.contains("doctor"), "{shell}");
    }
}

#[test]
fn a_problem_is_told_as_what_why_and_next_and_steers_no_terminal() {
    let api = ApiDouble::start(|_, _| problem(409, "Already registered"));
    let output = run(&api, &["add", "www.example.com", "--external"]);
    assert_status(&output, 1);
    assert_eq!(
        err(&output),
        "error: Already registered.\n  why:  It is \u{fffd}[2Jso. (field: domain)\n  next: Do `this`.\n"
    );
    assert_eq!(out(&output), "");
    let missing = run(&ApiDouble::start(|_, _| problem(404, "No such endpoint")), &["show", "gone.example"]);
    assert_status(&missing, 1);
    assert!(err(&missing).contains("managed-https list"));
}

#[test]
fn an_api_that_cannot_be_reached_is_named_with_what_to_check() {
    let output = command("http://127.0.0.1:1/base", &["list"]).output().expect("starts");
    assert_status(&output, 1);
    assert!(err(&output).contains("http://127.0.0.1:1/base") && err(&output).contains("next:"), "{}", err(&output));
}

#[test]
fn what_does_not_speak_as_the_api_does_is_told_as_that() {
    let api = ApiDouble::always(200, &json!(["something else"]));
    let output = run(&api, &["show", "www.example.com"]);
    assert_status(&output, 1);
    assert!(err(&output).contains("does not speak as the API does"), "{}", err(&output));
}
