//! The API's client.

pub(crate) mod address;
mod answer;
pub(crate) mod credentials;
pub(crate) mod error;
mod operations;
mod sdk_client;
pub(crate) mod signing;
mod tls;

use std::time::Duration;

use http::{Method, Request, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use vocabulary::version::USER_AGENT;
use wire::HealthView;

use crate::api::address::ApiAddress;
use crate::api::credentials::{Credentials, Token};
use crate::api::error::{ApiError, Said};
use crate::terminal::output::harmless;

pub(crate) use answer::Answer;
pub(crate) use operations::{EndpointPages, IdempotencyKey, PAGE};

/// API Gateway itself gives up after 30 seconds.
const PATIENCE: Duration = Duration::from_secs(35);
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// HTTP APIs of API Gateway have the first; Lambda and other gateways the second.
const REQUEST_IDS: [&str; 2] = ["apigw-requestid", "x-amzn-requestid"];
const LONGEST_REQUEST_ID: usize = 80;

pub(crate) struct Api {
    http: reqwest::Client,
    address: ApiAddress,
    credentials: Credentials,
}

/// One request: what is asked, below the root of the routes.
struct Asking<'a> {
    method: Method,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Vec<u8>,
    idempotency_key: Option<&'a str>,
}

impl<'a> Asking<'a> {
    fn new(method: Method, path: &'a [&'a str]) -> Self {
        Self { method, path, query: &[], body: Vec::new(), idempotency_key: None }
    }

    fn get(path: &'a [&'a str]) -> Self {
        Self::new(Method::GET, path)
    }

    fn post(path: &'a [&'a str]) -> Self {
        Self::new(Method::POST, path)
    }

    fn query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    fn body(self, body: &impl Serialize) -> Self {
        Self { body: serde_json::to_vec(body).expect("texts can be written as JSON"), ..self }
    }
}

impl Api {
    /// Makes ready; nothing is sent yet.
    pub(crate) async fn new(address: ApiAddress, token: Option<Token>) -> Result<Self, ApiError> {
        let credentials = Credentials::of(token, &address).await?;
        Ok(Self { http: client(&address), address, credentials })
    }

    async fn ask<T: DeserializeOwned>(&self, asking: Asking<'_>) -> Result<Answer<T>, ApiError> {
        let json = self.send(asking).await?;
        self.read(json)
    }

    fn read<T: DeserializeOwned>(&self, json: Value) -> Result<Answer<T>, ApiError> {
        Answer::read(json).map_err(|cause| self.unreadable(cause))
    }

    async fn send(&self, asking: Asking<'_>) -> Result<Value, ApiError> {
        let uri = self.address.resource(self.credentials.root(), asking.path, asking.query);
        let mut request = Request::builder().method(asking.method).uri(uri);
        if !asking.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(key) = asking.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let mut request = request.body(asking.body).expect("an encoded URL is a URI");
        self.credentials.apply(&mut request).await?;
        request
            .headers_mut()
            .insert(header::ACCEPT, header::HeaderValue::from_static("application/json, application/problem+json"));
        let request = reqwest::Request::try_from(request).expect("a URI with scheme and host is a URL");
        let unreachable = |cause| unreachable(&self.address, cause);
        let response = self.http.execute(request).await.map_err(unreachable)?;
        let status = response.status();
        let (request_id, retry_after) = (request_id(response.headers()), retry_after(response.headers()));
        let body = response.bytes().await.map_err(unreachable)?;
        match status {
            StatusCode::NO_CONTENT => Ok(Value::Null),
            status if status.is_success() => serde_json::from_slice(&body).map_err(|cause| self.unreadable(cause)),
            status => Err(ApiError::Refused {
                address: self.address.as_str().to_owned(),
                by_token: matches!(self.credentials, Credentials::Bearer(_)),
                status,
                request_id,
                retry_after,
                said: Said::read(&body),
            }),
        }
    }

    fn unreadable(&self, cause: serde_json::Error) -> ApiError {
        ApiError::Unreadable { address: self.address.as_str().to_owned(), cause }
    }
}

/// What anybody learns of the API, without credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// The API's clock.
    pub(crate) clock: Option<OffsetDateTime>,
    /// The stack's version; `None` before 0.2.0.
    pub(crate) version: Option<String>,
}

/// What answers at `address`.
pub(crate) async fn health(address: &ApiAddress) -> Result<Health, ApiError> {
    let url = address.resource("health", &[], &[]);
    let response = client(address).get(url).send().await.map_err(|cause| unreachable(address, cause))?;
    let date = response.headers().get(header::DATE).and_then(|value| value.to_str().ok());
    let clock = date.and_then(|text| OffsetDateTime::parse(text, &Rfc2822).ok());
    let status = response.status();
    let (request_id, retry_after) = (request_id(response.headers()), retry_after(response.headers()));
    let body = response.bytes().await.unwrap_or_default();
    if status.is_success() {
        let view: Option<HealthView> = serde_json::from_slice(&body).ok();
        let version = view.and_then(|view| view.version).map(|version| harmless(&version));
        return Ok(Health { clock, version });
    }
    let (address, said) = (address.as_str().to_owned(), Said::read(&body));
    Err(ApiError::Refused { address, by_token: false, status, request_id, retry_after, said })
}

/// In seconds: the API sends no dates.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// The gateway's id of the request, which finds its log and the function's.
fn request_id(headers: &header::HeaderMap) -> Option<String> {
    let value = REQUEST_IDS.iter().find_map(|name| headers.get(*name))?.to_str().ok()?;
    Some(harmless(value).chars().take(LONGEST_REQUEST_ID).collect())
}

fn unreachable(address: &ApiAddress, cause: reqwest::Error) -> ApiError {
    ApiError::Unreachable { address: address.as_str().to_owned(), cause }
}

fn client(address: &ApiAddress) -> reqwest::Client {
    let mut http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::config())
        .user_agent(USER_AGENT)
        // A signature is valid for one address only, and no other host may get a token.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_PATIENCE)
        .timeout(PATIENCE);
    if address.is_loopback() {
        http = http.no_proxy();
    }
    http.build().expect("the TLS configuration is one that reqwest knows")
}
