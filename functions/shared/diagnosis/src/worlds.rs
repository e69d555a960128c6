//! Scenarios with one host: what the check says about each, and that the flow's gate says the same.

use std::net::IpAddr;

use time::macros::datetime;
use vocabulary::dns::{Answer, Issuer, ServerAnswer, Unanswered};
use vocabulary::failure::Failure;

use crate::catalogue::check::Check;
use crate::checks::http::Host;
use crate::facts::*;
use crate::gate::{Probed, judge_probe};
use crate::http01::reserved::is_reserved;
use crate::http01::{Mark, Redirect, Refused};
use crate::judge::diagnose;
use crate::report::{CheckReport, Finding, RecordStatus, Severity};
use crate::subject::Subject;
use crate::subject::testing::external;
use crate::to_failure::to_failure;

const EDGE: &str = "edge.platform.example";
const HOST: &str = "shop.example.com";
const PLATFORM: &str = "18.66.1.1";
const PLATFORM_V6: &str = "2600:9000::1";
const ELSEWHERE: &str = "52.1.2.3";
const ELSEWHERE_V6: &str = "2a00:1450::9";
const PRIVATE_V6: &str = "fd00::1";

/// One host, as seen from its name server and the probe.
struct World {
    cname: Vec<&'static str>,
    addresses: Vec<&'static str>,
    /// Additional names of the endpoint.
    also: Vec<String>,
    http: HttpObservation,
    wildcard: Option<Wildcard>,
}

impl World {
    fn at(cname: &[&'static str], addresses: &[&'static str]) -> Self {
        let http = HttpObservation {
            redirects: vec![],
            answer: ProbeAnswer::Body("expected".into()),
            mark: Some(Mark::Asked),
            fallback: None,
            expected: "expected".into(),
        };
        Self { cname: cname.to_vec(), addresses: addresses.to_vec(), also: vec![], http, wildcard: None }
    }

    /// The record is right.
    fn right() -> Self {
        Self::at(&[EDGE], &[PLATFORM])
    }

    fn answering(self, answer: ProbeAnswer) -> Self {
        Self { http: HttpObservation { answer, mark: None, ..self.http }, ..self }
    }

    fn failing(self, fault: ProbeFault) -> Self {
        self.answering(ProbeAnswer::Failed(fault))
    }

    fn redirecting(mut self, status: u16, to: &str, host: &str) -> Self {
        self.http.redirects.push(Redirect { status, to: to.into(), host: host.into() });
        self
    }

    fn marked(mut self, mark: Mark) -> Self {
        self.http.mark = Some(mark);
        self
    }

    fn falling_back(mut self) -> Self {
        self.http.fallback = Some(ip(ELSEWHERE_V6));
        self
    }

    fn subject(&self) -> Subject {
        match self.also.split_first() {
            None => external(HOST, &[]),
            Some((primary, others)) => external(primary, &[others, &[HOST.to_owned()]].concat()),
        }
    }

    fn facts(&self) -> Facts {
        let of = |records: Vec<&str>| match records.is_empty() {
            true => Answer::NoData,
            false => Answer::Records(records.into_iter().map(str::to_owned).collect()),
        };
        let addresses: Vec<IpAddr> = self.addresses.iter().map(|text| ip(text)).collect();
        // Addresses behind an alias stand at the alias's target.
        let own = |v4: bool| {
            let beside = self.cname.first() != Some(&EDGE) || self.addresses.first() != Some(&PLATFORM);
            let all = self.addresses.iter().copied().filter(|_| self.cname.is_empty() || beside);
            of(all.filter(|text| ip(text).is_ipv4() == v4).collect())
        };
        let names = self.cname.iter().map(ToString::to_string).collect();
        let end = match addresses.is_empty() {
            true => ChainEnd::Nothing(Answer::NoData),
            false => ChainEnd::Addresses(addresses.clone()),
        };
        let served = vec![ServerAnswer { server: "ns.example.net".into(), answer: of(vec!["ns 1"]) }];
        let state = ZoneState::Served {
            apex: "example.com".into(),
            servers: served,
            dnssec: Dnssec::Unsigned,
            differing: None,
        };
        Facts {
            issuer: Issuer { identities: vec!["ca.example".into()], account: None },
            authorization_names: vec![],
            caa: vec![],
            hosts: vec![HostFacts {
                name: HOST.parse().expect("a name"),
                zone: ZoneFacts { name: HOST.into(), state },
                answers: vec![HostAnswer {
                    server: "ns.example.net".into(),
                    cname: of(self.cname.clone()),
                    a: own(true),
                    aaaa: own(false),
                    chain: Chain { names, end },
                }],
                reserved: addresses.into_iter().filter(|address| is_reserved(*address)).collect(),
                http: Some(self.http.clone()),
                wildcard: self.wildcard.clone(),
            }],
            platform: Some(Chain { names: vec![], end: ChainEnd::Addresses(vec![ip(PLATFORM), ip(PLATFORM_V6)]) }),
            tls: None,
            bogus: vec![],
            root_answers: true,
        }
    }

