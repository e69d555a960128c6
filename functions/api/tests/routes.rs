//! The API over the in-memory ports.

use api::{Installation, Service, router};
use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use testkit::{MemoryEndpoints, MemoryFlows};
use tower::ServiceExt;

struct Api {
    router: Router,
    flows: MemoryFlows,
}

fn api() -> Api {
    let flows = MemoryFlows::default();
    let installation = Installation {
        delegation_zone: "acme.platform.example".into(),
        endpoint_target: "edge.platform.example".into(),
        profile: None,
    };
    let service = Service { registry: MemoryEndpoints::default(), flows: flows.clone(), installation };
    Api { router: router(service), flows }
}

impl Api {
    async fn send(&self, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let status = response.status();
        let kind = response.headers()["content-type"].to_str().expect("text").to_owned();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        let expected = if status.is_success() { "application/json" } else { "application/problem+json" };
        assert_eq!(kind, expected);
        (status, serde_json::from_slice(&bytes).expect("JSON"))
    }

    async fn register(&self, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, "/v1/endpoints", &body.to_string()).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, "").await
    }
}

fn internal(domain: &str) -> Value {
    json!({"domain": domain, "reachability": "internal"})
}

#[tokio::test]
async fn a_registration_shows_its_records_and_starts_its_first_attempt() {
    let api = api();
    let (status, endpoint) = api.register(json!({"domain": "WWW.Example.com.", "reachability": "external"})).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(endpoint["domain"], "www.example.com");
    assert_eq!(endpoint["state"], "issuing");
    assert_eq!(endpoint["records"].as_array().expect("an array").len(), 2);
    assert_eq!(api.flows.take().len(), 1);

    let id = endpoint["id"].as_str().expect("text");
    for reference in [id, "www.example.com", "WWW.example.com."] {
        let (status, found) = api.get(&format!("/v1/endpoints/{reference}")).await;
        assert_eq!((status, &found["id"]), (StatusCode::OK, &endpoint["id"]), "{reference}");
    }
    let (_, records) = api.get("/v1/endpoints/www.example.com/records").await;
    assert_eq!(records["records"], endpoint["records"]);
}

#[tokio::test]
async fn bad_input_names_its_field_and_registers_nothing() {
    let api = api();
    for (body, field) in [
        (json!({"domain": "not a name", "reachability": "internal"}).to_string(), Some("domain")),
        (
            json!({"domain": "a.example.com", "also": ["b..example.com"], "reachability": "internal"}).to_string(),
            Some("also[0]"),
        ),
        (json!({"domain": "co.uk", "reachability": "internal"}).to_string(), Some("domain")),
        (json!({"domain": "a.example.com"}).to_string(), Some("reachability")),
        (json!({"domain": "a.example.com", "reachability": "internal", "owner": "me"}).to_string(), Some("owner")),
        (json!({"domain": "a.example.com", "reachability": "sideways"}).to_string(), None),
        ("{".into(), None),
        ("".into(), None),
        (json!({"domain": "a".repeat(70_000), "reachability": "internal"}).to_string(), None),
    ] {
        let (status, problem) = api.send(Method::POST, "/v1/endpoints", &body).await;
        assert!(status.is_client_error(), "{body}");
        assert_eq!(problem["field"].as_str(), field, "{body}");
        assert!(!problem["remedy"].as_str().expect("text").is_empty());
    }
    let (_, listed) = api.get("/v1/endpoints").await;
    assert_eq!(listed["endpoints"], json!([]));
    assert!(api.flows.take().is_empty());
}

#[tokio::test]
async fn a_name_is_registered_once_also_as_a_wildcard() {
    let api = api();
    assert_eq!(api.register(internal("example.com")).await.0, StatusCode::CREATED);
    for again in ["example.com", "*.example.com"] {
        let (status, problem) = api.register(internal(again)).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(
            (&problem["type"], &problem["field"]),
            (&json!("urn:managed-https:problem:name-taken"), &json!("domain"))
        );
    }
    let also =
        json!({"domain": "new.example.org", "also": ["a.example.org", "example.com"], "reachability": "internal"});
    let (_, problem) = api.register(also).await;
    assert_eq!(problem["field"], "also[1]");
}

#[tokio::test]
async fn renewing_while_an_attempt_runs_is_a_conflict() {
    let api = api();
    api.register(internal("a.example.com")).await;
    let (status, problem) = api.send(Method::POST, "/v1/endpoints/a.example.com/renew", "").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["type"], "urn:managed-https:problem:attempt-running");
}

#[tokio::test]
async fn a_removal_is_accepted_and_shown() {
    let api = api();
    api.register(internal("a.example.com")).await;
    let (status, going) = api.send(Method::DELETE, "/v1/endpoints/a.example.com", "").await;
    assert_eq!((status, &going["state"]), (StatusCode::ACCEPTED, &json!("removing")));
    assert_eq!(api.send(Method::POST, "/v1/endpoints/a.example.com/renew", "").await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_is_not_there_is_a_404_with_a_next_step() {
    let api = api();
    for path in ["/v1/endpoints/x.example.com", "/v1/endpoints/ep-nonsense", "/v1/endpoints/%20", "/v1/nothing", "/"] {
        let (status, problem) = api.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(problem["remedy"].is_string());
    }
    assert_eq!(api.send(Method::PUT, "/v1/endpoints", "").await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn pages_are_bounded_and_follow_each_other() {
    let api = api();
    for i in 0..5 {
        api.register(internal(&format!("n{i}.example.com"))).await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/endpoints?limit=2".to_owned();
    loop {
        let (_, page) = api.get(&path).await;
        seen.extend(page["endpoints"].as_array().expect("an array").iter().map(|e| e["domain"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/endpoints?limit=2&cursor={}", next.replace(' ', "%20"));
    }
    assert_eq!(seen.len(), 5);
    for bad in ["limit=0", "limit=201", "limit=x", "nonsense=1"] {
        assert_eq!(api.get(&format!("/v1/endpoints?{bad}")).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}
