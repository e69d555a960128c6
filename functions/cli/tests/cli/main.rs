//! The program as people and scripts run it, against a server in the API's place.

mod api_double;
mod contract;
mod fixtures;

use std::process::{Command, Output, Stdio};

use api_double::ApiDouble;
use fixtures::{attempt, checked, failing, issuing, problem, ready, record, removing};
use serde_json::{Value, json};

fn command(address: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_managed-https"));
    command
        .args(arguments)
        .env_clear()
        .env("MANAGED_HTTPS_API", address)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .stdin(Stdio::null());
    command
}

fn run(api: &ApiDouble, arguments: &[&str]) -> Output {
    command(&api.address, arguments).output().expect("the program starts")
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

fn json_out(output: &Output) -> Value {
    serde_json::from_str(out(output)).unwrap_or_else(|_| panic!("no JSON: {output:?}"))
}

#[track_caller]
fn assert_status(output: &Output, status: i32) {
    assert_eq!(output.status.code(), Some(status), "{}\n{}", out(output), err(output));
}

#[test]
fn usage_errors_end_with_2_and_say_what_is_missing() {
    for (arguments, says) in [
        (&["add", "a.example"][..], "--external"),
        (&["nonsense"], "nonsense"),
        (&["show", ".."], "not a domain"),
        (&["renew", "a.example", "--wait", "--timeout", "soon"], "15m"),
        (&["list", "--api", "api.example"], "--api"),
        (&["remove", "a.example"], "--yes"),
    ] {
        let output = command("http://127.0.0.1:1", arguments).output().expect("starts");
        assert_status(&output, 2);
        assert!(err(&output).contains(says), "{arguments:?}: {}", err(&output));
    }
    let output = command("", &["list"]).env_remove("MANAGED_HTTPS_API").output().expect("starts");
    assert_status(&output, 2);
    assert!(err(&output).contains("MANAGED_HTTPS_API"));
}

#[test]
fn help_and_version_need_nothing() {
    let help = command("", &["--help"]).env_clear().output().expect("starts");
    assert_status(&help, 0);
    assert!(out(&help).contains("Examples:") && out(&help).contains("--format"));
    assert!(out(&command("", &["--version"]).env_clear().output().expect("starts")).starts_with("managed-https 0."));
}

#[test]
fn requests_are_signed_and_keep_the_base_path() {
    let api = ApiDouble::always(200, &ready());
    assert_status(&run(&api, &["show", "*.bücher.example", "--format", "json"]), 0);
    let asked = api.first();
    assert_eq!(asked.what, "GET /v1/endpoints/*.xn--bcher-kva.example");
    let authorization = asked.header("authorization").expect("it is signed");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=test/"), "{authorization}");
    assert!(
        authorization.contains("/eu-central-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=")
    );
    assert!(asked.header("user-agent").is_some_and(|agent| agent.starts_with("managed-https/")));
}

#[test]
fn what_is_not_of_a_domain_is_encoded_in_the_path() {
    let api = ApiDouble::always(200, &ready());
    assert_status(&run(&api, &["show", "a?b#c%d"]), 0);
    assert_eq!(api.asked()[0].what, "GET /v1/endpoints/a%3Fb%23c%25d");
}

#[test]
fn records_for_a_program_are_an_array_of_exactly_four_fields() {
    let longer = checked(Some("ok"), &json!([]));
    let api = ApiDouble::start(move |_, _| (200, json!({"records": [longer]}).to_string()));
    let output = run(&api, &["records", "www.example.com", "--format", "json"]);
    assert_status(&output, 0);
    assert_eq!(json_out(&output), json!([record()]));
    let table = run(&api, &["records", "www.example.com"]);
    assert!(out(&table).contains("l.acme.example") && !out(&table).contains('\u{1b}'));
}

#[test]
fn the_list_follows_its_pages_to_the_end() {
    let api = ApiDouble::start(|asked, _| match asked.query.as_str() {
        "sort=attention&limit=200" => (200, json!({"endpoints": [issuing()], "next_cursor": "a/b=="}).to_string()),
        "sort=attention&limit=200&cursor=a%2Fb%3D%3D" => {
            (200, json!({"endpoints": [ready()], "next_cursor": null}).to_string())
        }
        _ => problem(404, "No such resource"),
    });
    let output = run(&api, &["list", "--format", "json"]);
    assert_status(&output, 0);
    assert_eq!(json_out(&output), json!([issuing(), ready()]));
    assert_eq!(out(&run(&api, &["list"])).lines().count(), 4);
}

#[test]
fn history_for_a_program_is_an_array_of_attempts() {
    let api =
        ApiDouble::start(|_, _| (200, json!({"attempts": [attempt(2, "renewed"), attempt(1, "failed")]}).to_string()));
    let output = run(&api, &["history", "www.example.com", "--format", "json"]);
    assert_eq!(json_out(&output), json!([attempt(2, "renewed"), attempt(1, "failed")]));
    assert!(out(&run(&api, &["history", "ep-1"])).contains("RecordsNotReady"));
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
fn adding_shows_the_records_and_the_next_command() {
    let api = ApiDouble::start(|_, _| (201, issuing().to_string()));
    let output =
        run(&api, &["add", "www.example.com", "--also", "x.example.com", "--also", "y.example.com", "--internal"]);
    assert_status(&output, 0);
    assert!(
        out(&output).contains("l.acme.example") && out(&output).contains("managed-https renew www.example.com --wait")
    );
    let asked = api.first();
    assert_eq!(asked.what, "POST /v1/endpoints");
    assert_eq!(
        asked.body,
        json!({"domain": "www.example.com", "also": ["x.example.com", "y.example.com"], "reachability": "internal"})
    );
    assert_eq!(asked.header("content-type"), Some("application/json"));
}

#[test]
fn adding_and_waiting_tells_each_failure_once_and_outlasts_an_outage() {
    let api = ApiDouble::start(|asked, before| match (asked.what.as_str(), before) {
        ("POST /v1/endpoints", _) => (201, issuing().to_string()),
        (_, 0 | 1) => (200, failing().to_string()),
        (_, 2) => (503, "<html>".into()),
        _ => (200, ready().to_string()),
    });
    let output = run(&api, &["add", "www.example.com", "--internal", "--wait", "--format", "json"]);
    assert_status(&output, 0);
    assert_eq!(json_out(&output), ready());
    let told = err(&output);
    assert_eq!(told.matches("Not yet:").count(), 1, "{told}");
    assert!(told.contains("record: _acme-challenge.www.example.com CNAME l.acme.example"), "{told}");
    assert!(
        told.contains("action required (attempt 1 has ended)") && told.contains("ready") && !told.contains('\u{1b}'),
        "{told}"
    );
}

#[test]
fn adding_and_waiting_in_vain_fails_with_what_to_do() {
    let api = ApiDouble::start(|asked, _| match asked.what.as_str() {
        "POST /v1/endpoints" => (201, issuing().to_string()),
        _ => (200, failing().to_string()),
    });
    let output = run(&api, &["add", "www.example.com", "--internal", "--wait", "--timeout", "1s"]);
    assert_status(&output, 1);
    let told = err(&output);
    assert!(
        told.contains("no certificate after 1s") && told.contains("managed-https renew www.example.com --wait"),
        "{told}"
    );
}

#[test]
fn a_renewal_is_waited_for_and_its_failure_fails_the_command() {
    for (outcome, status) in [("renewed", 0), ("unchanged", 0), ("failed", 1)] {
        let api = ApiDouble::start(move |asked, before| match asked.what.rsplit('/').next() {
            Some("renew") => (202, json!({"endpoint": "ep-1", "attempt": 2}).to_string()),
            Some("attempts") if before == 0 => (200, json!({"attempts": [attempt(1, "issued")]}).to_string()),
            Some("attempts") => (200, json!({"attempts": [attempt(2, outcome), attempt(1, "issued")]}).to_string()),
            _ => (200, ready().to_string()),
        });
        let output = run(&api, &["renew", "www.example.com", "--wait"]);
        assert_status(&output, status);
        let told = if status == 0 { out(&output) } else { err(&output) };
        assert!(told.contains(&format!("{outcome} by attempt 2 over dns-01, in 5.0 s")), "{told}");
    }
}

#[test]
fn a_removal_is_waited_for_until_the_endpoint_is_gone() {
    let api = ApiDouble::start(|asked, before| match asked.what.as_str() {
        "DELETE /v1/endpoints/www.example.com" => (202, removing().to_string()),
        "GET /v1/endpoints/ep-1" if before == 0 => (200, removing().to_string()),
        _ => problem(404, "No such endpoint"),
    });
    let output = run(&api, &["remove", "www.example.com", "--yes", "--wait"]);
    assert_status(&output, 0);
    assert_eq!(out(&output), "www.example.com is removed.\n");
}
