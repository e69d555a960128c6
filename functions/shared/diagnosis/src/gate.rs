//! Whether a domain owner's records point where they must, judged from the answers of name servers and hosts.
//!
//! This is the flow's gate. [`crate::judge`] decides what is wrong, so that an attempt fails with the same words that a check
//! shows.

use vocabulary::dns::ServerAnswer;
use vocabulary::failure::Failure;
use vocabulary::names::DomainName;

use crate::checks::{delegation, http};
use crate::facts::HttpObservation;
use crate::report::Finding;
use crate::to_failure;

/// Judges the CNAME at `_acme-challenge.BASE`: every authoritative server must point exactly to `target`.
///
/// Exactly: if we wrote wherever a CNAME happens to point, a stranger's leftover record would decide.
/// `stray_txt` are the servers' TXT records at the same name, queried only if the CNAME is missing.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`](vocabulary::failure::FailureName::RecordsNotReady), with what was found and the record to
/// create.
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

/// What a fetch of a challenge response says about the host.
#[derive(Clone, Debug, PartialEq)]
pub enum Probed {
    /// The CA will find the response.
    Passed,
    /// The CA would refuse.
    Wrong(Box<Finding>),
    /// No fault of anybody: try again. Why, in words.
    Unknown(String),
    /// The platform answered, but without the token.
    PlatformsFault(String),
}

/// Judges a fetch of the challenge response that an order has published for `host`.
pub fn judge_probe(host: &http::Host<'_>, observed: &HttpObservation) -> Probed {
    let heard = || format!("{}: {}", host.name, http::heard(host.name, observed));
    if observed.is_as_expected() {
        Probed::Passed
    } else if !observed.is_certain() {
        Probed::Unknown(heard())
    } else if observed.is_platforms_fault() {
        Probed::PlatformsFault(heard())
    } else {
        Probed::Wrong(Box::new(http::fault(host, observed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{ProbeAnswer, ProbeFault};
    use crate::http01::Mark;
    use crate::subject::testing::external;
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
    fn only_the_exact_target_is_accepted() {
        assert_eq!(judge(&[records(&[TARGET])], &[]), Ok(()));
        assert!(summary(&[records(&["other.acme.platform.example"])], &[]).contains("points to other.acme"));
        assert!(summary(&[records(&[TARGET, "x.example"])], &[]).contains("x.example"));
    }

    #[test]
    fn a_server_that_is_down_does_not_count_but_one_that_disagrees_does() {
        assert_eq!(judge(&[records(&[TARGET]), silent()], &[]), Ok(()));
        assert!(summary(&[records(&[TARGET]), Answer::NxDomain], &[]).contains("differs between"));
    }

    #[test]
    fn no_answer_in_time_is_nobodys_fault_and_is_tried_again() {
        let failure = judge(&[silent()], &[]).expect_err("nothing is known");
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::Unavailable, WaitingOn::Nobody));
        assert!(failure.guidance.summary.contains("we could not reach the name servers"));
    }

    #[test]
    fn each_fault_has_its_own_words() {
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

    fn probed(observed: &HttpObservation) -> Probed {
        let subject = external("www.example.com", &[]);
        judge_probe(&http::Host { name: &subject.names.primary().base, subject: &subject }, observed)
    }

    fn answered(answer: ProbeAnswer, mark: Option<Mark>) -> HttpObservation {
        HttpObservation { redirects: vec![], answer, mark, fallback: None, expected: "token.thumb".into() }
    }

    #[test]
    fn a_host_that_answers_something_else_is_the_domain_owners_to_fix() {
        assert_eq!(probed(&answered(ProbeAnswer::Body("token.thumb\n".into()), None)), Probed::Passed);
        let refused = ProbeFault::NoConnection("refused".into());
        for answer in [ProbeAnswer::Body("hello".into()), ProbeAnswer::Status(404), ProbeAnswer::Failed(refused)] {
            let Probed::Wrong(finding) = probed(&answered(answer, None)) else { panic!("it is wrong") };
            assert_eq!(finding.guidance.waiting_on, WaitingOn::DomainOwner);
            assert!(finding.guidance.next_step().contains("CNAME edge.platform.example"));
        }
    }

    #[test]
    fn a_host_that_could_not_be_probed_blames_nobody() {
        let v6 = "2606:2800:220:1::1".parse().expect("an address");
        for fault in [
            ProbeFault::NotAsked,
            ProbeFault::OnlyIpv6(v6),
            ProbeFault::Unresolved(Unanswered::TimedOut),
            ProbeFault::Unresolved(Unanswered::ServFail),
        ] {
            let judged = probed(&answered(ProbeAnswer::Failed(fault.clone()), None));
            assert!(matches!(judged, Probed::Unknown(_)), "{fault:?}: {judged:?}");
        }
    }

    #[test]
    fn a_token_that_the_platform_itself_does_not_have_is_not_the_domain_owners_fault() {
        let ours = |answer, mark| matches!(probed(&answered(answer, Some(mark))), Probed::PlatformsFault(_));
        assert!(ours(ProbeAnswer::Status(404), Mark::Asked));
        assert!(!ours(ProbeAnswer::Status(404), Mark::OtherHost("other.example.com".into())));
        assert!(!ours(ProbeAnswer::Body("\u{feff}token.thumb".into()), Mark::Asked), "changed on the way");
    }
}
