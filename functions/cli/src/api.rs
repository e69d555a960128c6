//! The API's client: one method per operation.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::address::ApiAddress;
use crate::api_error::{ApiError, Problem};
use crate::arguments::EndpointName;
use crate::model::{Answer, AttemptList, Endpoint, EndpointPage, RecordList, Registration, Started};
use crate::signing::Signer;

/// API Gateway gives up after 30 seconds itself.
const PATIENCE: Duration = Duration::from_secs(35);
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Api {
    http: reqwest::Client,
    address: ApiAddress,
    signer: Signer,
}

impl Api {
    /// Makes ready; nothing is sent yet.
    pub(crate) async fn new(address: ApiAddress) -> Result<Self, ApiError> {
        let signer = Signer::new(&address).await?;
        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls())
            .user_agent(concat!("managed-https/", env!("CARGO_PKG_VERSION")))
            // A signature is good for one address only.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_PATIENCE)
            .timeout(PATIENCE);
        if address.is_loopback() {
            http = http.no_proxy();
        }
        let http = http.build().expect("the TLS configuration is one that reqwest knows");
        Ok(Self { http, address, signer })
    }

    pub(crate) async fn register(&self, registration: &Registration<'_>) -> Result<Answer<Endpoint>, ApiError> {
        let body = serde_json::to_vec(registration).expect("texts can be written as JSON");
        self.ask(Method::POST, &["endpoints"], &[], body).await
    }

    /// All endpoints, page by page to the end.
    pub(crate) async fn endpoints(&self) -> Result<Answer<Vec<Endpoint>>, ApiError> {
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let query: Vec<_> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
            let page: EndpointPage = {
                let json = self.send(Method::GET, &["endpoints"], &query, Vec::new()).await?;
                serde_json::from_value(json).map_err(|cause| self.unreadable(cause))?
            };
            all.extend(page.endpoints);
            match page.next_cursor {
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                _ => return Answer::read(Value::Array(all)).map_err(|cause| self.unreadable(cause)),
            }
        }
    }

    pub(crate) async fn endpoint(&self, name: &EndpointName) -> Result<Answer<Endpoint>, ApiError> {
        self.ask(Method::GET, &["endpoints", name.as_str()], &[], Vec::new()).await
    }

    pub(crate) async fn records(&self, name: &EndpointName) -> Result<Answer<RecordList>, ApiError> {
        self.ask(Method::GET, &["endpoints", name.as_str(), "records"], &[], Vec::new()).await
    }

    pub(crate) async fn attempts(&self, name: &EndpointName) -> Result<Answer<AttemptList>, ApiError> {
        self.ask(Method::GET, &["endpoints", name.as_str(), "attempts"], &[], Vec::new()).await
    }

    pub(crate) async fn renew(&self, name: &EndpointName) -> Result<Answer<Started>, ApiError> {
        self.ask(Method::POST, &["endpoints", name.as_str(), "renew"], &[], Vec::new()).await
    }

    pub(crate) async fn remove(&self, name: &EndpointName) -> Result<Answer<Endpoint>, ApiError> {
        self.ask(Method::DELETE, &["endpoints", name.as_str()], &[], Vec::new()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer<T>, ApiError> {
        let json = self.send(method, path, query, body).await?;
        Answer::read(json).map_err(|cause| self.unreadable(cause))
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Value, ApiError> {
        let mut request = Request::builder().method(method).uri(self.address.resource(path, query));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let mut request = request.body(body).expect("an encoded URL is a URI");
        self.signer.sign(&mut request).await?;
        request
            .headers_mut()
            .insert(header::ACCEPT, header::HeaderValue::from_static("application/json, application/problem+json"));
        let request = reqwest::Request::try_from(request).expect("a URI with scheme and host is a URL");
        let unreachable = |cause| ApiError::Unreachable { address: self.address.as_str().to_owned(), cause };
        let response = self.http.execute(request).await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            serde_json::from_slice(&body).map_err(|cause| self.unreadable(cause))
        } else {
            Err(self.refused(status, &body))
        }
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> ApiError {
        ApiError::Refused { address: self.address.as_str().to_owned(), status, problem: Problem::read(body).into() }
    }

    fn unreadable(&self, cause: serde_json::Error) -> ApiError {
        ApiError::Unreadable { address: self.address.as_str().to_owned(), cause }
    }
}

/// rustls on `ring`, the project's one crypto provider, with the public web roots.
fn tls() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
