//! CAA as the CA parses it, at the name that holds the records: each case in a zone of its own that is served.

use anyhow::{Result, ensure};
use diagnosis::report::{CheckReport, Severity};
use local_cloud::{Behaviour, ServerEffect, StaticZone};
use vocabulary::dns::Issuer;
use vocabulary::guidance::WaitingOn;

use crate::internet::{Internet, NAME, NOW, external, next_step, subject};

const OURS: &str = "https://ca.test/acct/1";

/// The records of one name, and the check that they fail; none where the CA issues.
type Case = (&'static str, &'static [&'static str], Option<&'static str>);

/// Boulder's reading of each, of a name that is validated over DNS-01.
const CASES: [Case; 21] = [
    ("C1", &["1 tbs \"x\"", "0 issue \"ca.test\""], Some("caa-critical")),
    ("C2", &["0 issue \"ca.test; accounturi=https://ca.test/acct/1;\""], Some("caa-forbids")),
    ("C5", &["0 issue \"ca.test; validationmethods=dns-01, http-01\""], Some("caa-forbids")),
    ("C6", &["0 issue \"ca.test accounturi=https://ca.test/acct/1\""], Some("caa-forbids")),
    ("C7", &["128 contactemail \"a@d.test\"", "0 issue \"ca.test\""], Some("caa-critical")),
    (
        "C8",
        &["0 issue \"ca.test; accounturi=https://ca.test/acct/2; accounturi=https://ca.test/acct/1\""],
        Some("caa-account"),
    ),
    ("C16", &["0 issuewild \"other.test\""], None),
    ("C17", &["0 issue \"https://ca.test\""], Some("caa-forbids")),
    ("C18", &["0 issue \"ca.test.\""], Some("caa-forbids")),
    ("C19", &["0 issue \"www.ca.test\""], Some("caa-forbids")),
    ("C20", &["0 issue \"\""], Some("caa-forbids")),
    ("V-C5a", &["0 issue \" ca.test ; validationmethods = dns-01 \""], None),
    ("V-C5b", &["0 issue \"ca.test; accounturi='https://ca.test/acct/1'\""], Some("caa-account")),
    ("V-CMa", &["0 issue \"ca.test; validationmethods=dns-01\""], None),
    ("V-CMb", &["0 issue \"ca.test; validationmethods=http-01\""], Some("caa-method")),
    ("allowed", &["0 issue \"ca.test\""], None),
    ("one of several", &["0 issue \"other.test\"", "0 issue \"ca.test\""], None),
    ("our account", &["0 issue \"ca.test; accounturi=https://ca.test/acct/1\""], None),
    ("another account", &["0 issue \"ca.test; accounturi=https://ca.test/acct/2\""], Some("caa-account")),
    ("the tag in capitals", &["0 ISSUE \"ca.test\""], None),
    ("the CA in capitals", &["0 issue \"CA.test\""], Some("caa-forbids")),
];

#[tokio::test]
async fn records_decide_as_boulder_reads_them() -> Result<()> {
    let hosts: Vec<String> = (0..CASES.len()).map(|number| format!("c{number}.d.test")).collect();
    let challenges: Vec<String> = hosts.iter().map(|host| format!("_acme-challenge.{host}")).collect();
    let mut records: Vec<(&str, &str, &str)> = Vec::new();
    for ((host, challenge), (_, caa, _)) in hosts.iter().zip(&challenges).zip(&CASES) {
        records.push((challenge, "CNAME", "label.acme.platform.test."));
        records.extend(caa.iter().map(|value| (host.as_str(), "CAA", *value)));
    }
    let mut internet = Internet::start(40, &records).await?;
    internet.issuer = Issuer { identities: vec!["ca.test".into()], account: Some(OURS.into()) };
    let mut wrong = Vec::new();
    for (host, (case, records, expected)) in hosts.iter().zip(&CASES) {
        let report = internet.check(&subject(host), NOW).await;
        if let Err(error) = as_expected(&report, host, *expected) {
            wrong.push(format!("{case} {records:?}: {error:#}\n{report:#?}"));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn as_expected(report: &CheckReport, host: &str, expected: Option<&str>) -> Result<()> {
    let checks: Vec<&str> = report.findings.iter().map(|finding| finding.check.as_str()).collect();
    ensure!(checks == expected.into_iter().collect::<Vec<_>>(), "{checks:?}");
    let Some(finding) = report.findings.first() else { return Ok(()) };
    ensure!(finding.severity == Severity::Error && finding.guidance.waiting_on == WaitingOn::DomainOwner);
    ensure!(finding.subject == host && finding.guidance.at_fault.as_deref() == Some(host), "at the holder");
    ensure!(finding.guidance.action.is_some(), "with a next step");
    Ok(())
}

/// C9 to C13: a level that refuses, does not know the type or says nothing keeps the CA out; an empty answer is one, whatever
/// SOA record comes with it.
#[tokio::test]
async fn silence_and_refusals_for_caa_alone_are_reported_and_an_odd_soa_record_is_not() -> Result<()> {
    let caa = || "CAA".to_owned();
    for (net, case, effect, expected) in [
        (41, "C9", ServerEffect::RefusingAt(caa()), Some(WaitingOn::DomainOwner)),
        (42, "C10", ServerEffect::NotImplementingAt(caa()), Some(WaitingOn::DomainOwner)),
        // Once may be chance.
        (43, "C11", ServerEffect::SilentAt(caa()), Some(WaitingOn::Nobody)),
        (44, "C12", ServerEffect::WithoutSoa, None),
        (45, "C13", ServerEffect::ForeignSoa, None),
    ] {
        let (report, _) = Internet::seen_through(net, |zone| Behaviour::Serving(zone.with(effect))).await?;
        let seen: Vec<_> =
            report.findings.iter().map(|finding| (finding.check.as_str(), finding.guidance.waiting_on)).collect();
        let expected: Vec<_> = expected.map(|waiting_on| ("caa-unanswered", waiting_on)).into_iter().collect();
        ensure!(seen == expected, "{case}: {report:#?}");
    }
    Ok(())
}

/// C14 and C22: behind an alias the records belong to somebody else, and the finding names their holder: the operator at
/// the platform's own target, and a stranger elsewhere. Never is a record offered at the alias.
#[tokio::test]
async fn behind_an_alias_the_holder_is_named_and_its_owner_waited_on() -> Result<()> {
    let root = [("builder.test", "NS", "ns2.dns.test.")];
    let mut internet = Internet::with_root(46, &root).await?;
    let own = [
        ("d.test", "NS", "ns1.dns.test."),
        ("ours.d.test", "CNAME", "edge.platform.test."),
        ("theirs.d.test", "CNAME", "sites.builder.test."),
        // V-C22: an alias between the host and its domain.
        ("tree.d.test", "CNAME", "sites.builder.test."),
        ("_acme-challenge.shop.tree.d.test", "CNAME", "label.acme.platform.test."),
    ];
    internet.serve(3, Behaviour::Serving(StaticZone::new("d.test", &own)?)).await?;
    let builder = [("builder.test", "NS", "ns2.dns.test."), ("sites.builder.test", "CAA", "0 issue \"other.test\"")];
    internet.serve(4, Behaviour::Serving(StaticZone::new("builder.test", &builder)?)).await?;

    let report = internet.check(&external("theirs.d.test", &[]), NOW).await;
    let Some(caa) = report.findings.iter().find(|finding| finding.check == "caa-forbids") else {
        anyhow::bail!("{report:#?}")
    };
    ensure!(caa.subject == "sites.builder.test" && caa.guidance.waiting_on == WaitingOn::DomainOwner, "{caa:#?}");
    ensure!(next_step(caa).contains("point theirs.d.test elsewhere") && caa.guidance.record.is_none(), "{caa:#?}");

    let report = internet.check(&subject("shop.tree.d.test"), NOW).await;
    let [caa] = report.findings.as_slice() else { anyhow::bail!("{report:#?}") };
    ensure!(caa.subject == "sites.builder.test" && caa.guidance.record.is_none(), "{caa:#?}");
    ensure!(caa.guidance.summary.contains("tree.d.test is an alias of it"), "{caa:#?}");
    Ok(())
}

/// C14: every external endpoint leads there, so it is one cause, and the operator's.
#[tokio::test]
async fn records_at_the_platforms_own_target_wait_on_the_operator() -> Result<()> {
    let mut internet = Internet::with_root(47, &[("cloud.test", "NS", "ns2.dns.test.")]).await?;
    let own = [("d.test", "NS", "ns1.dns.test."), ("shop.d.test", "CNAME", "edge.cloud.test.")];
    internet.serve(3, Behaviour::Serving(StaticZone::new("d.test", &own)?)).await?;
    let edge = internet.address(crate::internet::EDGE).to_string();
    let cloud = [
        ("cloud.test", "NS", "ns2.dns.test."),
        ("edge.cloud.test", "A", edge.as_str()),
        ("edge.cloud.test", "CAA", "0 issue \"other.test\""),
    ];
    internet.serve(4, Behaviour::Serving(StaticZone::new("cloud.test", &cloud)?)).await?;
    let mut subject = external("shop.d.test", &[]);
    subject.endpoint_target = "edge.cloud.test".into();
    let report = internet.check(&subject, NOW).await;
    let Some(caa) = report.findings.iter().find(|finding| finding.check == "caa-forbids") else {
        anyhow::bail!("{report:#?}")
    };
    ensure!((caa.subject.as_str(), caa.guidance.waiting_on) == ("edge.cloud.test", WaitingOn::Operator), "{caa:#?}");
    ensure!(caa.guidance.record.as_ref().is_some_and(|record| record.name == "edge.cloud.test"), "{caa:#?}");
    Ok(())
}

/// C-TLD and V-TLD: the servers of a top-level domain that fail at CAA are nobody's fault here; one that does not exist is the
/// domain owner's.
#[tokio::test]
async fn a_failing_top_level_domain_waits_on_nobody_and_an_unknown_one_is_not_found() -> Result<()> {
    let mut internet = Internet::with_root(48, &[("org", "NS", "ns2.dns.test.")]).await?;
    let shop = [("d.org", "NS", "ns1.dns.test."), ("_acme-challenge.shop.d.org", "CNAME", "label.acme.platform.test.")];
    internet.serve(3, Behaviour::Serving(StaticZone::new("d.org", &shop)?)).await?;
    let registry = StaticZone::new("org", &[("org", "NS", "ns2.dns.test."), ("d.org", "NS", "ns1.dns.test.")])?;
    internet.serve(4, Behaviour::Serving(registry.failing_at("CAA")?)).await?;
    let report = internet.check(&subject("shop.d.org"), NOW).await;
    let [caa] = report.findings.as_slice() else { anyhow::bail!("{report:#?}") };
    let seen = (caa.check.as_str(), caa.subject.as_str(), caa.guidance.waiting_on);
    ensure!(seen == ("caa-unanswered", "org", WaitingOn::Nobody), "{report:#?}");
    ensure!(NAME.ends_with("d.test"), "the names of the other tests are not this one's");

    let report = internet.check(&subject("shop.d.nowhere"), NOW).await;
    ensure!(report.findings.iter().any(|finding| finding.check == "domain-not-found"), "{report:#?}");
    Ok(())
}
