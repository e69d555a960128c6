//! Links to the page for the domain owner.

use serde_json::{Value, json};

use crate::api_double::ApiDouble;
use crate::{assert_status, err, json_out, out, run, screen};

const ID: &str = "4f0c9b214f0c9b214f0c9b214f0c9b214f0c9b214f0c9b214f0c9b214f0c9b21";

fn share(id: &str) -> Value {
    json!({"id": id, "created_by": {"who": "arn:aws:iam::1:user/ann", "address": "192.0.2.1"},
        "created_at": "2026-01-01T00:00:00Z", "expires_at": "2999-01-01T00:00:00Z"})
}

#[test]
fn a_new_link_is_alone_on_the_first_line() {
    let mut made = share(ID);
    made["url"] = json!("https://api.example/records/ep-1.secret");
    let api = ApiDouble::always(201, &made);
    let output = run(&api, &["share", "www.example.com", "--expires", "7"]);
    assert_status(&output, 0);
    assert_eq!(
        screen(&output),
        "\
https://api.example/records/ep-1.secret

This link opens the page with the records of www.example.com, without sign-in. It expires
2999-01-01 00:00:00 UTC (in # days) and is not shown again.
Revoke it: managed-https share www.example.com --revoke 4f0c9b214f0c
"
    );
    assert_eq!(json_out(&run(&api, &["share", "www.example.com", "--format", "json"])), made);
    let bodies: Vec<_> = api.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies, [json!({"expires_in_days": 7}), json!({})]);
}

#[test]
fn a_message_for_the_domain_owner_is_printed_as_the_api_wrote_it() {
    let mut made = share(ID);
    made["url"] = json!("https://api.example/records/ep-1.secret");
    let old = run(&ApiDouble::always(201, &made), &["share", "www.example.com", "--mail"]);
    assert_status(&old, 1);
    assert!(err(&old).contains("https://api.example/records/ep-1.secret"), "the link is not lost: {}", err(&old));
    made["mail"] = json!({"subject": "DNS records for www.example.com", "body": "Hello,\n\nplease \u{1b}[2Jcreate\n"});
    let output = run(&ApiDouble::always(201, &made), &["share", "www.example.com", "--mail"]);
    assert_status(&output, 0);
    assert_eq!(out(&output), "Subject: DNS records for www.example.com\n\nHello,\n\nplease \u{fffd}[2Jcreate\n");
}

#[test]
fn links_are_listed_without_what_opens_them() {
    let api = ApiDouble::always(200, &json!({"shares": [share(ID)]}));
    let output = run(&api, &["share", "www.example.com", "--list"]);
    assert_status(&output, 0);
    assert!(out(&output).contains(" 4f0c9b214f0c ") && out(&output).contains("arn:aws:iam::1:user/ann"));
    assert_eq!(json_out(&run(&api, &["share", "www.example.com", "--list", "--format", "json"])), json!([share(ID)]));
    let none = ApiDouble::always(200, &json!({"shares": []}));
    assert!(out(&run(&none, &["share", "www.example.com", "--list"])).contains("Create one: managed-https share"));
}

#[test]
fn the_start_of_an_id_revokes_a_link_if_it_is_the_only_one() {
    let other = format!("4f0c9b21{}", "0".repeat(56));
    let shares = json!({"shares": [share(ID), share(&other)]}).to_string();
    let api = ApiDouble::start(move |request, _| match request.what.as_str() {
        "GET /v1/endpoints/a.example/shares" => (200, shares.clone()),
        _ => (204, String::new()),
    });
    let ambiguous = run(&api, &["share", "a.example", "--revoke", "4f0c9b21"]);
    assert_status(&ambiguous, 1);
    assert!(err(&ambiguous).contains("2 links") && err(&ambiguous).contains("--list"), "{}", err(&ambiguous));
    let output = run(&api, &["share", "a.example", "--revoke", "4F0C9B214f"]);
    assert_status(&output, 0);
    assert_eq!(out(&output), format!("The link {ID} is revoked.\n"));
    let whole = run(&api, &["share", "a.example", "--revoke", &other, "--format", "json"]);
    assert_status(&whole, 0);
    assert_eq!(out(&whole), "");
    let deleted: Vec<_> =
        api.requests().into_iter().map(|request| request.what).filter(|what| what.starts_with('D')).collect();
    assert_eq!(deleted, [ID, &other].map(|id| format!("DELETE /v1/endpoints/a.example/shares/{id}")));
}
