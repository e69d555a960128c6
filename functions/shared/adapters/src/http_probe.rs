//! A look at a host as the CA would look, without becoming a tool against our own network.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::DomainName;
use domain::delegation::ProbeAnswer;
use domain::ports::HttpProbe;
use http::header::LOCATION;
use ipnet::IpNet;
use reqwest::Url;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::dns::Dns;

/// Let's Encrypt follows ten redirects; a host that needs more than a few is broken.
const MOST_HOPS: usize = 10;
const TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST_BODY: usize = 1024;

/// The IANA special-purpose registries (RFC 6890), as of 2026: none of these is a public host.
const SPECIAL_PURPOSE: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

/// Fetches challenge responses over plain HTTP.
#[derive(Clone)]
pub struct Probe {
    dns: Dns,
    /// 80, but on one machine.
    port: u16,
    /// Networks that are fine although special-purpose.
    allowed: Vec<IpNet>,
}

impl Probe {
    pub fn new(dns: Dns, port: u16, allowed: Vec<IpNet>) -> Self {
        Self { dns, port, allowed }
    }

    /// The addresses to connect to: checked, and used as checked, so that no second lookup can change them.
    ///
    /// All of them: where this process has no IPv6, a host with both is still to be reached, as the CA reaches it.
    async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, String> {
        let port = url.port_or_known_default().unwrap_or(80);
        let addresses = match url.host() {
            Some(url::Host::Domain(host)) => self.dns.addresses(host).await?,
            _ => return Err("it redirects to an address instead of a name".into()),
        };
        if let Some(address) = addresses.iter().find(|address| !self.is_allowed(**address)) {
            return Err(format!("its address {address} is not a public one"));
        }
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        let address = canonical(address);
        self.allowed.iter().any(|network| network.contains(&address)) || !is_special_purpose(address)
    }

    async fn get(&self, mut url: Url) -> Result<ProbeAnswer, String> {
        for _ in 0..=MOST_HOPS {
            let addresses = self.addresses(&url).await?;
            let host = url.host_str().unwrap_or_default().to_owned();
            let client = reqwest::Client::builder()
                .tls_backend_preconfigured(accept_any_certificate())
                .redirect(reqwest::redirect::Policy::none())
                .resolve_to_addrs(&host, &addresses)
                .timeout(TIMEOUT)
                .no_proxy()
                .user_agent(concat!("managed-https/", env!("CARGO_PKG_VERSION"), " (preflight)"))
                .build()
                .map_err(|error| error.to_string())?;
            let answer = client.get(url.clone()).send().await.map_err(explain)?;
            let status = answer.status();
            if status.is_redirection() {
                let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
                url = location.and_then(|to| url.join(to).ok()).ok_or("it redirects to nowhere")?;
                let port = url.port_or_known_default();
                if !matches!(url.scheme(), "http" | "https")
                    || !matches!(port, Some(80 | 443)) && port != Some(self.port)
                {
                    return Err(format!("it redirects to {url}, which the CA does not follow (ports 80 and 443 only)"));
                }
                continue;
            }
            if status != http::StatusCode::OK {
                return Ok(ProbeAnswer::Status(status.as_u16()));
            }
            return read(answer).await;
        }
        Err(format!("it redirects more than {MOST_HOPS} times"))
    }
}

impl HttpProbe for Probe {
    async fn fetch(&self, host: &DomainName, token: &str) -> ProbeAnswer {
        let url = format!("http://{host}:{}/.well-known/acme-challenge/{token}", self.port);
        match Url::parse(&url) {
            Ok(url) => self.get(url).await.unwrap_or_else(ProbeAnswer::Failed),
            Err(error) => ProbeAnswer::Failed(error.to_string()),
        }
    }
}

async fn read(mut answer: reqwest::Response) -> Result<ProbeAnswer, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(explain)? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_BODY {
            body.truncate(LARGEST_BODY);
            break;
        }
    }
    Ok(ProbeAnswer::Body(String::from_utf8_lossy(&body).into_owned()))
}

fn explain(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it does not answer within {} seconds", TIMEOUT.as_secs());
    }
    // Without the URL: it has the token in it.
    let error = error.without_url();
    let cause = std::iter::successors(std::error::Error::source(&error), |e| e.source()).last();
    format!("no connection: {}", cause.map(ToString::to_string).unwrap_or_else(|| error.to_string()))
}

/// An IPv4 address in IPv6 clothes is judged as what it is.
fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match nat64(v6) {
            Some(v4) => v4,
            None => v6.to_canonical(),
        },
        v4 => v4,
    }
}

/// RFC 6052: the well-known NAT64 prefix.
fn nat64(address: Ipv6Addr) -> Option<IpAddr> {
    let octets = address.octets();
    let prefix = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    octets.starts_with(&prefix).then(|| IpAddr::from([octets[12], octets[13], octets[14], octets[15]]))
}

fn is_special_purpose(address: IpAddr) -> bool {
    SPECIAL_PURPOSE.iter().any(|network| {
        let network: IpNet = network.parse().expect("the list is written in CIDR form");
        network.contains(&address)
    })
}

/// A CA that follows a redirect to https does not look at the certificate there (it may be the one to be
/// replaced), and nothing secret is sent.
fn accept_any_certificate() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth()
}

#[derive(Debug)]
struct AnyCertificate(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_of_ours_can_be_reached_under_another_spelling() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fd00::1",
            "192.0.2.7",
        ] {
            let address = canonical(address.parse().expect("an address"));
            assert!(is_special_purpose(address), "{address}");
        }
        for address in ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"] {
            assert!(!is_special_purpose(canonical(address.parse().expect("an address"))), "{address}");
        }
    }
}
