//! One request to one address.

use std::error::Error;
use std::io::ErrorKind;
use std::iter::successors;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use diagnosis::facts::ProbeFault;
use diagnosis::http01::rules::TIME;
use http::header::ACCEPT_ENCODING;
use reqwest::{Response, Url};
use vocabulary::version::USER_AGENT;

use crate::http_fault::innermost;
use crate::unverified_tls;

/// The connection timeout is a little shorter than that of the whole fetch, so that the two can be distinguished.
const TO_CONNECT: Duration = TIME.saturating_sub(Duration::from_millis(200));
/// The timeout if IPv4 is tried next. The CA waits longer, and then has time left that this process has not.
const TO_CONNECT_FIRST: Duration = Duration::from_secs(4);

/// The protocol cannot be used here at all (EAFNOSUPPORT of Linux).
const NO_SUCH_FAMILY: i32 = 97;

#[derive(Clone)]
pub(super) struct Client {
    tls: rustls::ClientConfig,
}

/// Why a request failed.
pub(super) struct Failed {
    pub(super) fault: ProbeFault,
    /// It failed while connecting. Only then does the CA fall back to IPv4.
    pub(super) connecting: bool,
    /// This process has no route there.
    pub(super) no_route: bool,
}

impl Client {
    pub(super) fn new() -> Self {
        Self { tls: unverified_tls::client_config() }
    }

    /// Requests `url` at `address`. `another`: another address is tried if this one fails.
    pub(super) async fn get(&self, url: &Url, address: IpAddr, another: bool) -> Result<Response, Failed> {
        let to_connect = if another { TO_CONNECT_FIRST } else { TO_CONNECT };
        let port = url.port_or_known_default().unwrap_or(80);
        let host = url.host_str().unwrap_or_default();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .redirect(reqwest::redirect::Policy::none())
            .resolve_to_addrs(host, &[SocketAddr::new(address, port)])
            .connect_timeout(to_connect)
            .no_proxy()
            .user_agent(format!("{USER_AGENT} (preflight)"))
            .build()
            .map_err(|error| Failed {
                fault: ProbeFault::NoConnection(error.to_string()),
                connecting: false,
                no_route: false,
            })?;
        // Go's client requests gzip, and decompresses it.
        let request = client.get(url.clone()).header(ACCEPT_ENCODING, "gzip");
        request.send().await.map_err(|error| failed(error, address, port, to_connect))
    }
}

fn failed(error: reqwest::Error, address: IpAddr, port: u16, to_connect: Duration) -> Failed {
    let (connecting, late, no_route) = (error.is_connect(), error.is_timeout(), has_no_route(&error));
    // Without the URL, which contains the token.
    let error = error.without_url();
    let at = format!("{address} at port {port}");
    let why = match late {
        true => format!("{at} does not answer within {} seconds; a firewall is the usual reason", to_connect.as_secs()),
        false => format!("{at}: {}", innermost(&error).unwrap_or_else(|| error.to_string())),
    };
    Failed { fault: ProbeFault::NoConnection(why), connecting, no_route }
}

fn has_no_route(error: &reqwest::Error) -> bool {
    let causes = successors(error.source(), |&cause| cause.source());
    causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(|error| {
        matches!(error.kind(), ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable)
            || error.raw_os_error() == Some(NO_SUCH_FAMILY)
    })
}
