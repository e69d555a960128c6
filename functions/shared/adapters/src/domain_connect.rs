//! What a zone's DNS provider offers by Domain Connect: `_domainconnect` leads to its settings, and those to its templates.
//!
//! Whoever controls the zone chooses the hosts: the address filter applies to each request, with tight limits of time and size.

use std::net::SocketAddr;
use std::time::Duration;

use rustls::ClientConfig;
use serde::Deserialize;
use tokio::time::timeout;
use url::Url;
use vocabulary::dns::{Connect, ConnectTemplates, base_url};
use vocabulary::version::USER_AGENT;

use crate::address_filter::Reach;
use crate::dns::Dns;

/// For all requests about one zone.
const LONGEST: Duration = Duration::from_secs(3);
const LARGEST_SETTINGS: usize = 16 * 1024;

/// Queries DNS providers for our templates.
#[derive(Clone)]
pub struct Discovery {
    reach: Reach,
    /// 443, except in tests on one machine.
    port: u16,
    tls: ClientConfig,
    templates: ConnectTemplates,
}

/// The provider's answer; other fields are ignored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    #[serde(default)]
    provider_name: String,
    #[serde(default)]
    provider_display_name: Option<String>,
    /// Without it, the provider has no synchronous flow for this zone.
    #[serde(rename = "urlSyncUX", default)]
    url_sync_ux: Option<String>,
    #[serde(rename = "urlAPI")]
    url_api: String,
}

impl Discovery {
    pub fn new(reach: Reach, port: u16, tls: ClientConfig, templates: ConnectTemplates) -> Self {
        Self { reach, port, tls, templates }
    }

    /// The same, with hosts resolved through `dns`.
    pub(crate) fn by(&self, dns: Dns) -> Self {
        Self { reach: self.reach.by(dns), ..self.clone() }
    }

    /// What the provider offers for `zone`, whose `_domainconnect` says `prefix`. `None` without our templates, or if anything
    /// is malformed: nothing depends on it.
    pub(crate) async fn offered(&self, zone: &str, prefix: &str) -> Option<Connect> {
        timeout(LONGEST, self.ask(zone, prefix)).await.ok().flatten()
    }

    async fn ask(&self, zone: &str, prefix: &str) -> Option<Connect> {
        let url = below(&settings_base(prefix)?, &["v2", zone, "settings"])?;
        let answer = self.get(&url).await.filter(|answer| answer.status().is_success())?;
        let settings: Settings = serde_json::from_slice(&read(answer).await?).ok()?;
        let (api, link) = (base_url(&settings.url_api)?, settings.url_sync_ux?);
        let mut services = Vec::new();
        for service in self.templates.services() {
            let path = ["v2", "domainTemplates", "providers", &self.templates.platform, "services", service];
            let known = self.get(&below(&api, &path)?).await.is_some_and(|answer| answer.status().is_success());
            services.extend(known.then(|| service.to_owned()));
        }
        let name = settings.provider_display_name.unwrap_or(settings.provider_name);
        Connect::new(zone, &name, &link, services).filter(|connect| !connect.services.is_empty())
    }

    /// Requests a public address of the URL's host, and follows no redirects.
    async fn get(&self, url: &Url) -> Option<reqwest::Response> {
        let host = url.domain()?;
        let addresses = self.reach.addresses(host).await.ok()?;
        let addresses: Vec<_> = addresses.into_iter().map(|address| SocketAddr::new(address, self.port)).collect();
        let mut url = url.clone();
        url.set_port(Some(self.port)).ok()?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .redirect(reqwest::redirect::Policy::none())
            // The checked addresses, so that no second lookup can change them.
            .resolve_to_addrs(host, &addresses)
            .no_proxy()
            .user_agent(USER_AGENT)
            .build()
            .ok()?;
        let answer = client.get(url).header(http::header::ACCEPT, "application/json").send().await;
        answer.inspect_err(|error| tracing::debug!(host, %error, "a DNS provider does not answer")).ok()
    }
}

/// The record is a host, perhaps with a path, without a scheme.
fn settings_base(prefix: &str) -> Option<Url> {
    let prefix = prefix.trim();
    let is_plain = !prefix.is_empty() && !prefix.contains(['@', '\\', ' ', ':']) && !prefix.starts_with('/');
    is_plain.then(|| base_url(&format!("https://{prefix}"))).flatten()
}

fn below(base: &Url, path: &[&str]) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(path);
    Some(url)
}

/// `None` if it is longer than any settings are.
async fn read(mut answer: reqwest::Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_SETTINGS {
            return None;
        }
    }
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_a_host_with_a_path_at_the_most() {
        let url = |prefix: &str| {
            settings_base(prefix).and_then(|base| below(&base, &["v2", "example.com", "settings"])).map(String::from)
        };
        assert_eq!(
            url("api.cloudflare.com/client/v4/dns/domainconnect").as_deref(),
            Some("https://api.cloudflare.com/client/v4/dns/domainconnect/v2/example.com/settings")
        );
        assert_eq!(url("c.example.net").as_deref(), Some("https://c.example.net/v2/example.com/settings"));
        for bad in [
            "",
            "https://c.example.net",
            "c.example.net:8080",
            "user@c.example.net",
            "127.0.0.1",
            "169.254.169.254/latest",
            "localhost",
            "/etc",
            "c.example.net/?x=",
            "c.example.net#",
            "[::1]",
            "c example.net",
        ] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }

    #[test]
    fn settings_are_read_by_the_names_of_the_specification() {
        let settings: Settings = serde_json::from_str(
            r#"{"providerId": "v.example", "providerName": "V", "urlSyncUX": "https://c.v.example",
                "urlAPI": "https://api.v.example", "width": 750, "nameServers": ["ns1.v.example"]}"#,
        )
        .expect("settings");
        assert_eq!(settings.url_sync_ux.as_deref(), Some("https://c.v.example"));
        let without: Settings = serde_json::from_str(r#"{"urlAPI": "https://api.v.example"}"#).expect("settings");
        assert_eq!(without.url_sync_ux, None, "no synchronous flow");
    }
}
