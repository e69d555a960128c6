//! The certificate that a host serves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use diagnosis::facts::TlsObservation;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use vocabulary::names::DomainName;

use crate::address_filter::Reach;
use crate::dns::Dns;
use crate::unverified_tls;

const TIMEOUT: Duration = Duration::from_secs(4);

/// Opens TLS connections to read the certificates that hosts serve.
#[derive(Clone)]
pub struct TlsProbe {
    reach: Reach,
    /// 443, except in tests on one machine.
    port: u16,
    connector: TlsConnector,
}

impl TlsProbe {
    pub fn new(reach: Reach, port: u16) -> Self {
        Self { reach, port, connector: TlsConnector::from(Arc::new(unverified_tls::client_config())) }
    }

    /// The same, with hosts resolved through `dns`.
    pub(crate) fn by(&self, dns: Dns) -> Self {
        Self { reach: self.reach.by(dns), ..self.clone() }
    }

    pub(crate) async fn observe(&self, host: &DomainName) -> TlsObservation {
        match self.chain(host).await {
            Ok(chain) => TlsObservation::Presented { host: host.to_string(), chain },
            Err(reason) => TlsObservation::Unreachable { host: host.to_string(), reason },
        }
    }

    async fn chain(&self, host: &DomainName) -> Result<Vec<Vec<u8>>, String> {
        let addresses = self.reach.addresses(host.as_str()).await.map_err(|fault| fault.to_string())?;
        let addresses: Vec<SocketAddr> =
            addresses.into_iter().map(|address| SocketAddr::new(address, self.port)).collect();
        let name = ServerName::try_from(host.to_string()).map_err(|error| error.to_string())?;
        let connected = timeout(TIMEOUT, async {
            let stream = connect(&addresses).await?;
            self.connector.connect(name, stream).await
        });
        let stream = match connected.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err(format!("it did not answer within {} seconds", TIMEOUT.as_secs())),
        };
        let presented = stream.get_ref().1.peer_certificates().unwrap_or_default();
        Ok(presented.iter().map(|certificate| certificate.to_vec()).collect())
    }
}

/// The first address that accepts the connection.
async fn connect(addresses: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let mut failed = std::io::Error::other("it has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
