//! Everything that this release sends: each field is present, and none is empty.

use serde_json::{Value, json};

pub(crate) fn record() -> Value {
    json!({"name": "_acme-challenge.example.com", "type": "CNAME", "value": "l.acme.example", "purpose": "Proves."})
}

fn found() -> Value {
    json!({"server": "ns1.example.com", "records": ["CNAME a.example"], "chain": ["192.0.2.1"], "error": "timeout"})
}

fn checked() -> Value {
    let mut checked = record();
    checked["status"] = json!("missing");
    checked["found"] = json!([found()]);
    checked
}

/// The same of an endpoint.
fn required() -> Value {
    let mut required = checked();
    required["later"] = json!(true);
    required
}

fn finding() -> Value {
    json!({"check": "delegation-missing", "severity": "error", "subject": "_acme-challenge.example.com",
        "expected": "CNAME l.acme.example", "found": "nothing", "explanation": "The CA finds no value.",
        "waiting_on": "domain_owner", "actor": "customer",
        "action": "Create it.", "record": record(), "command": "dig x", "fix": {"text": "Create it.", "record": record(), "command": "dig x"}})
}

fn provider() -> Value {
    json!({"name": "Cloudflare", "zone": "example.com", "typing": "Type `_acme-challenge`.", "trap": "Switch the proxy off."})
}

fn presented() -> Value {
    json!({"status": "presented", "host": "example.com", "serial": "0B", "issuer": "CN=Other",
        "not_after": "2026-02-01T00:00:00Z", "ours": false, "name_matches": true, "chain_complete": true})
}

