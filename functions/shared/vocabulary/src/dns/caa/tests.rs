use super::*;
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
    CaaLevel { name: name.into(), aliases: Vec::new(), answer }
}

fn silent(name: &str) -> CaaLevel {
    CaaLevel { answer: Answer::Failed(Unanswered::ServFail), ..level(name, &[]) }
}

fn says(wildcard: bool, method: ChallengeKind, records: &[&str]) -> &'static str {
    let levels = [level("example.com", records)];
    let judged = judge(wildcard, method, &levels, &issuer(Some(ACCOUNT)));
    match judged.map_err(|refusal| refusal.fault) {
        Ok(()) => "allowed",
        Err(CaaFault::Forbidden { .. }) => "forbidden",
        Err(CaaFault::Malformed { .. }) => "malformed",
        Err(CaaFault::UnknownCritical { .. }) => "critical",
        Err(CaaFault::OtherAccount { .. }) => "account",
        Err(CaaFault::UnknownAccount { .. }) => "account unknown",
        Err(CaaFault::OtherMethod { .. }) => "method",
        Err(CaaFault::Repeated { .. }) => "repeated",
        Err(CaaFault::Unanswered { .. }) => "unanswered",
        Err(CaaFault::NoTopLevelDomain) => "no top-level domain",
    }
}

