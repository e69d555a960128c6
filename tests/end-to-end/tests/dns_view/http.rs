//! Hosts: what a check says of each, and what the flow's gate says when an order has published a token. Each case is a host of
//! its own in one zone, with addresses of its own.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use anyhow::{Result, ensure};
use diagnosis::checks::http::Host as Judged;
use diagnosis::gate::{Probed, judge_probe};
use diagnosis::report::{CheckReport, Finding, RecordStatus, Severity};
use domain::ports::HttpProbe;
use local_cloud::{Behaviour, StaticZone};
use vocabulary::guidance::WaitingOn;

use crate::hosts::{EXPECTED, Reply, TOKEN};
use crate::internet::{EDGE, Internet, NOW, external, next_step};

/// What the flow's gate makes of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Passes,
    Refuses,
    Unknown,
}

/// A host, and what is said of it.
struct Case {
    about: &'static str,
    /// Its records: type and value, where `{N}` is the address of the net that ends so, and `{host}` its name.
    records: &'static [(&'static str, &'static str)],
    /// Who answers at which address.
    hosts: &'static [(u8, Answering)],
    /// The worst finding of a check; none where the CA gets through.
    check: Option<&'static str>,
    /// What is said: in the findings and their next steps.
    said: &'static [&'static str],
    /// Not said.
    not: &'static [&'static str],
    gate: Gate,
}

/// What a host answers, by its own name and the port of all hosts.
type Answering = fn(&str, u16) -> Reply;

const EDGE_RECORD: &[(&str, &str)] = &[("CNAME", "edge.platform.test.")];

fn elsewhere(_: &str, _: u16) -> Reply {
    Reply::page("hello")
}