pub(crate) fn endpoint() -> Value {
    json!({
        "id": "ep-1", "tenant": "acme", "domain": "example.com", "names": ["example.com"],
        "display_names": ["example.com"], "reachability": "external", "challenge": "dns-01", "dns_method": "dns-01",
        "status": "action_required", "verdict": "action_required", "waiting_on": "domain_owner", "actor": "customer", "reason": "no CNAME", "action": "Create it.", "next_step": "Create it.",
        "breaks_at": "2026-04-01T00:00:00Z", "cause": "delegation-missing", "at_fault": "example.com",
        "dns": {"checked_at": "2026-01-01T00:00:00Z", "status": "missing", "records": [required()],
            "findings": [finding()], "provider": provider()},
        "certificate": {"state": "active", "arn": "arn:x", "serial": "0A", "issuer": "CN=Test",
            "directory": "https://ca.example/dir", "names": ["example.com"], "not_before": "2026-01-01T00:00:00Z",
            "not_after": "2026-04-01T00:00:00Z", "imported_at": "2026-01-01T00:00:01Z",
            "renews_at": "2026-03-01T00:00:00.5Z"},
        "deployment": {"listeners": [{"arn": "arn:l", "wanted": true, "attached_at": "2026-01-01T00:00:00Z"}],
            "regions": ["us-east-1"], "role": "arn:r", "copies": [{"region": "us-east-1", "arn": "arn:c", "current": true}],
            "tags": {"team": "shops"}, "export": {"wanted": true, "name": "managed-https/ep-1", "secret": "arn:s",
                "current": true, "reader": "arn:reader"}},
        "serving": presented(),
        "watch": {"checked_at": "2026-01-01T00:00:00Z", "looked_at": "2026-01-01T00:00:00Z",
            "next_check_at": "2026-01-01T06:00:00Z", "look_again_at": "2026-01-01T06:00:00Z",
            "dns_good_at": "2026-01-01T00:00:00Z", "symptoms": [{"kind": "dns_broken", "since": "2026-01-01T00:00:00Z",
                "checks": 2, "looks": 2, "waiting_on": "domain_owner", "actor": "customer", "summary": "nothing there", "action": "Create it.", "remedy": "Create it.", "record": record()}],
            "used_by": ["arn:lb"]},
        "label": "mfrggzdfmztwq2lknnwg23tpob",
        "revocation": {"serial": "0A", "reason": "key-compromise", "requested_at": "2026-01-01T00:00:00Z"},
        "mute": {"from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "reason": "known", "by": "operator"},
        "failure": {"name": "RecordsNotReady", "waiting_on": "domain_owner", "actor": "customer", "summary": "no CNAME", "action": "Create it.", "remedy": "Create it.",
            "since": "2026-01-01T00:00:00Z", "attempts": 3, "paused_since": "2026-01-08T00:00:00Z", "parked_since": "2026-01-08T00:00:00Z"},
        "attempt": 4, "next_attempt_at": "2026-01-02T00:00:00Z", "created_at": "2026-01-01T00:00:00.123Z"
    })
}

pub(crate) fn endpoints() -> Value {
    json!({"endpoints": [endpoint()], "next_cursor": "abc", "truncated": true})
}

pub(crate) fn overview() -> Value {
    json!({"total": 1, "statuses": [{"status": "action_required", "verdict": "action_required", "count": 1}],
        "verdicts": [{"status": "action_required", "verdict": "action_required", "count": 1}], "attention": [endpoint()],
        "groups": [{"count": 134, "cause": "servers-silent", "at_fault": "bulk.test", "first": endpoint()}],
        "renewal_days": [{"day": "2026-03-01", "count": 7}], "orders_per_day": 2400,
        "renewals": [{"id": "ep-1", "domain": "example.com", "at": "2026-03-01T00:00:00Z"}],
        "tenants": [{"tenant": "acme", "endpoints": 9, "issued": 8, "succeeded": 180,
            "failed": {"domain_owner": 15, "operator": 1, "ca": 4, "nobody": 0},
            "first_certificates": [{"within_seconds": 600, "count": 3}, {"within_seconds": null, "count": 1}],
            "half_within_seconds": 600}],
        "as_of": "2026-01-01T00:00:00Z", "truncated": true})
}

pub(crate) fn records() -> Value {
    json!({"records": [required()]})
}

pub(crate) fn preflight() -> Value {
    json!({"domain": "example.com", "reachability": "internal", "challenge": "dns-persist-01",
        "dns_method": "dns-persist-01", "well": false,
        "checked_at": "2026-01-01T00:00:00Z", "records": [checked()], "findings": [finding()], "provider": provider(),
        "serving": presented()})
}

pub(crate) fn attempts() -> Value {
    json!({"attempts": [{
        "attempt": 7, "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:12.3Z",
        "outcome": "failed", "set_up": true, "method": "dns-01", "order": "https://ca.example/order/1",
        "directory": "https://ca.example/dir", "execution": "ep-1-7",
        "failure": {"name": "CaRefused", "waiting_on": "ca", "actor": "ca", "summary": "It says no.", "action": "Wait.", "remedy": "Wait.",
            "retry_after": "2026-01-01T01:00:00Z", "record": record(),
            "problem": {"kind": "caa", "detail": "CAA forbids", "subproblems": [
                {"name": "example.com", "kind": "caa", "detail": "CAA forbids"}]}},
        "steps": [{"step": "open-order", "milliseconds": 300, "ca_requests": 3, "route53_calls": 1,
            "began": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:01Z"}]
    }]})
}

fn origin() -> Value {
    json!({"who": "arn:aws:iam::1:user/ann", "address": "192.0.2.1"})
}

pub(crate) fn events() -> Value {
    json!({"events": [{"id": "001795521600000-00a7", "at": "2026-01-01T00:00:00Z", "kind": "renewal_requested",
        "by": origin(), "summary": "Renewal requested.", "set_up": false, "endpoint": "ep-1", "domain": "example.com"}]})
}

fn share() -> Value {
    json!({"id": "9f86", "created_by": origin(), "created_at": "2026-01-01T00:00:00Z",
        "expires_at": "2026-01-31T00:00:00Z"})
}

pub(crate) fn shares() -> Value {
    json!({"shares": [share()]})
}

pub(crate) fn new_share() -> Value {
    let mut made = share();
    made["url"] = json!("https://certificates.example/records/x");
    made["mail"] = json!({"subject": "DNS records for example.com", "body": "Create these records."});
    made
}

pub(crate) fn installation() -> Value {
    json!({"version": "0.2.0", "checks": [{"name": "acm-quota", "status": "warning", "detail": "Much is used.", "action": "Ask for more.", "remedy": "Ask for more.",
        "since": "2026-01-01T00:00:00Z", "used": [{"of": "certificates", "percent": 91}]}]})
}

pub(crate) fn alert() -> Value {
    json!({
        "version": 1, "id": "ep-1.x", "at": "2026-01-01T00:00:00Z", "kind": "ActionRequired", "severity": "warning",
        "cause": "RecordsNotReady", "check": "delegation-missing", "waiting_on": "domain_owner", "actor": "customer", "tenant": "acme", "endpoint": "ep-1", "domain": "example.com",
        "names": ["example.com"], "since": "2026-01-01T00:00:00Z", "until": "2026-04-01T00:00:00Z",
        "next_attempt": "2026-01-02T00:00:00Z", "what": "no CNAME", "action": "Create it.", "remedy": "Create it.", "record": record(),
        "certificate": {"arn": "arn:x", "serial": "0A", "issuer": "CN=Test", "directory": "https://ca.example/dir",
            "not_before": "2026-01-01T00:00:00Z", "not_after": "2026-04-01T00:00:00Z", "renew_at": "2026-03-01T00:00:00Z"},
        "affected": {"endpoints": 3, "first": "example.com"},
        "digest": {"endpoints": 3, "ready": 1, "waiting": 2, "setting_up": 0, "issued": 0, "muted": 0,
            "needs": [{"domain": "example.com", "endpoints": 1, "waiting_on": "domain_owner", "actor": "customer", "what": "no CNAME", "action": "Create it.", "remedy": "Create it.",
                "since": "2026-01-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}],
            "next": [{"domain": "example.com", "not_after": "2026-04-01T00:00:00Z", "renew_at": "2026-03-01T00:00:00Z"}]},
        "also_resolved": ["ServedCertificateDiffers"], "link": "https://certificates.example/dashboard"
    })
}
