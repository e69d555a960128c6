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
            "--name",
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

The certificate is issued automatically once they are correct. To check them:
  managed-https check www.example.com
To wait for the certificate:
  managed-https wait www.example.com
To send the records to the domain owner, as a page or a message:
  managed-https share www.example.com --mail
"
    );
    let request = api.first();
    assert_eq!(request.what, "POST /v1/endpoints");
    assert_eq!(
        request.body,
        json!({"domain": "www.example.com", "also": ["x.example.com", "y.example.com"], "reachability": "internal",
            "tenant": "acme"})
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
}

#[test]
fn a_registration_that_goes_unanswered_is_sent_again_with_the_same_key() {
    let api = ApiDouble::start(|_, before| match before {
        0 => (503, "<html>".into()),
        1 => (429, "{}".into()),
        _ => (201, issuing().to_string()),
    });
    assert_status(&run(&api, &["add", "www.example.com", "--internal"]), 0);
    let keys: Vec<_> =
        api.requests().iter().map(|request| request.header("idempotency-key").map(str::to_owned)).collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| key.is_some() && *key == keys[0]), "{keys:?}");
    assert_status(&run(&api, &["add", "www.example.com", "--internal"]), 0);
    assert_ne!(
        api.requests()[3].header("idempotency-key").map(str::to_owned),
        keys[0],
        "another run is another registration"
    );
}

#[test]
fn a_registration_that_is_refused_is_not_sent_again() {
    let api = ApiDouble::start(|_, _| problem(409, "Already registered"));
    assert_status(&run(&api, &["add", "www.example.com", "--internal"]), 1);
    assert_eq!(api.requests().len(), 1);
}

#[test]
fn a_change_sends_only_what_changes() {
    for (arguments, body) in [
        (&["--name", "a.example", "--name", "b.example"][..], json!({"also": ["a.example", "b.example"]})),
        (&["--no-names"], json!({"also": []})),
        (&["--also", "a.example"], json!({"also": ["a.example"]})),
        (&["--no-also"], json!({"also": []})),
        (&["--external"], json!({"reachability": "external"})),
        (&["--listener", "arn:1", "--listener", "arn:2"], json!({"listeners": ["arn:1", "arn:2"]})),
        (&["--no-listeners", "--region", "us-east-1"], json!({"listeners": [], "regions": ["us-east-1"]})),
        (&["--no-regions", "--no-role"], json!({"regions": [], "role": ""})),
        (&["--role", "arn:r"], json!({"role": "arn:r"})),
        (&["--no-names", "--internal"], json!({"also": [], "reachability": "internal"})),
        (&["--challenge", "dns-persist-01"], json!({"challenge": "dns-persist-01"})),
        (&["--challenge", "dns-01"], json!({"challenge": "dns-01"})),
        (&["--validation", "standing-record"], json!({"challenge": "dns-persist-01"})),
        (&["--validation", "delegation"], json!({"challenge": "dns-01"})),
    ] {
        let api = ApiDouble::always(200, &ready());
        let output = run(&api, &[&["change", "www.example.com"], arguments].concat());
        assert_status(&output, 0);
        let of_the_certificate = ["also", "reachability", "challenge"].iter().any(|field| body.get(field).is_some());
        let then =
            if of_the_certificate { "A new certificate is ordered" } else { "The next attempt makes the change" };
        assert!(out(&output).contains("l.acme.example") && out(&output).contains(then), "{}", out(&output));
        assert_eq!(api.requests()[1].what, "POST /v1/endpoints/www.example.com/check", "checked at once");
        let request = api.first();
        assert_eq!((request.what.as_str(), request.body), ("PATCH /v1/endpoints/www.example.com", body));
    }
}

