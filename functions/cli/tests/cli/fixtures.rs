//! Objects of the API, as it gives them.

use serde_json::{Value, json};

use crate::api_double::Answer;

pub(crate) const NAME: &str = "_acme-challenge.www.example.com";

/// The record that an internal endpoint needs.
pub(crate) fn record() -> Value {
    json!({"name": NAME, "type": "CNAME", "value": "l.acme.example", "purpose": "Proves."})
}

pub(crate) fn checked(status: Option<&str>, found: &Value) -> Value {
    let mut checked = record();
    checked["status"] = json!(status);
    checked["found"] = found.clone();
    checked
}

fn endpoint(status: &str, actor: &str, reason: &str, next_step: &str) -> Value {
    json!({"id": "ep-1", "tenant": "default", "domain": "www.example.com", "names": ["www.example.com"],
        "display_names": ["www.example.com"], "reachability": "internal", "status": status, "actor": actor,
        "reason": reason, "next_step": next_step, "breaks_at": null,
        "dns": {"checked_at": null, "status": null, "records": [checked(None, &json!([]))], "findings": [], "provider": null},
        "certificate": {"state": "none", "arn": null, "serial": null, "issuer": null, "names": [], "not_before": null,
            "not_after": null, "imported_at": null, "renews_at": null},
        "serving": {"status": "not_checked"}, "failure": null, "attempt": 1, "next_attempt_at": null,
        "created_at": "2026-01-01T00:00:00.123Z", "later": 1})
}

/// Its first attempt is running.
pub(crate) fn issuing() -> Value {
    endpoint("issuing", "nobody", "An attempt is running.", "Nothing: it goes on by itself.")
}

pub(crate) fn removing() -> Value {
    endpoint("paused", "nobody", "The endpoint is being removed.", "Nothing.")
}

/// A healthy endpoint, for longer than any test is kept.
pub(crate) fn ready() -> Value {
    let mut ready = endpoint("ready", "nobody", "The certificate is in place.", "Nothing: it is renewed by itself.");
    ready["certificate"] = json!({"state": "active", "arn": "arn:aws:acm:eu-central-1:1:certificate/x", "serial": "0a",
        "issuer": "CN=Test CA", "names": ["www.example.com"], "not_before": "2026-01-01T00:00:00Z",
        "not_after": "2999-04-01T00:00:00Z", "imported_at": "2026-01-01T00:00:00Z", "renews_at": "2999-03-01T00:00:00Z"});
    ready["next_attempt_at"] = json!("2999-03-01T00:00:00Z");
    let right = json!([{"server": "ns1.example.com", "records": ["CNAME l.acme.example"], "chain": [], "error": null}]);
    ready["dns"]["checked_at"] = json!("2026-01-01T00:00:00Z");
    ready["dns"]["status"] = json!("ok");
    ready["dns"]["records"] = json!([checked(Some("ok"), &right)]);
    ready
}

/// Its delegation leads elsewhere, and says so in a way that would steer a terminal.
pub(crate) fn failing() -> Value {
    let summary = "_acme-challenge.www.example.com points to \u{1b}[31mevil.example";
    let mut failing = endpoint("action_required", "customer", summary, "Create the record");
    failing["failure"] = json!({"name": "RecordsNotReady", "actor": "customer", "since": "2026-01-01T00:00:00Z",
        "attempts": 1, "summary": summary, "remedy": "Create the record"});
    failing["certificate"]["state"] = json!("failed");
    failing["next_attempt_at"] = json!("2999-01-01T00:00:00Z");
    failing["dns"]["checked_at"] = json!("2026-01-01T00:00:00Z");
    failing["dns"]["status"] = json!("mismatch");
    failing["dns"]["records"] = json!([checked(Some("mismatch"), &found_elsewhere())]);
    failing["dns"]["findings"] = json!([finding()]);
    failing["dns"]["provider"] = json!({"name": "Cloudflare", "typing": "Type `_acme-challenge.www` as the name.",
        "trap": "Switch the proxy off (DNS only)."});
    failing
}

pub(crate) fn found_elsewhere() -> Value {
    json!([
        {"server": "ns1.example.com", "records": ["CNAME \u{1b}[31mevil.example"], "chain": ["b.example", "192.0.2.1"], "error": null},
        {"server": "ns2.example.com", "records": [], "chain": [], "error": "SERVFAIL"}
    ])
}

pub(crate) fn finding() -> Value {
    json!({"check": "delegated-elsewhere", "severity": "error", "subject": NAME, "expected": "CNAME l.acme.example",
        "found": "CNAME \u{1b}[31mevil.example", "explanation": "The CA follows the alias to another place.",
        "actor": "customer", "fix": {"text": "Change the record to this one.", "record": record()}})
}

pub(crate) fn attempt(number: u64, outcome: &str) -> Value {
    json!({"attempt": number, "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:05Z", "outcome": outcome,
        "method": "dns-01", "order": null, "failure": (outcome == "failed").then(|| failing()["failure"].clone()),
        "execution": "e", "steps": [{"step": "open-order", "milliseconds": 1200, "ca_requests": 3, "route53_calls": 1}]})
}

pub(crate) fn problem(status: u16, title: &str) -> Answer {
    let problem = json!({"type": "about:blank", "title": title, "status": status, "detail": "It is \u{1b}[2Jso.",
        "field": "domain", "remedy": "Do `this`."});
    (status, problem.to_string())
}
