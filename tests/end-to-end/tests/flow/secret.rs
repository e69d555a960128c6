//! Secrets Manager, as far as the ACME account needs it: one secret, whose labels move as AWS moves them.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Debug, Default)]
struct Secret {
    versions: Vec<(String, String)>,
    current: Option<String>,
}

/// Serves for as long as the runtime lives; returns its URL.
pub(crate) async fn start() -> String {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let secret = Arc::new(Mutex::new(Secret::default()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let secret = secret.clone();
            tokio::spawn(async move {
                let service = service_fn(|request: Request<Incoming>| {
                    let secret = secret.clone();
                    async move { Ok::<_, Infallible>(respond(&secret, request).await) }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    url
}

async fn respond(secret: &Mutex<Secret>, request: Request<Incoming>) -> Response<String> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).map(str::to_owned);
    let target = target.unwrap_or_default();
    let body = axum::body::to_bytes(axum::body::Body::new(request.into_body()), 1 << 20).await.expect("a body");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let mut secret = secret.lock().expect("no holder panics");
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let (status, answer) = match target.rsplit('.').next() {
        Some("GetSecretValue") => match secret.current.clone() {
            None => (400, json!({"__type": "ResourceNotFoundException", "Message": "no value"})),
            Some(current) => {
                let found = secret.versions.iter().find(|(id, _)| *id == current).expect("it is one of them");
                (200, json!({"SecretString": found.1, "VersionId": current}))
            }
        },
        Some("PutSecretValue") => {
            let id = text("ClientRequestToken").expect("the SDK makes one");
            if secret.versions.iter().any(|(known, _)| *known == id) {
                (400, json!({"__type": "ResourceExistsException", "Message": "it exists"}))
            } else {
                secret.versions.push((id.clone(), text("SecretString").expect("a text")));
                if body["VersionStages"].is_null() {
                    secret.current = Some(id.clone());
                }
                (200, json!({"VersionId": id}))
            }
        }
        _ => match text("RemoveFromVersionId") == secret.current {
            true => {
                secret.current = text("MoveToVersionId");
                (200, json!({}))
            }
            false => (400, json!({"__type": "InvalidParameterException", "Message": "the label is elsewhere"})),
        },
    };
    let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
    response.body(answer.to_string()).expect("a response")
}
