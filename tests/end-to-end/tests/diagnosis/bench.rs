//! Hosts that answer one thing, over HTTP or TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Something that listens, until it is dropped.
pub(crate) struct Host {
    task: JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Host {
    /// Answers every request with `answer`, as it stands.
    pub(crate) async fn start(address: SocketAddr, answer: String) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let answer: Arc<str> = answer.into();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = [0; 2048];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Ok(Self { task })
    }

    /// Presents a certificate for `name` that it signed itself. Returns the port on 127.0.0.1, too.
    pub(crate) async fn presenting(name: &str) -> Result<(Self, u16)> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.serial_number = Some(vec![1, 35, 69].into());
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        params.distinguished_name.push(rcgen::DnType::CommonName, "somebody's own");
        let certificate = params.self_signed(&key)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = acceptor.accept(stream).await;
            }
        });
        Ok((Self { task }, port))
    }
}