/// Everything that depends on the host alone.
const CASES: &[Case] = &[
    Case { about: "right", records: EDGE_RECORD, hosts: &[], check: None, said: &[], not: &[], gate: Gate::Passes },
    Case {
        about: "H1, V-H1: private addresses beside a good one are left out",
        records: &[("A", "{20}"), ("A", "10.1.2.3"), ("AAAA", "fd00::1")],
        hosts: &[],
        check: Some("host-indirect"),
        said: &["has the private addresses 10.1.2.3, fd00::1, which CAs ignore, beside public ones"],
        not: &[],
        gate: Gate::Passes,
    },
    Case {
        about: "G1: several addresses are a list, and no chain",
        records: &[("A", "{30}"), ("A", "{31}"), ("A", "{32}")],
        hosts: &[(30, elsewhere), (31, elsewhere), (32, elsewhere)],
        check: Some("host-elsewhere"),
        said: &["{30}, {31}, {32}"],
        not: &["→"],
        gate: Gate::Refuses,
    },
    Case {
        about: "H3: 303",
        records: &[("A", "{33}")],
        hosts: &[(33, |_, port| Reply::redirect(303, &format!("http://edge.platform.test:{port}/")))],
        check: Some("host-elsewhere"),
        said: &["303"],
        not: &[],
        gate: Gate::Refuses,
    },
    Case {
        about: "H4: the slash after the host is missing",
        records: &[("A", "{34}")],
        hosts: &[(34, |host, _| Reply::redirect(301, &format!("https://www.{host}.well-known/acme-challenge/x")))],
        check: Some("host-elsewhere"),
        said: &["301", "a / is missing"],
        not: &[],
        gate: Gate::Refuses,
    },
    Case {
        about: "H5: a redirect to a host with a private address",
        records: &[("A", "{35}")],
        hosts: &[(35, |_, port| Reply::redirect(302, &format!("http://inside.d.test:{port}/x")))],
        check: Some("host-elsewhere"),
        said: &["inside.d.test", "10.1.2.3"],
        not: &["make the endpoint internal"],
        gate: Gate::Refuses,
    },
    Case {
        about: "H6: a redirect to another host of the platform",
        records: &[("A", "{36}")],
        hosts: &[(36, |_, port| {
            Reply::redirect(301, &format!("http://www.ours.test:{port}/.well-known/acme-challenge/{TOKEN}"))
        })],
        check: Some("host-elsewhere"),
        said: &["www.ours.test", "301"],
        not: &[],
        gate: Gate::Passes,
    },
    Case {
        about: "H8: an answer after 7 s",
        records: &[("A", "{37}")],
        hosts: &[(37, |_, _| Reply::SlowPlatform(Duration::from_secs(7)))],
        check: Some("host-indirect"),
        said: &[],
        not: &["timed out"],
        gate: Gate::Passes,
    },
    Case {
        about: "H11: HTTP/1.0 without a length",
        records: &[("A", "{38}")],
        hosts: &[(38, |_, _| Reply::Octets(format!("HTTP/1.0 200 OK\r\n\r\n{EXPECTED}").into()))],
        check: Some("host-elsewhere"),
        said: &[],
        not: &[],
        gate: Gate::Passes,
    },
    Case {
        about: "H12: a BOM before the body",
        records: &[("A", "{39}")],
        hosts: &[(39, |_, _| Reply::page(&format!("\u{feff}{EXPECTED}")))],
        check: Some("host-elsewhere"),
        said: &[],
        not: &[],
        gate: Gate::Refuses,
    },
    Case {
        about: "H13: 302 without Location",
        records: &[("A", "{40}")],
        hosts: &[(40, |_, _| Reply::redirect(302, ""))],
        check: Some("host-elsewhere"),
        said: &["302"],
        not: &[],
        gate: Gate::Refuses,
    },
    Case {
        about: "H14: a packed body",
        records: &[("A", "{41}")],
        hosts: &[(41, |_, _| Reply::packed(EXPECTED))],
        check: Some("host-elsewhere"),
        said: &[],
        not: &[],
        gate: Gate::Passes,
    },
    Case {
        about: "H15: 404 with the right body",
        records: &[("A", "{42}")],
        hosts: &[(42, |_, _| {
            Reply::Octets(
                format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{EXPECTED}", EXPECTED.len()).into(),
            )
        })],
        check: Some("host-elsewhere"),
        said: &["404"],
        not: &[],
        gate: Gate::Refuses,
    },
    Case {
        about: "H16: a redirect to https, where nobody has signed the certificate",
        records: &[("A", "{52}")],
        hosts: &[
            (52, |_, port| Reply::redirect(301, &format!("https://four.d.test:{port}/x"))),
            (53, |_, _| Reply::SelfSigned(Box::new(Reply::page(EXPECTED)))),
        ],
        check: Some("host-elsewhere"),
        said: &["four.d.test", "301"],
        not: &["certificate"],
        gate: Gate::Passes,
    },
    Case {
        about: "H17: a redirect to an IP address is followed",
        records: &[("A", "{43}")],
        hosts: &[(43, |_, port| {
            Reply::redirect(302, &format!("http://127.88.50.20:{port}/.well-known/acme-challenge/{TOKEN}"))
        })],
        check: Some("host-elsewhere"),
        said: &["127.88.50.20"],
        not: &["does not follow"],
        gate: Gate::Passes,
    },
    Case {
        about: "H21: an A record beside the CNAME",
        records: &[("CNAME", "edge.platform.test."), ("A", "{44}")],
        hosts: &[(44, elsewhere)],
        check: Some("host-conflict"),
        said: &["{44}"],
        not: &[],
        gate: Gate::Refuses,
    },
    Case {
        about: "D27: the zone appended to the target",
        records: &[("CNAME", "edge.platform.test.d.test.")],
        hosts: &[],
        check: Some("host-elsewhere"),
        said: &["edge.platform.test.d.test", "a dot at the end of the target"],
        not: &[],
        gate: Gate::Refuses,
    },
    Case {
        about: "V-G1: aliases are a chain, and the addresses behind them a list",
        records: &[("CNAME", "farm.d.test.")],
        hosts: &[(45, elsewhere), (46, elsewhere)],
        check: Some("host-elsewhere"),
        said: &["farm.d.test → pool.d.test", "{45}, {46}"],
        not: &[],
        gate: Gate::Refuses,
    },
    Case {
        about: "V-H13a: two redirects, and the last host breaks off",
        records: &[("A", "{47}")],
        hosts: &[
            (47, |_, port| Reply::redirect(301, &format!("http://two.d.test:{port}/x"))),
            (48, |_, port| Reply::redirect(302, &format!("http://three.d.test:{port}/x"))),
            (49, |_, _| Reply::Break),
        ],
        check: Some("host-elsewhere"),
        said: &["two.d.test", "three.d.test", "301", "302"],
        not: &[],
        gate: Gate::Refuses,
    },
    Case {
        about: "V-H13b: a redirect to a host without an address",
        records: &[("A", "{50}")],
        hosts: &[(50, |_, port| Reply::redirect(301, &format!("http://nothing.d.test:{port}/x")))],
        check: Some("host-elsewhere"),
        said: &["nothing.d.test", "301"],
        not: &[],
        gate: Gate::Refuses,
    },
    Case {
        about: "a host that takes the request and never answers is to be asked again",
        records: &[("A", "{51}")],
        hosts: &[(51, |_, _| Reply::Nothing)],
        check: Some("host-elsewhere"),
        said: &["10 seconds"],
        not: &[],
        gate: Gate::Refuses,
    },
];

