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
        (&["list", "--status", "good"], "action_required"),
        (&["list", "--expires-within", "soon"], "14d"),
        (&["list", "--token", ""], "--token is empty"),
        (&["--token", " ", "list"], "--token is empty"),
        (&["renew", "--cause", "RateLimited", "a.example"], "cannot be used with"),
        (&["records", "a.example", "--format", "xml"], "cloudformation"),
        (&["change", "a.example"], "--no-names"),
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
fn a_problem_is_shown_as_what_why_and_next_and_steers_no_terminal() {
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
fn an_answer_that_is_not_the_apis_is_called_that() {
    let api = ApiDouble::always(200, &json!(["something else"]));
    let output = run(&api, &["show", "www.example.com"]);
    assert_status(&output, 1);
    assert!(err(&output).contains("is not the API's"), "{}", err(&output));
}

#[test]
fn a_fault_of_the_server_names_the_request_and_leads_to_doctor() {
    let api = ApiDouble::start(|_, _| problem(500, "The installation is not in order"));
    let output = run(&api, &["show", "www.example.com"]);
    assert_status(&output, 1);
    assert!(err(&output).contains(" (request id: JKJaXmPLvHcESHA=)\n"), "{}", err(&output));
    assert!(err(&output).ends_with(" To check the installation: managed-https doctor\n"), "{}", err(&output));
}

#[test]
fn a_profile_of_aws_that_is_not_there_is_named() {
    let home = std::env::temp_dir().join(format!("managed-https-profile-{}", std::process::id()));
    std::fs::create_dir_all(&home).expect("a directory");
    let file = home.join("config");
    std::fs::write(&file, "[profile stage]\nregion = eu-west-1\n").expect("a file");
    let profile = |name: &str| {
        let mut command = command("http://127.0.0.1:1", &["list"]);
        command.env("AWS_CONFIG_FILE", &file).env("AWS_SHARED_CREDENTIALS_FILE", home.join("none"));
        command.env("AWS_PROFILE", name).output().expect("starts")
    };
    let wrong = profile("prod");
    assert_status(&wrong, 1);
    let says = "There is no AWS profile “prod” (AWS_PROFILE)";
    assert!(err(&wrong).contains(says) && err(&wrong).contains("one of: stage"), "{}", err(&wrong));
    let right = profile("stage");
    assert!(err(&right).contains("cannot be reached"), "{}", err(&right));
    std::fs::remove_dir_all(&home).expect("it can be removed");
}
