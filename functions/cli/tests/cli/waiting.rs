//! Waiting for a certificate: with a registration, and with `wait`.

use crate::api_double::ApiDouble;
use crate::fixtures::{failing, issuing, ready, removing};
use crate::{assert_status, err, json_out, out, run, screen};

#[test]
fn adding_and_waiting_prints_each_failure_once_and_outlasts_an_outage() {
    let api = ApiDouble::start(|request, before| match (request.what.as_str(), before) {
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
    assert!(told.contains("record:    _acme-challenge.www.example.com CNAME l.acme.example"), "{told}");
    let (records, first) = (told.find(" CNAME   _acme-challenge"), told.find("Not yet:"));
    assert!(records.is_some() && records < first, "the records come first: {told}");
    assert!(told.contains("www.example.com: action required\n") && told.contains("www.example.com: ready\n"), "{told}");
    assert!(!told.contains('\u{1b}'), "{told}");
}

#[test]
fn adding_and_waiting_in_vain_fails_with_the_next_step() {
    let api = ApiDouble::start(|request, _| match request.what.as_str() {
        "POST /v1/endpoints" => (201, issuing().to_string()),
        _ => (200, failing().to_string()),
    });
    let output = run(&api, &["add", "www.example.com", "--internal", "--wait", "--timeout", "1s"]);
    assert_status(&output, 1);
    assert!(
        out(&output).starts_with("www.example.com is registered as ep-1.\n\nCreate these records"),
        "{}",
        out(&output)
    );
    let told = err(&output);
    assert!(
        told.contains("no certificate after 1s")
            && told.ends_with("next: Create the record; then: managed-https renew www.example.com --wait\n"),
        "{told}"
    );
}

#[test]
fn waiting_succeeds_once_the_endpoint_is_ready() {
    let api = ApiDouble::start(|_, before| (200, if before == 0 { issuing() } else { ready() }.to_string()));
    let output = run(&api, &["wait", "www.example.com"]);
    assert_status(&output, 0);
    assert_eq!(
        screen(&output),
        "www.example.com is ready: its record is correct, and its certificate expires 2999-04-01 (in # days).\n"
    );
    assert_eq!(err(&output), "www.example.com: issuing (attempt 1 is running)\nwww.example.com: ready\n");
}

#[test]
fn records_are_checked_before_they_are_called_wrong() {
    let api = ApiDouble::start(|request, _| match request.what.as_str() {
        "POST /v1/endpoints/www.example.com/check" => (200, failing().to_string()),
        _ => (200, failing().to_string()),
    });
    let output = run(&api, &["wait", "www.example.com", "--grace", "0s"]);
    assert_status(&output, 1);
    let requests: Vec<_> = api.requests().into_iter().map(|request| request.what).collect();
    assert_eq!(requests, ["GET /v1/endpoints/www.example.com", "POST /v1/endpoints/www.example.com/check"]);
    assert!(
        err(&output).ends_with(
            "\
error: www.example.com is not ready: action required, waiting on the domain owner.
  why:  _acme-challenge.www.example.com points to \u{fffd}[31mevil.example
  next: Create the record; then: managed-https wait www.example.com
"
        ),
        "{}",
        err(&output)
    );
    assert_eq!(out(&output), "");
}

#[test]
fn dns_is_given_its_time_before_records_are_called_wrong() {
    let api = ApiDouble::start(|request, before| match (request.what.as_str(), before) {
        ("GET /v1/endpoints/www.example.com", 2) => (200, ready().to_string()),
        _ => (200, failing().to_string()),
    });
    let output = run(&api, &["wait", "www.example.com", "--grace", "1m"]);
    assert_status(&output, 0);
    let checks = api.requests().iter().filter(|request| request.what.ends_with("/check")).count();
    assert_eq!(checks, 1, "not at every question");
}

#[test]
fn records_that_are_right_by_now_are_waited_for() {
    let api = ApiDouble::start(|request, before| match (request.what.as_str(), before) {
        ("POST /v1/endpoints/www.example.com/check", _) => (200, issuing().to_string()),
        (_, 0) => (200, failing().to_string()),
        _ => (200, ready().to_string()),
    });
    assert_status(&run(&api, &["wait", "www.example.com"]), 0);
    assert_eq!(api.requests().len(), 3);
}

#[test]
fn a_removal_or_the_time_limit_ends_the_waiting_with_status_1_and_the_object() {
    for (endpoint, arguments, says) in [
        (removing as fn() -> serde_json::Value, &["wait", "www.example.com"][..], "managed-https list"),
        (issuing, &["wait", "www.example.com", "--timeout", "1s"], "not ready after 1s"),
    ] {
        // Without a running attempt no command waits for a removal.
        let api = ApiDouble::always(200, &endpoint());
        let output = run(&api, &[arguments, &["--format", "json"]].concat());
        assert_status(&output, 1);
        assert!(err(&output).contains(says), "{}", err(&output));
        assert_eq!(json_out(&output), endpoint());
    }
}
