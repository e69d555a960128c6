//! Let's Encrypt's rules for fetching a challenge response.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use url::{Host, Url};

/// For one connection, and here for the whole fetch. Source: `va/va.go`, `singleDialTimeout`.
pub const TIME: Duration = Duration::from_secs(10);
/// Statuses whose `Location` is followed. Source: `va/http.go`, `acceptableRedirects`; BR 3.2.2.4.19.
pub const REDIRECTS: [u16; 4] = [301, 302, 307, 308];
/// Go's client also treats this as a redirect, and the CA then refuses it. Any other 3xx is an answer like 404.
const SEE_OTHER: u16 = 303;
/// Source: `va/http.go`, `maxRedirect`. It is compared before it is incremented, so one more is followed.
pub const MOST_REDIRECTS: usize = 10;
/// A body of this many octets is refused, and no more of it is read. Source: `va/http.go`, `maxResponseSize`.
pub const LONGEST_BODY: usize = 128;
/// Of a redirect's path. Source: `va/http.go`, `maxPathSize`.
pub const LONGEST_PATH: usize = 2000;
/// Where a redirect may lead. Source: `va/http.go`, `extractRequestTarget`.
const PORTS: [u16; 2] = [80, 443];

/// Why the CA does not follow a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Status,
    Unreadable,
    Scheme,
    Port(u16),
    /// `https://www.example.com.well-known/…`: the target was configured without a trailing slash.
    MissingSlash,
    NotPublic(IpAddr),
    TooLong,
    Circle,
    TooMany(usize),
}

/// What the CA does with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop {
    /// It is the last response.
    End,
    Follow(Url),
    /// To this text, which is the URL if there is one.
    Refuse(String, Refused),
}

/// What a redirect is judged by.
pub struct Way<'a> {
    /// Every URL that was requested, in order.
    pub asked: &'a [Url],
    /// The port that stands for 80 in tests on one machine.
    pub http_port: u16,
    /// Whether the CA leaves an address out.
    pub is_reserved: &'a (dyn Fn(IpAddr) -> bool + Sync),
}

/// What the CA does with an answer of this status and `Location`, in the order of its own checks.
///
/// Not here: the CA follows only to names of public top-level domains. Other names do not resolve.
pub fn next(way: &Way<'_>, status: u16, location: Option<&str>) -> Hop {
    let is_redirect = status == SEE_OTHER || REDIRECTS.contains(&status);
    // Go returns a redirect without Location as the answer, and the CA accepts no status but 200.
    let Some(location) = location.filter(|location| is_redirect && !location.is_empty()) else { return Hop::End };
    let from = way.asked.last().expect("the first URL was asked");
    let Ok(to) = from.join(location) else { return Hop::Refuse(location.to_owned(), Refused::Unreadable) };
    match refused(way, status, &to) {
        Some(why) => Hop::Refuse(to.to_string(), why),
        None => Hop::Follow(to),
    }
}

