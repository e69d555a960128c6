//! The HTTP client under the clients of the AWS SDK: HTTP/1.1, rustls on `ring`, the public web roots compiled in.
//!
//! The SDK's own client, `aws-smithy-http-client`, reads the system's certificates when a process starts, one file each, and
//! links HTTP/2 and proxies. A Lambda is a short process that uses neither: `docs/reference/performance.md` has the cost of
//! both. What a function relies on is the same: connections are kept, timeouts and errors have their kinds, and a connection
//! that the SDK gives up is not used again.

mod connect;
mod error;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpInfo, capture_connection};
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use connect::Connecting;
use error::{TooSlow, connector_error};

/// A client whose connections are shared by all SDK clients made with it.
pub fn client() -> SharedHttpClient {
    SharedHttpClient::new(Connections::new())
}

type Pool = Client<Connecting, SdkBody>;

struct Connections {
    tls: ClientConfig,
    /// By connect timeout: one pool, except where a client has its own limit.
    pools: Mutex<HashMap<Option<Duration>, Pool>>,
}

impl Connections {
    fn new() -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { tls, pools: Mutex::default() }
    }

    fn exchange(&self, settings: &HttpConnectorSettings) -> Exchange {
        let longest = settings.connect_timeout();
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = pools.entry(longest).or_insert_with(|| {
            Builder::new(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(Connecting::new(self.tls.clone(), longest))
        });
        Exchange { pool: pool.clone(), longest: settings.read_timeout() }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connections")
    }
}

impl HttpClient for Connections {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.exchange(settings))
    }
}

struct Exchange {
    pool: Pool,
    /// Until the head of the response has arrived.
    longest: Option<Duration>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exchange").field("longest", &self.longest).finish_non_exhaustive()
    }
}

impl HttpConnector for Exchange {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let used = capture_connection(&mut request);
        if let Some(asked) = request.extensions().get::<CaptureSmithyConnection>() {
            asked.set_connection_retriever(move || metadata(&used));
        }
        let (answer, longest) = (self.pool.request(request), self.longest);
        HttpConnectorFuture::new(async move {
            let answer = match longest {
                None => answer.await,
                Some(longest) => match tokio::time::timeout(longest, answer).await {
                    Ok(answer) => answer,
                    Err(_) => return Err(ConnectorError::timeout(TooSlow::answering(longest).into())),
                },
            };
            let answer = answer.map_err(|error| connector_error(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// With this the SDK gives up a connection whose server fails.
fn metadata(used: &CaptureConnection) -> Option<ConnectionMetadata> {
    let connected = used.connection_metadata();
    let mut extras = http::Extensions::new();
    connected.as_ref()?.get_extras(&mut extras);
    let addresses = extras.get::<HttpInfo>();
    let given_up = used.clone();
    let mut metadata = ConnectionMetadata::builder().proxied(false).poison_fn(move || {
        if let Some(connected) = given_up.connection_metadata().as_ref() {
            connected.poison();
        }
    });
    metadata.set_local_addr(addresses.map(HttpInfo::local_addr)).set_remote_addr(addresses.map(HttpInfo::remote_addr));
    Some(metadata.build())
}

#[cfg(test)]
mod tests;
