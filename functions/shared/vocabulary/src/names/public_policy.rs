//! Names that a CA refuses by their characters alone, before it validates anything.
//!
//! Sources: Let's Encrypt's policy authority (github.com/letsencrypt/boulder, `policy/pa.go` and `iana/iana.go`), the
//! CA/Browser Forum's Baseline Requirements, and IANA's registry of special-use domain names. A CA's own list (names it regards
//! as risky) is not published, so it is not here.

use crate::names::certificate_name::CertificateName;
use crate::names::domain_name::DomainName;
use crate::names::name_error::shorten;

/// Which names the installation's CA issues for, as far as their characters decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamePolicy {
    /// A private CA: its policy is unknown.
    Private,
    /// A public CA: what the Baseline Requirements allow.
    Public,
    /// Let's Encrypt, which has one more rule.
    LetsEncrypt,
}

/// Why a CA refuses a name. The text is the reason; [`Refusal::next_step`] is the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("“{name}” ends in “{suffix}”, {what}: public CAs issue no certificates for it")]
    SpecialUse { name: String, suffix: &'static str, what: &'static str },
    #[error(
        "“{name}” ends in “{top}”, which is no top-level domain of the public DNS: public CAs issue no certificates for it"
    )]
    NoPublicSuffix { name: String, top: String },
    #[error("“{name}” is in the reverse zone {zone}: since 15 March 2026 public CAs issue no certificates for it")]
    ReverseZone { name: String, zone: &'static str },
    #[error(
        "“{name}” has the label “{label}” with hyphens in the third and fourth place. Only internationalised names (xn--) \
         may have them there: public CAs issue no certificates for others"
    )]
    ReservedHyphens { name: String, label: String },
    #[error("“{name}” has {count} labels (the parts between the dots); Let's Encrypt takes at most {MOST_LABELS}")]
    TooManyLabels { name: String, count: usize },
    #[error(
        "“{name}” has {octets} characters, too many for the record that validates it: with “{prefix}.” before it they are \
         {}, and DNS allows {LONGEST_NAME}",
        .octets + .prefix.len() + 1
    )]
    NoRoomForRecord { name: String, octets: usize, prefix: &'static str },
}

/// Most labels of a name, without a wildcard label. Source: `maxLabels` of Boulder's `policy/pa.go`.
const MOST_LABELS: usize = 10;

/// Octets of a name as text, without the final dot. Source: RFC 1035 §2.3.4.
const LONGEST_NAME: usize = 253;

/// The reverse lookup zones. Source: CA/Browser Forum ballot SC-086v3, in force since 2026-03-15.
const REVERSE_ZONES: [&str; 2] = ["in-addr.arpa", "ip6.arpa"];

/// Names that do not identify a host in the public DNS.
///
/// Source: iana.org/assignments/special-use-domain-names; `internal`, `corp`, `home` and `mail` by ICANN's board.
const SPECIAL_USE: [(&str, &str); 15] = [
    ("alt", "which is reserved for names outside the DNS (RFC 9476)"),
    ("corp", "which ICANN leaves to private networks"),
    ("example", "which is reserved for documentation (RFC 6761)"),
    ("home", "which ICANN leaves to private networks"),
    ("home.arpa", "which is reserved for home networks (RFC 8375)"),
    ("internal", "which ICANN has reserved for private networks"),
    ("invalid", "which is reserved for names that do not exist (RFC 6761)"),
    ("ipv4only.arpa", "which is reserved for finding NAT64 (RFC 8880)"),
    ("local", "which is reserved for multicast DNS on a local network (RFC 6762)"),
    ("localhost", "which is reserved for the machine itself (RFC 6761)"),
    ("mail", "which ICANN leaves to private networks"),
    ("onion", "which is reserved for Tor and not in the DNS (RFC 7686)"),
    ("resolver.arpa", "which is reserved for finding resolvers (RFC 9462)"),
    ("service.arpa", "which is reserved for finding services on a local network (RFC 9665)"),
    ("test", "which is reserved for tests (RFC 6761)"),
];