fn refused(way: &Way<'_>, status: u16, to: &Url) -> Option<Refused> {
    if way.asked.len() > MOST_REDIRECTS + 1 {
        return Some(Refused::TooMany(MOST_REDIRECTS));
    }
    if status == SEE_OTHER {
        return Some(Refused::Status);
    }
    if !matches!(to.scheme(), "http" | "https") {
        return Some(Refused::Scheme);
    }
    let port = to.port_or_known_default().unwrap_or_default();
    if !PORTS.contains(&port) && port != way.http_port {
        return Some(Refused::Port(port));
    }
    match to.host() {
        Some(Host::Domain(name)) if name.ends_with(".well-known") => return Some(Refused::MissingSlash),
        Some(Host::Domain(_)) => {}
        Some(Host::Ipv4(address)) if (way.is_reserved)(address.into()) => {
            return Some(Refused::NotPublic(address.into()));
        }
        Some(Host::Ipv6(address)) if (way.is_reserved)(address.into()) => {
            return Some(Refused::NotPublic(address.into()));
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => {}
        None => return Some(Refused::Unreadable),
    }
    if to.path().len() > LONGEST_PATH {
        return Some(Refused::TooLong);
    }
    way.asked.contains(to).then_some(Refused::Circle)
}

/// The addresses that the CA tries, in order: the first IPv6 address, and the first IPv4 address if that one accepts no
/// connection. Reserved ones were left out before. Source: `va/http.go`, `newHTTPValidationTarget` and `fallbackErr`.
///
/// Only for the validated host: for a redirect's target only the first address is tried.
pub fn candidates(addresses: &[IpAddr]) -> impl Iterator<Item = IpAddr> {
    let v6 = addresses.iter().find(|address| address.is_ipv6());
    let v4 = addresses.iter().find(|address| address.is_ipv4());
    v6.into_iter().chain(v4).copied()
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status => f.write_str("CAs follow redirects with status 301, 302, 307 and 308 only"),
            Self::Unreadable => f.write_str("its Location cannot be read"),
            Self::Scheme => f.write_str("CAs follow redirects to http and https only"),
            Self::Port(port) => write!(f, "CAs follow redirects to ports 80 and 443 only, not to {port}"),
            Self::MissingSlash => f.write_str("a / is missing after the host in the redirect's Location"),
            Self::NotPublic(address) => write!(f, "{address} is a private address"),
            Self::TooLong => f.write_str("its path is longer than a CA takes"),
            Self::Circle => f.write_str("it redirects in a circle"),
            Self::TooMany(most) => write!(f, "CAs follow {most} redirects at most"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http01::reserved::is_reserved;

    const FIRST: &str = "http://www.example.com/.well-known/acme-challenge/t";

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    fn after(asked: &[Url], status: u16, location: Option<&str>) -> Hop {
        next(&Way { asked, http_port: 80, is_reserved: &is_reserved }, status, location)
    }

    fn refusal(status: u16, location: &str) -> Option<Refused> {
        match after(&[url(FIRST)], status, Some(location)) {
            Hop::Refuse(_, why) => Some(why),
            _ => None,
        }
    }

    /// Each entry is one rule, with the words of Boulder's `va/http.go`.
    #[test]
    fn redirects_are_followed_as_lets_encrypt_follows_them() {
        let private = |text: &str| Some(Refused::NotPublic(text.parse().expect("an address")));
        for (status, location, expected) in [
            (301, "http://other.example/x", None),
            (302, "https://other.example/x?y=z", None),
            (307, "//other.example/x", None),
            (308, "/elsewhere", None),
            (303, "http://other.example/x", Some(Refused::Status)),
            (301, "ftp://other.example/x", Some(Refused::Scheme)),
            (301, "mailto:somebody@example.com", Some(Refused::Scheme)),
            (301, "https://other.example:443/x", None),
            (301, "https://other.example:80/x", None),
            (301, "https://other.example:8443/x", Some(Refused::Port(8443))),
            (301, "http://other.example:8080/x", Some(Refused::Port(8080))),
            // "Redirect / https://bad-redirect.org" without the trailing slash.
            (301, "https://www.example.com.well-known/acme-challenge/t", Some(Refused::MissingSlash)),
            (301, "http:///", Some(Refused::Unreadable)),
            (301, "http://[fe80::1%25eth0]/", Some(Refused::Unreadable)),
            // Since 2026 bare addresses are followed, unless reserved.
            (301, "http://93.184.216.34/x", None),
            (301, "https://[2606:2800:220:1:248:1893:25c8:1946]/x", None),
            (301, "http://10.1.2.3/x", private("10.1.2.3")),
            (301, "http://[fd00::1]/x", private("fd00::1")),
            (301, "http://169.254.169.254/latest/meta-data/", private("169.254.169.254")),
            (301, FIRST, Some(Refused::Circle)),
            (301, "HTTP://WWW.example.com/.well-known/acme-challenge/t", Some(Refused::Circle)),
        ] {
            assert_eq!(refusal(status, location), expected, "{status} {location}");
        }
        let path = |octets: usize| format!("/{}", "x".repeat(octets - 1));
        assert_eq!(refusal(301, &path(LONGEST_PATH)), None);
        assert_eq!(refusal(301, &path(LONGEST_PATH + 1)), Some(Refused::TooLong));
    }

    #[test]
    fn an_answer_without_a_redirect_or_a_location_is_final() {
        for (status, location) in
            [(200, Some("/x")), (300, Some("/x")), (304, Some("/x")), (305, Some("/x")), (404, None)]
        {
            assert_eq!(after(&[url(FIRST)], status, location), Hop::End, "{status}");
        }
        for status in [301, 302, 303, 307, 308] {
            assert_eq!(after(&[url(FIRST)], status, None), Hop::End, "{status}");
            assert_eq!(after(&[url(FIRST)], status, Some("")), Hop::End, "{status}");
        }
    }

    #[test]
    fn one_redirect_more_than_the_limit_is_followed_as_boulder_counts() {
        let way =
            |redirects: usize| -> Vec<Url> { (0..=redirects).map(|i| url(&format!("http://a.example/{i}"))).collect() };
        assert!(matches!(after(&way(MOST_REDIRECTS), 301, Some("/last")), Hop::Follow(_)), "the eleventh");
        let twelfth = after(&way(MOST_REDIRECTS + 1), 301, Some("/last"));
        assert_eq!(twelfth, Hop::Refuse("http://a.example/last".into(), Refused::TooMany(MOST_REDIRECTS)));
    }

    #[test]
    fn ipv6_comes_first_and_one_ipv4_address_after_it() {
        let of = |texts: &[&str]| -> Vec<String> {
            let addresses: Vec<IpAddr> = texts.iter().map(|text| text.parse().expect("an address")).collect();
            candidates(&addresses).map(|address| address.to_string()).collect()
        };
        assert_eq!(of(&["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"]), ["2001:db8::1", "192.0.2.1"]);
        assert_eq!(of(&["192.0.2.2", "192.0.2.1"]), ["192.0.2.2"]);
        assert_eq!(of(&["2001:db8::2"]), ["2001:db8::2"]);
        assert!(of(&[]).is_empty());
    }
}
