//! What one name server answered.

use std::fmt;

/// What one authoritative server answered for one name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The data of the records of the type asked for; names in lower case without trailing dot.
    Records(Vec<String>),
    /// The name exists, but not with this type (RFC 2308 §2.2).
    NoData,
    /// The name does not exist (RFC 2308 §2.1).
    NxDomain,
    /// No usable answer.
    Failed(Unanswered),
}

/// Why a server gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// It failed internally (RFC 1035 §4.1.1, code 2).
    ServFail,
    /// It refuses queries for this zone (code 5).
    Refused,
    /// It answers, but not with authority (the AA bit is clear): it does not serve the zone.
    NotAuthoritative,
    /// It refers to these name servers: the name itself is a zone of its own there.
    Delegated(Vec<String>),
    TimedOut,
    /// It answers queries without EDNS (RFC 6891), and none with it. Resolvers use EDNS.
    DropsEdns,
    /// It has only IPv6 addresses, but only IPv4 is queried.
    Ipv6Only,
    /// The limit of queries per check was reached.
    NotAsked,
    /// Anything else, in words.
    Other(String),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delegated(servers) => return write!(f, "the name is a zone of its own, at {}", servers.join(", ")),
            Self::ServFail => "SERVFAIL (the server has an internal error)",
            Self::Refused => "REFUSED (the server does not serve this zone)",
            Self::NotAuthoritative => "an answer without authority (the server does not serve this zone)",
            Self::TimedOut => "no answer in time",
            Self::DropsEdns => "no answer to questions with EDNS (RFC 6891), and answers to those without",
            Self::Ipv6Only => "it has IPv6 addresses only, and cannot be asked from here",
            Self::NotAsked => "it was not asked, as one check asks only so many questions",
            Self::Other(why) => why,
        })
    }
}

impl Answer {
    /// The records, where there are any.
    pub fn records(&self) -> &[String] {
        match self {
            Self::Records(data) => data,
            _ => &[],
        }
    }

    /// The name servers that the name itself is delegated to, where it is.
    pub fn delegated(&self) -> &[String] {
        match self {
            Self::Failed(Unanswered::Delegated(servers)) => servers,
            _ => &[],
        }
    }

    /// Whether nothing is known because of where, or how, we queried: that is not the server's fault.
    pub fn is_unseen(&self) -> bool {
        matches!(self, Self::Failed(Unanswered::Ipv6Only | Unanswered::NotAsked))
    }

    pub fn is_usable(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

/// An [`Answer`] and the server it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAnswer {
    pub server: String,
    pub answer: Answer,
}

/// Judges the TXT set at the delegated name: true once every server that answers has all `values`.
pub fn is_published(values: &[String], txt: &[ServerAnswer]) -> bool {
    let mut answered = txt.iter().filter(|a| a.answer.is_usable()).peekable();
    answered.peek().is_some()
        && answered.all(|a| match &a.answer {
            Answer::Records(data) => values.iter().all(|value| data.contains(value)),
            _ => false,
        })
}
