//! Links to the domain owner's page: anybody with the link sees one endpoint's records, and nothing else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::names::{EndpointId, Origin};

/// How long a link works by default, and at most.
pub const DEFAULT_LIFE: Duration = Duration::days(30);

pub const LONGEST_LIFE: Duration = Duration::days(365);

/// The secret in a link: the endpoint's id, a dot, and 256 random bits in base64url.
///
/// Only its SHA-256 is stored: whoever reads the table cannot open the page.
#[derive(Clone, PartialEq, Eq)]
pub struct ShareToken {
    pub endpoint: EndpointId,
    secret: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the token of a link")]
pub struct ShareTokenError;

impl ShareToken {
    pub fn from_random(endpoint: EndpointId, bytes: [u8; 32]) -> Self {
        use base64::Engine;
        Self { endpoint, secret: base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes) }
    }

    /// The text that is hashed, and that is put into the link.
    pub fn expose(&self) -> String {
        format!("{}.{}", self.endpoint, self.secret)
    }
}

impl fmt::Debug for ShareToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShareToken({}.…)", self.endpoint)
    }
}

impl FromStr for ShareToken {
    type Err = ShareTokenError;

    fn from_str(text: &str) -> Result<Self, ShareTokenError> {
        let (endpoint, secret) = text.split_once('.').ok_or(ShareTokenError)?;
        let fits = secret.len() == 43 && secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let endpoint = endpoint.parse().map_err(|_| ShareTokenError)?;
        fits.then(|| Self { endpoint, secret: secret.to_owned() }).ok_or(ShareTokenError)
    }
}

/// A link that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// SHA-256 of the token, hex: names the link, and opens nothing.
    pub id: String,
    pub created_by: Origin,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

impl Share {
    /// At the exact end of its life a link no longer works.
    pub fn is_open(&self, now: OffsetDateTime) -> bool {
        now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_round_trips_and_never_shows_itself() {
        let token = ShareToken::from_random(EndpointId::from_random([1; 16]), [0xfe; 32]);
        assert_eq!(token.expose().parse(), Ok(token.clone()));
        assert!(!format!("{token:?}").contains(&token.secret));
        for bad in ["", "ep-x.y", "a.b", &token.expose()[1..], &format!("{}x", token.expose())] {
            assert_eq!(bad.parse::<ShareToken>(), Err(ShareTokenError), "{bad}");
        }
    }
}
