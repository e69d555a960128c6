//! Whether a customer's records lead where they must, judged from what name servers and hosts answered.
//!
//! This is the flow's gate. What is wrong is decided in [`crate::diagnosis`], so that an attempt fails by the
//! same words that a check shows.

use std::fmt;
use std::net::IpAddr;

use crate::diagnosis;
use crate::failure::Failure;
use crate::name::DomainName;

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
    /// It failed inside (RFC 1035 §4.1.1, code 2).
    ServFail,
    /// It will not answer for this zone (code 5).
    Refused,
    /// It answers, but not with authority (the AA bit is clear): it does not serve the zone.
    NotAuthoritative,
    TimedOut,
    /// Anything else, in words.
    Other(String),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServFail => "SERVFAIL (the server fails inside)",
            Self::Refused => "REFUSED (the server does not serve this zone)",
            Self::NotAuthoritative => "an answer without authority (the server does not serve this zone)",
            Self::TimedOut => "no answer in time",
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

/// Judges the CNAME at `_acme-challenge.BASE`: every authoritative server must lead exactly to `target`.
///
/// Exactly: writing wherever a CNAME happens to lead would let a stranger's leftover record decide.
/// `stray_txt` is what the servers hold as TXT at the same name, asked only where the CNAME is missing.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`](crate::FailureName::RecordsNotReady), with what was found and the record to create.
pub fn judge_delegation(
    base: &DomainName,
    target: &str,
    cname: &[ServerAnswer],
    stray_txt: &[ServerAnswer],
) -> Result<(), Failure> {
    match diagnosis::delegation_fault(base, target, cname, stray_txt) {
        Some(finding) => Err(diagnosis::to_failure(&finding)),
        None => Ok(()),
    }
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

/// What a preflight request to a host came back with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// Status 200 and the body, cut at a small limit.
    Body(String),
    /// Another status, after redirects.
    Status(u16),
    /// No answer at all.
    Failed(ProbeFault),
}

/// Why a request to a host came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeFault {
    NoAddress,
    /// Its address cannot be looked up: why, in words.
    Unresolved(String),
    /// One of its addresses is special-purpose (RFC 6890): nothing is sent there.
    NotPublic(IpAddr),
    /// No connection, or none that speaks HTTP: why, in words.
    NoConnection(String),
    /// Nothing within so many seconds.
    TimedOut(u64),
    /// A redirect to where the CA does not follow.
    RefusedRedirect(String),
    /// More redirects than the CA follows.
    TooManyRedirects(usize),
}

impl fmt::Display for ProbeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("it has no address in DNS"),
            Self::Unresolved(why) => write!(f, "its address cannot be looked up: {why}"),
            Self::NotPublic(address) => write!(f, "its address {address} is not a public one"),
            Self::NoConnection(why) => write!(f, "no connection: {why}"),
            Self::TimedOut(seconds) => write!(f, "it does not answer within {seconds} seconds"),
            Self::RefusedRedirect(to) => {
                write!(f, "it redirects to {to}, which the CA does not follow (names only, ports 80 and 443 only)")
            }
            Self::TooManyRedirects(most) => write!(f, "it redirects more than {most} times"),
        }
    }
}

/// Judges what `http://HOST/.well-known/acme-challenge/TOKEN` answered.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`](crate::FailureName::RecordsNotReady): the CA would see the same.
pub fn judge_probe(host: &DomainName, expected: &str, target: &str, answer: &ProbeAnswer) -> Result<(), Failure> {
    match answer {
        // RFC 8555 §8.3: trailing white space is to be ignored.
        ProbeAnswer::Body(body) if body.trim_end() == expected => Ok(()),
        other => Err(diagnosis::to_failure(&diagnosis::challenge_path_fault(host, target, &[], other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Actor, FailureName};

    const TARGET: &str = "abc.acme.platform.example";

    fn from(answers: &[Answer]) -> Vec<ServerAnswer> {
        let server = |i| format!("ns{i}.example");
        answers.iter().enumerate().map(|(i, a)| ServerAnswer { server: server(i), answer: a.clone() }).collect()
    }

    fn records(data: &[&str]) -> Answer {
        Answer::Records(data.iter().map(|s| s.to_string()).collect())
    }

    fn silent() -> Answer {
        Answer::Failed(Unanswered::TimedOut)
    }

    fn judge(cname: &[Answer], txt: &[Answer]) -> Result<(), Failure> {
        let base = "shop.example.com".parse().expect("a valid name");
        judge_delegation(&base, TARGET, &from(cname), &from(txt))
    }

    fn summary(cname: &[Answer], txt: &[Answer]) -> String {
        let failure = judge(cname, txt).expect_err("not ready");
        assert_eq!((failure.name, failure.actor), (FailureName::RecordsNotReady, Actor::Customer));
        failure.summary
    }

    #[test]
    fn only_the_exact_target_will_do() {
        assert_eq!(judge(&[records(&[TARGET])], &[]), Ok(()));
        assert!(summary(&[records(&["other.acme.platform.example"])], &[]).contains("leads to other.acme"));
        assert!(summary(&[records(&[TARGET, "x.example"])], &[]).contains("x.example"));
    }

    #[test]
    fn a_server_that_is_down_does_not_count_but_one_that_disagrees_does() {
        assert_eq!(judge(&[records(&[TARGET]), silent()], &[]), Ok(()));
        assert!(summary(&[records(&[TARGET]), Answer::NxDomain], &[]).contains("disagree"));
        assert!(summary(&[silent()], &[]).contains("no name server"));
    }

    #[test]
    fn each_fault_is_told_apart() {
        assert!(summary(&[Answer::NxDomain], &[]).contains("does not exist"));
        assert!(summary(&[records(&["_acme-challenge.shop.example.com"])], &[]).contains("alias of itself"));
        let stray = judge(&[Answer::NoData], &[records(&["stray"])]).expect_err("a stray TXT");
        assert!(stray.summary.contains("TXT record (stray)") && stray.remedy.starts_with("Delete"));
    }

    #[test]
    fn txt_values_must_be_at_every_server_that_answers() {
        let values = ["a".to_owned(), "b".to_owned()];
        assert!(is_published(&values, &from(&[records(&["b", "a", "old"]), silent()])));
        assert!(!is_published(&values, &from(&[records(&["a", "b"]), records(&["a"])])));
        assert!(!is_published(&values, &from(&[silent()])));
        assert!(!is_published(&values, &[]));
    }

    #[test]
    fn a_host_that_answers_something_else_is_the_customers_to_mend() {
        let host = "www.example.com".parse().expect("a valid name");
        let judge = |answer| judge_probe(&host, "token.thumb", "edge.platform.example", &answer);
        assert_eq!(judge(ProbeAnswer::Body("token.thumb\n".into())), Ok(()));
        let refused = ProbeFault::NoConnection("refused".into());
        for answer in [ProbeAnswer::Body("hello".into()), ProbeAnswer::Status(404), ProbeAnswer::Failed(refused)] {
            let failure = judge(answer).expect_err("not ready");
            assert_eq!((failure.name, failure.actor), (FailureName::RecordsNotReady, Actor::Customer));
            assert!(failure.remedy.contains("CNAME edge.platform.example"));
        }
    }
}
