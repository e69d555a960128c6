use super::*;
use crate::dns::answer::Unanswered;
use proptest::prelude::*;

const ACCOUNT: &str = "https://ca.example/acct/7";

fn issuer(account: Option<&str>) -> Issuer {
    Issuer { identities: vec!["ca.example".into(), "other-name.example".into()], account: account.map(Into::into) }
}

fn level(name: &str, records: &[&str]) -> CaaLevel {
    let answer = match records {
        [] => Answer::NoData,
        some => Answer::Records(some.iter().map(|s| s.to_string()).collect()),
    };
    CaaLevel { name: name.into(), answer }
}

fn says(name: &str, method: ChallengeKind, records: &[&str]) -> &'static str {
    let name: CertificateName = name.parse().expect("a valid name");
    let verdict = judge(&name, method, &[level("example.com", records)], &issuer(Some(ACCOUNT)));
    match verdict {
        CaaVerdict::Allowed => "allowed",
        CaaVerdict::Forbidden { .. } => "forbidden",
        CaaVerdict::UnknownCritical { .. } => "critical",
        CaaVerdict::OtherAccount { .. } => "account",
        CaaVerdict::UnknownAccount { .. } => "account unknown",
        CaaVerdict::OtherMethod { .. } => "method",
        CaaVerdict::Unanswered { .. } => "unanswered",
    }
}

#[test]
fn a_level_that_does_not_answer_is_a_refusal_unless_it_is_a_top_level_domain() {
    let silent = |name: &str| CaaLevel { name: name.into(), answer: Answer::Failed(Unanswered::TimedOut) };
    let verdict = |levels: &[CaaLevel]| {
        judge(&"shop.example.com".parse().expect("a valid name"), ChallengeKind::Dns01, levels, &issuer(None))
    };
    let nothing = level("shop.example.com", &[]);
    assert!(matches!(verdict(&[nothing.clone(), silent("example.com")]), CaaVerdict::Unanswered { .. }));
    assert_eq!(verdict(&[nothing, level("example.com", &[]), silent("com")]), CaaVerdict::Allowed);
}

#[test]
fn what_the_records_say_is_read_as_the_rfcs_have_it() {
    use ChallengeKind::{Dns01, DnsPersist01, Http01};
    let bound = &format!("0 issue \"ca.example; accounturi={ACCOUNT}\"");
    let stranger = "0 issue \"ca.example; accounturi=https://ca.example/acct/8\"";
    for (name, method, records, expected) in [
        ("example.com", Http01, vec!["0 issue \"ca.example\""], "allowed"),
        ("example.com", Http01, vec!["0 issue \"CA.Example\""], "allowed"),
        ("example.com", Http01, vec!["0 ISSUE \"other-name.example\""], "allowed"),
        ("example.com", Http01, vec!["0 issue \"someone.example\""], "forbidden"),
        ("example.com", Http01, vec!["0 issue \";\""], "forbidden"),
        ("example.com", Http01, vec!["0 issue \"someone.example\"", "0 issue \"ca.example\""], "allowed"),
        ("example.com", Http01, vec!["0 iodef \"mailto:a@example.com\""], "allowed"),
        ("example.com", Http01, vec!["128 iodef \"mailto:a@example.com\""], "allowed"),
        ("example.com", Http01, vec!["0 issuewild \";\""], "allowed"),
        ("*.example.com", Dns01, vec!["0 issuewild \";\"", "0 issue \"ca.example\""], "forbidden"),
        ("*.example.com", Dns01, vec!["0 issue \"ca.example\""], "allowed"),
        ("*.example.com", Dns01, vec!["0 issue \";\"", "0 issuewild \"ca.example\""], "allowed"),
        ("example.com", Http01, vec!["0 tbs \"x\"", "0 issue \"ca.example\""], "allowed"),
        ("example.com", Http01, vec!["128 tbs \"x\"", "0 issue \"ca.example\""], "critical"),
        ("example.com", Http01, vec![bound], "allowed"),
        ("example.com", Http01, vec![stranger], "account"),
        ("example.com", Http01, vec![stranger, bound], "allowed"),
        ("example.com", Http01, vec!["0 issue \"ca.example; validationmethods=dns-01\""], "method"),
        ("example.com", DnsPersist01, vec!["0 issue \"ca.example; validationmethods=dns-01\""], "method"),
        ("example.com", DnsPersist01, vec!["0 issue \"ca.example; validationmethods=dns-persist-01\""], "allowed"),
        ("example.com", Dns01, vec!["0 issue \"ca.example; validationmethods=tls-alpn-01,dns-01\""], "allowed"),
        ("example.com", Dns01, vec!["0 issue \"ca.example;validationmethods=dns-01;accounturi=x\""], "account"),
    ] {
        assert_eq!(says(name, method, &records), expected, "{name} {records:?}");
    }
}

