//! The edge: what a load balancer with a rule for challenges does with the CA's request.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use aws_sdk_lambda::primitives::Blob;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::aws;
use crate::description::Description;
use crate::layout::CloudFolder;

/// The path pattern of the listener rule. Everything else belongs to the customers' applications.
const RULE: &str = "/.well-known/acme-challenge/";

/// The function that requests are handed to. Where it is changed, visitors are led to another region's load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Responder {
    function: String,
    region: String,
}

impl Responder {
    pub(crate) fn of(description: &Description) -> Result<Self> {
        let function = description.resource("ServeChallengeFunction")?.to_owned();
        Ok(Self { function, region: description.region.clone() })
    }

    /// Complete or not there: the edge reads it at each request.
    pub(crate) fn write(&self, folder: &CloudFolder) -> Result<()> {
        let unfinished = folder.file("responder.json.new");
        fs::write(&unfinished, serde_json::to_vec(self)?)?;
        fs::rename(&unfinished, folder.responder()).context("naming the responder")
    }

    fn read(file: &Path) -> Result<Self> {
        let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        serde_json::from_slice(&bytes).context("the responder")
    }
}

/// Hands requests over to one function, as an ALB target group does.
pub(crate) struct Edge {
    endpoint: String,
    responder: PathBuf,
    /// One client for each region.
    lambdas: Mutex<BTreeMap<String, aws_sdk_lambda::Client>>,
}

impl Edge {
    /// `responder`: the file with the [`Responder`].
    pub(crate) fn new(endpoint: String, responder: PathBuf) -> Self {
        Self { endpoint, responder, lambdas: Mutex::default() }
    }

    fn lambda(&self, region: &str) -> aws_sdk_lambda::Client {
        let mut lambdas = self.lambdas.lock().expect("no holder panics");
        let new = || aws_sdk_lambda::Client::new(&aws::config(&self.endpoint, region));
        lambdas.entry(region.to_owned()).or_insert_with(new).clone()
    }

    /// Serves until the process ends.
    pub(crate) async fn serve(self, listener: TcpListener) -> Result<()> {
        let edge = Arc::new(self);
        loop {
            let (stream, _) = listener.accept().await.context("the edge")?;
            let edge = edge.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let edge = edge.clone();
                    async move { Ok::<_, Infallible>(edge.respond(request).await) }
                });
                if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                    warn!("a connection ended early: {error}");
                }
            });
        }
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let host = header(request.headers(), "host");
        let response = if path.starts_with(RULE) {
            self.forward(request).await.unwrap_or_else(|error| {
                warn!(host, "the responder failed: {error:#}");
                plain(StatusCode::BAD_GATEWAY)
            })
        } else {
            plain(StatusCode::NOT_FOUND)
        };
        info!(host, path, status = response.status().as_u16(), "responded");
        response
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.context("reading the request")?.to_bytes();
        let event = event(&parts, &body);
        let Responder { function, region } = Responder::read(&self.responder)?;
        let result = self
            .lambda(&region)
            .invoke()
            .function_name(function)
            .payload(Blob::new(serde_json::to_vec(&event)?))
            .send()
            .await
            .context("Invoke")?;
        let payload = result.payload.unwrap_or_else(|| Blob::new("")).into_inner();
        if let Some(error) = result.function_error {
            bail!("{error}: {}", String::from_utf8_lossy(&payload));
        }
        let target: TargetResponse = serde_json::from_slice(&payload).context("the function's response")?;
        target.into_http()
    }
}

/// The event of a target group without multi-value headers.
fn event(request: &http::request::Parts, body: &Bytes) -> Value {
    let headers: BTreeMap<_, _> =
        request.headers.keys().map(|name| (name.as_str(), header(&request.headers, name.as_str()))).collect();
    let query: BTreeMap<_, _> = request
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        // An ALB passes them on as they came, undecoded.
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    let text = std::str::from_utf8(body);
    json!({
        "requestContext": { "elb": {
            "targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/challenges/0000000000000000",
        }},
        "httpMethod": request.method.as_str(),
        "path": request.uri.path(),
        "queryStringParameters": query,
        "headers": headers,
        "body": text.map_or_else(|_| BASE64_STANDARD.encode(body), str::to_owned),
        "isBase64Encoded": text.is_err(),
    })
}

/// Like its event, that of a target group without multi-value headers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetResponse {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl TargetResponse {
    fn into_http(self) -> Result<Response<Full<Bytes>>> {
        let body = self.body.unwrap_or_default();
        let body = if self.is_base64_encoded { BASE64_STANDARD.decode(body)? } else { body.into_bytes() };
        let mut response = Response::builder().status(self.status_code);
        for (name, value) in &self.headers {
            // The length is that of the body that goes out.
            if !name.eq_ignore_ascii_case("content-length") {
                response = response.header(name, value);
            }
        }
        Ok(response.body(Full::new(body.into()))?)
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let text = status.canonical_reason().unwrap_or_default();
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}

fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    value.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_carries_the_host_the_path_and_the_query_as_they_came() {
        let request = Request::get("/.well-known/acme-challenge/t%20?a=b%20c&d")
            .header("host", "www.customer.test")
            .body(())
            .unwrap();
        let event = event(&request.into_parts().0, &Bytes::new());
        assert_eq!(event["headers"]["host"], "www.customer.test");
        assert_eq!(event["path"], "/.well-known/acme-challenge/t%20");
        assert_eq!(event["queryStringParameters"], json!({ "a": "b%20c", "d": "" }));
        assert_eq!(event["isBase64Encoded"], false);
    }

    #[test]
    fn a_base64_body_is_decoded_on_its_way_out() {
        let response: TargetResponse = serde_json::from_value(json!({
            "statusCode": 200, "body": "aGk=", "isBase64Encoded": true, "headers": { "x-one": "1" },
        }))
        .unwrap();
        let response = response.into_http().unwrap();
        assert_eq!(response.headers()["x-one"], "1");
        assert_eq!(response.status(), StatusCode::OK);
    }
}
