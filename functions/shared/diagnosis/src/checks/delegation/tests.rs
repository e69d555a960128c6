//! Each entry is a real case (from public trackers and forums), with the right answer.

use time::macros::datetime;
use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::dns::{Issuer, Unanswered};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointNames;

use super::*;
use crate::checks::persistent_record;
use crate::facts::{Dnssec, NearName, Surroundings, Wildcard, ZoneFacts, ZoneState};
use crate::properties::platform;

const TARGET: &str = "label.acme.platform.example";
const NAME: &str = "_acme-challenge.shop.d.test";

fn from(answers: &[Answer]) -> Vec<ServerAnswer> {
    let named = answers.iter().zip(1..);
    named.map(|(answer, i)| ServerAnswer { server: format!("ns{i}.test"), answer: answer.clone() }).collect()
}

fn records(data: &[&str]) -> Answer {
    Answer::Records(data.iter().map(ToString::to_string).collect())
}

fn facts(cname: Answer, around: Surroundings) -> AuthorizationFacts {
    let soa = from(&[records(&["ns1.test 1"])]);
    let state = ZoneState::Served { apex: "d.test".into(), servers: soa, dnssec: Dnssec::Unsigned, differing: None };
    AuthorizationFacts {
        base: "shop.d.test".parse().expect("a name"),
        zone: ZoneFacts { name: "shop.d.test".into(), state },
        cname: from(&[cname]),
        txt: Vec::new(),
        chain: None,
        doubled: None,
        leftover: Vec::new(),
        persistent: Vec::new(),
        persistent_around: around.clone(),
        around,
    }
}

fn subject(registered: bool) -> Subject {
    let names = EndpointNames::parse("shop.d.test", &[], 9).expect("valid");
    let mut subject = Subject::unregistered(names, Reachability::Internal.into(), &platform("edge.platform.example"));
    subject.delegation_target = registered.then(|| TARGET.into());
    subject.registered = registered;
    subject
}

/// The one finding and the status of the record.
fn found(facts: &AuthorizationFacts) -> (Finding, RecordStatus) {
    let (record, mut findings) = judge(&subject(true), facts);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    (findings.remove(0), record.expect("registered").status)
}

fn before(facts: &AuthorizationFacts) -> Vec<Finding> {
    judge(&subject(false), facts).1
}

fn next_step(finding: &Finding) -> &str {
    finding.guidance.next_step()
}

fn wildcard(records: &[&str]) -> Option<Wildcard> {
    let records = records.iter().map(ToString::to_string).collect();
    Some(Wildcard { name: "*.d.test".into(), records })
}

fn near(name: &str, record: &str) -> Surroundings {
    Surroundings { near: vec![NearName { name: name.into(), records: vec![record.into()] }], ..Surroundings::default() }
}

#[test]
fn a_zone_of_its_own_is_named_with_the_ns_records_to_delete() {
    let referred = Answer::Failed(Unanswered::Delegated(vec!["ns.dns-host.example".into()]));
    let own_zone = Surroundings { own_zone: vec!["ns.dns-host.example".into()], ..Surroundings::default() };
    for facts in [facts(referred, Surroundings::default()), facts(Answer::NoData, own_zone.clone())] {
        let (finding, status) = found(&facts);
        assert_eq!((finding.check.as_str(), status), ("delegation-own-zone", RecordStatus::Conflict));
        assert_eq!(finding.guidance.waiting_on, WaitingOn::DomainOwner);
        let next = next_step(&finding);
        assert!(next.contains("Delete the NS records") && next.contains("NS ns.dns-host.example"), "{next}");
        assert!(next.contains(&format!("{NAME} CNAME {TARGET}")), "{next}");
    }
    let warned = before(&facts(Answer::NoData, own_zone));
    assert_eq!((warned[0].check.as_str(), warned[0].severity), ("delegation-own-zone", Severity::Warning));
}

