//! A fetch of a challenge response by the CA's rules, which are in `diagnosis::http01`.

mod answer;
mod client;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use diagnosis::facts::{HttpObservation, ProbeAnswer, ProbeFault};
use diagnosis::http01::mark::{PLATFORM_HEADER, SEEN_HEADER};
use diagnosis::http01::rules::{self, Hop, TIME};
use diagnosis::http01::{Mark, Redirect};
use domain::ports::HttpProbe;
use http::header::{HeaderName, LOCATION};
use reqwest::{Response, Url};
use tokio::time::{Instant, timeout};
use url::Host;
use vocabulary::names::DomainName;
use vocabulary::text::printable;

use crate::address_filter::Reach;
use crate::dns::Dns;
use client::Client;

/// Hosts that are requested concurrently: an endpoint may have a hundred, and each may take as long as the CA would wait. So
/// all of them take at most two such times.
pub const MOST_REQUESTS: usize = 50;

/// Fetches challenge responses over plain HTTP.
#[derive(Clone)]
pub struct Probe {
    reach: Reach,
    /// 80, except in tests on one machine.
    port: u16,
    client: Client,
}

/// What a fetch has recorded so far.
struct Way {
    asked: Vec<Url>,
    redirects: Vec<Redirect>,
    fallback: Option<IpAddr>,
    /// What is left of the CA's time. Name resolution is not counted: slow name servers are not the host's fault.
    left: Duration,
}

impl Way {
    /// Waits for `asked` while there is time left.
    async fn within<T>(&mut self, asked: impl Future<Output = T>) -> Result<T, ProbeFault> {
        let begun = Instant::now();
        let done = timeout(self.left, asked).await;
        self.left = self.left.saturating_sub(begun.elapsed());
        done.map_err(|_| ProbeFault::TimedOut(TIME.as_secs()))
    }
}

impl Probe {
    pub fn new(reach: Reach, port: u16) -> Self {
        Self { reach, port, client: Client::new() }
    }

    /// The same, with hosts resolved through `dns`.
    pub(crate) fn by(&self, dns: Dns) -> Self {
        Self { reach: self.reach.by(dns), ..self.clone() }
    }

    /// Fetches like the CA, looks for `expected`, and records the way.
    pub(crate) async fn observe(&self, host: &DomainName, token: &str, expected: &str) -> HttpObservation {
        let url = format!("http://{host}:{}/.well-known/acme-challenge/{token}", self.port);
        let url = Url::parse(&url).expect("a domain name and a token make a URL");
        self.observe_url(url, host, token, expected).await
    }

    async fn observe_url(&self, url: Url, host: &DomainName, token: &str, expected: &str) -> HttpObservation {
        let mut way = Way { asked: vec![url], redirects: Vec::new(), fallback: None, left: TIME };
        let fetched = self.fetch_on(&mut way, host, token).await;
        let (answer, mark) = fetched.unwrap_or_else(|fault| (ProbeAnswer::Failed(fault), None));
        let Way { redirects, fallback, .. } = way;
        HttpObservation { redirects, answer, mark, fallback, expected: expected.to_owned() }
    }

    /// Whether the CA skips `address`, and this process sends nothing there.
    pub(crate) fn leaves_out(&self, address: IpAddr) -> bool {
        self.reach.leaves_out(address)
    }

    async fn fetch_on(
        &self,
        way: &mut Way,
        host: &DomainName,
        token: &str,
    ) -> Result<(ProbeAnswer, Option<Mark>), ProbeFault> {
        loop {
            let response = self.send(way).await?;
            let status = response.status().as_u16();
            let location =
                response.headers().get(LOCATION).map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
            let so_far = rules::Way {
                asked: &way.asked,
                http_port: self.port,
                is_reserved: &|address| self.leaves_out(address),
            };
            let (to, refused) = match rules::next(&so_far, status, location.as_deref()) {
                Hop::End => return way.within(end(response, host, token)).await?,
                Hop::Follow(to) => (to.to_string(), None),
                Hop::Refuse(to, why) => (to, Some(why)),
            };
            way.redirects.push(redirect(status, &to, token));
            match refused {
                Some(why) => return Err(ProbeFault::RefusedRedirect(why)),
                None => way.asked.push(Url::parse(&to).expect("it was a URL before")),
            }
        }
    }

    /// Requests the last URL of the way.
    async fn send(&self, way: &mut Way) -> Result<Response, ProbeFault> {
        let url = way.asked.last().expect("the first URL is there").clone();
        let addresses = match url.host() {
            Some(Host::Domain(name)) => self.reach.addresses(name).await?,
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            None => return Err(ProbeFault::NoAddress),
        };
        let mut candidates = rules::candidates(&addresses);
        let first = candidates.next().ok_or(ProbeFault::NoAddress)?;
        let second = candidates.next();
        let failed = match way.within(self.client.get(&url, first, second.is_some())).await? {
            Ok(response) => return Ok(response),
            Err(failed) => failed,
        };
        // For a redirect's target the CA does not fall back. A process without IPv6 has no choice.
        let elsewhere = failed.no_route && first.is_ipv6();
        match second {
            None if elsewhere => Err(ProbeFault::OnlyIpv6(first)),
            Some(v4) if elsewhere || failed.connecting && way.asked.len() == 1 => {
                way.fallback = Some(first).filter(|_| !elsewhere);
                way.within(self.client.get(&url, v4, false)).await?.map_err(|failed| failed.fault)
            }
            _ => Err(failed.fault),
        }
    }
}

impl HttpProbe for Probe {
    async fn fetch(&self, host: &DomainName, token: &str, expected: &str) -> HttpObservation {
        self.observe(host, token, expected).await
    }
}

async fn end(response: Response, host: &DomainName, token: &str) -> Result<(ProbeAnswer, Option<Mark>), ProbeFault> {
    let header = |name: &'static str| {
        let value = response.headers().get(HeaderName::from_static(name))?;
        value.to_str().ok()
    };
    let mark = Mark::read(header(PLATFORM_HEADER), header(SEEN_HEADER), host, token);
    match response.status() {
        http::StatusCode::OK => Ok((ProbeAnswer::Body(answer::read(response).await?), mark)),
        other => Ok((ProbeAnswer::Status(other.as_u16()), mark)),
    }
}

/// A redirect as it is reported: without the token.
fn redirect(status: u16, to: &str, token: &str) -> Redirect {
    let host = Url::parse(to).ok().and_then(|url| url.host_str().map(str::to_owned));
    let shown = if token.is_empty() { to.to_owned() } else { to.replace(token, "…") };
    Redirect { status, to: printable(&shown, 200), host: printable(&host.unwrap_or_default(), 255) }
}
