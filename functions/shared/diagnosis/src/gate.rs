//! Whether a customer's records lead where they must, judged from what name servers and hosts answered.
//!
//! This is the flow's gate. What is wrong is decided in [`crate::judge`], so that an attempt fails by the
//! same words that a check shows.

use vocabulary::dns::ServerAnswer;
use vocabulary::failure::Failure;
use vocabulary::names::DomainName;

use crate::checks::{delegation, http};
use crate::facts::ProbeAnswer;
use crate::to_failure;

/// Judges the CNAME at `_acme-challenge.BASE`: every authoritative server must lead exactly to `target`.
///
/// Exactly: writing wherever a CNAME happens to lead would let a stranger's leftover record decide.
/// `stray_txt` is what the servers hold as TXT at the same name, asked only where the CNAME is missing.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`](vocabulary::failure::FailureName::RecordsNotReady), with what was found and the record to create.
pub fn judge_delegation(
    base: &DomainName,
    target: &str,
    cname: &[ServerAnswer],
    stray_txt: &[ServerAnswer],
) -> Result<(), Failure> {
    match delegation::fault(base, target, cname, stray_txt) {
        Some(finding) => Err(to_failure::to_failure(&finding)),
        None => Ok(()),
    }
}

/// Judges what `http://HOST/.well-known/acme-challenge/TOKEN` answered.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`](vocabulary::failure::FailureName::RecordsNotReady): the CA would see the same.
pub fn judge_probe(host: &DomainName, expected: &str, target: &str, answer: &ProbeAnswer) -> Result<(), Failure> {
    match answer {
        // RFC 8555 §8.3: trailing white space is to be ignored.
        ProbeAnswer::Body(body) if body.trim_end() == expected => Ok(()),
        other => Err(to_failure::to_failure(&http::fault(host, target, &[], other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ProbeFault;
    use vocabulary::dns::answer::is_published;
    use vocabulary::dns::{Answer, Unanswered};
    use vocabulary::failure::FailureName;
    use vocabulary::guidance::WaitingOn;

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
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::RecordsNotReady, WaitingOn::DomainOwner));
        failure.guidance.summary
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
        assert!(summary(&[records(&[TARGET]), Answer::NxDomain], &[]).contains("different answers"));
    }

    #[test]
    fn no_answer_in_time_is_nobodys_fault_and_is_tried_again() {
        let failure = judge(&[silent()], &[]).expect_err("nothing is known");
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::Unavailable, WaitingOn::Nobody));
        assert!(failure.guidance.summary.contains("we could not reach the name servers"));
    }

    #[test]
    fn each_fault_is_told_apart() {
        assert!(summary(&[Answer::NxDomain], &[]).contains("does not exist"));
        assert!(summary(&[records(&["_acme-challenge.shop.example.com"])], &[]).contains("alias of itself"));
        let stray = judge(&[Answer::NoData], &[records(&["stray"])]).expect_err("a stray TXT");
        assert!(
            stray.guidance.summary.contains("TXT record (stray)") && stray.guidance.next_step().starts_with("Delete")
        );
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
            assert_eq!(
                (failure.name, failure.guidance.waiting_on),
                (FailureName::RecordsNotReady, WaitingOn::DomainOwner)
            );
            assert!(failure.guidance.next_step().contains("CNAME edge.platform.example"));
        }
    }
}
