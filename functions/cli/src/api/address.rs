//! Where the API is, and how its resources are addressed.

use std::net::IpAddr;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use reqwest::Url;

/// All but unreserved characters (RFC 3986 §2.3) and `*`.
///
/// `*` stays as it is, so that the path of a wildcard is signed alike whether a verifier encodes the path once or twice.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'*');

/// The API's base URL: `https://ID.execute-api.REGION.amazonaws.com`, on a local cloud with a path.
#[derive(Clone, Debug)]
pub(crate) struct ApiAddress(Url);

impl FromStr for ApiAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| {
            format!("not a URL ({error}); it looks like https://abc123.execute-api.eu-central-1.amazonaws.com")
        })?;
        let plain =
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        match url.scheme() {
            "https" | "http" if plain && url.has_host() => Ok(Self(url)),
            "https" | "http" => Err("give scheme, host and path only".into()),
            other => Err(format!("{other} is not supported: give an https:// address")),
        }
    }
}

impl ApiAddress {
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The URL of the resource at `root` and these segments.
    pub(crate) fn resource(&self, root: &str, segments: &[&str], query: &[(&str, &str)]) -> String {
        let mut url = format!("{}/{root}", self.as_str());
        for segment in segments {
            url.push('/');
            url.extend(encoded(segment));
        }
        for (index, (name, value)) in query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.extend(encoded(name));
            url.push('=');
            url.extend(encoded(value));
        }
        url
    }

    /// The region in the host name: an API there accepts no other region's signature.
    pub(crate) fn region(&self) -> Option<&str> {
        let mut labels = self.0.host_str()?.split('.').skip(1);
        (labels.next()? == "execute-api").then(|| labels.next()).flatten()
    }

    /// Whether nobody on the network can read what is sent there.
    pub(crate) fn is_private(&self) -> bool {
        self.0.scheme() == "https" || self.is_loopback()
    }

    /// Whether it is this machine, which is reached without a proxy.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> ApiAddress {
        text.parse().expect(text)
    }

    #[test]
    fn a_base_path_is_kept_and_segments_are_encoded() {
        let local = address("http://127.0.0.1:4566/_aws/execute-api/abc/");
        assert_eq!(
            local.resource("v1", &["endpoints", "*.example.com", "a/b?c"], &[]),
            "http://127.0.0.1:4566/_aws/execute-api/abc/v1/endpoints/*.example.com/a%2Fb%3Fc"
        );
        assert_eq!(
            local.resource("v1", &["ü -._~*+%"], &[]),
            "http://127.0.0.1:4566/_aws/execute-api/abc/v1/%C3%BC%20-._~*%2B%25",
            "unreserved characters and the star stay as they are"
        );
        assert_eq!(
            address("https://api.example.com").resource("bearer/v1", &["endpoints"], &[("cursor", "a+b/=&")]),
            "https://api.example.com/bearer/v1/endpoints?cursor=a%2Bb%2F%3D%26"
        );
    }

    #[test]
    fn the_region_is_read_from_an_aws_host_only() {
        assert_eq!(address("https://a1.execute-api.eu-west-3.amazonaws.com").region(), Some("eu-west-3"));
        assert_eq!(address("https://api.example.com").region(), None);
        assert_eq!(address("http://127.0.0.1:4566/_aws/execute-api/x").region(), None);
    }

    #[test]
    fn an_invalid_api_address_is_refused() {
        for text in [
            "",
            "api.example.com",
            "ftp://example.com",
            "https://u:p@example.com",
            "https://example.com/?a=b",
            "mailto:a@b",
        ] {
            assert!(text.parse::<ApiAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_loopback_address_is_recognised() {
        for text in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            assert!(address(text).is_loopback(), "{text}");
        }
        assert!(!address("https://127.0.0.1.example.com").is_loopback());
    }
}
