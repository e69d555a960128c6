//! Domain Connect: the domain owner creates records at their DNS provider by following a link.
//!
//! Source: the Domain Connect specification, version 2.3 (draft-ietf-dconn-domainconnect), the synchronous flow.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::text::printable;

/// Longest base URL that links are made of.
const LONGEST_URL: usize = 500;
/// Longest name of a provider that is shown.
const LONGEST_NAME: usize = 60;

/// The platform's templates at DNS providers: `example.net/certificate` for the delegation, and with a third part,
/// `example.net/certificate/host`, one for the host's own record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTemplates {
    /// The platform, as the templates name it (`providerId`).
    pub platform: String,
    /// The template (`serviceId`) of the delegation.
    pub delegation: String,
    /// The template of the host's own record.
    pub host: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("templates are named PROVIDER-ID/SERVICE-ID or PROVIDER-ID/SERVICE-ID/SERVICE-ID-OF-THE-HOST")]
pub struct ConnectTemplatesError;

impl FromStr for ConnectTemplates {
    type Err = ConnectTemplatesError;

    fn from_str(text: &str) -> Result<Self, ConnectTemplatesError> {
        let parts: Vec<&str> = text.split('/').collect();
        let (platform, delegation, host) = match parts.as_slice() {
            [platform, delegation] => (platform, delegation, None),
            [platform, delegation, host] => (platform, delegation, Some(host)),
            _ => return Err(ConnectTemplatesError),
        };
        if ![platform, delegation].into_iter().chain(host).all(|id| is_id(id)) {
            return Err(ConnectTemplatesError);
        }
        let owned = |text: &&str| (*text).to_owned();
        Ok(Self { platform: owned(platform), delegation: owned(delegation), host: host.map(owned) })
    }
}

impl ConnectTemplates {
    /// Each existing template.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        [Some(self.delegation.as_str()), self.host.as_deref()].into_iter().flatten()
    }
}

/// `dc-id` of the specification. Two dots would make another path.
fn is_id(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=63).contains(&text.len()) && text.bytes().all(fits) && !text.bytes().all(|b| b == b'.')
}

/// What the DNS provider of a zone offers, as a check found it. Whoever controls the zone controls this text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connect {
    /// The apex of the zone.
    pub zone: String,
    /// The provider's own name for itself.
    pub provider: String,
    /// The prefix of links: https, a host, perhaps a path.
    pub url: String,
    /// Those of our templates that the provider has.
    pub services: Vec<String>,
}

impl Connect {
    /// `None` if it cannot be made into a link.
    pub fn new(zone: &str, provider: &str, url: &str, services: Vec<String>) -> Option<Self> {
        let url = base_url(url)?;
        let provider = printable(provider.trim(), LONGEST_NAME - 1);
        let named = if provider.is_empty() { url.host_str()?.to_owned() } else { provider };
        Some(Self {
            zone: zone.to_owned(),
            provider: named,
            url: url.as_str().trim_end_matches('/').to_owned(),
            services,
        })
    }

    /// The host that a link leads to.
    pub fn host(&self) -> Option<String> {
        base_url(&self.url)?.host_str().map(str::to_owned)
    }

    /// The URL where the domain owner applies the template `service` to `name`. `None` if the provider does not have it, or
    /// `name` is in another zone.
    ///
    /// The link is not signed: the provider asks its customer, and the template contains the platform's own names.
    pub fn link(
        &self,
        templates: &ConnectTemplates,
        service: &str,
        name: &str,
        variables: &[(&str, &str)],
    ) -> Option<String> {
        let host = match name.strip_suffix(self.zone.as_str())? {
            "" => "",
            below => below.strip_suffix('.')?,
        };
        if !self.services.iter().any(|one| one == service) {
            return None;
        }
        let mut url = base_url(&self.url)?;
        url.path_segments_mut().ok()?.pop_if_empty().extend([
            "v2",
            "domainTemplates",
            "providers",
            &templates.platform,
            "services",
            service,
            "apply",
        ]);
        let mut query = url.query_pairs_mut();
        query.append_pair("domain", &self.zone);
        if !host.is_empty() {
            query.append_pair("host", host);
        }
        query.extend_pairs(variables);
        drop(query);
        Some(url.into())
    }
}

/// A provider's URL for requests or people: https at a named host, and nothing that obscures the host.
pub fn base_url(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok().filter(|_| text.len() <= LONGEST_URL)?;
    let plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    let whole = url.query().is_none() && url.fragment().is_none();
    let named = url.domain().is_some_and(|host| host.contains('.') && !host.ends_with('.'));
    (url.scheme() == "https" && plain && whole && named).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(text: &str) -> ConnectTemplates {
        text.parse().expect("templates")
    }

    fn connect(url: &str) -> Option<Connect> {
        Connect::new("example.com", "Virtucon", url, vec!["certificate".into()])
    }

    #[test]
    fn templates_are_named_by_two_or_three_ids() {
        let both = templates("example.net/certificate/host");
        assert_eq!(both.services().collect::<Vec<_>>(), ["certificate", "host"]);
        assert_eq!(templates("example.net/certificate").host, None);
        for bad in ["", "example.net", "a/b/c/d", "a//c", "a/b c", "a/b?x", "a/..", &format!("a/{}", "b".repeat(64))] {
            assert_eq!(bad.parse::<ConnectTemplates>(), Err(ConnectTemplatesError), "{bad}");
        }
    }

    #[test]
    fn a_link_is_the_synchronous_flow_of_the_specification() {
        let found = connect("https://connect.virtucon.example/api/").expect("a provider");
        let link =
            |name: &str| found.link(&templates("example.net/certificate"), "certificate", name, &[("label", "abc")]);
        let begin =
            "https://connect.virtucon.example/api/v2/domainTemplates/providers/example.net/services/certificate/apply";
        assert_eq!(link("www.example.com"), Some(format!("{begin}?domain=example.com&host=www&label=abc")));
        assert_eq!(link("a.b.example.com"), Some(format!("{begin}?domain=example.com&host=a.b&label=abc")));
        assert_eq!(link("example.com"), Some(format!("{begin}?domain=example.com&label=abc")));
        assert_eq!(link("www.notexample.com"), None, "of another zone");
        assert_eq!(found.link(&templates("example.net/certificate"), "host", "www.example.com", &[]), None);
    }

    #[test]
    fn links_lead_to_a_named_host_over_tls_and_nowhere_else() {
        for bad in [
            "http://connect.virtucon.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://user@connect.virtucon.example",
            "https://bank.example@connect.virtucon.example",
            "https://connect.virtucon.example:8443",
            "https://127.0.0.1",
            "https://[::1]",
            "https://localhost",
            "https://connect.virtucon.example./",
            "https://connect.virtucon.example?next=",
            "https://connect.virtucon.example#",
            "//connect.virtucon.example",
            "",
            &format!("https://connect.virtucon.example/{}", "a".repeat(LONGEST_URL)),
        ] {
            assert_eq!(connect(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_providers_name_for_itself_is_short_and_printable() {
        let named =
            |name: &str| Connect::new("example.com", name, "https://c.example.net", vec![]).expect("fine").provider;
        assert_eq!(named(" "), "c.example.net");
        assert!(named(&"x".repeat(500)).chars().count() <= LONGEST_NAME);
        assert!(!named("Vir\u{202e}tucon\n").contains('\u{202e}'));
    }
}
