//! What each level contains, and what a check says about it.

use super::*;
use crate::facts::CaaFacts;
use crate::judge::{diagnose, obstacle};
use crate::properties::platform;
use crate::report::{CheckReport, CheckSummary};
use time::macros::datetime;
use vocabulary::dns::Answer;
use vocabulary::names::EndpointNames;

const EDGE: &str = "edge.platform.example";

fn level(name: &str, aliases: &[&str], records: &[&str]) -> CaaLevel {
    let answer = match records {
        [] => Answer::NoData,
        some => Answer::Records(some.iter().map(ToString::to_string).collect()),
    };
    CaaLevel { name: name.into(), aliases: aliases.iter().map(ToString::to_string).collect(), answer }
}

/// The report on these names, whose CAA is all at this level.
fn report(names: &[&str], level: &CaaLevel) -> CheckReport {
    report_after(None, names, level)
}

fn report_after(last_check: Option<CheckSummary>, names: &[&str], level: &CaaLevel) -> CheckReport {
    let also: Vec<String> = names[1..].iter().map(ToString::to_string).collect();
    let names = EndpointNames::parse(names[0], &also, 9).expect("valid names");
    let caa = names.iter().map(|name| CaaFacts { name: name.clone(), levels: vec![level.clone()] }).collect();
    let subject = Subject::unregistered(names, Reachability::External.into(), &platform(EDGE));
    let subject = Subject { last_check, ..subject };
    let issuer = Issuer { identities: vec!["ca.example".into()], account: None };
    let facts = Facts {
        issuer,
        authorization_names: Vec::new(),
        caa,
        hosts: Vec::new(),
        platform: None,
        tls: None,
        bogus: Vec::new(),
        root_answers: true,
    };
    diagnose(&subject, &facts, datetime!(2026-11-24 12:00 UTC))
}

fn found(names: &[&str], level: &CaaLevel) -> Vec<Finding> {
    report(names, level).findings
}

