//! Web servers with one answer each, on addresses of this machine.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use diagnosis::http01::mark::{PLATFORM_HEADER, PLATFORM_MARK, SEEN_HEADER, check_body, is_check_token, seen};
use flate2::Compression;
use flate2::write::GzEncoder;
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use vocabulary::names::DomainName;

/// What an order has published, at every host of the platform.
pub(crate) const TOKEN: &str = "tok-EN_1";
pub(crate) const EXPECTED: &str = "tok-EN_1.thumb";

/// What a host answers.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// As the platform's responder: the published token at its path, and its mark on everything.
    Platform,
    /// The platform's, after so long.
    SlowPlatform(Duration),
    /// These octets, whatever is asked.
    Octets(Vec<u8>),
    /// Takes the request, and answers nothing.
    Nothing,
    /// Ends the connection.
    Break,
    /// What the other says, over TLS with a certificate that nobody has signed.
    SelfSigned(Box<Self>),
}

impl Reply {
    /// A page with this body.
    pub(crate) fn page(body: &str) -> Self {
        Self::Octets(
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into(),
        )
    }

    /// The same, packed as the CA unpacks it.
    pub(crate) fn packed(body: &str) -> Self {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(body.as_bytes()).expect("in memory");
        let body = packed.finish().expect("in memory");
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        Self::Octets([head.into_bytes(), body].concat())
    }

    /// A redirect; without a place if that is empty.
    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        let location = if to.is_empty() { String::new() } else { format!("location: {to}\r\n") };
        Self::Octets(
            format!("HTTP/1.1 {status} Moved\r\n{location}content-length: 0\r\nconnection: close\r\n\r\n").into(),
        )
    }
}

/// One host, until it is dropped.
pub(crate) struct Host {
    pub(crate) port: u16,
    task: JoinHandle<()>,
}

impl Host {
    pub(crate) async fn start(address: SocketAddr, reply: Reply) -> Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| format!("TCP {address}"))?;
        let port = listener.local_addr()?.port();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(meet(stream, reply.clone()));
            }
        });
        Ok(Self { port, task })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn meet(stream: TcpStream, reply: Reply) -> Result<()> {
    match reply {
        Reply::SelfSigned(reply) => answer(self_signed()?.accept(stream).await?, *reply).await,
        reply => answer(stream, reply).await,
    }
}

fn self_signed() -> Result<TlsAcceptor> {
    let signed = rcgen::generate_simple_self_signed(vec!["other.test".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key.into())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, reply: Reply) -> Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut part = [0; 1024];
        match stream.read(&mut part).await? {
            0 => return Ok(()),
            read => request.extend_from_slice(&part[..read]),
        }
    }
    let octets = match reply {
        Reply::Platform => platform(&String::from_utf8_lossy(&request)),
        Reply::SlowPlatform(time) => {
            tokio::time::sleep(time).await;
            platform(&String::from_utf8_lossy(&request))
        }
        Reply::Octets(octets) => octets,
        Reply::Nothing => std::future::pending().await,
        Reply::Break | Reply::SelfSigned(_) => return Ok(()),
    };
    stream.write_all(&octets).await?;
    Ok(stream.shutdown().await?)
}

/// What the platform's responder answers, with the host and the token that it saw.
fn platform(request: &str) -> Vec<u8> {
    let path = request.split(' ').nth(1).unwrap_or_default();
    let token = path.strip_prefix("/.well-known/acme-challenge/");
    let header = request.lines().find_map(|line| line.strip_prefix("host: ").or_else(|| line.strip_prefix("Host: ")));
    let host: Option<DomainName> = header.and_then(|host| host.split(':').next()?.parse().ok());
    let mark = format!("{PLATFORM_HEADER}: {PLATFORM_MARK}\r\n{SEEN_HEADER}: {}\r\n", seen(host.as_ref(), token));
    let (status, body) = match (token, &host) {
        (Some(TOKEN), _) => ("200 OK", EXPECTED.to_owned()),
        (Some(token), Some(host)) if is_check_token(token) => ("200 OK", check_body(host, token)),
        _ => ("404 Not Found", String::new()),
    };
    format!("HTTP/1.1 {status}\r\n{mark}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into()
}
