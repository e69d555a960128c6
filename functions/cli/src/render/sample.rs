//! An endpoint for the tests of the pages: its delegation is missing, its certificate is good for three months.

use serde_json::json;
use wire::EndpointView;

pub(crate) fn endpoint() -> EndpointView {
    let record = json!({"name": "_acme-challenge.example.com", "type": "CNAME", "value": "x.acme.example", "purpose": "p",
        "status": "missing", "found": [{"server": "ns1.example.com", "records": [], "chain": [], "error": "NXDOMAIN"}]});
    serde_json::from_value(json!({
        "id": "ep-1", "tenant": "acme", "domain": "*.example.com", "names": ["*.example.com", "example.com"],
        "display_names": ["*.example.com", "example.com"], "reachability": "external",
        "status": "action_required", "actor": "customer", "reason": "no CNAME", "action": "create it",
        "breaks_at": "2026-04-01T00:00:00Z",
        "dns": {"checked_at": "2026-01-01T23:50:00Z", "status": "missing", "records": [record], "findings": [], "provider": null},
        "certificate": {"state": "active", "arn": "arn:aws:acm:x", "serial": "0a", "issuer": "CN=Test",
            "names": ["*.example.com"], "not_before": "2026-01-01T00:00:00Z", "not_after": "2026-04-01T00:00:00Z",
            "imported_at": "2026-01-01T00:01:00Z", "renews_at": "2026-03-02T00:00:00Z"},
        "deployment": {"role": null, "regions": ["us-east-1"],
            "listeners": [{"arn": "arn:listener:1", "wanted": true, "attached_at": "2026-01-01T00:01:00Z"},
                {"arn": "arn:listener:2", "wanted": true, "attached_at": null}],
            "copies": [{"region": "eu-west-1", "arn": "arn:copy", "current": false}]},
        "serving": {"status": "presented", "host": "example.com", "serial": "0b", "issuer": "CN=Other",
            "not_after": "2026-02-01T00:00:00Z", "ours": false, "name_matches": true},
        "watch": {"checked_at": "2026-01-01T18:00:00Z", "next_check_at": "2026-01-02T00:00:00Z",
            "dns_good_at": "2026-01-01T00:00:00Z", "used_by": ["arn:aws:elasticloadbalancing:x"], "symptoms": [{
                "kind": "dns_broken", "since": "2026-01-01T06:00:00Z", "checks": 3, "actor": "customer",
                "summary": "_acme-challenge.example.com: nothing", "action": "Create the record."}]},
        "failure": {"name": "RecordsNotReady", "actor": "customer", "summary": "no CNAME", "action": "create it",
            "since": "2026-01-01T12:00:00Z", "attempts": 3},
        "label": "mfrggzdfmztwq2lknnwg23tpob",
        "attempt": 4, "next_attempt_at": "2026-01-02T01:00:00Z", "created_at": "2026-01-01T00:00:00Z", "a_new_field": {}
    }))
    .expect("an endpoint")
}
