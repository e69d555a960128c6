//! What any request may look like, and the answer to it.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::json;
use vocabulary::version::VERSION;

use crate::bench::{Api, documented_problems, internal};
use crate::callers::Who;

const OPERATOR: Who = Who::Operator;

/// Sends bytes as they are.
async fn raw(api: &Api, method: Method, uri: &str, kind: Option<&str>, body: impl Into<Body>) -> crate::bench::Answer {
    let mut request = Request::builder().method(method).uri(uri).extension(OPERATOR.context());
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    api.send(request.body(body.into()).expect("a request")).await
}

#[tokio::test]
async fn a_request_without_an_identity_is_refused_whichever_route_let_it_in() {
    let api = Api::new();
    api.registered(OPERATOR, "a.example.com").await;
    let paths = ["/endpoints", "/endpoints/a.example.com", "/openapi.json", "/caller", "/nothing", "/endpoints/"];
    // Without any, and each with the identity that the other path accepts.
    for (prefix, who) in [
        ("/v1", Who::Nobody),
        ("/v1", Who::Tenant("acme")),
        ("/v1", Who::OperatorByRole),
        ("/bearer/v1", Who::Nobody),
        ("/bearer/v1", Who::Operator),
    ] {
        for path in paths {
            let request = Request::get(format!("{prefix}{path}")).extension(who.context());
            let answer = api.send(request.body(Body::empty()).expect("a request")).await;
            assert_eq!((answer.status, answer.problem()), (StatusCode::UNAUTHORIZED, "unidentified"), "{prefix}{path}");
            assert!(answer.headers.contains_key("www-authenticate"));
        }
    }
    let put = Request::put("/v1/endpoints").extension(Who::Nobody.context()).body(Body::empty()).expect("a request");
    assert_eq!(api.send(put).await.status, StatusCode::UNAUTHORIZED, "nor is it said which methods there are");
    let bare = Request::get("/v1/endpoints").body(Body::empty()).expect("a request");
    assert_eq!(api.send(bare).await.status, StatusCode::UNAUTHORIZED, "not from a gateway at all");
}

#[tokio::test]
async fn a_token_without_any_rights_is_refused_as_not_entitled() {
    let api = Api::new();
    let answer = api.get(Who::Tenant("a b"), "/endpoints").await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::FORBIDDEN, "not-entitled"));
}

#[tokio::test]
async fn health_is_open_and_says_the_version_alone() {
    let api = Api::new();
    let answer = api.send(Request::get("/health").body(Body::empty()).expect("a request")).await;
    assert_eq!((answer.status, answer.body), (StatusCode::OK, json!({"status": "ok", "version": VERSION})));
}