const NET: u8 = 50;

fn filled(text: &str, host: &str) -> String {
    let mut text = text.replace("{host}", host);
    for last in 20..60_u8 {
        text = text.replace(&format!("{{{last}}}"), &format!("127.88.{NET}.{last}"));
    }
    text
}

/// The cases' zone, and their hosts.
async fn internet() -> Result<Internet> {
    let mut internet = Internet::with_root(NET, &[("ours.test", "NS", "ns2.dns.test.")]).await?;
    let mut records: Vec<(String, &str, String)> = vec![
        ("d.test".into(), "NS", "ns1.dns.test.".into()),
        ("inside.d.test".into(), "A", "10.1.2.3".into()),
        ("farm.d.test".into(), "CNAME", "pool.d.test.".into()),
        ("pool.d.test".into(), "A", filled("{45}", "")),
        ("pool.d.test".into(), "A", filled("{46}", "")),
        ("two.d.test".into(), "A", filled("{48}", "")),
        ("three.d.test".into(), "A", filled("{49}", "")),
        ("four.d.test".into(), "A", filled("{53}", "")),
    ];
    for (number, case) in CASES.iter().enumerate() {
        let host = name(number);
        records.extend(case.records.iter().map(|(kind, value)| (host.clone(), *kind, filled(value, &host))));
    }
    let records: Vec<(&str, &str, &str)> =
        records.iter().map(|(owner, kind, value)| (owner.as_str(), *kind, value.as_str())).collect();
    internet.serve(3, Behaviour::Serving(StaticZone::new("d.test", &records)?)).await?;
    let edge = internet.address(EDGE);
    let ours = [("ours.test", "NS", "ns2.dns.test."), ("www.ours.test", "CNAME", "edge.platform.test.")];
    internet.serve(4, Behaviour::Serving(StaticZone::new("ours.test", &ours)?)).await?;
    internet.hosts(vec![(edge, Reply::Platform)]).await?;
    let port = internet.http;
    for (number, case) in CASES.iter().enumerate() {
        let host = name(number);
        let replies = case.hosts.iter().map(|(last, reply)| (IpAddr::from([127, 88, NET, *last]), reply(&host, port)));
        internet.hosts(replies.collect()).await?;
    }
    Ok(internet)
}

