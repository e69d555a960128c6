//! Requests carry a signature or a token, and nothing else of either.

use serde_json::json;

use crate::api_double::ApiDouble;
use crate::fixtures::{problem, ready};
use crate::{assert_status, command, err, out, run};

const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJ0ZW5hbnQiOiJhY21lIn0.c2VjcmV0";

#[test]
fn requests_are_signed_and_keep_the_base_path() {
    let api = ApiDouble::always(200, &ready());
    assert_status(&run(&api, &["show", "*.bücher.example", "--format", "json"]), 0);
    let request = api.first();
    assert_eq!(request.what, "GET /v1/endpoints/*.xn--bcher-kva.example");
    let authorization = request.header("authorization").expect("it is signed");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=test/"), "{authorization}");
    assert!(
        authorization.contains("/eu-central-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=")
    );
    assert!(request.header("user-agent").is_some_and(|agent| agent.starts_with("managed-https/")));
}

#[test]
fn characters_that_no_domain_has_are_encoded_in_the_path() {
    let api = ApiDouble::always(200, &ready());
    assert_status(&run(&api, &["show", "a?b#c%d"]), 0);
    assert_eq!(api.first().what, "GET /v1/endpoints/a%3Fb%23c%25d");
}

#[test]
fn a_token_replaces_the_signature_and_all_aws_settings() {
    let api = ApiDouble::always(200, &ready());
    let by_variable = command(&api.address, &["show", "a.example"])
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_DEFAULT_REGION")
        .env("MANAGED_HTTPS_TOKEN", TOKEN)
        .output()
        .expect("starts");
    assert_status(&by_variable, 0);
    assert_status(&run(&api, &["show", "a.example", "--token", TOKEN]), 0);
    for request in api.requests() {
        assert_eq!(request.what, "GET /bearer/v1/endpoints/a.example");
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        assert_eq!(request.header("x-amz-date"), None);
    }
    let none = command(&api.address, &["show", "a.example"]).env("MANAGED_HTTPS_TOKEN", "").output().expect("starts");
    assert_status(&none, 0);
    assert_eq!(api.requests()[2].what, "GET /v1/endpoints/a.example");
}

#[test]
fn a_token_is_never_printed_whatever_fails() {
    let refusing = ApiDouble::start(|_, _| (401, json!({"message": "Unauthorized"}).to_string()));
    let failing = ApiDouble::start(|_, _| problem(404, "No such endpoint"));
    let bad = format!("{TOKEN} x");
    let cases = [
        (&refusing.address[..], TOKEN, &["list"][..], 1, "Get a fresh token"),
        (&failing.address, TOKEN, &["show", "a.example"], 1, "No such endpoint"),
        (&failing.address, &bad, &["list"], 1, "not a bearer token"),
        ("http://api.example.com", TOKEN, &["list"], 1, "not encrypted"),
        ("http://127.0.0.1:1", TOKEN, &["list"], 1, "cannot be reached"),
        ("http://127.0.0.1:1", TOKEN, &["list", "--nonsense"], 2, "--nonsense"),
    ];
    for (address, token, arguments, status, says) in cases {
        let output = command(address, &[arguments, &["--token", token]].concat()).output().expect("starts");
        assert_status(&output, status);
        let told = format!("{}{}", out(&output), err(&output));
        assert!(told.contains(says) && !told.contains("c2VjcmV0"), "{told}");
    }
}
