//! DNS names as a certificate carries them.

use std::fmt;
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};

use crate::names::name_error::{NameError, other_than_a_name, shorten};

/// A host or domain name in lower-case A-labels, without wildcard label or trailing dot: `shop.example.com`.
///
/// 1 to 253 octets in at least two labels of 1 to 63 letters, digits and hyphens; never a public suffix,
/// never an IP address. Source: RFC 1035 §2.3.4, RFC 5890, CA/B Forum BR §3.2.2.6.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

/// Below this label the CA looks for the TXT record of a name (RFC 8555 §8.4).
pub const CHALLENGE_LABEL: &str = "_acme-challenge";

/// Below this label the CA looks for the persistent record of a name (draft-ietf-acme-dns-persist §3.1).
pub const STANDING_LABEL: &str = "_validation-persist";

impl DomainName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as its owner writes it, in Unicode: `bücher.example` for `xn--bcher-kva.example`.
    pub fn to_unicode(&self) -> String {
        let (text, outcome) = Uts46::new().to_unicode(self.0.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
        match outcome {
            Ok(()) => text.into_owned(),
            Err(_) => self.0.clone(),
        }
    }

    /// Whether this is the registrable domain itself (`example.co.uk`), which cannot have a CNAME.
    pub fn is_registrable(&self) -> bool {
        registered_domain(&self.0) == Some(self.0.as_str())
    }

    /// The registrable domain of the name, as CAs count: by the whole public suffix list. The name itself if it is a suffix of
    /// the list's private part.
    pub fn registered(&self) -> &str {
        registered_domain(&self.0).unwrap_or(&self.0)
    }

    /// Where the CA looks for the TXT record of this name (RFC 8555 §8.4).
    pub fn challenge_name(&self) -> String {
        format!("{CHALLENGE_LABEL}.{}", self.0)
    }

    /// Where the CA looks for the persistent record of this name (draft-ietf-acme-dns-persist §3.1).
    pub fn persistent_name(&self) -> String {
        format!("{STANDING_LABEL}.{}", self.0)
    }
}

impl FromStr for DomainName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let shown = || shorten(text);
        if text.trim().is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(other) = other_than_a_name(text) {
            return Err(other);
        }
        if text.contains('*') {
            return Err(NameError::MisplacedWildcard(shown()));
        }
        let bare = text.strip_suffix('.').unwrap_or(text);
        let profile = Uts46::new();
        let to_ascii = |length| profile.to_ascii(bare.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, length);
        let name = to_ascii(DnsLength::Ignore).map_err(|_| match malformed_a_label(bare) {
            Some(label) => NameError::Punycode { name: shown(), label: shorten(label) },
            None => NameError::of_characters(text),
        })?;
        to_ascii(DnsLength::Verify).map_err(|_| NameError::Length(shown()))?;
        let Some((_, last)) = name.rsplit_once('.') else {
            return Err(NameError::SingleLabel(shown()));
        };
        if last.bytes().all(|b| b.is_ascii_digit()) {
            return Err(match name.parse::<std::net::Ipv4Addr>() {
                Ok(_) => NameError::IpAddress(shown()),
                Err(_) => NameError::NumericTop(shown()),
            });
        }
        if is_public_suffix(&name) {
            return Err(NameError::PublicSuffix(shown()));
        }
        Ok(Self(name.into_owned()))
    }
}

/// The registrable domain of `name`, in lower case and A-labels; `None` for a public suffix, and for a name in another form.
pub fn registered_domain(name: &str) -> Option<&str> {
    psl2::lookup(name)?.registrable_domain()
}

/// Whether anybody can register names below `name`: a public suffix of the list's ICANN part, or the root.
pub fn is_registry(name: &str) -> bool {
    name.is_empty() || is_public_suffix(name)
}

/// Whether `name` is a suffix of the list's private part (`github.io`).
pub fn is_private_suffix(name: &str) -> bool {
    psl2::lookup(name).is_some_and(|name| name.is_public_suffix() && name.is_private())
}

/// Only the ICANN part of the list: the owner of a private suffix (`platform.app`) controls it.
fn is_public_suffix(name: &str) -> bool {
    psl2::lookup(name).is_some_and(|name| name.is_public_suffix() && !name.is_private())
}

