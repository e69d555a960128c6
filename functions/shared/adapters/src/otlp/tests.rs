use std::time::Instant;

use domain::endpoint::{Endpoint, Step, StepUsage};
use domain::flow::StepInput;
use serde_json::Value;
use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use vocabulary::acme::Reachability;
use vocabulary::failure::FailureName;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

/// Takes one request, answers it, and returns its head and body.
async fn receiver(answer: &'static str) -> (String, JoinHandle<(String, Value)>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let taken = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let (head, body) = request(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.expect("answered");
        (head, serde_json::from_slice(&body).expect("JSON"))
    });
    (url, taken)
}

async fn request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.expect("a request");
        bytes.extend_from_slice(&chunk[..read]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if bytes.len() - end - 4 >= length.unwrap_or(0) {
            return (head, bytes.split_off(end + 4));
        }
    }
}

/// An attempt of one step that failed.
fn attempt() -> AttemptTrace {
    let names = EndpointNames::parse("www.example.com", &[], 9).expect("valid");
    let (id, label) = (EndpointId::from_random([1; 16]), DelegationLabel::from_random([2; 16]));
    let endpoint = Endpoint::register(id.clone(), TenantId::fallback(), names, Reachability::Internal, label, NOW);
    let usage = StepUsage {
        step: Step::OpenOrder,
        milliseconds: 40,
        ca_requests: 3,
        route53_calls: 0,
        began: Some(NOW + time::Duration::SECOND),
        ended: Some(NOW + time::Duration::seconds(2)),
    };
    let failure = vocabulary::failure::Failure::unavailable("no answer");
    let attempt = domain::endpoint::Attempt {
        attempt: 7,
        started_at: NOW,
        finished_at: Some(NOW + time::Duration::seconds(3)),
        outcome: domain::endpoint::Outcome::Failed,
        method: None,
        order: None,
        directory: None,
        failure: Some(failure),
        execution: domain::endpoint::attempt::execution_name(&id, 7),
        steps: vec![usage],
    };
    AttemptTrace::of(&endpoint, &StepInput::start(id, 7), &attempt)
}

fn attribute<'a>(of: &'a Value, name: &str) -> &'a Value {
    let attributes = of["attributes"].as_array().expect("a list");
    &attributes.iter().find(|one| one["key"] == name).unwrap_or(&Value::Null)["value"]
}

#[tokio::test]
async fn a_trace_arrives_as_the_protocol_has_it() {
    let (url, taken) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
    let trace = attempt();
    let headers: CollectorHeaders = r#"{"Api-Key": "k1", "x-team": "edge"}"#.parse().expect("headers");
    Collector::new(&url, "managed-https", headers).expect("a URL").send(&trace).await;
    let (head, body) = taken.await.expect("taken");
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(head.contains("api-key: k1") && head.contains("x-team: edge"), "{head}");
    let resource = &body["resourceSpans"][0];
    assert_eq!(attribute(&resource["resource"], "service.name")["stringValue"], "managed-https");
    assert_eq!(attribute(&resource["resource"], "service.version")["stringValue"], VERSION);
    let spans = resource["scopeSpans"][0]["spans"].as_array().expect("spans");
    let [root, step] = spans.as_slice() else { panic!("two spans: {body:#}") };
    assert_eq!((root["name"].as_str(), step["name"].as_str()), (Some("attempt"), Some("open-order")));
    for span in spans {
        assert_eq!(span["traceId"], trace.id.to_string());
    }
    assert_eq!(root["spanId"], trace.spans[0].id.to_string());
    assert_eq!(step["parentSpanId"], root["spanId"]);
    assert_eq!(root["startTimeUnixNano"], NOW.unix_timestamp_nanos().to_string());
    assert_eq!(root["status"]["code"], 2, "an error");
    assert_eq!(attribute(root, "error.type")["stringValue"], FailureName::Unavailable.as_str());
    assert_eq!(attribute(step, "faas.name")["stringValue"], "open-order");
    assert_eq!(attribute(step, "managed_https.ca_requests")["intValue"], "3");
}

#[tokio::test]
async fn a_collector_that_refuses_hangs_or_is_missing_delays_nothing() {
    let (refusing, _taken) = receiver("HTTP/1.1 503 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let silent = format!("http://{}", listener.local_addr().expect("bound"));
    let gone = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        format!("http://{}", listener.local_addr().expect("bound"))
    };
    for url in [refusing, silent, gone] {
        let begun = Instant::now();
        collector(&url).expect("a URL").send(&attempt()).await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{url}: {:?}", begun.elapsed());
    }
}

#[test]
fn what_is_no_url_is_refused_when_the_function_starts() {
    assert!(collector("not a url").is_err());
    assert!(collector("ftp://collector.example").is_err());
}

fn collector(url: &str) -> Result<Collector, CollectorRejected> {
    Collector::new(url, "managed-https", CollectorHeaders::default())
}

#[test]
fn invalid_headers_are_refused_and_never_shown() {
    for secret in ["", "api-key=top-secret", r#"{"a b": "top-secret"}"#, r#"{"a": "top\nsecret"}"#, r#"["top-secret"]"#]
    {
        let error = secret.parse::<CollectorHeaders>().expect_err(secret).to_string();
        assert!(!error.contains("secret\"") && !error.contains("top"), "{error}");
    }
    let headers: CollectorHeaders = r#"{"api-key": "top-secret"}"#.parse().expect("headers");
    assert_eq!(format!("{headers:?}"), r#"["api-key"]"#);
}