#[test]
fn a_renewal_is_waited_for_and_its_failure_fails_the_command() {
    for (outcome, status) in [("renewed", 0), ("unchanged", 0), ("failed", 1)] {
        let api = ApiDouble::start(move |request, before| match request.what.rsplit('/').next() {
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
            assert!(told.contains("\n  expires     2999-04-01 00:00:00 UTC (in "), "{told}");
        }
    }
}

#[test]
fn what_a_check_after_a_change_finds_is_shown() {
    let api = ApiDouble::start(|request, _| match request.what.as_str() {
        "POST /v1/endpoints/www.example.com/check" => (200, failing().to_string()),
        _ => (200, ready().to_string()),
    });
    let output = run(&api, &["change", "www.example.com", "--internal"]);
    assert_status(&output, 0);
    assert!(out(&output).contains("\nWhat to fix\n") && out(&output).contains(" mismatch "), "{}", out(&output));
    assert!(out(&output).ends_with("\nCheck again: managed-https check www.example.com\n"), "{}", out(&output));
    // The change is made, though it cannot be checked.
    let api = ApiDouble::start(|request, _| match request.what.as_str() {
        "POST /v1/endpoints/www.example.com/check" => problem(409, "Busy"),
        _ => (200, ready().to_string()),
    });
    assert_status(&run(&api, &["change", "www.example.com", "--internal"]), 0);
}

#[test]
fn a_renewal_of_a_filter_starts_one_attempt_after_another() {
    let of = |id: &str, domain: &str| {
        let mut endpoint = ready();
        (endpoint["id"], endpoint["domain"]) = (json!(id), json!(domain));
        endpoint
    };
    let api = ApiDouble::start(move |request, _| match request.what.as_str() {
        "GET /v1/endpoints" => {
            let list = [of("ep-1", "a.example"), of("ep-2", "b.example"), of("ep-3", "c.example"), removing()];
            (200, json!({"endpoints": list, "next_cursor": null}).to_string())
        }
        "POST /v1/endpoints/ep-1/renew" => (202, json!({"endpoint": "ep-1", "attempt": 7}).to_string()),
        "POST /v1/endpoints/ep-2/renew" => problem(409, "An attempt is running"),
        _ => problem(500, "The installation is not in order"),
    });
    let renew = ["renew", "--cause", "RateLimited", "--expires-within", "14d", "--pace", "0s", "--yes"];
    let output = run(&api, &renew);
    assert_status(&output, 1);
    assert_eq!(api.first().query, "cause=RateLimited&expires_within=14d&limit=200");
    assert!(out(&output).starts_with(" a.example: attempt 7 started\n b.example: an attempt is running already\n"));
    assert!(out(&output).ends_with("\n1 started, 1 running already, 1 failed.\n"), "{}", out(&output));
    assert!(err(&output).contains("1 of 3 attempts was not started, the first: c.example."), "{}", err(&output));
    let json = json_out(&run(&api, &[&renew[..], &["--format", "json"]].concat()));
    assert_eq!(json[0], json!({"endpoint": "ep-1", "domain": "a.example", "attempt": 7, "error": null}));
    let unconfirmed = run(&api, &["renew", "--cause", "RateLimited"]);
    assert_status(&unconfirmed, 2);
    assert!(err(&unconfirmed).contains("Add --yes to start 3 attempts."), "{}", err(&unconfirmed));
}

#[test]
fn a_renewal_without_room_says_until_when_it_waits() {
    let waits = json!({"endpoint": "ep-1", "attempt": 5, "expected_at": "2999-01-01T12:00:00Z"});
    let api = ApiDouble::always(202, &waits);
    let output = run(&api, &["renew", "www.example.com"]);
    assert_status(&output, 0);
    assert!(
        out(&output).starts_with("www.example.com: attempt 5 waits until others have ended.\n"),
        "{}",
        out(&output)
    );
    assert!(out(&output).contains("It starts automatically, expected by 2999-01-01 12:00:00 UTC"), "{}", out(&output));
    assert_eq!(json_out(&run(&api, &["renew", "www.example.com", "--format", "json"])), waits);
}

#[test]
fn a_removal_is_waited_for_until_the_endpoint_is_gone() {
    let api = ApiDouble::start(|request, before| match request.what.as_str() {
        "DELETE /v1/endpoints/www.example.com" => (202, removing().to_string()),
        "GET /v1/endpoints/ep-1" if before == 0 => (200, removing().to_string()),
        _ => problem(404, "No such endpoint"),
    });
    let output = run(&api, &["remove", "www.example.com", "--yes", "--wait"]);
    assert_status(&output, 0);
    assert_eq!(
        out(&output),
        "www.example.com is removed.\nDelete these records in the domain's DNS, unless another registration uses them:\n  _acme-challenge.www.example.com CNAME\n\
         Its history stays: managed-https events ep-1\n"
    );
    assert_eq!(err(&output), "www.example.com: being removed (attempt 1 is running)\n");
}

#[test]
fn a_removal_that_is_waited_for_gives_no_record_to_create() {
    let api = ApiDouble::start(|request, before| match request.what.as_str() {
        "GET /v1/endpoints/ep-1" if before == 0 => {
            let mut leaving = removing();
            leaving["failure"] = failing()["failure"].clone();
            (200, leaving.to_string())
        }
        "GET /v1/endpoints/ep-1" => problem(404, "No such endpoint"),
        _ => (202, removing().to_string()),
    });
    let output = run(&api, &["remove", "www.example.com", "--yes", "--wait"]);
    assert_status(&output, 0);
    assert!(!err(&output).contains("Create"), "{}", err(&output));
}

#[test]
fn a_revocation_says_what_came_of_it() {
    let waiting = || {
        let mut waiting = ready();
        waiting["revocation"] =
            json!({"serial": "0a", "reason": "key-compromise", "requested_at": "2026-01-01T00:00:00Z"});
        waiting
    };
    for (kind, status) in [("certificate_revoked", 0), ("revocation_refused", 1)] {
        let api = ApiDouble::start(move |request, before| match request.what.as_str() {
            "POST /v1/endpoints/www.example.com/revoke" => (202, waiting().to_string()),
            "GET /v1/endpoints/www.example.com" if before == 0 => (200, waiting().to_string()),
            "GET /v1/endpoints/www.example.com" => (200, ready().to_string()),
            _ => {
                let event = json!({"id": "1", "at": "2026-01-01T00:00:00Z", "kind": kind, "summary": "The CA's word.",
                    "by": {"who": "managed-https"}});
                (200, json!({"events": [event]}).to_string())
            }
        });
        let output = run(&api, &["revoke", "www.example.com", "--reason", "key-compromise", "--yes", "--wait"]);
        assert_status(&output, status);
        assert!(format!("{}{}", out(&output), err(&output)).contains("The CA's word."), "{output:?}");
    }
    let api = ApiDouble::always(202, &removing());
    let output = run(&api, &["remove", "www.example.com", "--yes", "--revoke", "cessation-of-operation"]);
    assert_status(&output, 0);
    let request = api.first();
    assert_eq!(
        (request.what.as_str(), request.query.as_str()),
        ("DELETE /v1/endpoints/www.example.com", "revoke=cessation-of-operation")
    );
}

#[test]
fn a_mute_shows_its_end_and_reason_and_a_refused_one_what_was_done() {
    let muted = || {
        let mut muted = ready();
        muted["mute"] = json!({"from": "2026-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z", "reason": "They move.",
            "by": "operator"});
        muted
    };
    let api = ApiDouble::always(200, &muted());
    let arguments = ["mute", "www.example.com", "--until", "2099-01-01T00:00:00Z", "--reason", "They move."];
    let output = run(&api, &arguments);
    assert_status(&output, 0);
    let said = out(&output);
    assert!(said.starts_with("www.example.com: muted until 2099-01-01 00:00:00 UTC"), "{said}");
    assert!(said.ends_with("by operator: They move.\n"), "{said}");
    let request = api.first();
    assert_eq!(request.what, "PUT /v1/endpoints/www.example.com/mute");
    assert_eq!(request.body, json!({"until": "2099-01-01T00:00:00Z", "reason": "They move."}));
    let shown = run(&ApiDouble::always(200, &muted()), &["show", "www.example.com"]);
    assert!(out(&shown).contains("muted until 2099-01-01 00:00:00 UTC"), "{}", out(&shown));

    let api = ApiDouble::always(200, &ready());
    let output = run(&api, &["unmute", "www.example.com", "www.example.com"]);
    assert_eq!(out(&output), "www.example.com: people are notified\n".repeat(2));
    assert_eq!(api.first().what, "DELETE /v1/endpoints/www.example.com/mute");

    let problem = json!({"type": "endpoint-not-found", "title": "No such endpoint", "detail": "There is no b.example.com.",
        "action": "managed-https list"});
    let api = ApiDouble::start(move |request, _| match request.what.as_str() {
        "PUT /v1/endpoints/www.example.com/mute" => (200, muted().to_string()),
        _ => (404, problem.to_string()),
    });
    let arguments = ["mute", "www.example.com", "b.example.com", "--for", "8h", "--reason", "known"];
    let output = run(&api, &arguments);
    assert_status(&output, 1);
    assert!(err(&output).contains("b.example.com") && err(&output).contains("1 of 2 were muted"), "{}", err(&output));
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