/// The label that looks like an A-label but is none: its Punycode is broken, or not what the standard produces.
fn malformed_a_label(name: &str) -> Option<&str> {
    let is_plain = |label: &str| label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_valid = |label: &str| {
        let profile = Uts46::new();
        profile.to_ascii(label.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Ignore).is_ok()
    };
    let starts = |label: &str| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
    name.split('.').find(|label| starts(label) && is_plain(label) && !is_valid(label))
}

impl TryFrom<String> for DomainName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::certificate_name::CertificateName;
    use proptest::prelude::*;

    fn name(text: &str) -> Result<String, NameError> {
        text.parse::<CertificateName>().map(String::from)
    }

    #[test]
    fn names_are_folded_to_lower_case_a_labels_without_the_root_dot() {
        assert_eq!(name("Shop.Example.COM.").as_deref(), Ok("shop.example.com"));
        assert_eq!(name("Bücher.example").as_deref(), Ok("xn--bcher-kva.example"));
        assert_eq!(name("*.Example.com").as_deref(), Ok("*.example.com"));
    }

    #[test]
    fn an_idn_is_shown_as_its_owner_writes_it() {
        let parsed: CertificateName = "*.xn--bcher-kva.example".parse().expect("a valid name");
        assert_eq!(parsed.to_unicode(), "*.bücher.example");
    }

    #[test]
    fn what_is_no_name_is_refused_with_its_own_reason() {
        use NameError::*;
        for (text, expected) in [
            ("", Empty),
            ("   ", Empty),
            ("https://a.example.com", Url("https://a.example.com".into())),
            ("a.example.com:443", Url("a.example.com:443".into())),
            ("192.0.2.1", IpAddress("192.0.2.1".into())),
            ("2001:db8::1", IpAddress("2001:db8::1".into())),
            ("a.1", NumericTop("a.1".into())),
            ("1.2.3.4.5", NumericTop("1.2.3.4.5".into())),
            ("１９２.0.2.1", IpAddress("１９２.0.2.1".into())),
            ("localhost", SingleLabel("localhost".into())),
            ("co.uk", PublicSuffix("co.uk".into())),
            ("*.com", PublicSuffix("com".into())),
            ("a.*.example.com", MisplacedWildcard("a.*.example.com".into())),
            ("w*.example.com", MisplacedWildcard("w*.example.com".into())),
            ("*.*.example.com", MisplacedWildcard("*.example.com".into())),
            ("a..example.com", Length("a..example.com".into())),
            ("under_score.example.com", Characters("under_score.example.com".into())),
            (
                "xn--99999999999.example.com",
                Punycode { name: "xn--99999999999.example.com".into(), label: "xn--99999999999".into() },
            ),
            ("-a.example.com", Characters("-a.example.com".into())),
            ("sp ace.example.com", Characters("sp ace.example.com".into())),
        ] {
            assert_eq!(name(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn labels_end_at_63_and_names_at_253_octets() {
        assert!(name(&format!("{}.example.com", "a".repeat(63))).is_ok());
        assert!(matches!(name(&format!("{}.example.com", "a".repeat(64))), Err(NameError::Length(_))));
        let long = |n: usize| format!("{}.{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(n));
        assert!(name(&long(61)).is_ok());
        assert!(matches!(name(&long(62)), Err(NameError::Length(_))));
    }

    #[test]
    fn the_owner_of_a_private_suffix_may_register_it() {
        assert_eq!(name("github.io").as_deref(), Ok("github.io"));
    }

    #[test]
    fn a_wildcard_covers_exactly_one_label() {
        let wild: CertificateName = "*.example.com".parse().expect("a valid name");
        let covered = |text: &str| wild.covers(&text.parse().expect("a valid name"));
        assert!(covered("www.example.com"));
        assert!(!covered("example.com"));
        assert!(!covered("a.www.example.com"));
        assert!(!covered("*.www.example.com"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_is_idempotent(text in "\\PC{0,80}|[a-zA-Z0-9.*-]{1,80}") {
            if let Ok(parsed) = text.parse::<CertificateName>() {
                let again: CertificateName = parsed.to_string().parse().expect("its own output parses");
                prop_assert_eq!(again, parsed);
            }
        }
    }
}
