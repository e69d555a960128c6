//! What a fetch of a challenge response received on its way.

use std::fmt;
use std::net::IpAddr;

use vocabulary::dns::Unanswered;

use crate::http01::mark::Mark;
use crate::http01::rules::{LONGEST_BODY, REDIRECTS, Refused};

/// One fetch of a challenge response, by the CA's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpObservation {
    /// In order; the last one may not have been followed.
    pub redirects: Vec<Redirect>,
    pub answer: ProbeAnswer,
    /// Whether the platform gave the answer, and for what.
    pub mark: Option<Mark>,
    /// The host's IPv6 address, if it accepted no connection and IPv4 was used.
    pub fallback: Option<IpAddr>,
    /// The expected body.
    pub expected: String,
}

/// A redirect from a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    pub status: u16,
    /// The target, without the token.
    pub to: String,
    /// The host in it.
    pub host: String,
}

/// The answer at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// Status 200 and the body, cut at [`LONGEST_BODY`].
    Body(String),
    /// Another status.
    Status(u16),
    /// No answer at all.
    Failed(ProbeFault),
}

/// Why a fetch failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeFault {
    NoAddress,
    /// Its address could not be resolved.
    Unresolved(Unanswered),
    /// All its addresses are ones that the CA leaves out.
    NotPublic(Vec<IpAddr>),
    /// It has no IPv4 address, and this process has no IPv6.
    OnlyIpv6(IpAddr),
    /// No connection, or no HTTP on it: why, in words.
    NoConnection(String),
    /// No answer within this many seconds.
    TimedOut(u64),
    /// The answer began, but cannot be read to its end: why, in words.
    Broken(String),
    /// The last redirect is one that the CA does not follow.
    RefusedRedirect(Refused),
    /// There was no time left for the request.
    NotAsked,
}

impl HttpObservation {
    /// A fetch that failed at once.
    pub fn failed(fault: ProbeFault, expected: &str) -> Self {
        let answer = ProbeAnswer::Failed(fault);
        Self { redirects: Vec::new(), answer, mark: None, fallback: None, expected: expected.to_owned() }
    }

    /// Whether the CA would accept the answer.
    ///
    /// Trailing white space does not count (RFC 8555 §8.3; `va/http.go`, `validateHTTP01`), but it is read.
    pub fn is_as_expected(&self) -> bool {
        matches!(&self.answer, ProbeAnswer::Body(body) if body.len() < LONGEST_BODY && body.trim_end() == self.expected)
    }

    /// Whether a check's token reached the platform, with host and path unchanged.
    pub fn reaches_platform(&self) -> bool {
        self.is_as_expected() || self.mark == Some(Mark::Unspecified)
    }

    /// Whether it shows what the CA would get. A host that was not requested, or is not visible from here, is not blamed.
    pub fn is_certain(&self) -> bool {
        let ProbeAnswer::Failed(fault) = &self.answer else { return true };
        match fault {
            ProbeFault::NotAsked | ProbeFault::OnlyIpv6(_) => false,
            // The zone's own checks say why. A redirect's target has no such checks.
            ProbeFault::Unresolved(why) => {
                let is_refusal =
                    matches!(why, Unanswered::ServFail | Unanswered::Refused | Unanswered::NotAuthoritative);
                !self.redirects.is_empty() && is_refusal
            }
            _ => true,
        }
    }

    /// Whether the platform has answered for this host and path, but not with the expected body: that is its own fault.
    pub fn is_platforms_fault(&self) -> bool {
        let unchanged = |body: &String| !body.contains(&self.expected);
        self.mark == Some(Mark::Asked)
            && !self.is_as_expected()
            && match &self.answer {
                ProbeAnswer::Body(body) => unchanged(body),
                _ => true,
            }
    }

    /// Whether the last answer is a redirect without a target.
    pub fn lacks_location(&self) -> bool {
        matches!(self.answer, ProbeAnswer::Status(status) if status == 303 || REDIRECTS.contains(&status))
    }
}

impl ProbeFault {
    /// In words, about `who`.
    pub fn of(&self, who: &str) -> String {
        match self {
            Self::NoAddress => format!("{who} has no address in DNS"),
            Self::Unresolved(why) => format!("the address of {who} could not be looked up: {why}"),
            Self::NotPublic(addresses) => {
                let es = if addresses.len() == 1 { "" } else { "es" };
                format!("{who} has only the private address{es} {}", list(addresses))
            }
            Self::OnlyIpv6(address) => {
                format!("{who} has IPv6 addresses only ({address}), which cannot be checked from here")
            }
            Self::NoConnection(why) => format!("{who} takes no connection: {why}"),
            Self::TimedOut(seconds) => format!("{who} did not answer within {seconds} seconds"),
            Self::Broken(why) => format!("the answer of {who} breaks off: {why}"),
            Self::RefusedRedirect(why) => why.to_string(),
            Self::NotAsked => format!("{who} was not checked, as the time was up"),
        }
    }
}

impl fmt::Display for ProbeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of("it"))
    }
}

/// Addresses on one line, always in the same order.
pub(crate) fn list(addresses: &[IpAddr]) -> String {
    let mut addresses = addresses.to_vec();
    addresses.sort();
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
