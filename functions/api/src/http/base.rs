//! Where browsers reach this installation: the base of its links.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::StatusCode;
use http::header::HOST;
use http::request::Parts;
use url::Url;

/// An origin, and the path below which all routes are: empty on AWS, `/_aws/execute-api/ID` on an emulator.
///
/// API Gateway does not pass the path on, so it is configured (`BASE_URL`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    origin: String,
    path: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not an http or https URL of a host and at most a path")]
pub struct BaseError;

impl Base {
    /// `https://api.example.com`, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Empty, or with a slash in front and none at the end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How a page links to `route`, which begins with a slash: `/dashboard`.
    pub fn link(&self, route: &str) -> String {
        format!("{}{route}", self.path)
    }

    /// The same as an absolute URL, for mails and other sites.
    pub fn url(&self, route: &str) -> String {
        format!("{}{}{route}", self.origin, self.path)
    }

    /// The path of our cookies.
    pub(crate) fn cookie_path(&self) -> &str {
        if self.path.is_empty() { "/" } else { &self.path }
    }

    /// The full name of a cookie, with the strictest prefix that its path allows (RFC 6265bis §4.1.3): then no other host
    /// and no answer in clear text can set it.
    pub(crate) fn cookie_name(&self, name: &str) -> String {
        let prefix = if self.path.is_empty() { "__Host-" } else { "__Secure-" };
        format!("{prefix}managed-https-{name}")
    }

    /// The base from the host of a request. API Gateway accepts no other host.
    fn of_host(host: &str) -> Option<Self> {
        format!("https://{host}").parse().ok().filter(|base: &Self| base.path.is_empty())
    }
}

impl FromStr for Base {
    type Err = BaseError;

    fn from_str(text: &str) -> Result<Self, BaseError> {
        let url: Url = text.parse().map_err(|_| BaseError)?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        let fits = plain && url.password().is_none() && url.has_host() && matches!(url.scheme(), "http" | "https");
        let path = url.path().trim_end_matches('/').to_owned();
        fits.then(|| Self { origin: url.origin().ascii_serialization(), path }).ok_or(BaseError)
    }
}

/// The configured base, which [`crate::sign_in::session::recognise`] passes on; without one, that of the request's host.
impl<S: Send + Sync> FromRequestParts<S> for Base {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        if let Some(base) = parts.extensions.get::<Self>() {
            return Ok(base.clone());
        }
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        host.and_then(Self::of_host).ok_or(StatusCode::BAD_REQUEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Base {
        text.parse().expect("valid")
    }

    #[test]
    fn links_work_at_the_root_and_below_a_path() {
        let root = base("https://api.example.com/");
        assert_eq!(
            (root.link("/dashboard"), root.url("/dashboard")),
            ("/dashboard".into(), "https://api.example.com/dashboard".into())
        );
        let below = base("http://127.0.0.1:18000/_aws/execute-api/abc/");
        assert_eq!(below.link("/dashboard"), "/_aws/execute-api/abc/dashboard");
        assert_eq!(below.url("/x"), "http://127.0.0.1:18000/_aws/execute-api/abc/x");
    }

    #[test]
    fn a_cookie_is_bound_to_the_host_where_the_path_allows_it() {
        let root = base("https://api.example.com");
        assert_eq!((root.cookie_name("x").as_str(), root.cookie_path()), ("__Host-managed-https-x", "/"));
        let below = base("http://127.0.0.1:1/below");
        assert_eq!((below.cookie_name("x").as_str(), below.cookie_path()), ("__Secure-managed-https-x", "/below"));
    }

    #[test]
    fn a_base_url_is_a_host_and_at_most_a_path() {
        for bad in [
            "",
            "api.example.com",
            "/x",
            "ftp://x.example",
            "https://x.example/?a",
            "https://x.example/#a",
            "https://a@x.example",
        ] {
            assert_eq!(bad.parse::<Base>(), Err(BaseError), "{bad}");
        }
        for bad in ["", "a/b", "a@b", "a?b", "a#b", "a b"] {
            assert_eq!(Base::of_host(bad), None, "{bad}");
        }
        assert_eq!(Base::of_host("api.example.com:444"), Some(base("https://api.example.com:444")));
    }
}
