//! A look at a host as the CA would look.

use std::time::Duration;

use diagnosis::facts::{HttpObservation, PLATFORM_HEADER, PLATFORM_MARK, ProbeAnswer, ProbeFault};
use domain::ports::HttpProbe;
use http::header::LOCATION;
use reqwest::Url;
use vocabulary::names::DomainName;
use vocabulary::text::printable;

use crate::address_filter::Reach;
use crate::http_fault::innermost;
use crate::unverified_tls;

/// Let's Encrypt follows ten redirects; a host that needs more than a few is broken.
const MOST_HOPS: usize = 10;
const TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST_BODY: usize = 1024;

/// Fetches challenge responses over plain HTTP.
#[derive(Clone)]
pub struct Probe {
    reach: Reach,
    /// 80, but on one machine.
    port: u16,
}

/// An answer, and whether the platform gave it.
type Answered = (ProbeAnswer, bool);

impl Probe {
    pub fn new(reach: Reach, port: u16) -> Self {
        Self { reach, port }
    }

    /// Fetches like the CA, and notes the way: where it was redirected to, and whether the platform answered.
    pub(crate) async fn observe(&self, host: &DomainName, token: &str) -> HttpObservation {
        let mut redirects = Vec::new();
        let answered = self.get(self.url(host, token), token, &mut redirects).await;
        let (answer, platform) = answered.unwrap_or_else(|fault| (ProbeAnswer::Failed(fault), false));
        HttpObservation { redirects, answer, platform }
    }

    fn url(&self, host: &DomainName, token: &str) -> Url {
        let url = format!("http://{host}:{}/.well-known/acme-challenge/{token}", self.port);
        Url::parse(&url).expect("a domain name and a token make a URL")
    }

    async fn get(&self, mut url: Url, token: &str, redirects: &mut Vec<String>) -> Result<Answered, ProbeFault> {
        for _ in 0..=MOST_HOPS {
            let host = url.host_str().unwrap_or_default().to_owned();
            let addresses = self.reach.addresses(&host, url.port_or_known_default().unwrap_or(80)).await?;
            let client = reqwest::Client::builder()
                .tls_backend_preconfigured(unverified_tls::client_config())
                .redirect(reqwest::redirect::Policy::none())
                .resolve_to_addrs(&host, &addresses)
                .timeout(TIMEOUT)
                .no_proxy()
                .user_agent(concat!("managed-https/", env!("CARGO_PKG_VERSION"), " (preflight)"))
                .build()
                .map_err(|error| ProbeFault::NoConnection(error.to_string()))?;
            let answer = client.get(url.clone()).send().await.map_err(explain)?;
            let status = answer.status();
            if status.is_redirection() {
                url = self.next(&url, &answer, token)?;
                redirects.push(shown(&url, token));
                continue;
            }
            let platform = answer.headers().get(PLATFORM_HEADER).is_some_and(|mark| mark == PLATFORM_MARK);
            if status != http::StatusCode::OK {
                return Ok((ProbeAnswer::Status(status.as_u16()), platform));
            }
            return Ok((read(answer).await?, platform));
        }
        Err(ProbeFault::TooManyRedirects(MOST_HOPS))
    }

    /// Where a redirect leads, if the CA would go there.
    fn next(&self, from: &Url, answer: &reqwest::Response, token: &str) -> Result<Url, ProbeFault> {
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let to = location.and_then(|to| from.join(to).ok());
        let to = to.ok_or_else(|| ProbeFault::RefusedRedirect("nowhere".into()))?;
        let port = to.port_or_known_default();
        let followed = matches!(to.scheme(), "http" | "https")
            && matches!(to.host(), Some(url::Host::Domain(_)))
            && (matches!(port, Some(80 | 443)) || port == Some(self.port));
        if followed { Ok(to) } else { Err(ProbeFault::RefusedRedirect(shown(&to, token))) }
    }
}

impl HttpProbe for Probe {
    async fn fetch(&self, host: &DomainName, token: &str) -> ProbeAnswer {
        self.observe(host, token).await.answer
    }
}

/// A URL without the token in it.
fn shown(url: &Url, token: &str) -> String {
    printable(&url.as_str().replace(token, "…"), 200)
}

async fn read(mut answer: reqwest::Response) -> Result<ProbeAnswer, ProbeFault> {
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

fn explain(error: reqwest::Error) -> ProbeFault {
    if error.is_timeout() {
        return ProbeFault::TimedOut(TIMEOUT.as_secs());
    }
    // Without the URL: it has the token in it.
    let error = error.without_url();
    ProbeFault::NoConnection(innermost(&error).unwrap_or_else(|| error.to_string()))
}