#[tokio::test]
async fn what_is_not_there_is_a_404_with_a_next_step() {
    let api = Api::new();
    for path in [
        "/endpoints/x.example.com",
        "/endpoints/ep-nonsense",
        "/endpoints/%20",
        "/endpoints/%00",
        "/endpoints/%FF%FE",
        "/endpoints/a%2Fb",
        "/endpoints/%E2%80%AE",
        "/nothing",
        "/endpoints/a.example.com/nothing",
    ] {
        let answer = api.get(OPERATOR, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/", "/v2/endpoints", "/v1", "/favicon.ico"] {
        assert_eq!(raw(&api, Method::GET, path, None, "").await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_method_that_a_path_has_not_is_refused_with_those_it_has() {
    let api = Api::new();
    let document = api.get(OPERATOR, "/openapi.json").await.body;
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE];
    for (path, item) in document["paths"].as_object().expect("an object") {
        let has: Vec<String> =
            item.as_object().expect("an object").keys().map(|method| method.to_uppercase()).collect();
        let at = path.replace("{endpoint}", "a.example.com").replace("{link}", "x");
        for method in methods.iter().filter(|method| !has.contains(&method.to_string())) {
            let answer = api.call(OPERATOR, method.clone(), &at, None).await;
            assert_eq!(
                (answer.status, answer.problem()),
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
                "{method} {at}"
            );
            let allow = answer.headers["allow"].to_str().expect("text");
            assert!(has.iter().all(|method| allow.split(',').any(|allowed| allowed.trim() == method)), "{at}: {allow}");
        }
        let options = api.call(OPERATOR, Method::OPTIONS, &at, None).await;
        assert_eq!(options.status, StatusCode::NO_CONTENT, "{at}");
        assert!(options.headers.contains_key("allow"));
    }
    let head = api.call(OPERATOR, Method::HEAD, "/endpoints", None).await;
    assert_eq!((head.status, head.body), (StatusCode::OK, json!(null)));
}

#[tokio::test]
async fn a_parameter_that_an_operation_has_not_is_refused_by_name() {
    let api = Api::new();
    api.registered(OPERATOR, "a.example.com").await;
    let document = api.get(OPERATOR, "/openapi.json").await.body;
    for (path, item) in document["paths"].as_object().expect("an object") {
        for method in item.as_object().expect("an object").keys() {
            let at = path.replace("{endpoint}", "a.example.com").replace("{link}", &"0".repeat(64));
            let method: Method = method.to_uppercase().parse().expect("a method");
            let answer = api.call(OPERATOR, method.clone(), &format!("{at}?surprise=1"), Some(json!({}))).await;
            assert_eq!(
                (answer.status, answer.field()),
                (StatusCode::UNPROCESSABLE_ENTITY, "surprise"),
                "{method} {at}"
            );
        }
    }
    assert!(!api.endpoint(&api.holder_of("a.example.com").await).await.removing, "and nothing was done");
}

#[tokio::test]
async fn a_body_that_is_malformed_or_too_large_or_not_json_is_refused() {
    let api = Api::new();
    let json = Some("application/json");
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let nested =
        format!(r#"{{"domain": {}, "reachability": "internal"}}"#, "{\"a\":".repeat(300) + "1" + &"}".repeat(300));
    for (kind, body, status) in [
        (None, internal("a.example.com").to_string().into_bytes(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Some("text/plain"), internal("a.example.com").to_string().into_bytes(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Some("application/x-www-form-urlencoded"), b"domain=a".to_vec(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (json, vec![], StatusCode::UNPROCESSABLE_ENTITY),
        (json, b"{".to_vec(), StatusCode::UNPROCESSABLE_ENTITY),
        (json, vec![0xff, 0xfe, 0x00], StatusCode::UNPROCESSABLE_ENTITY),
        (json, b"{\"domain\": \"\xff\", \"reachability\": \"internal\"}".to_vec(), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json,
            b"{\"domain\": \"a\\u0000.example.com\", \"reachability\": \"internal\"}".to_vec(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (json, b"{\"domain\": 1e999, \"reachability\": \"internal\"}".to_vec(), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json,
            b"{\"domain\": \"a.example.com\", \"domain\": \"b.example.com\", \"reachability\": \"internal\"}".to_vec(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (json, format!("{} {{}}", internal("a.example.com")).into_bytes(), StatusCode::UNPROCESSABLE_ENTITY),
        (json, deep.into_bytes(), StatusCode::UNPROCESSABLE_ENTITY),
        (json, nested.into_bytes(), StatusCode::UNPROCESSABLE_ENTITY),
        (json, internal(&"a".repeat(70_000)).to_string().into_bytes(), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let start = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = raw(&api, Method::POST, "/v1/endpoints", kind, body).await;
        assert_eq!(answer.status, status, "{kind:?} {start}: {}", answer.body);
    }
    assert!(api.get(OPERATOR, "/endpoints").await.domains().is_empty());
    let charset = raw(
        &api,
        Method::POST,
        "/v1/endpoints",
        Some("application/json; charset=utf-8"),
        internal("a.example.com").to_string(),
    )
    .await;
    assert_eq!(charset.status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_operation_without_a_body_refuses_one() {
    let api = Api::new();
    api.registered(OPERATOR, "a.example.com").await;
    for path in ["check", "renew"] {
        let at = format!("/endpoints/a.example.com/{path}");
        let answer = api.post(OPERATOR, &at, json!({"force": true})).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "force"), "{path}");
    }
}

#[tokio::test]
async fn the_document_and_its_page_name_the_same_problems() {
    let api = Api::new();
    let document = api.get(OPERATOR, "/openapi.json").await.body;
    let mut named = BTreeSet::new();
    let operations = document["paths"].as_object().expect("an object").values().flat_map(|item| item.as_object());
    for responses in operations.flat_map(|item| item.values()).map(|operation| &operation["responses"]) {
        for (status, response) in responses.as_object().expect("an object") {
            let words = response["description"].as_str().unwrap_or_default().split('`');
            let names = words.skip(1).step_by(2).map(ToOwned::to_owned);
            named.extend(names.map(|name| (status.parse::<u16>().expect("a status"), name)));
        }
    }
    // What no operation answers: there is none at the path.
    let page = documented_problems().into_iter().filter(|problem| *problem != (404, "not-found"));
    assert_eq!(named, page.map(|(status, name)| (status, name.to_owned())).collect());
}

#[tokio::test]
async fn the_openapi_document_is_complete() {
    let api = Api::new();
    let document = api.get(OPERATOR, "/openapi.json").await.body;
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    assert_eq!(document["servers"][0]["url"], "../v1", "wherever the API stands");
    let schemas = document["components"]["schemas"].as_object().expect("an object");
    let text = document.to_string();
    for (at, _) in text.match_indices("\"$ref\":\"#/components/schemas/") {
        let name = text[at + 29..].split('"').next().expect("a name");
        assert!(schemas.contains_key(name), "{name}");
    }
    for (path, item) in document["paths"].as_object().expect("an object") {
        for (method, operation) in item.as_object().expect("an object") {
            let at = format!("{method} {path}");
            assert!(operation["summary"].is_string() && operation["operationId"].is_string(), "{at}");
            let responses = operation["responses"].as_object().expect("an object");
            assert!(responses.contains_key("429"), "{at}");
            for status in ["401", "403", "422", "500", "503"] {
                let problem = &responses[status]["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(*problem, "#/components/schemas/Problem", "{at}: {status}");
            }
            let unknown = &responses["404"]["content"]["application/problem+json"];
            assert_eq!(path.contains("{endpoint}"), unknown.is_object(), "{at}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string() || parameter["schema"].is_object(), "{at}: {parameter}");
            }
        }
    }
}
