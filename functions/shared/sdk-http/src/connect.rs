//! Connects, over TLS if the URL requires it, within a time limit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower::Service;

use crate::error::TooSlow;

/// Resolves the address, connects, and does the TLS handshake.
#[derive(Clone)]
pub(crate) struct Connecting {
    https: HttpsConnector<HttpConnector>,
    /// For all of these together.
    longest: Option<Duration>,
}

impl Connecting {
    pub(crate) fn new(tls: ClientConfig, longest: Option<Duration>) -> Self {
        let mut tcp = HttpConnector::new();
        // URLs with https also arrive here.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self { https: HttpsConnector::from((tcp, tls)), longest }
    }
}

impl Service<Uri> for Connecting {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let (connection, longest) = (self.https.call(destination), self.longest);
        Box::pin(async move {
            let Some(longest) = longest else { return connection.await };
            let connected = tokio::time::timeout(longest, connection).await;
            connected.unwrap_or_else(|_| Err(TooSlow::connecting(longest).into()))
        })
    }
}
