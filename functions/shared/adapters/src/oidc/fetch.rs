//! Requests to the provider: we trust what it says, but not how much it sends or how slowly.

use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use url::{Host, Url};
use vocabulary::text::printable;
use vocabulary::version::USER_AGENT;

use crate::tls;

const TIMEOUT: Duration = Duration::from_secs(5);
/// A key set with a certificate chain for each key is some 20 KB.
const LARGEST_BODY: usize = 256 * 1024;

/// Why the provider could not be reached. None of these says anything about a person or a token.
#[derive(Debug, thiserror::Error)]
pub enum ProviderFault {
    #[error("{0} is not an https URL")]
    Insecure(String),
    #[error("{0} does not answer: {1}")]
    Unreachable(String, String),
    #[error("{0} answers with status {1}")]
    Status(String, u16),
    #[error("{0} answers with something else than it should")]
    Malformed(String),
    #[error("{0} answers with more than {LARGEST_BODY} bytes")]
    TooLarge(String),
    #[error("the discovery document is that of {found}, not of {expected}")]
    OtherIssuer { expected: String, found: String },
}

#[derive(Debug)]
pub(super) struct Fetcher {
    http: reqwest::Client,
    /// The issuer is on this machine, so the URLs that it names may be, too.
    local: bool,
}

impl Fetcher {
    pub(super) fn new(issuer: &str) -> Result<Self, ProviderFault> {
        let url: Url = issuer.parse().map_err(|_| ProviderFault::Insecure(issuer.to_owned()))?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(None).expect("without an anchor nothing can be malformed"))
            // A redirect would send code and verifier to its target.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .user_agent(USER_AGENT)
            .build()
            .map_err(|error| ProviderFault::Unreachable(issuer.to_owned(), error.to_string()))?;
        let fetcher = Self { http, local: is_loopback(&url) };
        fetcher.expect_secure(&url)?;
        Ok(fetcher)
    }

    /// Clear text only between processes of one machine.
    pub(super) fn expect_secure(&self, url: &Url) -> Result<(), ProviderFault> {
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.local && is_loopback(url) => Ok(()),
            _ => Err(ProviderFault::Insecure(url.to_string())),
        }
    }

    pub(super) async fn get_json<T: DeserializeOwned>(&self, url: &Url) -> Result<T, ProviderFault> {
        let (status, body) = self.send(url, self.http.get(url.clone())).await?;
        if !status.is_success() {
            return Err(ProviderFault::Status(url.to_string(), status.as_u16()));
        }
        serde_json::from_slice(&body).map_err(|_| ProviderFault::Malformed(url.to_string()))
    }

    pub(super) async fn post_form(&self, url: &Url, form: String) -> Result<(StatusCode, Vec<u8>), ProviderFault> {
        let request = self.http.post(url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        self.send(url, request).await
    }

    async fn send(&self, url: &Url, request: reqwest::RequestBuilder) -> Result<(StatusCode, Vec<u8>), ProviderFault> {
        let unreachable = |error: reqwest::Error| {
            let error = error.without_url();
            let cause = std::iter::successors(std::error::Error::source(&error), |e| e.source()).last();
            let why = cause.map_or_else(|| error.to_string(), ToString::to_string);
            ProviderFault::Unreachable(url.to_string(), printable(&why, 200))
        };
        let mut answer = request.header(ACCEPT, "application/json").send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_BODY {
                return Err(ProviderFault::TooLarge(url.to_string()));
            }
        }
        Ok((status, body))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_text_stays_on_the_machine() {
        for good in ["https://login.example.com", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1/x"] {
            assert!(Fetcher::new(good).is_ok(), "{good}");
        }
        for bad in ["http://login.example.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "login", ""] {
            assert!(matches!(Fetcher::new(bad), Err(ProviderFault::Insecure(_))), "{bad}");
        }
        let remote = Fetcher::new("https://login.example.com").expect("https");
        let inward = "http://127.0.0.1/keys".parse().expect("a URL");
        assert!(remote.expect_secure(&inward).is_err(), "a remote provider cannot point at this machine");
    }
}
