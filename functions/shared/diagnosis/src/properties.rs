//! Properties that hold for all facts, however odd.

use std::collections::BTreeSet;

use proptest::prelude::*;
use time::macros::datetime;
use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::dns::{Answer, CaaLevel, Issuer, Platform, ServerAnswer, TenantProof, Unanswered};
use vocabulary::names::EndpointNames;

use crate::catalogue::check::{Area, Check};
use crate::checks::{delegation, persistent_record};
use crate::facts::*;
use crate::http01::{Mark, Redirect, Refused};
use crate::judge::{diagnose, obstacle};
use crate::report::*;
use crate::subject::Subject;

const TARGET: &str = "label.acme.platform.example";

const EDGE: &str = "edge.platform.example";

const STANDING: [&str; 7] = [
    "ca.example; accounturi=https://ca.example/acct/7",
    "ca.example; accounturi=https://ca.example/acct/7; persistUntil=1",
    "ca.example; accounturi=https://ca.example/acct/7;",
    "ca.example; accounturi=https://ca.example/acct/8",
    "other.example; accounturi=https://ca.example/acct/7",
    "v=spf1 -all",
    "ca.example; accounturi=https://ca.example/acct/7; persistUntil=99999999999",
];

fn any_answer(data: &'static [&'static str]) -> impl Strategy<Value = Answer> {
    let records = prop::sample::subsequence(data, 0..=data.len())
        .prop_map(|some| Answer::Records(some.into_iter().map(str::to_owned).collect()));
    prop_oneof![
        4 => records,
        1 => Just(Answer::NoData),
        1 => Just(Answer::NxDomain),
        1 => Just(Answer::Failed(Unanswered::ServFail)),
        1 => Just(Answer::Failed(Unanswered::Refused)),
        1 => Just(Answer::Failed(Unanswered::NotAuthoritative)),
        1 => Just(Answer::Failed(Unanswered::TimedOut)),
    ]
}

fn servers(data: &'static [&'static str]) -> impl Strategy<Value = Vec<ServerAnswer>> {
    prop::collection::vec(any_answer(data), 0..4).prop_map(|answers| {
        let named = answers.into_iter().enumerate();
        named.map(|(i, answer)| ServerAnswer { server: format!("ns{i}.example.net"), answer }).collect()
    })
}

fn any_zone() -> impl Strategy<Value = ZoneFacts> {
    let dnssec = prop_oneof![Just(Dnssec::Unsigned), Just(Dnssec::Broken("has none".into())), Just(Dnssec::Unknown)];
    let served = (servers(&["ns 1"]), dnssec).prop_map(|(servers, dnssec)| ZoneState::Served {
        apex: "example.com".into(),
        servers,
        dnssec,
        differing: None,
    });
    let state = prop_oneof![
        8 => served,
        1 => any::<bool>().prop_map(|nxdomain| ZoneState::Absent { nxdomain }),
        1 => Just(ZoneState::Unknown(Unanswered::TimedOut)),
    ];
    state.prop_map(|state| ZoneFacts { name: "shop.example.com".into(), state })
}

fn any_chain() -> impl Strategy<Value = Chain> {
    let addresses = prop::sample::subsequence(vec!["192.0.2.1", "192.0.2.9", "104.16.0.1", "2001:db8::9"], 0..=4)
        .prop_map(|some| ChainEnd::Addresses(some.into_iter().map(|text| text.parse().expect("an address")).collect()));
    let end = prop_oneof![
        4 => addresses,
        1 => Just(ChainEnd::Nothing(Answer::NxDomain)),
        1 => Just(ChainEnd::Loop("shop.example.com".into())),
        1 => Just(ChainEnd::TooLong),
    ];
    let names = prop::sample::subsequence(vec!["x.example", EDGE, "a.cdn.cloudflare.net"], 0..=3);
    (names, end).prop_map(|(names, end)| Chain { names: names.into_iter().map(str::to_owned).collect(), end })
}

