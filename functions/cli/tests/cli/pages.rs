//! Whole screens, as people get them through a pipe: no colour, nothing folded.

use serde_json::{Value, json};

use crate::api_double::ApiDouble;
use crate::fixtures::{attempt, checked, failing, finding, found_elsewhere, issuing, problem, ready};
use crate::{assert_status, err, json_out, out, run, screen};

#[test]
fn the_list_has_what_needs_attention_first() {
    let list = json!({"endpoints": [ready(), failing(), issuing()], "next_cursor": null});
    let api = ApiDouble::always(200, &list);
    let output = run(&api, &["list"]);
    assert_status(&output, 0);
    assert_eq!(
        screen(&output),
        " STATUS            DOMAIN            WAITING ON     EXPIRES                    NEXT STEP                        REACHABILITY   TENANT
───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 action required   www.example.com   domain owner   none yet                   Create the record                internal       default
 issuing           www.example.com   -              none yet                   Nothing: it goes on by itself.   internal       default
 ready             www.example.com   -              2999-04-01 (# days)   renewal in # days           internal       default
"
    );
    assert_eq!(api.first().query, "limit=200");
    let exact = json_out(&run(&api, &["list", "--format", "json"]));
    assert_eq!(exact, json!([failing(), issuing(), ready()]));
    let output = run(&api, &["list", "--format", "csv"]);
    let sheet = out(&output);
    let lines: Vec<_> = sheet.lines().collect();
    assert!(lines[0].starts_with("endpoint,tenant,domain,names,") && lines.len() == 4, "{sheet}");
    assert!(lines[1].contains(",action required,domain owner,"), "{sheet}");
    let by_domain = json_out(&run(&api, &["list", "--format", "json", "--sort", "domain"]));
    assert_eq!(by_domain, json!([ready(), failing(), issuing()]));
}

#[test]
fn of_two_that_wait_for_somebody_the_one_that_breaks_sooner_comes_first() {
    let breaking = |id: &str, at: Option<&str>| {
        let mut endpoint = failing();
        (endpoint["id"], endpoint["breaks_at"]) = (json!(id), json!(at));
        endpoint
    };
    let mut operators = breaking("operators", None);
    (operators["actor"], operators["status"]) = (json!("operator"), json!("degraded"));
    let (never, late, soon) = (
        breaking("never", None),
        breaking("late", Some("2999-02-01T00:00:00Z")),
        breaking("soon", Some("2999-01-01T00:00:00Z")),
    );
    let api = ApiDouble::always(200, &json!({"endpoints": [never, late, soon, operators], "next_cursor": null}));
    let listed = json_out(&run(&api, &["list", "--format", "json"]));
    let ids: Vec<_> = listed.as_array().expect("an array").iter().map(|endpoint| &endpoint["id"]).collect();
    assert_eq!(ids, ["operators", "soon", "late", "never"], "and the operator's before all");
}

#[test]
fn the_list_follows_its_pages_to_the_end_and_keeps_its_filters() {
    let api = ApiDouble::start(|request, _| {
        match request
            .query
            .strip_prefix("verdict=ready&actor=nobody&reachability=external&tenant=acme&q=a%20b&limit=200")
        {
            Some("") => (200, json!({"endpoints": [issuing()], "next_cursor": "a/b=="}).to_string()),
            Some("&cursor=a%2Fb%3D%3D") => (200, json!({"endpoints": [ready()], "next_cursor": null}).to_string()),
            _ => problem(400, "No such query"),
        }
    });
    let filters = [
        "--status",
        "ready",
        "--waiting-on",
        "nobody",
        "--reachability",
        "external",
        "--tenant",
        "acme",
        "--search",
        "a b",
    ];
    let output = run(&api, &[&["list", "--sort", "domain", "--format", "json"][..], &filters].concat());
    assert_status(&output, 0);
    assert_eq!(json_out(&output), json!([issuing(), ready()]));
}

fn numbered(numbers: std::ops::Range<usize>) -> Vec<Value> {
    let one = |number: usize| {
        let mut endpoint = ready();
        endpoint["id"] = json!(format!("n{number}"));
        endpoint
    };
    numbers.map(one).collect()
}

fn numbered_failing(number: usize) -> Value {
    let mut endpoint = failing();
    endpoint["id"] = json!(format!("n{number}"));
    endpoint
}

#[test]
fn a_limit_takes_one_request_if_a_page_has_room_for_that_many() {
    let api = ApiDouble::start(|request, _| match request.query.as_str() {
        "sort=attention&limit=2" => {
            (200, json!({"endpoints": [failing(), issuing()], "next_cursor": "more"}).to_string())
        }
        "limit=1" => (200, json!({"endpoints": [ready()], "next_cursor": "more"}).to_string()),
        _ => problem(400, "No such query"),
    });
    let listed = |arguments: &[&str]| json_out(&run(&api, &[&["list", "--format", "json"][..], arguments].concat()));
    assert_eq!(listed(&["--limit", "2"]), json!([failing(), issuing()]));
    assert_eq!(listed(&["--limit", "1", "--sort", "domain"]), json!([ready()]));

    // More than a page: the API sorts the first, and the others follow by name.
    let pages = ApiDouble::start(|request, _| match request.query.as_str() {
        "limit=200" => (200, json!({"endpoints": numbered(0..200), "next_cursor": "more"}).to_string()),
        "sort=attention&limit=200" => {
            let urgent = [vec![numbered_failing(200)], numbered(0..199)].concat();
            (200, json!({"endpoints": urgent, "next_cursor": "more", "truncated": true}).to_string())
        }
        "limit=200&cursor=more" => {
            let last = [numbered_failing(200), numbered(201..202).remove(0)];
            (200, json!({"endpoints": last, "next_cursor": null}).to_string())
        }
        "limit=1&cursor=more" => (200, json!({"endpoints": [numbered_failing(200)], "next_cursor": null}).to_string()),
        _ => problem(400, "No such query"),
    });
    let first = json_out(&run(&pages, &["list", "--format", "json", "--limit", "201"]));
    assert_eq!((first.as_array().map(Vec::len), &first[0]), (Some(201), &numbered_failing(200)));
    assert_eq!(first[200], numbered(199..200)[0], "what the first page did not have");
    let all = json_out(&run(&pages, &["list", "--format", "json"]));
    let mut ids: Vec<_> = all.as_array().expect("an array").iter().map(|one| one["id"].as_str()).collect();
    assert_eq!((ids.len(), ids[201]), (202, Some("n201")), "nothing is listed twice, and nothing is left out");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 202);
    let printed = run(&pages, &["list"]);
    let table = out(&printed);
    assert_eq!((table.lines().count(), table.matches("STATUS").count()), (204, 1), "one table");
    let by_domain = json_out(&run(&pages, &["list", "--format", "json", "--limit", "201", "--sort", "domain"]));
    assert_eq!((by_domain.as_array().map(Vec::len), &by_domain[200]), (Some(201), &numbered_failing(200)));
    for wrong in ["0", "-1", "x"] {
        assert_status(&run(&pages, &["list", "--limit", wrong]), 2);
    }
}

