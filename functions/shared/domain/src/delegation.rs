//! Whether a customer's records lead where they must, judged from what name servers and hosts answered.

use crate::failure::{Actor, Failure, FailureName, printable};
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
    /// No usable answer: a timeout, SERVFAIL, REFUSED …, in words.
    Failed(String),
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
/// [`FailureName::RecordsNotReady`], with what was found and the record to create.
pub fn judge_delegation(
    base: &DomainName,
    target: &str,
    cname: &[ServerAnswer],
    stray_txt: &[ServerAnswer],
) -> Result<(), Failure> {
    let name = base.challenge_name();
    let right = |answer: &Answer| matches!(answer, Answer::Records(data) if data.len() == 1 && data[0] == target);
    let answered: Vec<_> = cname.iter().filter(|a| !matches!(a.answer, Answer::Failed(_))).collect();
    if answered.is_empty() {
        return Err(not_ready(&name, target, format!("no name server of {base} answers: {}", describe(cname))));
    }
    if answered.iter().all(|a| right(&a.answer)) {
        return Ok(());
    }
    if answered.iter().any(|a| right(&a.answer)) {
        return Err(Failure {
            remedy: "Nothing if the record was just created: it is looked at again soon. Otherwise make all name servers of the zone serve the same records.".into(),
            ..not_ready(&name, target, format!("the name servers of {base} disagree about {name}: {}", describe(cname)))
        });
    }
    let elsewhere = answered.iter().find_map(|a| match &a.answer {
        Answer::Records(data) if !data.is_empty() => Some(data.join(", ")),
        _ => None,
    });
    if let Some(found) = elsewhere {
        let looping = found.split(", ").any(|to| to == name);
        let what = match looping {
            true => format!("{name} is an alias of itself"),
            false => format!("{name} leads to {found} instead of {target}"),
        };
        return Err(not_ready(&name, target, what));
    }
    let txt = stray_txt.iter().find_map(|a| match &a.answer {
        Answer::Records(data) if !data.is_empty() => Some(data.join(", ")),
        _ => None,
    });
    Err(match txt {
        Some(txt) => Failure {
            remedy: format!("Delete the TXT record at {name}, then create there: {name} CNAME {target}"),
            ..not_ready(&name, target, format!("{name} has a TXT record ({txt}) where the CNAME must stand"))
        },
        None => not_ready(&name, target, format!("{name} has no CNAME record: {}", describe(cname))),
    })
}

fn not_ready(name: &str, target: &str, found: String) -> Failure {
    Failure::new(
        FailureName::RecordsNotReady,
        Actor::Customer,
        found,
        format!("Create this record in the domain's DNS: {name} CNAME {target}"),
    )
}

/// Judges the TXT set at the delegated name: true once every server that answers has all `values`.
pub fn is_published(values: &[String], txt: &[ServerAnswer]) -> bool {
    let mut answered = txt.iter().filter(|a| !matches!(a.answer, Answer::Failed(_))).peekable();
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
    /// No answer at all: why, in words.
    Failed(String),
}

/// Judges what `http://HOST/.well-known/acme-challenge/TOKEN` answered.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`]: the CA would see the same.
pub fn judge_probe(host: &DomainName, expected: &str, target: &str, answer: &ProbeAnswer) -> Result<(), Failure> {
    let found = match answer {
        // RFC 8555 §8.3: trailing white space is to be ignored.
        ProbeAnswer::Body(body) if body.trim_end() == expected => return Ok(()),
        ProbeAnswer::Body(body) => format!("it answered something else: “{}”", printable(body.trim(), 60)),
        ProbeAnswer::Status(status) => format!("it answered with HTTP status {status}"),
        ProbeAnswer::Failed(why) => why.clone(),
    };
    Err(Failure::new(
        FailureName::RecordsNotReady,
        Actor::Customer,
        format!("http://{host}/ does not reach the platform: {found}"),
        format!("Point the host at the platform: {host} CNAME {target} (and remove other A and AAAA records)"),
    ))
}

fn describe(answers: &[ServerAnswer]) -> String {
    let mut parts: Vec<String> = answers
        .iter()
        .map(|a| match &a.answer {
            Answer::Records(data) => format!("{} says {}", a.server, data.join(", ")),
            Answer::NoData => format!("{} has no such record", a.server),
            Answer::NxDomain => format!("{} says that the name does not exist", a.server),
            Answer::Failed(why) => format!("{}: {why}", a.server),
        })
        .collect();
    parts.sort();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = "abc.acme.platform.example";

    fn from(answers: &[Answer]) -> Vec<ServerAnswer> {
        let server = |i| format!("ns{i}.example");
        answers.iter().enumerate().map(|(i, a)| ServerAnswer { server: server(i), answer: a.clone() }).collect()
    }

    fn records(data: &[&str]) -> Answer {
        Answer::Records(data.iter().map(|s| s.to_string()).collect())
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
        assert_eq!(judge(&[records(&[TARGET]), Answer::Failed("timeout".into())], &[]), Ok(()));
        assert!(summary(&[records(&[TARGET]), Answer::NxDomain], &[]).contains("disagree"));
        assert!(summary(&[Answer::Failed("timeout".into())], &[]).contains("no name server"));
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
        assert!(is_published(&values, &from(&[records(&["b", "a", "old"]), Answer::Failed("down".into())])));
        assert!(!is_published(&values, &from(&[records(&["a", "b"]), records(&["a"])])));
        assert!(!is_published(&values, &from(&[Answer::Failed("down".into())])));
        assert!(!is_published(&values, &[]));
    }

    #[test]
    fn a_host_that_answers_something_else_is_the_customers_to_mend() {
        let host = "www.example.com".parse().expect("a valid name");
        let judge = |answer| judge_probe(&host, "token.thumb", "edge.platform.example", &answer);
        assert_eq!(judge(ProbeAnswer::Body("token.thumb\n".into())), Ok(()));
        for answer in
            [ProbeAnswer::Body("hello".into()), ProbeAnswer::Status(404), ProbeAnswer::Failed("refused".into())]
        {
            let failure = judge(answer).expect_err("not ready");
            assert!(failure.remedy.contains("CNAME edge.platform.example"));
        }
    }
}