fn any_http() -> impl Strategy<Value = HttpObservation> {
    let answer = prop_oneof![
        Just(ProbeAnswer::Status(404)),
        Just(ProbeAnswer::Status(302)),
        Just(ProbeAnswer::Body("hello".into())),
        Just(ProbeAnswer::Body("expected".into())),
        Just(ProbeAnswer::Failed(ProbeFault::NoAddress)),
        Just(ProbeAnswer::Failed(ProbeFault::TimedOut(10))),
        Just(ProbeAnswer::Failed(ProbeFault::NotAsked)),
        Just(ProbeAnswer::Failed(ProbeFault::NotPublic(vec!["10.0.0.1".parse().expect("an address")]))),
        Just(ProbeAnswer::Failed(ProbeFault::RefusedRedirect(Refused::Status))),
    ];
    let mark = prop_oneof![
        Just(None),
        Just(Some(Mark::Asked)),
        Just(Some(Mark::Unspecified)),
        Just(Some(Mark::OtherHost("www.example.com".into()))),
    ];
    let redirect = Redirect { status: 301, to: "http://x.example/".into(), host: "x.example".into() };
    let fallback = prop::option::of(Just("2001:db8::9".parse().expect("an address")));
    (prop::collection::vec(Just(redirect), 0..2), answer, mark, fallback).prop_map(
        |(redirects, answer, mark, fallback)| HttpObservation {
            redirects,
            answer,
            mark,
            fallback,
            expected: "expected".into(),
        },
    )
}

prop_compose! {
    fn any_surroundings()(
        own_zone in prop::sample::subsequence(vec!["ns.other.example".to_owned()], 0..=1),
        others in prop::sample::subsequence(vec!["A 192.0.2.9".to_owned(), "CNAME y.example".to_owned()], 0..=2),
        near in prop::option::of(prop::sample::subsequence(vec![format!("CNAME {TARGET}"), format!("TXT {}", STANDING[0])], 0..=2)),
        wildcard in prop::option::of(prop::sample::subsequence(
            vec!["CNAME x.example".to_owned(), "TXT stray".to_owned(), format!("TXT {}", STANDING[3])], 1..=3,
        )),
    ) -> Surroundings {
        let near = near.map(|records| NearName { name: "_acme-challenge.example.com".into(), records });
        let wildcard = wildcard.map(|records| Wildcard { name: "*.example.com".into(), records });
        Surroundings { own_zone, others, near: near.into_iter().collect(), wildcard }
    }
}

prop_compose! {
    fn any_host_answer()(
        cname in any_answer(&["x.example"]),
        a in any_answer(&["192.0.2.9"]),
        aaaa in any_answer(&["2001:db8::9"]),
        chain in any_chain(),
    ) -> HostAnswer {
        HostAnswer { server: "ns0.example.net".into(), cname, a, aaaa, chain }
    }
}

prop_compose! {
    fn any_facts()(
        zone in any_zone(),
        cname in servers(&[TARGET, "x.example", "_acme-challenge.shop.example.com"]),
        txt in servers(&["stray"]),
        persistent in servers(&STANDING),
        chain in prop::option::of(any_chain()),
        doubled in prop::option::of(servers(&["x.example"])),
        answers in prop::collection::vec(any_host_answer(), 0..3),
        platform in any_chain(),
        http in prop::option::of(any_http()),
        wildcard in prop::option::of(Just(Wildcard {
            name: "*.example.com".into(), records: vec!["A 192.0.2.9".into(), "CNAME x.example".into()],
        })),
        reserved in prop::sample::subsequence(vec!["192.0.2.9", "2001:db8::9"], 0..=2),
        caa in any_answer(&["0 issue \"ca.example\"", "0 issue \"other.example\"", "128 x \"\""]),
        around in any_surroundings(),
        aliases in prop::sample::subsequence(vec![EDGE.to_owned(), "x.example".to_owned()], 0..=2),
    ) -> Facts {
        let doubled = doubled.map(|answers| ("_acme-challenge.shop.example.com.example.com".to_owned(), answers));
        let name: vocabulary::names::CertificateName = "shop.example.com".parse().expect("a name");
        Facts {
            issuer: issuer(),
            authorization_names: vec![AuthorizationFacts {
                base: name.base.clone(), zone: zone.clone(), cname, txt, chain, doubled, leftover: Vec::new(), persistent,
                persistent_around: around.clone(),
                around,
            }],
            caa: vec![CaaFacts { name: name.clone(), levels: vec![CaaLevel { name: "example.com".into(), aliases, answer: caa }] }],
            hosts: vec![HostFacts {
                name, zone, answers, http, wildcard,
                reserved: reserved.into_iter().map(|text| text.parse().expect("an address")).collect(),
            }],
            platform: Some(platform),
            tls: None,
            bogus: Vec::new(), root_answers: true,
        }
    }
}

fn issuer() -> Issuer {
    Issuer { identities: vec!["ca.example".into()], account: Some("https://ca.example/acct/7".into()) }
}