impl NamePolicy {
    /// `private`: whether the operator has declared the CA of this directory private.
    pub fn of(directory: &str, private: bool) -> Self {
        let rest = directory.strip_prefix("https://").unwrap_or(directory);
        let host = rest.split(['/', ':']).next().unwrap_or(rest);
        match (private, host == "letsencrypt.org" || host.ends_with(".letsencrypt.org")) {
            (true, _) => Self::Private,
            (false, true) => Self::LetsEncrypt,
            (false, false) => Self::Public,
        }
    }

    /// Why the CA would refuse `name`; `None` if nothing in the name is against it.
    pub fn refuses(self, name: &CertificateName) -> Option<Refusal> {
        match self {
            Self::Private => None,
            Self::Public => why_no_public_ca_issues(name),
            Self::LetsEncrypt => why_no_public_ca_issues(name).or_else(|| too_many_labels(name)),
        }
    }
}

impl Refusal {
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::SpecialUse { .. } | Self::NoPublicSuffix { .. } => {
                "Register the host under a domain that is yours in the public DNS, like host.example.com; only an installation \
                 with a private CA takes this name."
            }
            Self::ReverseZone { .. } => "Register the host's own name, like host.example.com.",
            Self::ReservedHyphens { .. } => "Give the host a name without “--” there, and register that.",
            Self::TooManyLabels { .. } | Self::NoRoomForRecord { .. } => {
                "Give the host a shorter name, and register that."
            }
        }
    }
}

/// Why no public CA issues for `name`; `None` if nothing in the name is against it.
pub fn why_no_public_ca_issues(name: &CertificateName) -> Option<Refusal> {
    let base = name.base.as_str();
    let shown = shorten(&name.to_string());
    if let Some(zone) = REVERSE_ZONES.into_iter().find(|zone| is_below(base, zone)) {
        return Some(Refusal::ReverseZone { name: shown, zone });
    }
    if let Some((suffix, what)) = SPECIAL_USE.into_iter().find(|(suffix, _)| is_below(base, suffix)) {
        return Some(Refusal::SpecialUse { name: shown, suffix, what });
    }
    if !has_public_suffix(base) {
        let top = base.rsplit('.').next().unwrap_or(base).to_owned();
        return Some(Refusal::NoPublicSuffix { name: shown, top });
    }
    // RFC 5890 §2.3.1: reserved LDH labels, of which only A-labels are defined.
    let reserved = |label: &&str| label.get(2..4) == Some("--") && !label.starts_with("xn");
    let label = base.split('.').find(reserved)?.to_owned();
    Some(Refusal::ReservedHyphens { name: shown, label })
}

/// Why the record that validates `name` over DNS cannot exist, at any CA. `prefix`: its first label.
pub fn why_no_record_fits(name: &DomainName, prefix: &'static str) -> Option<Refusal> {
    let octets = name.as_str().len();
    let fits = prefix.len() + 1 + octets <= LONGEST_NAME;
    (!fits).then(|| Refusal::NoRoomForRecord { name: shorten(name.as_str()), octets, prefix })
}

fn too_many_labels(name: &CertificateName) -> Option<Refusal> {
    let count = name.base.as_str().split('.').count();
    (count > MOST_LABELS).then(|| Refusal::TooManyLabels { name: shorten(&name.to_string()), count })
}

fn is_below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether `name` ends in a suffix of the list's ICANN part. The list returns the longest suffix, which may be a private one
/// (`github.io`): then its parent is looked up.
fn has_public_suffix(name: &str) -> bool {
    let mut asked = name;
    while let Some(found) = psl2::lookup(asked) {
        match found.typ() {
            Some(psl2::Type::Icann) => return true,
            None => return false,
            Some(psl2::Type::Private) => {}
        }
        match found.suffix().split_once('.') {
            Some((_, above)) => asked = above,
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests;