#[test]
fn an_empty_list_says_whether_nothing_is_registered_or_nothing_matches() {
    let api = ApiDouble::always(200, &json!({"endpoints": [], "next_cursor": null}));
    assert!(out(&run(&api, &["list"])).contains("managed-https add DOMAIN"));
    assert!(out(&run(&api, &["list", "--search", "x"])).contains("Show all: managed-https list"));
    assert_eq!(json_out(&run(&api, &["list", "--format", "json"])), json!([]));
}

#[test]
fn an_endpoint_that_is_ready_is_shown_with_its_certificate() {
    let output = run(&ApiDouble::always(200, &ready()), &["show", "www.example.com"]);
    assert_status(&output, 0);
    assert_eq!(
        screen(&output),
        "\
www.example.com  ready

 Status      The certificate is in place.
 Next step   Nothing: it is renewed by itself.

 Endpoint       ep-1
 Tenant         default
 Reachability   internal
 Registered     2026-01-01 00:00:00 UTC (# days ago)
 Attempts       1

Certificate

 State        active
 ARN          arn:aws:acm:eu-central-1:1:certificate/x
 Covers       www.example.com
 Issuer       CN=Test CA
 Serial       0a
 Valid from   2026-01-01 00:00:00 UTC
 Expires      2999-04-01 00:00:00 UTC (in # days)
 Imported     2026-01-01 00:00:00 UTC (# days ago)
 Renewal      2999-03-01 00:00:00 UTC (in # days)

Records in the domain's DNS (checked # days ago)

 STATUS   TYPE    NAME                              VALUE            PURPOSE
─────────────────────────────────────────────────────────────────────────────
 ok       CNAME   _acme-challenge.www.example.com   l.acme.example   Proves.
"
    );
}

#[test]
fn an_endpoint_that_fails_is_shown_with_what_is_wrong_at_the_end() {
    let output = run(&ApiDouble::always(200, &failing()), &["show", "www.example.com"]);
    assert_status(&output, 0);
    assert_eq!(
        screen(&output),
        "\
www.example.com  action required, waiting on: domain owner

 Endpoint       ep-1
 Tenant         default
 Reachability   internal
 Registered     2026-01-01 00:00:00 UTC (# days ago)
 Attempts       1
 Next attempt   2999-01-01 00:00:00 UTC (in # days)

Certificate

 State   none yet, the last attempt failed

Records in the domain's DNS (checked # days ago)

 STATUS     TYPE    NAME                              VALUE            PURPOSE
───────────────────────────────────────────────────────────────────────────────
 mismatch   CNAME   _acme-challenge.www.example.com   l.acme.example   Proves.

What is wrong

 RecordsNotReady   _acme-challenge.www.example.com points to \u{fffd}[31mevil.example
 Waiting on        domain owner
 Next step         Create the record
 Since             2026-01-01 00:00:00 UTC (# days ago), failed attempts: 1

Then run:    managed-https renew www.example.com --wait
Check again: managed-https check www.example.com
"
    );
}

#[test]
fn a_check_of_a_healthy_endpoint_is_one_line_and_status_0() {
    let api = ApiDouble::always(200, &ready());
    let output = run(&api, &["check", "www.example.com"]);
    assert_status(&output, 0);
    assert_eq!(
        screen(&output),
        "www.example.com is ready: its record is correct, and its certificate expires 2999-04-01 (in # days).\n"
    );
    assert_eq!(err(&output), "");
    assert_eq!(api.first().what, "POST /v1/endpoints/www.example.com/check");
}

const FINDING: &str = "
What to fix

 error  _acme-challenge.www.example.com  (delegated-elsewhere)
   expected     CNAME l.acme.example
   found        CNAME \u{fffd}[31mevil.example
   why          The CA follows the alias to another place.
   waiting on   domain owner
   next step    Change the record to this one.
   record       _acme-challenge.www.example.com CNAME l.acme.example
";

const RESOLVES: &str = "
Currently resolves to

 mismatch  _acme-challenge.www.example.com
   expected          CNAME l.acme.example
   ns1.example.com   CNAME \u{fffd}[31mevil.example → b.example → 192.0.2.1
   ns2.example.com   SERVFAIL
";

#[test]
fn a_check_says_status_then_what_to_fix_then_what_it_resolves_to() {
    let output = run(&ApiDouble::always(200, &failing()), &["check", "www.example.com"]);
    assert_status(&output, 1);
    let status = "\
www.example.com  action required, waiting on: domain owner

 Status      _acme-challenge.www.example.com points to \u{fffd}[31mevil.example
 Next step   Create the record
";
    let provider = "
 DNS is at   Cloudflare
 Typing      Type `_acme-challenge.www` as the name.
 Take care   Switch the proxy off (DNS only).
";
    let last = "\nCheck again: managed-https check www.example.com\n";
    assert_eq!(out(&output), format!("{status}{FINDING}{provider}{RESOLVES}{last}"));
    assert_eq!(err(&output), "", "the page says it");
}

#[test]
fn a_check_for_a_program_is_the_object_with_the_failure_on_stderr() {
    let output = run(&ApiDouble::always(200, &failing()), &["check", "www.example.com", "--format", "json"]);
    assert_status(&output, 1);
    assert_eq!(json_out(&output), failing());
    assert_eq!(
        err(&output),
        "\
error: www.example.com: action required, waiting on the domain owner.
  why:  _acme-challenge.www.example.com points to \u{fffd}[31mevil.example
  next: Create the record; then: managed-https check www.example.com
"
    );
}

#[test]
fn only_a_ready_endpoint_with_correct_records_and_no_error_is_healthy() {
    let with = |path: &str, value: Value| {
        let mut endpoint = ready();
        *endpoint.pointer_mut(path).expect(path) = value;
        run(&ApiDouble::always(200, &endpoint), &["check", "www.example.com"])
    };
    let mut warning = finding();
    warning["severity"] = json!("warning");
    let warned = with("/dns/findings", json!([warning]));
    assert_status(&warned, 0);
    assert!(out(&warned).contains("What to fix") && out(&warned).contains(" warning  _acme"), "{}", out(&warned));
    assert_status(&with("/dns/findings", json!([finding()])), 1);
    assert_status(&with("/dns/records/0/status", json!("unreachable")), 1);
    assert_status(&with("/dns/records/0/status", Value::Null), 1);
    let going = with("/status", json!("issuing"));
    assert_status(&going, 1);
    assert!(out(&going).ends_with("Wait until it is ready: managed-https wait www.example.com\n"));
}

fn preflight(well: bool) -> Value {
    let findings = if well { json!([]) } else { json!([finding()]) };
    json!({"domain": "www.example.com", "reachability": "internal", "well": well, "checked_at": "2026-01-01T00:00:00Z",
        "records": [checked(Some("mismatch"), &found_elsewhere())], "findings": findings, "provider": null,
        "serving": {"status": "not_checked"}})
}

#[test]
fn a_domain_that_is_not_registered_is_checked_as_if_it_were_to_be() {
    let api = ApiDouble::always(200, &preflight(false));
    let output = run(&api, &["check", "www.example.com", "--internal", "--also", "*.example.com"]);
    assert_status(&output, 1);
    let status = "\
www.example.com  not ready for a certificate

 Status      Not registered.
 Next step   You can register it now; the items below must be fixed before a certificate can be issued.
";
    let last = "\nCheck again: managed-https check www.example.com --internal --name '*.example.com'\n";
    assert_eq!(out(&output), format!("{status}{FINDING}{RESOLVES}{last}"));
    let request = api.first();
    assert_eq!(request.what, "POST /v1/checks");
    assert_eq!(
        request.body,
        json!({"domain": "www.example.com", "also": ["*.example.com"], "reachability": "internal"})
    );
}

#[test]
fn a_check_finds_out_whether_a_domain_is_registered() {
    let api = ApiDouble::start(|request, _| match request.what.as_str() {
        "POST /v1/checks" => (200, preflight(true).to_string()),
        _ => problem(404, "No such endpoint"),
    });
    let output = run(&api, &["check", "www.example.com"]);
    assert_status(&output, 0);
    assert_eq!(
        out(&output),
        "www.example.com is ready for a certificate. Register it: managed-https add www.example.com --external\n"
    );
    assert!(err(&output).starts_with("www.example.com is not registered: checked as an external endpoint."));
    assert_eq!(api.requests()[1].body["reachability"], "external");
    // An id is no domain that could be checked.
    assert_status(&run(&api, &["check", "ep-1"]), 1);
    assert_eq!(api.requests().len(), 3);
}

#[test]
fn a_history_says_where_the_time_went_and_why_attempts_failed() {
    let list = json!({"attempts": [attempt(2, "renewed"), attempt(1, "failed")]});
    let api = ApiDouble::always(200, &list);
    assert_eq!(json_out(&run(&api, &["history", "www.example.com", "--format", "json"])), list["attempts"]);
    assert_eq!(
        out(&run(&api, &["history", "ep-1"])),
        " ATTEMPT   STARTED                   TOOK    OUTCOME   METHOD   CA REQUESTS   ROUTE53 CALLS   LAMBDA TIME   CA
───────────────────────────────────────────────────────────────────────────────────────────────────────────────
       2   2026-01-01 00:00:00 UTC   5.0 s   renewed   dns-01             3               1   1.2 s         -
       1   2026-01-01 00:00:00 UTC   5.0 s   failed    dns-01             3               1   1.2 s         -

Where the time went

 2   waiting 3.8 s, open-order 1.2 s
 1   waiting 3.8 s, open-order 1.2 s

Why attempts failed

 1   RecordsNotReady: _acme-challenge.www.example.com points to \u{fffd}[31mevil.example
     Create the record
"
    );
}