/// Each with Boulder's result: everything but `allowed` is a refusal there.
#[test]
fn records_are_read_as_boulder_reads_them() {
    use ChallengeKind::{Dns01, DnsPersist01, Http01};
    let ours = "0 issue \"ca.example\"";
    let bound = &format!("0 issue \"ca.example; accounturi={ACCOUNT}\"");
    let stranger = "0 issue \"ca.example; accounturi=https://ca.example/acct/8\"";
    let (plain, wildcard) = (false, true);
    for (wildcard, method, records, expected) in [
        (plain, Http01, vec![ours], "allowed"),
        (plain, Http01, vec!["0 ISSUE \"other-name.example\""], "allowed"),
        (plain, Http01, vec!["0 issue \" ca.example\t;\""], "allowed"),
        (plain, Http01, vec!["0 issue \"  ca.example  ;foo=bar;baz=bar\""], "allowed"),
        (plain, Http01, vec!["0 issue \"someone.example\""], "forbidden"),
        (plain, Http01, vec!["0 issue \";\""], "forbidden"),
        (plain, Http01, vec!["0 issue \"\""], "forbidden"),
        (plain, Http01, vec!["0 issue \"%%%%%\""], "forbidden"),
        (plain, Http01, vec!["0 issue \"someone.example\"", ours], "allowed"),
        (plain, Http01, vec!["0 iodef \"mailto:a@example.com\""], "allowed"),
        // C16: records for wildcards do not apply to other names.
        (plain, Http01, vec!["0 issuewild \";\""], "allowed"),
        (wildcard, Dns01, vec!["0 issuewild \";\"", ours], "forbidden"),
        (wildcard, Dns01, vec![ours], "allowed"),
        (wildcard, Dns01, vec!["0 issue \";\"", "0 issuewild \"ca.example\""], "allowed"),
        // C1, C7: what the CA does not know, with either bit that is taken for the critical one.
        (plain, Http01, vec!["0 tbs \"x\"", ours], "allowed"),
        (plain, Http01, vec!["126 tbs \"x\"", ours], "allowed"),
        (plain, Http01, vec!["128 tbs \"x\"", ours], "critical"),
        (plain, Http01, vec!["1 tbs \"x\"", ours], "critical"),
        (plain, Http01, vec!["128 contactemail \"a@example.com\"", ours], "critical"),
        (plain, Http01, vec!["128 contactphone \"+49 30 1\"", ours], "critical"),
        (wildcard, Dns01, vec!["128 ISSUE-WILD \"ca.example\""], "critical"),
        (plain, Http01, vec!["0 contactemail \"a@example.com\"", ours], "allowed"),
        (plain, Http01, vec!["1 issue \"ca.example\""], "allowed"),
        (plain, Http01, vec!["128 iodef \"mailto:a@example.com\""], "allowed"),
        (plain, Http01, vec!["128 issuemail \";\"", "128 issuevmc \";\"", ours], "allowed"),
        // C2, C5: a value that cannot be parsed authorizes nobody.
        (plain, Http01, vec![&format!("0 issue \"ca.example; accounturi={ACCOUNT};\"")], "malformed"),
        (plain, Http01, vec!["0 issue \"ca.example;;\""], "malformed"),
        (plain, Http01, vec!["0 issue \"ca.example; accounturi\""], "malformed"),
        (plain, Http01, vec!["0 issue \"ca.example; ab=1 2 3\""], "malformed"),
        (plain, Http01, vec!["0 issue \"ca.example; a_b=123\""], "malformed"),
        (plain, Http01, vec!["0 issue \"ca.example; a-b=123\""], "malformed"),
        (plain, Dns01, vec!["0 issue \"ca.example; validationmethods=dns-01, http-01\""], "malformed"),
        (plain, Http01, vec!["0 issue \"ca.example;;\"", ours], "allowed"),
        (plain, Http01, vec!["0 issue \"someone.example;;\""], "forbidden"),
        // C6, C17 to C20: the CA's name, written otherwise.
        (plain, Http01, vec![&format!("0 issue \"ca.example accounturi={ACCOUNT}\"")], "malformed"),
        (plain, Http01, vec!["0 issue \"https://ca.example\""], "malformed"),
        (plain, Http01, vec!["0 issue \"https://ca.example/\""], "malformed"),
        (plain, Http01, vec!["0 issue \"www.ca.example\""], "malformed"),
        (plain, Http01, vec!["0 issue \"ca.example.\""], "malformed"),
        (plain, Http01, vec!["0 issue \"CA.Example\""], "malformed"),
        (plain, Http01, vec!["0 issue \"\"ca.example\"\""], "malformed"),
        (plain, Http01, vec!["0 issue \"sub.ca.example\""], "forbidden"),
        // C8 and RFC 8657 §3.
        (plain, Http01, vec![bound], "allowed"),
        (plain, Http01, vec![stranger], "account"),
        (plain, Http01, vec![stranger, bound], "allowed"),
        (plain, Http01, vec![&format!("0 issue \"ca.example; accounturi={ACCOUNT}/\"")], "account"),
        (plain, Http01, vec!["0 issue \"ca.example; accounturi=\""], "account"),
        (plain, Http01, vec![&format!("0 issue \"ca.example; accounturi=x; accounturi={ACCOUNT}\"")], "repeated"),
        (
            plain,
            Http01,
            vec![&format!("0 issue \"ca.example; accounturi={ACCOUNT}; accounturi={ACCOUNT}\"")],
            "repeated",
        ),
        // Another letter case is another parameter, which is skipped.
        (plain, Http01, vec!["0 issue \"ca.example; AccountURI=x\""], "allowed"),
        // RFC 8657 §4.
        (plain, Http01, vec!["0 issue \"ca.example; validationmethods=dns-01\""], "method"),
        (plain, DnsPersist01, vec!["0 issue \"ca.example; validationmethods=dns-01\""], "method"),
        (plain, DnsPersist01, vec!["0 issue \"ca.example; validationmethods=dns-persist-01\""], "allowed"),
        (plain, Dns01, vec!["0 issue \"ca.example; validationmethods=tls-alpn-01,dns-01\""], "allowed"),
        (plain, Dns01, vec!["0 issue \"ca.example; validationmethods=made-up-7,dns-01\""], "allowed"),
        (plain, Dns01, vec!["0 issue \"ca.example; validationmethods=DNS-01\""], "method"),
        (plain, Dns01, vec!["0 issue \"ca.example; validationmethods=\""], "method"),
        (plain, Dns01, vec!["0 issue \"ca.example; validationmethods=dns_x,dns-01\""], "method"),
        (plain, Dns01, vec!["0 issue \"ca.example; validationmethods=dns-01,dns_x\""], "allowed"),
        (plain, Dns01, vec!["0 issue \"ca.example; validationmethods=dns-01; validationmethods=dns-01\""], "repeated"),
        (plain, Dns01, vec!["0 issue \"ca.example;validationmethods=dns-01;accounturi=x\""], "account"),
        // Variants of C2 and C5: blanks around a parameter's parts are dropped, quotes within its value are not.
        (plain, Dns01, vec!["0 issue \"ca.example; validationmethods = dns-01\""], "allowed"),
        (plain, Http01, vec!["0 issue \"ca.example\t;\tvalidationmethods=http-01\""], "allowed"),
        (plain, Http01, vec![&format!("0 issue \"ca.example; accounturi='{ACCOUNT}'\"")], "account"),
    ] {
        assert_eq!(says(wildcard, method, &records), expected, "{wildcard} {records:?}");
    }
}

