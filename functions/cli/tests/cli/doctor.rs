//! The installation, checked from this machine and through the API.

use serde_json::{Value, json};
use vocabulary::version::VERSION;

use crate::api_double::{Answer, ApiDouble};
use crate::fixtures::{failing, issuing, problem, ready, removing};
use crate::{assert_status, command, err, json_out, out, run};

fn theirs() -> Value {
    json!([
        {"name": "delegation zone", "status": "ok", "detail": "acme.example is delegated", "remedy": null, "later": 1,
            "used": [{"of": "load-balancers pool eu", "percent": 68}]},
        {"name": "alarms", "status": "warning", "detail": "nobody has confirmed", "remedy": "Confirm the mail"},
        {"name": "schedule", "status": "failed", "detail": "no scan for \u{1b}[2J32 minutes", "remedy": "Enable it: aws x",
            "since": "2026-01-01T00:00:00Z"}
    ])
}

fn answer(what: &str, caller: &Value, checks: &Value) -> Answer {
    match what.rsplit('/').next() {
        Some("health") => (200, json!({"status": "ok"}).to_string()),
        Some("caller") => (200, caller.to_string()),
        _ => (200, json!({"checks": checks}).to_string()),
    }
}

fn operator() -> Value {
    json!({"who": "arn:aws:iam::1:user/ann", "operator": true, "tenant": null})
}

/// The screen, without how long the API took to answer and without the address.
fn lines(output: &std::process::Output) -> Vec<String> {
    out(output).lines().filter(|line| !line.contains("api reachable")).map(str::to_owned).collect()
}

#[test]
fn each_line_has_its_status_and_a_failure_the_next_step() {
    let api = ApiDouble::start(|request, _| answer(&request.what, &operator(), &theirs()));
    let output = run(&api, &["doctor"]);
    assert_status(&output, 1);
    assert_eq!(
        lines(&output),
        [
            " warning  clock            the API's answer has no date",
            "                           → Compare this machine's clock with the time elsewhere: date -u",
            format!(" warning  version          the stack is older than 0.2.0, the CLI is {VERSION}").as_str(),
            "                           → Update the stack: read CHANGELOG.md from its version on, then run make deploy.",
            " ok       credentials      arn:aws:iam::1:user/ann, an operator",
            " ok       delegation zone  acme.example is delegated",
            "                           load-balancers pool eu  ██████████████░░░░░░  68\u{a0}% used",
            " warning  alarms           nobody has confirmed",
            "                           → Confirm the mail",
            " failed   schedule         no scan for \u{fffd}[2J32 minutes Since 2026-01-01 00:00:00 UTC.",
            "                           → Enable it: aws x",
            "",
            "1 failure, 3 warnings. Check again: managed-https doctor",
        ]
    );
    assert_eq!(err(&output), "");
}

