//! A proxy that passes requests on, except for those that a test has it spoil.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::ca::Ca;
use crate::cloud::LocalCloud;
use crate::fault::{Effect, Fault};
use crate::route53_limits::Route53Limits;

/// Stands before a CA or another HTTP server of a cloud until it is dropped.
///
/// Serves from a thread of its own, so a test may block beside it.
#[derive(Debug)]
pub struct FaultProxy {
    url: String,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<Infallible>,
}

/// A request that came to a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    pub method: String,
    pub path: String,
    /// Status of the response. `None`: the client got none.
    pub status: Option<u16>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    client: reqwest::Client,
    limits: Option<Route53Limits>,
    faults: Mutex<Vec<Fault>>,
    seen: Mutex<Vec<SeenRequest>>,
}

impl FaultProxy {
    /// Stands before `ca`, over HTTPS under the TLS root that the functions trust.
    pub fn before_ca(cloud: &LocalCloud, ca: &Ca) -> Result<Self> {
        let upstream = ca.directory.trim_end_matches("/dir");
        Self::start(cloud, upstream, Some(TlsAcceptor::from(Arc::new(cloud.tls().server()?))), None)
    }

    /// Stands before an emulated service, over HTTP.
    pub fn before(cloud: &LocalCloud, upstream: &str) -> Result<Self> {
        Self::start(cloud, upstream, None, None)
    }

    /// Stands before the emulated Route 53 and enforces its limits.
    pub fn before_route53(cloud: &LocalCloud, limits: Route53Limits) -> Result<Self> {
        Self::start(cloud, &cloud.description().aws, None, Some(limits))
    }

    /// The most requests that came in any one second. Only with limits.
    pub fn busiest_second(&self) -> Option<usize> {
        self.shared.limits.as_ref().map(Route53Limits::busiest)
    }

    fn start(
        cloud: &LocalCloud,
        upstream: &str,
        tls: Option<TlsAcceptor>,
        limits: Option<Route53Limits>,
    ) -> Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("the proxy's port")?;
        listener.set_nonblocking(true)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            client: cloud.tls().client()?,
            limits,
            faults: Mutex::default(),
            seen: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serving = shared.clone();
        thread::Builder::new().name("fault-proxy".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    ended = serve(serving, listener, tls) => eprintln!("the fault proxy ended: {ended:?}"),
                }
            });
        })?;
        Ok(Self { url, shared, _stop: stop })
    }

    /// Base URL, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// URL of the ACME directory of a CA behind it.
    pub fn directory(&self) -> String {
        format!("{}/dir", self.url)
    }

    /// Adds a fault. Of several that match a request, the one that was added first is used up first.
    pub fn inject(&self, fault: Fault) {
        self.shared.faults.lock().expect("no panic holds it").push(fault);
    }

    /// Passes everything on again.
    pub fn clear(&self) {
        self.shared.faults.lock().expect("no panic holds it").clear();
    }

    /// Every request so far, in the order of their responses.
    pub fn seen(&self) -> Vec<SeenRequest> {
        self.shared.seen.lock().expect("no panic holds it").clone()
    }
}

async fn serve(shared: Arc<Shared>, listener: std::net::TcpListener, tls: Option<TlsAcceptor>) -> Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(accept(shared.clone(), stream, tls.clone()));
    }
}

async fn accept(shared: Arc<Shared>, stream: TcpStream, tls: Option<TlsAcceptor>) {
    match tls {
        None => connection(shared, stream).await,
        // A client that gives up during the handshake is its own affair.
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                connection(shared, stream).await;
            }
        }
    }
}

async fn connection(shared: Arc<Shared>, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let service = service_fn(|request| respond(shared.clone(), request));
    // Ends with an error whenever a fault drops the connection.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An error closes the connection without a response.
async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let refused = shared.limits.as_ref().is_some_and(|limits| !limits.admits());
    let response = match shared.next_fault(&request) {
        None if refused => Ok(too_many()),
        None => shared.forward(request).await,
        Some(Effect::Respond { status, headers, body }) => Ok(answer(status, &headers, body)),
        Some(Effect::Drop) => Err(io::Error::other("dropped")),
        Some(Effect::LoseResponse) => {
            let _ = shared.forward(request).await;
            Err(io::Error::other("response lost"))
        }
        Some(Effect::Hang) => std::future::pending().await,
        Some(Effect::Delay(duration)) => {
            tokio::time::sleep(duration).await;
            shared.forward(request).await
        }
    };
    let status = response.as_ref().ok().map(|response| response.status().as_u16());
    shared.seen.lock().expect("no panic holds it").push(SeenRequest { method, path, status });
    response
}

impl Shared {
    fn next_fault(&self, request: &Request<Incoming>) -> Option<Effect> {
        let mut faults = self.faults.lock().expect("no panic holds it");
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        faults.iter_mut().find_map(|fault| fault.take(request.method().as_str(), request.uri().path(), target))
    }

    /// With the Host as it came: the CA makes its URLs of it, and the signatures cover them.
    async fn forward(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let mut headers = parts.headers;
        headers.remove(CONNECTION);
        let response = self
            .client
            .request(parts.method, format!("{}{path}", self.upstream))
            .headers(headers)
            .body(body)
            .send()
            .await
            .map_err(io::Error::other)?;
        let mut forwarded = Response::new(Full::default());
        *forwarded.status_mut() = response.status();
        *forwarded.headers_mut() = response.headers().clone();
        for own in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            forwarded.headers_mut().remove(own);
        }
        let body = response.bytes().await.map_err(io::Error::other)?;
        let body = match &self.limits {
            Some(limits) => limits.in_its_time(&String::from_utf8_lossy(&body)).into(),
            None => body,
        };
        *forwarded.body_mut() = Full::new(body);
        Ok(forwarded)
    }
}

fn too_many() -> Response<Full<Bytes>> {
    match Fault::route53_error("/", 400, "Throttling", "Rate exceeded").take("GET", "/", None) {
        Some(Effect::Respond { status, headers, body }) => answer(status, &headers, body),
        _ => unreachable!("an error of Route 53 is an answer"),
    }
}

fn answer(status: u16, headers: &[(String, String)], body: String) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(StatusCode::from_u16(status).expect("a fault has a status"));
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Full::new(body.into())).expect("a fault has headers that are headers")
}
