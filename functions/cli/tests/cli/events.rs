//! The log of an endpoint, and following it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::api_double::ApiDouble;
use crate::fixtures::problem;
use crate::{assert_status, command, json_out, out, run, screen};

fn event(id: &str, summary: &str) -> Value {
    json!({"id": id, "at": "2026-01-01T00:00:00Z", "kind": "attempt_started", "by": {"who": "managed-https"},
        "summary": summary})
}

/// Two events, then an outage, then a third, and then nothing more.
fn lively() -> ApiDouble {
    ApiDouble::start(|request, before| match (request.query.as_str(), before) {
        ("", _) => (200, json!({"events": [event("2", "Second."), event("1", "First.")]}).to_string()),
        ("after=2", 1) => (503, String::new()),
        ("after=2", _) => (200, json!({"events": [event("3", "Third.")]}).to_string()),
        ("after=3", _) => (200, json!({"events": []}).to_string()),
        _ => problem(400, "No such query"),
    })
}

#[test]
fn events_are_a_log_with_the_newest_last_and_for_programs_as_the_api_has_them() {
    let mut by = event("1", "Registered.");
    by["by"] = json!({"who": "arn:aws:iam::1:user/ann", "address": "192.0.2.1"});
    let api = ApiDouble::always(200, &json!({"events": [event("2", "Attempt 1 \u{1b}[2Jstarted."), by]}));
    let output = run(&api, &["events", "a.example"]);
    assert_status(&output, 0);
    assert_eq!(
        screen(&output),
        "\
2026-01-01 00:00:00 UTC  attempt_started        Registered.  (by arn:aws:iam::1:user/ann from 192.0.2.1)
2026-01-01 00:00:00 UTC  attempt_started        Attempt 1 \u{fffd}[2Jstarted.  (by managed-https)

The last one: # days ago.
"
    );
    let json = json_out(&run(&api, &["events", "a.example", "--format", "json", "--after", "0"]));
    assert_eq!(json[0]["id"], "2");
    assert_eq!(api.requests()[1].query, "after=0");
}

#[test]
fn following_outlasts_an_outage_and_an_interrupt_ends_it_after_a_whole_line() {
    let api = lively();
    let mut child = command(&api.address, &["events", "a.example", "--follow", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let ids: Vec<Value> = (0..3)
        .map(|_| lines.next().expect("a line").expect("text"))
        .map(|line| serde_json::from_str::<Value>(&line).expect("one object a line")["id"].clone())
        .collect();
    assert_eq!(ids, ["1", "2", "3"]);
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(interrupted.success());
    let output = child.wait_with_output().expect("it ends");
    // A shell says 130.
    assert_eq!(output.status.signal(), Some(2));
    assert!(lines.next().is_none(), "no part of a line is left");
    assert!(crate::err(&output).contains("retrying"));
}

#[test]
fn following_ends_when_the_reader_closes_the_pipe() {
    let api = lively();
    let mut child =
        command(&api.address, &["events", "a.example", "--follow"]).stdout(Stdio::piped()).spawn().expect("starts");
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    reader.read_line(&mut line).expect("a line");
    assert!(line.contains("First."), "{line}");
    drop(reader);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn an_endpoint_without_events_says_so() {
    let api = ApiDouble::always(200, &json!({"events": []}));
    assert_eq!(out(&run(&api, &["events", "a.example"])), "No events.\n");
}

#[test]
fn the_events_of_all_endpoints_name_their_endpoint() {
    let mut known = event("2", "Changed.");
    (known["endpoint"], known["domain"]) = (json!("ep-2"), json!("b.example"));
    let mut removed = event("1", "Removed.");
    removed["endpoint"] = json!("ep-1");
    let api = ApiDouble::always(200, &json!({"events": [known, removed]}));
    let output = run(&api, &["events", "--all"]);
    assert_status(&output, 0);
    assert_eq!(api.first().what, "GET /v1/events");
    assert!(out(&output).contains("  ep-1: Removed.  (by") && out(&output).contains("  b.example: Changed.  (by"));
}

#[test]
fn following_prints_what_was_written_late_and_nothing_twice() {
    let id = |milliseconds: u64| format!("{milliseconds:015}-00a7");
    let base = 1_795_521_600_000_u64;
    let api = ApiDouble::start(move |request, before| {
        let (registered, start) = (event(&id(base + 500), "Registered."), event(&id(base + 400), "Attempt 1 started."));
        match (request.query.as_str(), before) {
            ("", _) => (200, json!({"events": [registered]}).to_string()),
            (query, 1) if query == format!("after={:015}-0", base + 500 - 60_000) => {
                (200, json!({"events": [registered, start]}).to_string())
            }
            _ => (200, json!({"events": [event(&id(base + 900), "Renewed."), registered, start]}).to_string()),
        }
    });
    let mut child =
        command(&api.address, &["events", "a.example", "--follow"]).stdout(Stdio::piped()).spawn().expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines().take(3);
    let summaries: Vec<_> = lines.map(|line| line.expect("text")).collect();
    let said = ["Registered.", "Attempt 1 started.", "Renewed."];
    assert!(summaries.iter().zip(said).all(|(line, said)| line.contains(said)), "{summaries:#?}");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}