#[test]
fn a_program_gets_the_apis_own_checks_after_those_made_from_here() {
    let api = ApiDouble::start(|request, _| answer(&request.what, &operator(), &theirs()));
    let output = run(&api, &["doctor", "--format", "json"]);
    assert_status(&output, 1);
    let checks = json_out(&output)["checks"].as_array().expect("an array").clone();
    let names: Vec<_> = checks.iter().map(|check| check["name"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["api reachable", "clock", "version", "credentials", "delegation zone", "alarms", "schedule"]);
    assert_eq!(Value::from(checks[4..].to_vec()), theirs());
    assert!(err(&output).ends_with("next: Enable it: aws x; then: managed-https doctor\n"), "{}", err(&output));
}

#[test]
fn an_installation_with_nothing_failed_is_status_0() {
    let good = json!([theirs()[0], theirs()[1]]);
    let api = ApiDouble::start(move |request, _| answer(&request.what, &operator(), &good));
    let output = run(&api, &["doctor"]);
    assert_status(&output, 0);
    assert!(out(&output).ends_with("\nNo failures, 3 warnings.\n"), "{}", out(&output));
}

/// What a first certificate meets, from the registration to the end; `issued`: whether it comes.
fn deep(api_issues: bool, directory: &str) -> ApiDouble {
    let checks = json!([{"name": "acme-directory", "status": "ok", "detail": directory}]);
    let mut with_id = if api_issues { ready() } else { failing() };
    with_id["failure"]["actor"] = json!("operator");
    if api_issues {
        with_id["failure"] = Value::Null;
    }
    with_id["next_attempt_at"] = json!("2999-03-01T00:00:00Z");
    ApiDouble::start(move |request, before| match request.what.as_str() {
        "POST /v1/endpoints" => (201, issuing().to_string()),
        "GET /v1/endpoints/ep-1" if before == 0 => (200, issuing().to_string()),
        "GET /v1/endpoints/ep-1" if before == 1 => (200, with_id.to_string()),
        "GET /v1/endpoints/ep-1" => problem(404, "No such endpoint"),
        "DELETE /v1/endpoints/ep-1" => (202, removing().to_string()),
        what => answer(what, &operator(), &checks),
    })
}

#[test]
fn a_deep_check_issues_a_certificate_and_removes_it_whatever_the_outcome() {
    let staging = "https://acme-staging-v02.api.letsencrypt.org/directory answers.";
    for (issues, status) in [(true, 0), (false, 1)] {
        let api = deep(issues, staging);
        let output = run(&api, &["doctor", "--deep", "www.example.com"]);
        assert_status(&output, status);
        assert!(err(&output).contains("Create this record"), "{}", err(&output));
        assert!(out(&output).contains("first-certificate"), "{}", out(&output));
        assert!(api.requests().iter().any(|request| request.what == "DELETE /v1/endpoints/ep-1"), "it is removed");
    }
}

#[test]
fn a_deep_check_orders_nothing_from_a_production_ca_without_confirmation() {
    let api = deep(true, "https://acme-v02.api.letsencrypt.org/directory answers.");
    let output = run(&api, &["doctor", "--deep", "www.example.com"]);
    assert_status(&output, 0);
    assert!(out(&output).contains("not run") && out(&output).contains("--yes"), "{}", out(&output));
    assert!(api.requests().iter().all(|request| !request.what.starts_with("POST")), "nothing is registered");
    let output = run(&api, &["doctor", "--deep", "www.example.com", "--yes"]);
    assert!(out(&output).contains("and removed again"), "{}", out(&output));
}

#[test]
fn a_tenant_reads_that_the_other_checks_are_for_operators() {
    let tenant = json!({"who": "user-7", "operator": false, "tenant": "acme"});
    let api = ApiDouble::start(move |request, _| answer(&request.what, &tenant, &theirs()));
    let output = run(&api, &["doctor", "--token", "a.b.c"]);
    assert_status(&output, 0);
    assert!(out(&output).contains("user-7, of the tenant acme") && out(&output).contains("only operators"));
    assert_eq!(api.requests().last().expect("asked").what, "GET /bearer/v1/caller");
}

#[test]
fn an_unreachable_or_refusing_api_is_a_failed_check_with_its_next_step() {
    let unreachable = command("http://127.0.0.1:1", &["doctor"]).output().expect("starts");
    assert_status(&unreachable, 1);
    assert!(out(&unreachable).contains(" failed   api reachable  The API at http://127.0.0.1:1 cannot be reached."));
    assert!(out(&unreachable).contains("→ Compare the address"));
    let api = ApiDouble::start(|request, _| match request.what.as_str() {
        "GET /health" => (200, json!({"status": "ok"}).to_string()),
        _ => (403, json!({"message": "Forbidden"}).to_string()),
    });
    let refused = run(&api, &["doctor"]);
    assert_status(&refused, 1);
    assert!(out(&refused).contains(" failed   credentials") && out(&refused).contains("aws sts get-caller-identity"));
}