/// With one shared target, where tenants must prove their names.
pub(crate) fn platform(target: &str) -> Platform {
    Platform {
        delegation_zone: "acme.platform.example".into(),
        endpoint_target: target.parse().expect("a target"),
        tenant_proof: TenantProof::On,
        reserved: Vec::new(),
    }
}

fn subject(reachability: Reachability) -> Subject {
    let names = EndpointNames::parse("shop.example.com", &[], 9).expect("valid");
    let mut subject = Subject::unregistered(names, reachability.into(), &platform(EDGE));
    subject.delegation_target = Some(TARGET.into());
    subject.registered = true;
    subject
}

fn subject_by(reachability: Reachability, persistent: bool) -> Subject {
    let dns_method = if persistent { DnsMethod::DnsPersist01 } else { DnsMethod::Dns01 };
    Subject { dns_method, ..subject(reachability) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A record shown in red always has a finding that says why.
    #[test]
    fn a_record_that_is_not_ok_never_comes_without_a_finding(
        facts in any_facts(), external in any::<bool>(), persistent in any::<bool>(),
    ) {
        let reachability = if external { Reachability::External } else { Reachability::Internal };
        let facts = if external { facts } else { Facts { hosts: Vec::new(), platform: None, ..facts } };
        let report = diagnose(&subject_by(reachability, persistent), &facts, datetime!(2026-11-24 12:00 UTC));
        let wrong = report.records.iter().any(|record| record.status != RecordStatus::Ok);
        prop_assert!(!wrong || !report.findings.is_empty(), "{report:#?}");
    }

    #[test]
    fn findings_come_in_order_once_each_and_all_from_the_catalogue(facts in any_facts(), persistent in any::<bool>()) {
        let report = diagnose(&subject_by(Reachability::External, persistent), &facts, datetime!(2026-11-24 12:00 UTC));
        let keys: BTreeSet<_> = report.findings.iter().map(|f| (&f.check, &f.subject)).collect();
        prop_assert_eq!(keys.len(), report.findings.len());
        prop_assert!(report.findings.is_sorted_by_key(|finding| std::cmp::Reverse(finding.severity)));
        for finding in &report.findings {
            let entry = finding.entry().expect("an entry");
            prop_assert!(finding.severity <= entry.severity);
            prop_assert!(!finding.guidance.next_step().is_empty() && !finding.guidance.summary.is_empty());
        }
    }

    /// Records that cannot be looked up are not judged: only the zone's fault is reported, nothing that follows from it.
    #[test]
    fn a_zone_that_is_not_served_is_reported_alone(facts in any_facts(), persistent in any::<bool>()) {
        if facts.authorization_names[0].zone.is_served() {
            return Ok(());
        }
        let report = diagnose(&subject_by(Reachability::External, persistent), &facts, datetime!(2026-11-24 12:00 UTC));
        let areas: BTreeSet<_> = report.findings.iter().filter_map(|f| f.entry()).map(|entry| entry.area).collect();
        prop_assert!(areas.is_subset(&BTreeSet::from([Area::Servers, Area::Host])), "{areas:?}");
        prop_assert!(report.findings.iter().all(|f| f.entry().is_some_and(|e| e.area == Area::Servers) || f.is(Check::TargetMissing)));
    }

    #[test]
    fn the_flows_gate_and_the_check_agree_on_a_delegation(facts in any_facts()) {
        let base = &facts.authorization_names[0];
        let gate = crate::gate::judge_delegation(&base.base, TARGET, &base.cname, &base.txt);
        let (record, _) = delegation::judge(&subject(Reachability::Internal), base);
        let status = record.expect("a registered one").status;
        if base.zone.is_served() {
            prop_assert_eq!(gate.is_ok(), status == RecordStatus::Ok);
        }
    }

    #[test]
    fn the_flows_gate_and_the_check_agree_on_a_persistent_record(facts in any_facts(), wildcard in any::<bool>()) {
        let (base, now) = (&facts.authorization_names[0], datetime!(2026-11-24 12:00 UTC));
        let ours = vocabulary::dns::PersistentIssuer::of(&issuer()).expect("both are known");
        let gate = persistent_record::fault(&base.base, wildcard, &ours, &base.persistent, now);
        let also: &[String] = if wildcard { &["*.shop.example.com".into()] } else { &[] };
        let names = EndpointNames::parse("shop.example.com", also, 9).expect("valid");
        let subject = Subject { names, ..subject_by(Reachability::Internal, true) };
        let (record, findings) = persistent_record::judge(&subject, base, &facts.issuer, now);
        if base.zone.is_served() {
            prop_assert_eq!(gate.is_none(), record.expect("the account is known").status == RecordStatus::Ok);
            prop_assert_eq!(gate.is_none(), findings.is_empty());
        }
    }
}

/// Facts of one host whose zone is served: `cname` at `_acme-challenge`, and the host points to `host`.
fn observed(cname: Answer, host: &[&str]) -> Facts {
    let served = vec![ServerAnswer { server: "ns".into(), answer: Answer::Records(vec!["ns 1".into()]) }];
    let state =
        ZoneState::Served { apex: "example.com".into(), servers: served, dnssec: Dnssec::Unsigned, differing: None };
    let zone = ZoneFacts { name: "shop.example.com".into(), state };
    let name: vocabulary::names::CertificateName = "shop.example.com".parse().expect("a name");
    let edge: std::net::IpAddr = "192.0.2.1".parse().expect("an address");
    let (there, ours) = (!host.is_empty(), host == [EDGE]);
    let end = ChainEnd::Addresses(if ours { vec![edge] } else { vec!["198.51.100.7".parse().expect("an address")] });
    let chain = Chain { names: host.iter().map(|name| (*name).to_owned()).collect(), end };
    let nothing = Chain { names: Vec::new(), end: ChainEnd::Nothing(Answer::NxDomain) };
    let answer = HostAnswer {
        server: "ns".into(),
        cname: if there { Answer::Records(chain.names.clone()) } else { Answer::NxDomain },
        a: if there { Answer::NoData } else { Answer::NxDomain },
        aaaa: Answer::NoData,
        chain: if there { chain } else { nothing },
    };
    let http = HttpObservation {
        redirects: Vec::new(),
        answer: if ours { ProbeAnswer::Body("expected".into()) } else { ProbeAnswer::Status(404) },
        mark: ours.then_some(Mark::Asked),
        fallback: None,
        expected: "expected".into(),
    };
    Facts {
        issuer: issuer(),
        authorization_names: vec![AuthorizationFacts {
            base: name.base.clone(),
            zone: zone.clone(),
            cname: vec![ServerAnswer { server: "ns".into(), answer: cname }],
            txt: Vec::new(),
            chain: None,
            doubled: None,
            leftover: Vec::new(),
            persistent: Vec::new(),
            around: Surroundings::default(),
            persistent_around: Surroundings::default(),
        }],
        caa: Vec::new(),
        hosts: vec![HostFacts {
            name,
            zone,
            answers: vec![answer],
            reserved: Vec::new(),
            http: Some(http),
            wildcard: None,
        }],
        platform: Some(Chain { names: Vec::new(), end: ChainEnd::Addresses(vec![edge]) }),
        tls: None,
        bogus: Vec::new(),
        root_answers: true,
    }
}

/// Check and severity of each finding, and whether the host is validated over DNS.
fn judged(subject: &Subject, facts: &Facts) -> (Vec<(String, Severity)>, bool) {
    let report = diagnose(subject, facts, datetime!(2026-11-24 12:00 UTC));
    let findings = report.findings.iter().map(|finding| (finding.check.clone(), finding.severity));
    (findings.collect(), !report.over_dns.is_empty())
}

#[test]
fn a_certificate_comes_before_the_switch_and_the_hosts_record_is_the_second_step() {
    let external = subject(Reachability::External);
    let delegated = || Answer::Records(vec![TARGET.into()]);
    for (host, check) in [(&[][..], "host-missing"), (&["live.example"][..], "host-elsewhere")] {
        let facts = observed(delegated(), host);
        assert_eq!(judged(&external, &facts), (vec![(check.into(), Severity::Warning)], true));
        let report = diagnose(&external, &facts, datetime!(2026-11-24 12:00 UTC));
        assert_eq!(obstacle(&report), None);
        assert!(report.findings[0].guidance.next_step().starts_with("When you are ready"), "{report:?}");
    }
    assert_eq!(judged(&external, &observed(delegated(), &[EDGE])), (vec![], false));
    let nothing = judged(&external, &observed(Answer::NxDomain, &[]));
    assert_eq!(nothing.0[0], ("delegation-missing".into(), Severity::Error), "the first step comes first");
    let ours = judged(&external, &observed(Answer::NxDomain, &[EDGE]));
    assert_eq!(ours.0, [("delegation-missing".into(), Severity::Error)], "whose host it is proves no tenant");
}

#[test]
fn a_name_with_a_certificate_continues_without_its_delegation_and_with_a_warning() {
    let trusting = Subject { tenant_proof: TenantProof::Off, ..subject(Reachability::External) };
    let gone = observed(Answer::NxDomain, &[EDGE]);
    assert_eq!(judged(&trusting, &gone).0, [("delegation-missing".into(), Severity::Notice)]);
    let mut known = subject(Reachability::External);
    known.certificate = Some(certificate(&known));
    assert_eq!(judged(&known, &gone).0, [("delegation-missing".into(), Severity::Warning)]);
    let another = Answer::Records(vec!["another.acme.platform.example".into()]);
    let moved = judged(&known, &observed(another, &[EDGE])).0;
    assert_eq!(moved, [("delegation-elsewhere".into(), Severity::Error)], "it is another registration's now");
    known.reachability = Reachability::Internal;
    let gone = Facts { hosts: Vec::new(), platform: None, ..gone };
    assert_eq!(judged(&known, &gone).0, [("delegation-missing".into(), Severity::Error)], "nothing else validates it");
}

/// `validationmethods` of the nearest CAA record.
fn with_methods(methods: &str, facts: Facts) -> Facts {
    let name = facts.authorization_names[0].base.as_str().parse().expect("a name");
    let record = format!("0 issue \"ca.example; validationmethods={methods}\"");
    let level = CaaLevel { name: "example.com".into(), aliases: Vec::new(), answer: Answer::Records(vec![record]) };
    Facts { caa: vec![CaaFacts { name, levels: vec![level] }], ..facts }
}

#[test]
fn the_challenge_is_one_that_caa_allows_if_the_dns_records_allow_it_too() {
    let external = subject(Reachability::External);
    let delegated = || Answer::Records(vec![TARGET.into()]);
    let is = |facts| judged(&external, &facts);
    // The platform answers at the host, so HTTP-01 is the usual choice.
    assert_eq!(is(with_methods("dns-01", observed(delegated(), &[EDGE]))), (vec![], true));
    assert_eq!(is(with_methods("http-01", observed(delegated(), &[EDGE]))), (vec![], false));
    assert_eq!(is(with_methods("dns-01,http-01", observed(delegated(), &[EDGE]))), (vec![], false));
    // It does not answer yet, and only DNS-01 could be used.
    let before = with_methods("http-01", observed(delegated(), &["live.example"]));
    let (findings, over_dns) = is(before.clone());
    assert_eq!(findings[0], ("caa-method".into(), Severity::Error));
    assert!(over_dns);
    let report = diagnose(&external, &before, datetime!(2026-11-24 12:00 UTC));
    let step = report.findings[0].guidance.next_step();
    assert!(step.contains("point the host at the platform") && step.contains("shop.example.com CNAME edge"), "{step}");
}

#[test]
fn where_caa_allows_only_dns_01_a_missing_delegation_is_part_of_the_next_step() {
    let trusting = Subject { tenant_proof: TenantProof::Off, ..subject(Reachability::External) };
    let facts = with_methods("dns-01", observed(Answer::NxDomain, &[EDGE]));
    let report = diagnose(&trusting, &facts, datetime!(2026-11-24 12:00 UTC));
    let finding = report.findings.iter().find(|finding| finding.is(Check::CaaMethod)).expect("it is an obstacle");
    let step = finding.guidance.next_step();
    assert!(step.contains(&format!("_acme-challenge.shop.example.com CNAME {TARGET}")), "{step}");
    let without = Subject { dns_method: DnsMethod::DnsPersist01, ..trusting };
    let report = diagnose(&without, &facts, datetime!(2026-11-24 12:00 UTC));
    assert!(report.findings.iter().any(|finding| finding.is(Check::CaaMethod)), "dns-01 is not its method");
}

fn certificate(subject: &Subject) -> InstalledCertificate {
    let at = datetime!(2026-11-01 12:00 UTC);
    InstalledCertificate {
        retired: vec![],
        authorizations: vec![],
        export: None,
        tags: vocabulary::certificate::CertificateTags::default(),
        arn: "arn:aws:acm:eu-central-1:000000000000:certificate/1".into(),
        serial: "AB".into(),
        issuer: "CN=test".into(),
        names: subject.names.iter().cloned().collect(),
        not_before: at,
        not_after: at + time::Duration::days(90),
        imported_at: at,
        renew_at: at + time::Duration::days(60),
        directory: None,
        renewal_id: None,
        advice: None,
        leaf: None,
        generation: 1,
        renewal: false,
        announced: true,
        copies: vec![],
        listeners: vec![],
    }
}
