//! Why a text is no name, and what people enter instead of a name.

use std::net::IpAddr;

use crate::text::{code_point, is_invisible, printable};

/// Why a text is not a name that a certificate can be issued for. Each says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("the name is empty; write a domain like shop.example.com")]
    Empty,
    #[error("“{0}” is a URL or has a port; write only the host name, like shop.example.com")]
    Url(String),
    #[error("“{0}” is an IP address; a managed endpoint needs a domain name")]
    IpAddress(String),
    #[error(
        "“{0}” is a list; give each name separately: one as the domain, each of the others as an additional name (in the \
         API an item of `also`, in the CLI a --name, in the form a line)"
    )]
    List(String),
    #[error("“{0}” has a single label; write the full name, like shop.example.com")]
    SingleLabel(String),
    #[error("“{0}” ends in a number, which no top-level domain is; write the full name, like shop.example.com")]
    NumericTop(String),
    #[error("“{0}” is a public suffix: nobody can prove control of it; register a name below it")]
    PublicSuffix(String),
    #[error("“{0}” has a wildcard that is not its whole first label; only *.example.com is possible")]
    MisplacedWildcard(String),
    #[error("“{0}” is over 253 characters, or has an empty label or one over 63 characters")]
    Length(String),
    #[error("“{name}” has the invisible character {character} in it; type the name instead of pasting it")]
    Invisible { name: String, character: String },
    #[error("“{name}” has the label “{label}”, which is no valid internationalised name; write it in its own script")]
    Punycode { name: String, label: String },
    #[error("“{0}” has characters that a host name cannot have; letters, digits and hyphens are allowed")]
    Characters(String),
}

impl NameError {
    /// What is wrong with `text`, which has characters that no name has.
    pub(crate) fn of_characters(text: &str) -> Self {
        let name = shorten(text);
        match text.chars().find(|c| is_invisible(*c)) {
            Some(c) => Self::Invisible { name, character: code_point(c) },
            None => Self::Characters(name),
        }
    }
}

/// `text` without what an editor or a spreadsheet adds around a name: blanks, tabs, line ends, and the two zero-width
/// characters that are copied along.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}'))
}

/// What `text` is, if it is something else that people enter instead of a name.
pub(crate) fn other_than_a_name(text: &str) -> Option<NameError> {
    let shown = || shorten(text);
    if text.contains("://") {
        return Some(NameError::Url(shown()));
    }
    if is_address(text) {
        return Some(NameError::IpAddress(shown()));
    }
    if text.contains('/') {
        return Some(NameError::Url(shown()));
    }
    if is_list(text) {
        return Some(NameError::List(shown()));
    }
    text.contains(':').then(|| NameError::Url(shown()))
}

/// An IP address in any notation: plain, in brackets, with a port, a prefix length or a zone.
fn is_address(text: &str) -> bool {
    let host = text.split(['/', '%']).next().unwrap_or(text);
    let bracketed = || {
        let inside = host.strip_prefix('[')?;
        Some(inside.split(']').next().unwrap_or(inside))
    };
    let before_port = || host.rsplit_once(':').map(|(before, _)| before);
    let is_ip = |text: &str| text.parse::<IpAddr>().is_ok();
    is_ip(host) || bracketed().is_some_and(is_ip) || before_port().is_some_and(|text| text.contains('.') && is_ip(text))
}

/// Names with commas or semicolons between them, or whole names with blanks between them.
fn is_list(text: &str) -> bool {
    let names = || text.split_whitespace();
    text.contains([',', ';', '，', '、']) || (names().count() > 1 && names().all(|name| trim(name).contains('.')))
}

/// Hostile input must not fill logs and messages.
pub(crate) fn shorten(text: &str) -> String {
    printable(text, 80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::certificate_name::CertificateName;

    fn error(text: &str) -> NameError {
        text.parse::<CertificateName>().expect_err(text)
    }

    #[test]
    fn an_ip_address_is_recognised_however_it_is_written() {
        for text in [
            "192.0.2.1",
            "2001:db8::1",
            "[2001:db8::1]",
            "[2001:db8::1]:443",
            "192.0.2.1:443",
            "fe80::1%eth0",
            "[fe80::1%25eth0]",
            "192.0.2.0/24",
            "2001:db8::/32",
            "::ffff:192.0.2.1",
        ] {
            assert_eq!(error(text), NameError::IpAddress(text.into()));
        }
        for text in ["a.example.com:443", "[a.example.com]:443", "a.example.com/192.0.2.1", "http://192.0.2.1/"] {
            assert_eq!(error(text), NameError::Url(text.into()));
        }
    }

    #[test]
    fn a_list_is_distinguished_from_a_name_with_a_blank_in_it() {
        for text in [
            "a.example.com,b.example.com",
            "a.example.com, *.b.example.com",
            "a.example.com;b.example.com",
            "a.example.com b.example.com",
            "a.example.com\nb.example.com",
            "*.example.com, example.com",
            "a.example.com,",
        ] {
            assert!(matches!(error(text), NameError::List(_)), "{text}: {}", error(text));
            assert!(error(text).to_string().contains("--name"));
        }
        for text in ["sp ace.example.com", "shop example com", "not a name"] {
            assert_eq!(error(text), NameError::Characters(text.into()));
        }
    }

    #[test]
    fn blanks_around_a_name_are_no_part_of_it() {
        for around in [" ", "\t", "\r\n", "\u{a0}", "\u{3000}", "\u{feff}", "\u{200b} "] {
            for name in ["shop.example.com", "*.example.com"] {
                let text = format!("{around}{name}{around}");
                assert_eq!(text.parse::<CertificateName>().map(String::from).as_deref(), Ok(name), "{around:?}");
            }
        }
        assert!("*. example.com".parse::<CertificateName>().is_err());
        assert_eq!(error(" \t\n"), NameError::Empty);
    }

    #[test]
    fn an_invisible_character_is_named_and_not_shown() {
        for (text, character) in [
            ("shop\u{202e}.example.com", "U+202E right-to-left override"),
            ("shop\0.example.com", "U+0000 null"),
            ("shop\u{200e}.example.com", "U+200E left-to-right mark"),
            ("sh\top.example.com", "U+0009 tab"),
            ("a\u{200d}b.example.com", "U+200D zero width joiner"),
            ("a\u{200b}_b.example.com", "U+200B zero width space"),
        ] {
            let told = error(text).to_string();
            assert!(told.contains(character), "{told}");
            assert!(!told.chars().any(is_invisible), "{told:?}");
        }
    }

    #[test]
    fn characters_of_no_width_that_the_standard_drops_are_dropped() {
        for text in ["sh\u{200b}op.example.com", "sh\u{ad}op.example.com", "sh\u{feff}op.example.com"] {
            assert_eq!(
                text.parse::<CertificateName>().map(String::from).as_deref(),
                Ok("shop.example.com"),
                "{text:?}"
            );
        }
    }
}
