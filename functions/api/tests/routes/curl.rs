//! The calls of the API with curl in README and docs: each is an operation of the API's own document, and is answered.

use axum::body::Body;
use documentation::{Command, commands, pages};
use http::{Method, Request};
use serde_json::Value;

use vocabulary::names::NamePolicy;

use crate::bench::{Api, text};
use crate::callers::Who;

/// What stands for the API's address in the documentation.
const ADDRESS: &str = "$MANAGED_HTTPS_API";

/// Method, path and body of a call of the API; `None` where it calls something else.
fn call(command: &Command) -> Option<(Method, String, Option<String>)> {
    let words = &command.words;
    let path = words.iter().find_map(|word| word.strip_prefix(ADDRESS))?.to_owned();
    let after = |names: &[&str]| {
        let at = words.iter().position(|word| names.contains(&word.as_str()))?;
        words.get(at + 1).cloned()
    };
    let body = after(&["--json", "--data", "-d"]);
    let method = match after(&["--request", "-X"]) {
        Some(method) => method.parse().expect("a method"),
        None if body.is_some() => Method::POST,
        None => Method::GET,
    };
    Some((method, path, body))
}

/// Whether a path is of this form: `/endpoints/{endpoint}`.
fn is_of(path: &str, form: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (parts, forms): (Vec<_>, Vec<_>) = (path.split('/').collect(), form.split('/').collect());
    parts.len() == forms.len() && parts.iter().zip(forms).all(|(part, form)| form.starts_with('{') || *part == form)
}

#[tokio::test]
async fn every_documented_call_is_an_operation_and_is_answered() {
    // As the local cloud, whose names end in .test.
    let api = Api::with_name_policy(NamePolicy::Private);
    let document = api.get(Who::Operator, "/openapi.json").await.body;
    let pages = pages().expect("the pages can be read");
    // `call` is the page's own function around curl.
    let mut found = commands(&pages, "curl");
    found.extend(commands(&pages, "call"));
    let mut called = 0;
    for command in &found {
        let at = format!("{}:{}: {}", command.page.display(), command.line, command.words.join(" "));
        let Some((method, path, body)) = call(command) else { continue };
        let (who, below) = match path.strip_prefix("/bearer/v1") {
            Some(below) => (Who::Tenant("acme"), below),
            None => (Who::Operator, path.strip_prefix("/v1").unwrap_or_else(|| panic!("{at}: no path of the API"))),
        };
        let forms = document["paths"].as_object().expect("paths");
        let operation = forms.iter().find(|(form, _)| is_of(&path, form) || is_of(below, form));
        let (_, operations) = operation.unwrap_or_else(|| panic!("{at}: no path of the document"));
        let name = method.as_str().to_lowercase();
        assert!(operations.get(&name).is_some(), "{at}: the path has no {method}");
        let mut request =
            Request::builder().method(method).uri(&path).header("host", "api.example").extension(who.context());
        if let Some(authorization) = who.authorization() {
            request = request.header("authorization", authorization);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let answer = api.send(request.body(body.map_or_else(Body::empty, Body::from)).expect("a request")).await;
        assert!(answer.status.is_success(), "{at}: {} {}", answer.status, answer.body);
        assert!(answer.body != Value::Null, "{at}");
        called += 1;
    }
    assert!(called >= 2, "the calls were found: {found:#?}");
    assert!(is_of("/endpoints/a/records", "/endpoints/{endpoint}/records") && !is_of("/endpoints/a", "/endpoints"));
    assert_eq!(text(&document["openapi"]).split('.').next(), Some("3"));
}