#[test]
fn an_account_that_is_not_known_here_is_not_taken_for_another_one() {
    let name: CertificateName = "example.com".parse().expect("a valid name");
    let levels = [level("example.com", &["0 issue \"ca.example; accounturi=https://ca.example/acct/8\""])];
    let verdict = judge(&name, ChallengeKind::Http01, &levels, &issuer(None));
    assert!(matches!(verdict, CaaVerdict::UnknownAccount { .. }), "{verdict:?}");
}

#[test]
fn the_climb_goes_from_the_name_to_the_top_and_leaves_the_wildcard_label_out() {
    let name: CertificateName = "*.a.example.com".parse().expect("a valid name");
    assert_eq!(climb(&name), ["a.example.com", "example.com", "com"]);
}

#[test]
fn a_question_without_an_answer_forbids_though_there_may_be_records_above() {
    let name: CertificateName = "a.example.com".parse().expect("a valid name");
    let unanswered = CaaLevel { name: "a.example.com".into(), answer: Answer::Failed(Unanswered::ServFail) };
    let levels = [unanswered, level("example.com", &["0 issue \"ca.example\""])];
    let verdict = judge(&name, ChallengeKind::Http01, &levels, &issuer(None));
    assert!(matches!(verdict, CaaVerdict::Unanswered { at, .. } if at == "a.example.com"));
}

proptest! {
    /// RFC 8659 §3: the nearest set decides alone, whatever stands above it.
    #[test]
    fn what_stands_above_the_nearest_set_changes_nothing(
        empty_below in 0usize..4,
        allowed in any::<bool>(),
        above in prop::collection::vec(prop::collection::vec("(0|128) (issue|issuewild|x) \"[a-z.;=]{0,20}\"", 0..3), 0..4),
    ) {
        let name: CertificateName = "a.b.c.d.example.com".parse().expect("a valid name");
        let nearest = if allowed { "0 issue \"ca.example\"" } else { "0 issue \"someone.example\"" };
        let mut levels: Vec<CaaLevel> = (0..empty_below).map(|i| level(&format!("l{i}"), &[])).collect();
        levels.push(level("nearest", &[nearest]));
        let alone = judge(&name, ChallengeKind::Http01, &levels, &issuer(None));
        levels.extend(above.into_iter().map(|records| {
            CaaLevel { name: "above".into(), answer: Answer::Records(records) }
        }));
        prop_assert_eq!(judge(&name, ChallengeKind::Http01, &levels, &issuer(None)), alone.clone());
        prop_assert_eq!(alone == CaaVerdict::Allowed, allowed);
    }

    #[test]
    fn no_text_in_a_record_makes_judging_panic(records in prop::collection::vec("\\PC{0,60}", 0..4)) {
        let name: CertificateName = "*.example.com".parse().expect("a valid name");
        let levels = [CaaLevel { name: "example.com".into(), answer: Answer::Records(records) }];
        judge(&name, ChallengeKind::Dns01, &levels, &issuer(Some(ACCOUNT)));
    }
}