    fn check(&self) -> CheckReport {
        diagnose(&self.subject(), &self.facts(), datetime!(2026-11-24 12:00 UTC))
    }

    /// The one finding, with the record's status.
    fn said(&self) -> (Finding, RecordStatus) {
        let report = self.check();
        let [finding] = report.findings.as_slice() else { panic!("one finding: {report:#?}") };
        (finding.clone(), report.records[0].status)
    }

    fn gate(&self) -> Probed {
        let name = HOST.parse().expect("a name");
        judge_probe(&Host { name: &name, subject: &self.subject() }, &self.http)
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// Check, severity, record's status, and the required parts of summary and next step.
#[track_caller]
fn assert_said(world: &World, check: Check, severity: Severity, status: RecordStatus, said: &str, step: &str) {
    let (finding, found) = world.said();
    assert_eq!((finding.check.as_str(), finding.severity, found), (check.name(), severity, status), "{finding:#?}");
    let (summary, next) = (&finding.guidance.summary, finding.guidance.next_step());
    assert!(summary.contains(said), "{said}: {summary}");
    assert!(next.contains(step), "{step}: {next}");
}

#[test]
fn a_private_address_beside_good_ones_is_left_out_and_reported() {
    use {RecordStatus as R, Severity as S};
    let beside = World::at(&[], &[PLATFORM, PRIVATE_V6]).check();
    let checks: Vec<_> = beside.findings.iter().map(|finding| (finding.check.as_str(), finding.severity)).collect();
    assert_eq!(checks, [("host-indirect", S::Warning), ("host-address-reserved", S::Warning)]);
    assert_eq!(beside.findings[1].guidance.next_step(), format!("Remove the record {PRIVATE_V6} at {HOST}."));
    assert_eq!(beside.records[0].status, R::Ok);

    let none = ProbeFault::NotPublic(vec![ip(PRIVATE_V6)]);
    let only = World::at(&[], &[PRIVATE_V6]).failing(none);
    assert_said(
        &only,
        Check::HostPrivate,
        S::Error,
        R::Mismatch,
        "points to fd00::1 instead of",
        "have the platform make the endpoint internal",
    );
}

#[test]
fn records_that_cannot_exist_together_are_a_conflict_whatever_the_probe_found() {
    use {RecordStatus as R, Severity as S};
    let two = World::at(&[EDGE, "old.builder.net"], &[PLATFORM]);
    let said = "CNAME edge.platform.example and CNAME old.builder.net";
    let step =
        "Delete CNAME old.builder.net at shop.example.com, and keep: shop.example.com CNAME edge.platform.example";
    assert_said(&two, Check::HostConflict, S::Error, R::Conflict, said, step);

    let lingering = World::at(&[EDGE], &[ELSEWHERE]);
    let step = "Delete A 52.1.2.3 at shop.example.com, and keep: shop.example.com CNAME edge.platform.example";
    assert_said(
        &lingering,
        Check::HostConflict,
        S::Error,
        R::Conflict,
        "CNAME edge.platform.example and A 52.1.2.3",
        step,
    );
}

/// Variants of H1: what counts is which addresses the CA leaves out, in either family and however many.
#[test]
fn several_private_addresses_beside_a_good_one_are_left_out_together() {
    let world = World::at(&[], &[PLATFORM, "10.0.0.7", "192.168.0.7"]).check();
    let reserved = world.findings.iter().find(|finding| finding.check == "host-address-reserved").expect("told");
    assert_eq!(reserved.severity, Severity::Warning);
    assert!(reserved.guidance.next_step().contains("10.0.0.7, 192.168.0.7"), "{reserved:#?}");
    assert!(world.findings.iter().all(|finding| finding.severity < Severity::Error), "{world:#?}");
}

/// Variants of D5 and P1, at the host: it has no record of its own to remove.
#[test]
fn where_a_wildcard_answers_for_the_host_its_record_is_created_and_none_removed() {
    let wildcard = |record: &str| Wildcard { name: "*.example.com".into(), records: vec![record.into()] };
    for (cname, addresses, record) in
        [(&[][..], &[ELSEWHERE][..], "A 52.1.2.3"), (&["sites.builder.net"], &[], "CNAME sites.builder.net")]
    {
        let world = World { wildcard: Some(wildcard(record)), ..World::at(cname, addresses) };
        let report = world.answering(ProbeAnswer::Status(404)).check();
        let finding = report.findings.iter().find(|finding| finding.check == "host-elsewhere");
        let finding = finding.unwrap_or_else(|| panic!("{report:#?}"));
        let step = finding.guidance.next_step();
        assert!(step.starts_with("Create this DNS record") && !step.contains("emove"), "{step}");
        assert!(finding.guidance.summary.contains("the wildcard record *.example.com answers"), "{finding:#?}");
    }
    let own = World { wildcard: Some(wildcard("A 192.0.2.99")), ..World::at(&[], &[ELSEWHERE]) };
    let (finding, _) = own.answering(ProbeAnswer::Status(404)).said();
    assert!(finding.guidance.next_step().starts_with("Point the host"), "it has a record of its own: {finding:#?}");
}

#[test]
fn a_target_with_the_zone_appended_is_recognised() {
    let world = World { addresses: vec![], ..World::at(&["edge.platform.example.example.com"], &[]) };
    let world = world.failing(ProbeFault::NoAddress);
    let (said, step) = ("the DNS provider has appended the zone to the target", "Put a dot at the end of the target");
    assert_said(&world, Check::HostElsewhere, Severity::Error, RecordStatus::Mismatch, said, step);
}

#[test]
fn the_answer_of_another_server_is_reported_and_addresses_are_a_list() {
    use {RecordStatus as R, Severity as S};
    let world = World::at(&[], &["52.1.2.5", ELSEWHERE, "52.1.2.4"]).answering(ProbeAnswer::Status(404));
    let said = "points to 52.1.2.3, 52.1.2.4, 52.1.2.5 instead of edge.platform.example; over HTTP it answered with HTTP status 404";
    assert_said(&world, Check::HostElsewhere, S::Error, R::Mismatch, said, "Point the host at the platform");

    let slow = World::at(&[], &[ELSEWHERE]).failing(ProbeFault::TimedOut(10));
    assert_said(&slow, Check::HostElsewhere, S::Error, R::Mismatch, "it did not answer within 10 seconds", "Point");

    let slash = ProbeFault::RefusedRedirect(Refused::MissingSlash);
    let (to, host) = ("https://www.example.com.well-known/acme-challenge/…", "www.example.com.well-known");
    let world = World::at(&[], &[ELSEWHERE]).failing(slash).redirecting(301, to, host);
    let step = "Or: Write a / at the end of the redirect's target: https://www.example.com/.";
    assert_said(&world, Check::HostElsewhere, S::Error, R::Mismatch, "a / is missing after the host", step);
}

#[test]
fn an_alias_is_a_chain_and_the_addresses_at_its_end_are_a_list() {
    let world = World::at(&["shop.cdn.example.net", "pop.cdn.example.net"], &["52.1.2.5", ELSEWHERE, ELSEWHERE_V6]);
    let world = world.answering(ProbeAnswer::Status(404));
    let mut facts = world.facts();
    // The first alias is at the host; the second, and the addresses, are behind it.
    let own = HostAnswer {
        cname: Answer::Records(vec!["shop.cdn.example.net".into()]),
        a: Answer::NoData,
        aaaa: Answer::NoData,
        ..facts.hosts[0].answers[0].clone()
    };
    facts.hosts[0].answers = vec![own];
    let report = diagnose(&world.subject(), &facts, datetime!(2026-11-24 12:00 UTC));
    let summary = &report.findings[0].guidance.summary;
    let chain = "shop.cdn.example.net → pop.cdn.example.net";
    assert!(summary.contains(chain), "{summary}");
    for (one, other) in [(ELSEWHERE, "52.1.2.5"), ("52.1.2.5", ELSEWHERE_V6)] {
        assert!(!summary.contains(&format!("{one} → {other}")) && !summary.contains(&format!("{other} → {one}")));
    }
}

#[test]
fn a_dead_ipv6_address_is_a_warning_and_one_that_answers_is_an_error() {
    use {RecordStatus as R, Severity as S};
    let world = || World::at(&[], &[PLATFORM, ELSEWHERE_V6]);
    let dead = world().falling_back();
    assert_said(
        &dead,
        Check::HostIpv6Elsewhere,
        S::Warning,
        R::Mismatch,
        "takes no connection",
        "Remove the AAAA record",
    );
    let alive = world().answering(ProbeAnswer::Status(404));
    assert_said(&alive, Check::HostIpv6Elsewhere, S::Error, R::Mismatch, "but over IPv6 to 2a00:1450::9", "Remove the");
}

#[test]
fn a_host_that_could_not_be_probed_is_no_error() {
    let unasked = || ProbeFault::NotAsked;
    assert_eq!(World::right().failing(unasked()).check().findings, []);
    assert_eq!(World::right().failing(ProbeFault::OnlyIpv6(ip(PLATFORM_V6))).check().findings, []);
    assert_eq!(World::right().failing(ProbeFault::Unresolved(Unanswered::TimedOut)).check().findings, []);
    let (finding, _) = World::at(&[], &[ELSEWHERE]).failing(unasked()).said();
    assert_eq!(finding.severity, Severity::Warning, "a proxy that passes on looks the same while it is slow");
    assert_eq!(World::right().answering(ProbeAnswer::Status(404)).marked(Mark::Asked).check().findings, [], "ours");
}

#[test]
fn one_of_several_names_that_is_gone_can_be_created_or_taken_off() {
    let world = World { also: vec!["a.example.com".into()], ..World::at(&[], &[]) }.failing(ProbeFault::NoAddress);
    let (said, step) = (
        "has no A, AAAA or CNAME record",
        "Or have the platform take the name off the certificate: managed-https change",
    );
    assert_said(&world, Check::HostMissing, Severity::Error, RecordStatus::Missing, said, step);
}

/// The checks of the area HTTP, and those of a host that only the probe can detect.
#[test]
fn the_check_and_the_flows_gate_report_the_same_of_each_host() {
    let away = |world: World| world.redirecting(301, "http://www.example.com/moved", "www.example.com");
    let refused = |why| {
        let world = World::right().failing(ProbeFault::RefusedRedirect(why));
        world.redirecting(301, "https://www.example.com:8443/", "www.example.com")
    };
    let other = || Mark::OtherHost("www.example.com".into());
    let several = World { also: vec!["a.example.com".into(), "b.example.com".into()], ..World::at(&[], &[]) };
    for (world, check) in [
        (World::right().failing(ProbeFault::NoConnection("refused".into())), Check::HttpUnreachable),
        (World::right().failing(ProbeFault::TimedOut(10)), Check::HttpUnreachable),
        (World::right().failing(ProbeFault::Broken("the end is missing".into())), Check::HttpUnreachable),
        (World::right().answering(ProbeAnswer::Status(404)), Check::HttpWrongAnswer),
        (World::right().answering(ProbeAnswer::Status(302)), Check::HttpWrongAnswer),
        (World::right().answering(ProbeAnswer::Body("hello".into())), Check::HttpWrongAnswer),
        (World::right().answering(ProbeAnswer::Body("\u{feff}expected".into())), Check::HttpWrongAnswer),
        (World::right().answering(ProbeAnswer::Status(404)).marked(other()), Check::HttpWrongAnswer),
        (World::right().answering(ProbeAnswer::Status(404)).marked(Mark::OtherPath), Check::HttpWrongAnswer),
        (away(World::right().answering(ProbeAnswer::Status(404))), Check::HttpRedirected),
        (away(World::right().answering(ProbeAnswer::Status(404)).marked(other())), Check::HttpRedirected),
        (away(World::right().failing(ProbeFault::NotPublic(vec![ip("10.1.2.3")]))), Check::HttpRedirected),
        (away(World::right().failing(ProbeFault::NoAddress)), Check::HttpRedirected),
        (refused(Refused::Port(8443)), Check::HttpRedirected),
        (refused(Refused::Status), Check::HttpRedirected),
        (refused(Refused::MissingSlash), Check::HttpRedirected),
        (refused(Refused::Circle), Check::HttpRedirected),
        (World::at(&[], &[]).failing(ProbeFault::NoAddress), Check::HostMissing),
        (several.failing(ProbeFault::NoAddress), Check::HostMissing),
        (World::at(&[], &["10.1.2.3"]).failing(ProbeFault::NotPublic(vec![ip("10.1.2.3")])), Check::HostPrivate),
    ] {
        let (by_check, _) = world.said();
        let Probed::Wrong(by_gate) = world.gate() else { panic!("{check:?}: {:?}", world.gate()) };
        assert_eq!(by_check.check, check.name(), "{by_check:#?}");
        assert_eq!(by_gate.check, by_check.check, "{by_gate:#?}");
        let told = |finding: &Finding| {
            let Failure { name, guidance, .. } = to_failure(finding);
            (name, guidance.waiting_on, guidance.next_step().to_owned(), guidance.record)
        };
        assert_eq!(told(&by_gate), told(&by_check), "{check:?}");
    }
    assert_eq!(World::right().gate(), Probed::Passed);
    assert_eq!(World::right().check().findings, []);
}