fn one(level: &CaaLevel) -> Finding {
    let mut found = found(&["shop.example.com"], level);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn record(finding: &Finding) -> Option<String> {
    finding.guidance.record.as_ref().map(|record| record.line())
}

#[test]
fn the_record_is_offered_at_the_domain_owners_name_with_the_other_records() {
    for (level, at) in [
        (level("shop.example.com", &[], &["0 issue \"amazon.com\""]), "shop.example.com"),
        (level("example.com", &[], &["0 issue \"amazon.com\""]), "example.com"),
        (level("shop.example.com", &["web.example.com"], &["0 issue \"amazon.com\""]), "web.example.com"),
    ] {
        let finding = one(&level);
        assert_eq!((finding.subject.as_str(), finding.guidance.waiting_on), (at, WaitingOn::DomainOwner));
        assert_eq!(record(&finding), Some(format!("{at} CAA 0 issue \"ca.example\"")));
        assert!(
            finding.guidance.next_step().starts_with("Add a CAA record beside"),
            "{}",
            finding.guidance.next_step()
        );
    }
}

#[test]
fn records_at_the_platforms_target_wait_on_the_operator_and_are_reported_once() {
    for at in [EDGE, "eu.edge.platform.example"] {
        let aliases = if at == EDGE { vec![at] } else { vec![EDGE, at] };
        let level = level("shop.example.com", &aliases, &["0 issue \"amazon.com\""]);
        let finding = one(&level);
        assert_eq!((finding.subject.as_str(), finding.guidance.waiting_on), (at, WaitingOn::Operator));
        assert_eq!(record(&finding), Some(format!("{at} CAA 0 issue \"ca.example\"")));
        assert!(
            finding.guidance.summary.contains("shop.example.com is an alias of it"),
            "{}",
            finding.guidance.summary
        );
    }
    let level = level("shop.example.com", &[EDGE], &["0 issue \"amazon.com\""]);
    let all = found(&["shop.example.com", "*.shop.example.com", "www.example.com"], &level);
    assert_eq!(all.len(), 1, "{all:#?}");
}

#[test]
fn records_that_exclude_the_ca_prevent_the_order_whoever_is_waited_on() {
    let at_target = |record: &str| report(&["shop.example.com"], &level("shop.example.com", &[EDGE], &[record]));
    let refused = at_target("0 issue \"amazon.com\"");
    assert_eq!(obstacle(&refused).map(|finding| finding.guidance.waiting_on), Some(WaitingOn::Operator));
    let unknown = at_target("0 issue \"ca.example; accounturi=https://ca.example/1\"");
    assert_eq!((unknown.findings.len(), obstacle(&unknown)), (1, None), "it may be ours");
}

#[test]
fn records_behind_the_platforms_target_wait_on_the_operator_and_none_is_offered() {
    let level = level("shop.example.com", &[EDGE, "lb.cloud.test"], &["0 issue \"amazon.com\""]);
    let finding = one(&level);
    assert_eq!((finding.subject.as_str(), finding.guidance.waiting_on), ("lb.cloud.test", WaitingOn::Operator));
    assert_eq!(record(&finding), None);
    assert!(finding.guidance.next_step().contains("let edge.platform.example (EndpointTarget) point elsewhere"));
}

#[test]
fn a_foreign_record_is_reported_at_its_name_and_none_is_offered_at_the_alias() {
    for fault in [&["0 issue \"pki.goog\""][..], &["128 tbs \"x\""], &["0 issue \"ca.example;;\""]] {
        let finding = one(&level("shop.example.com", &["sites.builder.test"], fault));
        assert_eq!(
            (finding.subject.as_str(), finding.guidance.waiting_on),
            ("sites.builder.test", WaitingOn::DomainOwner)
        );
        assert_eq!(record(&finding), None, "{fault:?}");
        let text = &finding.guidance.next_step();
        assert!(text.contains("or point shop.example.com elsewhere"), "{text}");
        assert!(!text.contains("shop.example.com CAA"), "a CNAME is there: {text}");
    }
    let silent = Answer::Failed(Unanswered::ServFail);
    let unanswered = one(&CaaLevel { answer: silent, ..level("shop.example.com", &["sites.builder.test"], &[]) });
    assert_eq!(unanswered.command.as_deref(), Some("dig CAA sites.builder.test"));
    assert!(
        unanswered.guidance.next_step().contains("or point shop.example.com elsewhere"),
        "{}",
        unanswered.guidance.next_step()
    );
}

/// Variants of C22: at a name between the host and the domain, and for a wildcard's base.
#[test]
fn records_behind_an_alias_higher_up_are_reported_at_the_name_that_has_them() {
    let above = level("eu.example.com", &["eu.vendor.test"], &["0 issue \"pki.goog\""]);
    for name in ["shop.eu.example.com", "*.eu.example.com"] {
        let finding = found(&[name], &above).remove(0);
        assert_eq!(finding.subject, "eu.vendor.test");
        let step = finding.guidance.next_step();
        assert!(step.contains("or point eu.example.com elsewhere"), "{step}");
    }
}

#[test]
fn silence_for_caa_waits_on_nobody_at_first_and_on_the_domain_owner_when_it_lasts() {
    let silent = CaaLevel { answer: Answer::Failed(Unanswered::TimedOut), ..level("shop.example.com", &[], &[]) };
    let first = report(&["shop.example.com"], &silent);
    let finding = &first.findings[0];
    assert_eq!((finding.severity, finding.guidance.waiting_on), (Severity::Error, WaitingOn::Nobody));
    assert!(obstacle(&first).is_some(), "the CA would refuse");
    let again = report_after(Some(first.summary()), &["shop.example.com"], &silent);
    assert_eq!(again.findings[0].guidance.waiting_on, WaitingOn::DomainOwner);
}

#[test]
fn records_above_the_registered_domain_belong_to_the_registry() {
    let level = level("co.uk", &[], &["0 issue \"amazon.com\""]);
    let found = found(&["shop.example.co.uk"], &level);
    assert_eq!(record(&found[0]), None);
    assert!(
        found[0].guidance.next_step().starts_with("co.uk is run by somebody else"),
        "{}",
        found[0].guidance.next_step()
    );
}

#[test]
fn a_failing_registry_waits_on_nobody_and_an_unknown_top_level_domain_is_an_error() {
    let at = |name: &str, answer| one(&CaaLevel { answer, ..level(name, &[], &[]) });
    for name in ["com", "co.uk"] {
        let failing = at(name, Answer::Failed(Unanswered::ServFail));
        assert_eq!((failing.check.as_str(), failing.guidance.waiting_on), ("caa-unanswered", WaitingOn::Nobody));
        assert_eq!(failing.guidance.action, None, "{failing:#?}");
    }
    let own = at("example.com", Answer::Failed(Unanswered::ServFail));
    assert_eq!(own.guidance.waiting_on, WaitingOn::DomainOwner);
    let gone = at("com", Answer::NxDomain);
    assert_eq!((gone.check.as_str(), gone.severity), ("domain-not-found", Severity::Error));
}

#[test]
fn a_malformed_record_that_authorizes_nobody_is_reported_with_the_reason() {
    let finding = one(&level("example.com", &[], &["0 issue \"ca.example; validationmethods=dns-01, http-01\""]));
    assert_eq!(finding.check, "caa-forbids");
    assert!(
        finding.guidance.summary.contains("the value of validationmethods has a blank"),
        "{}",
        finding.guidance.summary
    );
    // The host does not point to the platform yet, so it is validated over DNS.
    let offered = "example.com CAA 0 issue \"ca.example; validationmethods=dns-01\"";
    assert_eq!(record(&finding).as_deref(), Some(offered));
    let twice = one(&level("example.com", &[], &["0 issue \"ca.example; accounturi=x; accounturi=y\""]));
    assert_eq!(twice.check, "caa-account");
}

#[test]
fn the_holder_of_the_records_is_at_fault_for_every_name_below_it() {
    let holder = level("example.com", &[], &["0 issue \"other.example\""]);
    let at_fault = |name| {
        let findings = found(&[name], &holder);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings[0].guidance_for_people()
    };
    let (shop, blog) = (at_fault("shop.example.com"), at_fault("blog.example.com"));
    assert_ne!(shop.summary, blog.summary);
    assert_eq!((shop.at_fault.as_deref(), blog.at_fault.as_deref()), (Some("example.com"), Some("example.com")));
}