#[test]
fn a_target_with_the_zone_appended_needs_a_final_dot() {
    let (finding, _) = found(&facts(records(&[&format!("{TARGET}.d.test")]), Surroundings::default()));
    assert!(finding.guidance.summary.contains("your DNS provider appended the zone to the target"));
    assert!(next_step(&finding).starts_with("Put a dot at the end of the target"), "{}", next_step(&finding));
    let (other, _) = found(&facts(records(&[&format!("{TARGET}.elsewhere.test")]), Surroundings::default()));
    assert!(!next_step(&other).contains("dot at the end"), "that is nobody's zone here");
}

#[test]
fn the_record_at_a_near_name_is_to_be_moved() {
    for name in ["_acme-challenge.d.test", "acme-challenge.shop.d.test"] {
        for value in [TARGET.to_owned(), format!("{TARGET}.d.test")] {
            let (finding, status) = found(&facts(Answer::NxDomain, near(name, &format!("CNAME {value}"))));
            assert_eq!((finding.check.as_str(), status), ("delegation-missing", RecordStatus::Missing));
            assert!(finding.guidance.summary.contains(&format!("the record stands at {name}")), "{finding:#?}");
            assert!(next_step(&finding).starts_with(&format!("Move the record from {name} to {NAME}")));
        }
    }
    let (finding, _) = found(&facts(Answer::NxDomain, near("_acme-challenge.d.test", "CNAME someone.else.example")));
    assert!(next_step(&finding).starts_with("Create this record"), "another service's record is left alone");
}

#[test]
fn where_a_wildcard_answers_a_record_is_created_and_none_changed_or_deleted() {
    let around = |record: &str| Surroundings { wildcard: wildcard(&[record]), ..Surroundings::default() };
    let alias = facts(records(&["sites.builder.example"]), around("CNAME sites.builder.example"));
    let mut text = facts(Answer::NoData, around("TXT parked"));
    text.txt = from(&[records(&["parked"])]);
    let mut doubled = facts(records(&["sites.builder.example"]), around("CNAME sites.builder.example"));
    doubled.doubled = Some((format!("{NAME}.d.test"), from(&[records(&["sites.builder.example"])])));
    let address = Surroundings { others: vec!["A 192.0.2.7".into()], ..around("A 192.0.2.7") };
    for facts in [alias, text, doubled, facts(Answer::NoData, address)] {
        let (finding, status) = found(&facts);
        assert_eq!((finding.check.as_str(), status), ("delegation-missing", RecordStatus::Missing));
        assert!(finding.guidance.summary.contains("the wildcard record *.d.test answers"), "{finding:#?}");
        let next = next_step(&finding);
        assert!(next.starts_with("Create this record") && !next.contains("elete") && !next.contains("hange"), "{next}");
        assert_eq!(before(&facts), [], "before registration there is nothing to do about it");
    }
}

#[test]
fn a_record_of_its_own_beside_a_wildcard_is_judged_as_what_it_is() {
    let around = Surroundings { wildcard: wildcard(&["CNAME sites.builder.example"]), ..Surroundings::default() };
    let (finding, status) = found(&facts(records(&["old.service.example"]), around));
    assert_eq!((finding.check.as_str(), status), ("delegation-elsewhere", RecordStatus::Mismatch));
}

#[test]
fn a_record_of_another_type_is_to_be_deleted_first() {
    for record in ["A 192.0.2.7", "AAAA 2001:db8::7", "MX 10 mail.d.test"] {
        let around = Surroundings { others: vec![record.into()], ..Surroundings::default() };
        let facts = facts(Answer::NoData, around);
        let (finding, status) = found(&facts);
        assert_eq!((finding.check.as_str(), status), ("delegation-missing", RecordStatus::Conflict));
        let next = next_step(&finding);
        assert!(next.starts_with("Delete these records") && next.contains(record), "{next}");
        assert!(before(&facts)[0].guidance.next_step().contains(record));
    }
}

#[test]
fn a_chain_that_ends_at_the_target_must_be_direct_and_the_finding_says_so() {
    let mut facts = facts(records(&["alias.d.test"]), Surroundings::default());
    let names = vec!["alias.d.test".to_owned(), TARGET.to_owned()];
    facts.chain = Some(Chain { names, end: ChainEnd::Addresses(Vec::new()) });
    let (finding, _) = found(&facts);
    assert_eq!(finding.check, "delegation-elsewhere");
    assert!(finding.guidance.summary.contains("must point there directly"), "{finding:#?}");
}