#[test]
fn the_offered_record_allows_the_issuance() {
    let known = issuer(Some(ACCOUNT));
    for (wildcard, record, expected) in [
        (false, "0 issue \"someone.example\"", "0 issue \"ca.example\"".to_owned()),
        // An issuewild where there was none would exclude others.
        (true, "0 issue \"someone.example\"", "0 issue \"ca.example\"".to_owned()),
        (true, "0 issuewild \";\"", "0 issuewild \"ca.example\"".to_owned()),
        (false, "0 issue \"ca.example; accounturi=x;\"", format!("0 issue \"ca.example; accounturi={ACCOUNT}\"")),
        (false, "0 issue \"ca.example; accounturi=x\"", format!("0 issue \"ca.example; accounturi={ACCOUNT}\"")),
        (
            false,
            "0 issue \"ca.example; validationmethods=http-01, dns_x\"",
            "0 issue \"ca.example; validationmethods=dns-01\"".to_owned(),
        ),
        (
            false,
            "0 issue \"ca.example; validationmethods=http-01,,dns-01\"",
            "0 issue \"ca.example; validationmethods=http-01,dns-01\"".to_owned(),
        ),
    ] {
        let levels = [level("example.com", &[record])];
        let refusal = judge(wildcard, ChallengeKind::Dns01, &levels, &known).expect_err(record);
        let offered = refusal.allowing(&known, ChallengeKind::Dns01).expect("a record is missing");
        assert_eq!(offered, expected, "{record}");
        assert_eq!(says(wildcard, ChallengeKind::Dns01, &[record, &offered]), "allowed", "{record} {offered}");
    }
}

#[test]
fn a_level_that_does_not_answer_is_a_refusal() {
    let nothing = level("shop.example.com", &[]);
    let judged = |levels: &[CaaLevel]| {
        let judged = judge(false, ChallengeKind::Dns01, levels, &issuer(None));
        judged.map_err(|refusal| refusal.level.at().to_owned())
    };
    assert_eq!(judged(&[nothing.clone(), silent("example.com")]), Err("example.com".into()));
    let above = level("example.com", &["0 issue \"ca.example\""]);
    assert_eq!(judged(&[silent("shop.example.com"), above]), Err("shop.example.com".into()), "it may hide records");
    assert_eq!(judged(&[nothing, level("example.com", &[]), silent("com")]), Err("com".into()));
}

