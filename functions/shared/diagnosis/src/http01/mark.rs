//! How the platform identifies itself at the challenge path, and proves that host and path arrived unchanged.
//!
//! A check uses its own token. The responder answers it like a real one: status 200 and a body, made of the token and the host
//! name that it saw. So a check relies on what the CA would rely on, and not on a header alone.

use vocabulary::names::DomainName;
use vocabulary::stable_hash::spread_64;

/// The header by which `serve-challenge` identifies itself, whatever else it answers.
pub const PLATFORM_HEADER: &str = "x-managed-https";
/// Its value.
pub const PLATFORM_MARK: &str = "challenge";
/// The header with the request as it arrived: `HOST/TOKEN`.
pub const SEEN_HEADER: &str = "x-managed-https-seen";

/// The header by which a web server or CDN passes on the requested host, if its own request has another one.
///
/// This grants nothing: a client that can set it can also request that host.
pub const HOST_HEADER: &str = "x-managed-https-host";

/// The prefix of a check's token. A CA's token is random; none begins like this.
const PREFIX: &str = "managed-https-check-";
/// The value in [`SEEN_HEADER`] for a host that is no name, and for a path without a token.
const NONE: &str = "-";

/// A token for one check, of 128 random bits.
pub fn check_token(random: [u8; 16]) -> String {
    format!("{PREFIX}{:032x}", u128::from_be_bytes(random))
}

/// Whether a check made `token`: such tokens are answered without reading the store.
pub fn is_check_token(token: &str) -> bool {
    token
        .strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}

/// The responder's answer to a check's token at `host`.
///
/// Anybody can compute it: it shows that a request arrived as it was sent, and grants nothing. Its second part is too short for
/// a thumbprint (RFC 8555 §8.1), so it is never a key authorization.
pub fn check_body(host: &DomainName, token: &str) -> String {
    format!("{token}.{:016x}", spread_64(format!("{host}/{token}").as_bytes()))
}

/// The value of [`SEEN_HEADER`]. Both parts are parsed: nothing else of a request is echoed.
pub fn seen(host: Option<&DomainName>, token: Option<&str>) -> String {
    format!("{}/{}", host.map_or(NONE, DomainName::as_str), token.unwrap_or(NONE))
}

/// RFC 8555 §8.1: base64url characters only, so that it cannot contain a path.
pub fn is_token(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The platform answered, and for which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// For this host and token.
    Asked,
    /// For another host: tokens are stored by host, so the token of this one is not found there.
    OtherHost(String),
    /// For this host, at another path.
    OtherPath,
    /// A responder of an earlier release, which does not say what it saw.
    Unspecified,
}

impl Mark {
    /// The mark in a response with these headers to a request for `token` at `host`; `None` if the platform did not send it.
    pub fn read(platform: Option<&str>, seen: Option<&str>, host: &DomainName, token: &str) -> Option<Self> {
        platform.filter(|value| *value == PLATFORM_MARK)?;
        let Some((seen_host, seen_token)) = seen.and_then(|seen| seen.split_once('/')) else {
            return Some(Self::Unspecified);
        };
        Some(match seen_host.parse::<DomainName>() {
            Ok(seen) if seen == *host && seen_token == token => Self::Asked,
            Ok(seen) if seen == *host => Self::OtherPath,
            Ok(seen) => Self::OtherHost(seen.to_string()),
            Err(_) => Self::OtherHost("a host name that it could not read".into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http01::rules::LONGEST_BODY;

    fn name(text: &str) -> DomainName {
        text.parse().expect("a name")
    }

    #[test]
    fn a_checks_token_is_a_token_and_no_others_is_taken_for_one() {
        let token = check_token([7; 16]);
        assert!(is_token(&token) && is_check_token(&token), "{token}");
        for other in ["", "managed-https-check-", "tok-EN_1", &token[1..], &format!("{token}0"), &token.to_uppercase()]
        {
            assert!(!is_check_token(other), "{other}");
        }
    }

    #[test]
    fn the_body_differs_for_each_host_and_token_and_is_shorter_than_the_ca_reads() {
        let (a, b) = (check_token([1; 16]), check_token([2; 16]));
        let longest = name(&format!("{0}.{0}.{0}.{1}", "x".repeat(63), "y".repeat(61)));
        assert_ne!(check_body(&name("a.example"), &a), check_body(&name("b.example"), &a));
        assert_ne!(check_body(&name("a.example"), &a), check_body(&name("a.example"), &b));
        assert!(check_body(&longest, &a).len() < LONGEST_BODY);
    }

    #[test]
    fn a_mark_says_what_arrived() {
        let host = name("shop.example.com");
        let read = |seen: Option<&str>| Mark::read(Some(PLATFORM_MARK), seen, &host, "t1");
        assert_eq!(read(Some(&seen(Some(&host), Some("t1")))), Some(Mark::Asked));
        assert_eq!(read(Some(&seen(Some(&host), Some("t2")))), Some(Mark::OtherPath));
        assert_eq!(read(Some(&seen(Some(&host), None))), Some(Mark::OtherPath));
        assert_eq!(
            read(Some(&seen(Some(&name("www.example.com")), Some("t1")))),
            Some(Mark::OtherHost("www.example.com".into()))
        );
        assert!(matches!(read(Some(&seen(None, Some("t1")))), Some(Mark::OtherHost(_))));
        assert_eq!(read(None), Some(Mark::Unspecified));
        assert_eq!(Mark::read(None, Some("shop.example.com/t1"), &host, "t1"), None);
        assert_eq!(Mark::read(Some("nginx"), None, &host, "t1"), None);
    }
}