#[test]
fn another_label_of_our_zone_is_an_earlier_registrations() {
    let (finding, _) = found(&facts(records(&["old.acme.platform.example"]), Surroundings::default()));
    assert!(finding.guidance.summary.contains("old.acme.platform.example, the target of an earlier registration"));
    assert!(!next_step(&finding).contains("Another service"), "{}", next_step(&finding));
    let (finding, _) = found(&facts(records(&["challenge.fly.example"]), Surroundings::default()));
    assert!(next_step(&finding).contains("Another service may depend on"), "{}", next_step(&finding));
}

#[test]
fn below_a_zone_cut_the_finding_names_the_queried_zone() {
    let mut facts = facts(Answer::NxDomain, Surroundings::default());
    let soa = from(&[records(&["ns1.test 1"])]);
    facts.zone.state =
        ZoneState::Served { apex: "shop.d.test".into(), servers: soa, dnssec: Dnssec::Unsigned, differing: None };
    assert!(found(&facts).0.guidance.summary.contains("shop.d.test is a zone of its own, at ns1.test"));
}

#[test]
fn a_timeout_waits_on_nobody_and_a_refusal_on_the_domain_owner() {
    let base = "shop.d.test".parse().expect("a name");
    let fault = |why: Unanswered| fault(&base, TARGET, &from(&[Answer::Failed(why)]), &[]).expect("unusable");
    let silent = fault(Unanswered::TimedOut);
    assert_eq!((silent.guidance.waiting_on, silent.severity), (WaitingOn::Nobody, Severity::Warning));
    assert!(silent.guidance.summary.contains("we could not reach the name servers of shop.d.test"));
    let refused = fault(Unanswered::Refused);
    assert_eq!((refused.guidance.waiting_on, refused.severity), (WaitingOn::DomainOwner, Severity::Error));
}

#[test]
fn a_persistent_record_is_explained_by_the_same_surroundings() {
    let account = "https://ca.example/7";
    let issuer = Issuer { identities: vec!["ca.example".into()], account: Some(account.into()) };
    let value = format!("TXT ca.example; accounturi={account}");
    let subject = Subject { dns_method: DnsMethod::DnsPersist01, ..subject(true) };
    let judge = |txt: Answer, around: Surroundings| {
        let facts = AuthorizationFacts { persistent: from(&[txt]), ..facts(Answer::NxDomain, around) };
        persistent_record::judge(&subject, &facts, &issuer, datetime!(2026-11-24 12:00 UTC)).1.remove(0)
    };
    let moved = judge(Answer::NxDomain, near("validation-persist.shop.d.test", &value));
    assert!(next_step(&moved).starts_with("Move the record from validation-persist.shop.d.test"), "{moved:#?}");
    let around = Surroundings { wildcard: wildcard(&["TXT v=spf1 -all"]), ..Surroundings::default() };
    let wild = judge(records(&["v=spf1 -all"]), around);
    assert_eq!(wild.check, "persistent-missing");
    assert!(next_step(&wild).starts_with("Create this record"), "{wild:#?}");
    let around = Surroundings { others: vec!["CNAME x.example".into()], ..Surroundings::default() };
    assert!(next_step(&judge(Answer::NoData, around)).contains("CNAME x.example"));
}

/// X10: another vendor may validate by the same name.
#[test]
fn replacing_another_vendors_record_comes_with_a_warning() {
    let (finding, _) = found(&facts(records(&["shop.vendor.example"]), Surroundings::default()));
    assert_eq!(finding.check, "delegation-elsewhere");
    assert!(next_step(&finding).contains("Another service may depend on the record"), "{finding:#?}");
    let (own, _) = found(&facts(records(&["old.acme.platform.example"]), Surroundings::default()));
    assert!(!next_step(&own).contains("Another service"), "{own:#?}");
}