/// Boulder's `LookupCAA`: a name that does not exist has no records, but a top-level domain has to exist.
#[test]
fn a_top_level_domain_that_does_not_exist_is_a_refusal_and_what_is_not_known_of_one_is_none() {
    let at = |name: &str, answer: Answer| CaaLevel { answer, ..level(name, &[]) };
    let below = || vec![at("shop.example.com", Answer::NxDomain), at("example.com", Answer::NxDomain)];
    let judged = |top: Answer, issuer: &Issuer| {
        let levels: Vec<CaaLevel> = below().into_iter().chain([at("com", top)]).collect();
        judge(false, ChallengeKind::Http01, &levels, issuer).map_err(|refusal| refusal.fault)
    };
    assert_eq!(judged(Answer::NxDomain, &issuer(None)), Err(CaaFault::NoTopLevelDomain));
    assert_eq!(judged(Answer::NxDomain, &Issuer::default()), Ok(()), "a CA that no CAA record can name does not ask");
    for unseen in [Unanswered::TimedOut, Unanswered::NotAsked, Unanswered::Ipv6Only] {
        assert_eq!(judged(Answer::Failed(unseen), &issuer(None)), Ok(()), "silence is no fault");
    }
    let nearer =
        [at("example.com", Answer::Records(vec!["0 issue \"ca.example\"".into()])), at("com", Answer::NxDomain)];
    assert_eq!(judge(false, ChallengeKind::Http01, &nearer, &issuer(None)), Ok(()), "the nearest set decides alone");
}

#[test]
fn an_account_that_is_not_known_here_is_not_taken_for_another_one() {
    let bound = "0 issue \"ca.example; accounturi=https://ca.example/acct/8\"";
    let other_method = "0 issue \"ca.example; validationmethods=dns-01\"";
    for records in [vec![bound], vec![bound, other_method], vec![other_method, bound]] {
        let levels = [level("example.com", &records)];
        let refusal = judge(false, ChallengeKind::Http01, &levels, &issuer(None)).expect_err("not known");
        assert!(matches!(refusal.fault, CaaFault::UnknownAccount { .. }), "{refusal:?}");
    }
}

#[test]
fn records_behind_an_alias_are_at_the_end_of_the_chain() {
    let mut aliased = level("shop.example.com", &["0 issue \"someone.example\""]);
    aliased.aliases = vec!["edge.platform.example".into(), "lb.cloud.example".into()];
    let levels = [aliased, level("example.com", &["0 issue \"ca.example\""])];
    let refusal = judge(false, ChallengeKind::Http01, &levels, &issuer(None)).expect_err("another CA's");
    assert_eq!((refusal.level.name.as_str(), refusal.level.at()), ("shop.example.com", "lb.cloud.example"));
}

#[test]
fn the_climb_goes_from_the_name_to_the_top_and_leaves_the_wildcard_label_out() {
    let name: crate::names::certificate_name::CertificateName = "*.a.example.com".parse().expect("a valid name");
    assert_eq!(climb(&name), ["a.example.com", "example.com", "com"]);
}

proptest! {
    /// RFC 8659 §3: the nearest set decides alone, whatever stands above it.
    #[test]
    fn records_above_the_nearest_set_change_nothing(
        empty_below in 0usize..4,
        allowed in any::<bool>(),
        above in prop::collection::vec(prop::collection::vec("(0|128) (issue|issuewild|x) \"[a-z.;=]{0,20}\"", 0..3), 0..4),
    ) {
        let nearest = if allowed { "0 issue \"ca.example\"" } else { "0 issue \"someone.example\"" };
        let mut levels: Vec<CaaLevel> = (0..empty_below).map(|i| level(&format!("l{i}"), &[])).collect();
        levels.push(level("nearest", &[nearest]));
        let below = levels.clone();
        let alone = judge(false, ChallengeKind::Http01, &below, &issuer(None));
        levels.extend(above.into_iter().map(|records| {
            CaaLevel { answer: Answer::Records(records), ..level("above", &[]) }
        }));
        prop_assert_eq!(&judge(false, ChallengeKind::Http01, &levels, &issuer(None)), &alone);
        prop_assert_eq!(alone.is_ok(), allowed);
    }

    #[test]
    fn no_text_in_a_record_makes_judging_panic(records in prop::collection::vec("\\PC{0,60}", 0..4)) {
        let levels = [CaaLevel { answer: Answer::Records(records), ..level("example.com", &[]) }];
        let _ = judge(true, ChallengeKind::Dns01, &levels, &issuer(Some(ACCOUNT)));
    }
}