fn name(number: usize) -> String {
    format!("h{number}.d.test")
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_hosts_are_judged_as_lets_encrypt_does_and_reported() -> Result<()> {
    let internet = internet().await?;
    // Side by side: one of them takes its time.
    let judged = futures::future::join_all(CASES.iter().enumerate().map(async |(number, case)| {
        let host = name(number);
        let report = internet.check(&external(&host, &[]), NOW).await;
        let gate = gate(&internet, &host).await?;
        anyhow::Ok((case, host, report, gate))
    }));
    let mut wrong = Vec::new();
    for judged in judged.await {
        let (case, host, report, gate) = judged?;
        if let Err(error) = as_expected(case, &host, &report, &gate) {
            wrong.push(format!("{} ({host}): {error:#}\n{:#?}\ngate: {gate:?}", case.about, report.findings));
        }
    }
    ensure!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n\n"));
    Ok(())
}

/// What an attempt that has published a token says of the host.
async fn gate(internet: &Internet, host: &str) -> Result<Probed> {
    let observed = internet.probe()?.fetch(&host.parse()?, TOKEN, EXPECTED).await;
    Ok(judge_probe(&Judged { name: &host.parse()?, subject: &external(host, &[]) }, &observed))
}

fn as_expected(case: &Case, host: &str, report: &CheckReport, gate: &Probed) -> Result<()> {
    let worst = report.findings.first();
    ensure!(worst.map(|finding| finding.check.as_str()) == case.check, "the check");
    let passed = match gate {
        Probed::Passed => Gate::Passes,
        Probed::Wrong(_) => Gate::Refuses,
        Probed::Unknown(_) | Probed::PlatformsFault(_) => Gate::Unknown,
    };
    ensure!(passed == case.gate, "the gate: {passed:?}");
    let said = |finding: &Finding| format!("{} {} {}", finding.subject, finding.guidance.summary, next_step(finding));
    let check = report.findings.iter().map(said).collect::<Vec<_>>().join("\n");
    for words in case.said {
        ensure!(check.contains(&filled(words, host)), "“{words}” is not said: {check}");
    }
    for words in case.not {
        ensure!(!check.contains(&filled(words, host)), "“{words}” is said: {check}");
    }
    Ok(())
}

/// X11 and X12: an IPv6 address that is dead is a warning, as the CA falls back; one that answers is used.
#[tokio::test]
async fn a_dead_ipv6_address_is_a_warning_and_one_that_answers_elsewhere_is_an_error() -> Result<()> {
    for (net, answers, check, severity) in
        [(51, false, "host-ipv6-elsewhere", Severity::Warning), (52, true, "host-ipv6-elsewhere", Severity::Error)]
    {
        let edge = format!("127.88.{net}.{EDGE}");
        let records = [("shop.d.test", "A", edge.as_str()), ("shop.d.test", "AAAA", "::1")];
        let mut internet = Internet::start(net, &records).await?;
        internet.hosts(vec![(internet.address(EDGE), Reply::Platform)]).await?;
        if answers {
            internet.hosts(vec![(Ipv6Addr::LOCALHOST.into(), Reply::page("hello"))]).await?;
        }
        let report = internet.check(&external("shop.d.test", &[]), NOW).await;
        let [finding, ..] = report.findings.as_slice() else { anyhow::bail!("{report:#?}") };
        ensure!((finding.check.as_str(), finding.severity) == (check, severity), "answers: {answers}: {report:#?}");
        let gate = gate(&internet, "shop.d.test").await?;
        ensure!(matches!(gate, Probed::Passed) != answers, "{gate:?}");
    }
    Ok(())
}

/// K1: of three names one is gone. The record to create is named, and that the name can be taken off.
#[tokio::test]
async fn one_of_several_names_that_is_gone_can_be_created_or_taken_off() -> Result<()> {
    let to_the_edge = |host| (host, "CNAME", "edge.platform.test.");
    let mut internet = Internet::start(53, &[to_the_edge("a.d.test"), to_the_edge("c.d.test")]).await?;
    internet.hosts(vec![(internet.address(EDGE), Reply::Platform)]).await?;
    let subject = external("a.d.test", &["b.d.test".into(), "c.d.test".into()]);
    let report = internet.check(&subject, NOW).await;
    let [finding] = report.findings.as_slice() else { anyhow::bail!("{report:#?}") };
    ensure!((finding.check.as_str(), finding.subject.as_str()) == ("host-missing", "b.d.test"), "{finding:#?}");
    ensure!(finding.guidance.waiting_on == WaitingOn::DomainOwner, "{finding:#?}");
    let step = next_step(finding);
    ensure!(
        step.contains("b.d.test CNAME edge.platform.test")
            && step.contains("Or have the platform take the name off the certificate: managed-https change"),
        "{step}"
    );
    ensure!(!step.contains("port 80"), "{step}");
    Ok(())
}

/// V-D5: a wildcard answers for the host; its own record is created, and nothing is removed.
#[tokio::test]
async fn where_a_wildcard_answers_for_the_host_its_record_is_created_and_none_removed() -> Result<()> {
    let site = "127.88.54.30";
    let mut internet = Internet::start(54, &[("*.d.test", "A", site)]).await?;
    internet.hosts(vec![(internet.address(EDGE), Reply::Platform)]).await?;
    internet.hosts(vec![(internet.address(30), Reply::page("for sale"))]).await?;
    let report = internet.check(&external("shop.d.test", &[]), NOW).await;
    let [finding, ..] = report.findings.as_slice() else { anyhow::bail!("{report:#?}") };
    ensure!(finding.guidance.summary.contains("*.d.test"), "{finding:#?}");
    let step = next_step(finding);
    ensure!(step.starts_with("Create") && !step.contains("emove") && !step.contains("elete"), "{finding:#?}");
    ensure!(report.records.iter().any(|record| record.status == RecordStatus::Mismatch), "{report:#?}");
    Ok(())
}

/// BIG: 97 hosts that each take a second are asked side by side.
#[tokio::test(flavor = "multi_thread")]
async fn many_slow_hosts_are_probed_in_parallel() -> Result<()> {
    let names: Vec<String> = (0..97).map(|number| format!("n{number}.d.test")).collect();
    let slow = "127.88.55.30";
    let records: Vec<_> = names.iter().map(|name| (name.as_str(), "A", slow)).collect();
    let mut internet = Internet::start(55, &records).await?;
    internet.hosts(vec![(internet.address(EDGE), Reply::Platform)]).await?;
    internet.hosts(vec![(internet.address(30), Reply::SlowPlatform(Duration::from_secs(1)))]).await?;
    let names = vocabulary::names::EndpointNames::parse(&names[0], &names[1..], 100)?;
    let subject = diagnosis::subject::Subject { names, ..external("n0.d.test", &[]) };
    let begun = std::time::Instant::now();
    let report = internet.check(&subject, NOW).await;
    ensure!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    ensure!(report.is_well() && report.records.len() >= 97, "{report:#?}");
    Ok(())
}
