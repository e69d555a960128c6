//! The commands that change something: what they send, and what they say.

use serde_json::{Value, json};

use crate::api_double::ApiDouble;
use crate::fixtures::{attempt, failing, issuing, problem, ready, removing};
use crate::{assert_status, err, json_out, out, run, screen};

#[test]
fn adding_shows_the_records_and_the_next_command() {
    let api = ApiDouble::always(201, &issuing());
    let output = run(
        &api,
        &[
            "add",
            "www.example.com",
            "--also",
            "x.example.com",
            "--also",
            "y.example.com",
            "--internal",
            "--tenant",
            "acme",
        ],
    );
    assert_status(&output, 0);
    assert_eq!(
        screen(&output),
        "\
www.example.com is registered as ep-1.

Create these records in the domain's DNS:

 STATUS   TYPE    NAME                              VALUE            PURPOSE
─────────────────────────────────────────────────────────────────────────────
 -        CNAME   _acme-challenge.www.example.com   l.acme.example   Proves.

The certificate comes by itself once they are there. To try at once:
  managed-https renew www.example.com --wait
To see whether the records are right:
  managed-https check www.example.com
To send them to the owner of the domain as a page:
  managed-https share www.example.com
"
    );
    let asked = api.first();
    assert_eq!(asked.what, "POST /v1/endpoints");
    assert_eq!(
        asked.body,
        json!({"domain": "www.example.com", "also": ["x.example.com", "y.example.com"], "reachability": "internal",
            "tenant": "acme"})
    );
    assert_eq!(asked.header("content-type"), Some("application/json"));
}

#[test]
fn a_registration_that_goes_unanswered_is_sent_again_with_the_same_key() {
    let api = ApiDouble::start(|_, before| match before {
        0 => (503, "<html>".into()),
        1 => (429, "{}".into()),
        _ => (201, issuing().to_string()),
    });
    assert_status(&run(&api, &["add", "www.example.com", "--internal"]), 0);
    let keys: Vec<_> = api.asked().iter().map(|asked| asked.header("idempotency-key").map(str::to_owned)).collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| key.is_some() && *key == keys[0]), "{keys:?}");
    assert_status(&run(&api, &["add", "www.example.com", "--internal"]), 0);
    assert_ne!(
        api.asked()[3].header("idempotency-key").map(str::to_owned),
        keys[0],
        "another run is another registration"
    );
}

#[test]
fn a_registration_that_is_refused_is_not_sent_again() {
    let api = ApiDouble::start(|_, _| problem(409, "Already registered"));
    assert_status(&run(&api, &["add", "www.example.com", "--internal"]), 1);
    assert_eq!(api.asked().len(), 1);
}

#[test]
fn a_change_sends_only_what_changes() {
    for (arguments, body) in [
        (&["--also", "a.example", "--also", "b.example"][..], json!({"also": ["a.example", "b.example"]})),
        (&["--no-also"], json!({"also": []})),
        (&["--external"], json!({"reachability": "external"})),
        (&["--listener", "arn:1", "--listener", "arn:2"], json!({"listeners": ["arn:1", "arn:2"]})),
        (&["--no-listeners", "--region", "us-east-1"], json!({"listeners": [], "regions": ["us-east-1"]})),
        (&["--no-regions", "--no-role"], json!({"regions": [], "role": ""})),
        (&["--role", "arn:r"], json!({"role": "arn:r"})),
        (&["--no-also", "--internal"], json!({"also": [], "reachability": "internal"})),
        (&["--validation", "standing-record"], json!({"dns_method": "dns-persist-01"})),
        (&["--validation", "delegation"], json!({"dns_method": "dns-01"})),
    ] {
        let api = ApiDouble::always(200, &ready());
        let output = run(&api, &[&["change", "www.example.com"], arguments].concat());
        assert_status(&output, 0);
        assert!(
            out(&output).contains("l.acme.example") && out(&output).contains("managed-https check www.example.com")
        );
        let asked = api.first();
        assert_eq!((asked.what.as_str(), asked.body), ("PATCH /v1/endpoints/www.example.com", body));
    }
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
        if status == 0 {
            assert!(told.contains("\n  certificate arn:aws:acm:eu-central-1:1:certificate/x\n"), "{told}");
            assert!(told.contains("\n  valid until 2999-04-01 00:00:00 UTC (in "), "{told}");
        }
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
    assert_eq!(err(&output), "www.example.com: paused (attempt 1 is running)\n");
}

#[test]
fn results_for_programs_are_the_apis_own_objects() {
    let json = |arguments: &[&str], status: u16, body: &Value| {
        let api = ApiDouble::always(status, body);
        json_out(&run(&api, &[arguments, &["--format", "json"]].concat()))
    };
    assert_eq!(json(&["add", "a.example", "--internal"], 201, &failing()), failing());
    assert_eq!(json(&["change", "a.example", "--internal"], 200, &failing()), failing());
    assert_eq!(json(&["show", "a.example"], 200, &failing()), failing());
    assert_eq!(json(&["remove", "a.example", "--yes"], 202, &removing()), removing());
    let started = json!({"endpoint": "ep-1", "attempt": 2});
    assert_eq!(json(&["renew", "a.example"], 202, &started), started);
}
