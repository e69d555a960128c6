//! How a client names a request, so that sending it again has no effect.

use std::str::FromStr;

use time::Duration;

use crate::names::tenant::TenantId;

/// How long a key is remembered.
pub const KEY_KEPT: Duration = Duration::hours(24);

/// The client's name for one request: 1 to 255 visible ASCII characters.
///
/// Source: draft-ietf-httpapi-idempotency-key-header, which leaves the limits to the server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdempotencyKey(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to 255 visible ASCII characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<Self, IdempotencyKeyError> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.to_owned())).ok_or(IdempotencyKeyError)
    }
}

/// A request with its client's name for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRequest {
    /// Keys of different tenants are independent.
    pub tenant: TenantId,
    pub key: IdempotencyKey,
    /// SHA-256 of the request's content, hex: the same key with another digest is a mistake of the client.
    pub digest: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_visible() {
        for good in ["a", "8e03978e-40d5-43dd-bc93-6894a57f9324", "~!#", &"k".repeat(255)] {
            assert!(good.parse::<IdempotencyKey>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a\n", "ä", "\u{7f}", &"k".repeat(256)] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(IdempotencyKeyError), "{bad:?}");
        }
    }
}
