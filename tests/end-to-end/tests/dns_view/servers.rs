//! Name servers: odd habits that resolvers cope with, and faults.

use std::sync::Arc;

use anyhow::{Result, ensure};
use diagnosis::report::Severity;
use diagnosis::subject::Subject;
use local_cloud::{Behaviour, StaticZone};
use time::Duration;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointNames;

use crate::internet::{Internet, NAME, NOW, Took, next_step, subject};

#[tokio::test]
async fn the_servers_that_registrar_and_zone_name_are_compared_and_all_are_queried() -> Result<()> {
    let mut internet = Internet::without_owner(8).await?;
    let new = [("d.test", "NS", "ns2.dns.test."), (NAME, "CNAME", "label.acme.platform.test.")];
    internet.serve(3, Behaviour::Serving(StaticZone::new("d.test", &new)?)).await?;
    internet.serve(4, Behaviour::Serving(StaticZone::new("d.test", &new[..1])?)).await?;
    let report = internet.check(&subject("shop.d.test"), NOW).await;
    let checks: Vec<&str> = report.findings.iter().map(|finding| finding.check.as_str()).collect();
    ensure!(checks == ["servers-disagree", "name-servers-differ"], "{report:#?}");
    ensure!(next_step(&report.findings[0]).contains("The record is right at ns1.dns.test"), "{report:#?}");
    let differ = &report.findings[1].guidance.summary;
    ensure!(differ.contains("ns1.dns.test") && differ.contains("name ns2.dns.test"), "{report:#?}");
    Ok(())
}

#[tokio::test]
async fn silence_waits_on_nobody_at_first_and_on_the_domain_owner_when_it_lasts() -> Result<()> {
    let mut internet = Internet::without_owner(9).await?;
    internet.serve(3, Behaviour::Silent).await?;
    let mut subject = subject("shop.d.test");
    for (minutes, waiting_on, severity) in [
        (0, WaitingOn::Nobody, Severity::Warning),
        (1, WaitingOn::Nobody, Severity::Warning),
        (5, WaitingOn::DomainOwner, Severity::Error),
    ] {
        let report = internet.check(&subject, NOW + Duration::minutes(minutes)).await;
        let [finding] = report.findings.as_slice() else { anyhow::bail!("one: {report:#?}") };
        let seen = (finding.check.as_str(), finding.guidance.waiting_on, finding.severity);
        ensure!(seen == ("servers-silent", waiting_on, severity), "after {minutes} minutes: {report:#?}");
        subject.last_check = Some(report.summary());
    }
    Ok(())
}

#[tokio::test]
async fn servers_that_cannot_be_queried_from_here_are_no_fault_and_none_in_our_network_is_queried() -> Result<()> {
    let internet = Internet::without_owner(10).await?;
    let report = internet.check(&subject("shop.v6.test"), NOW).await;
    let finding = &report.findings[0];
    ensure!((finding.check.as_str(), finding.guidance.waiting_on) == ("servers-unseen", WaitingOn::Nobody));
    ensure!(report.is_well(), "{report:#?}");
    let report = internet.check(&subject("shop.inside.test"), NOW).await;
    ensure!(report.findings[0].guidance.summary.contains("10.0.0.2 is not a public one"), "{report:#?}");
    Ok(())
}

/// D13b: no resolver gets an answer, and the reason is not that nobody listens.
#[tokio::test]
async fn a_server_that_drops_edns_queries_is_reported_at_the_first_check() -> Result<()> {
    let (report, _) = Internet::seen_through(11, Behaviour::DroppingEdns).await?;
    let [finding] = report.findings.as_slice() else { anyhow::bail!("one: {report:#?}") };
    ensure!(finding.check == "servers-silent" && finding.severity == Severity::Error, "{finding:#?}");
    ensure!(finding.guidance.summary.contains("EDNS") && next_step(finding).contains("EDNS"), "{finding:#?}");
    Ok(())
}

/// D20: within the time of a check, and without a word of silence.
#[tokio::test]
async fn servers_that_take_long_are_waited_for_and_blamed_for_nothing() -> Result<()> {
    let slow = |zone| Behaviour::Slow(zone, Took::from_millis(1600));
    let (report, took) = Internet::seen_through(12, slow).await?;
    ensure!(took < Took::from_secs(10), "it took {took:?}");
    ensure!(report.findings.iter().all(|finding| finding.guidance.waiting_on == WaitingOn::Nobody), "{report:#?}");
    Ok(())
}

/// D9 (answers in other letters), D11 (a name server that is an alias), D16 (names in between denied), D21 (nothing but TCP):
/// resolvers get through.
#[tokio::test]
async fn habits_that_resolvers_cope_with_are_no_finding() -> Result<()> {
    let (denying, _) = Internet::seen_through(25, Behaviour::DenyingBetween).await?;
    let (truncating, _) = Internet::seen_through(26, Behaviour::Truncating).await?;
    let (shouting, _) = Internet::seen_through(34, Behaviour::Shouting).await?;
    for report in [denying, truncating, shouting] {
        ensure!(report.findings.is_empty() && report.is_well(), "{report:#?}");
    }
    let mut internet = Internet::without_owner(27).await?;
    let challenge = ("_acme-challenge.shop.alias.test", "CNAME", "label.acme.platform.test.");
    let zone = StaticZone::new("alias.test", &[("alias.test", "NS", "alias.dns.test."), challenge])?;
    internet.serve(3, Behaviour::Serving(zone)).await?;
    let report = internet.check(&subject("shop.alias.test"), NOW).await;
    ensure!(report.is_well(), "{report:#?}");
    Ok(())
}

/// RRL: of forty names' questions, the server drops a third and cuts a third short.
#[tokio::test]
async fn a_server_that_limits_its_answers_is_queried_again_until_all_is_known() -> Result<()> {
    let names: Vec<String> = (0..40).map(|number| format!("n{number}.d.test")).collect();
    let owners: Vec<String> = names.iter().map(|name| format!("_acme-challenge.{name}")).collect();
    let own = [("d.test", "NS", "ns1.dns.test.")].into_iter();
    let records: Vec<_> =
        own.chain(owners.iter().map(|owner| (owner.as_str(), "CNAME", "label.acme.platform.test."))).collect();
    let mut internet = Internet::without_owner(28).await?;
    internet.serve(3, Behaviour::Limiting(StaticZone::new("d.test", &records)?, Arc::default())).await?;
    let all = EndpointNames::parse(&names[0], &names[1..], 100)?;
    let report = internet.check(&Subject { names: all, ..subject("n0.d.test") }, NOW).await;
    let certain = report.findings.iter().filter(|finding| finding.guidance.waiting_on != WaitingOn::Nobody);
    ensure!(certain.count() == 0, "{report:#?}");
    Ok(())
}

/// Boulder #1411: one of two servers fails at CAA, and the resolver asks the other.
#[tokio::test]
async fn one_server_that_fails_among_several_keeps_nobody_out() -> Result<()> {
    let own = [
        ("d.test", "NS", "ns1.dns.test."),
        ("d.test", "NS", "ns2.dns.test."),
        (NAME, "CNAME", "label.acme.platform.test."),
    ];
    let mut internet = Internet::without_owner(29).await?;
    let zone = StaticZone::new("d.test", &own)?;
    internet.serve(3, Behaviour::Serving(zone.clone().failing_at("CAA")?)).await?;
    internet.serve(4, Behaviour::Serving(zone)).await?;
    let report = internet.check(&subject("shop.d.test"), NOW).await;
    ensure!(report.is_well(), "{report:#?}");
    Ok(())
}

/// A variant of D18: the zone names a server more, which refuses. What the registrar names answers.
#[tokio::test]
async fn a_server_that_the_zone_names_and_that_refuses_is_a_warning() -> Result<()> {
    let own = [
        ("d.test", "NS", "ns1.dns.test."),
        ("d.test", "NS", "ns2.dns.test."),
        (NAME, "CNAME", "label.acme.platform.test."),
    ];
    let mut internet = Internet::without_owner(32).await?;
    internet.serve(3, Behaviour::Serving(StaticZone::new("d.test", &own)?)).await?;
    internet.serve(4, Behaviour::Refused).await?;
    let report = internet.check(&subject("shop.d.test"), NOW).await;
    let checks: Vec<&str> = report.findings.iter().map(|finding| finding.check.as_str()).collect();
    ensure!(checks == ["servers-lame", "name-servers-differ"] && report.is_well(), "{report:#?}");
    Ok(())
}

/// Public suffixes are no zones of their own everywhere, and the climb for CAA passes through them.
#[tokio::test]
async fn a_public_suffix_within_the_zone_above_it_has_no_caa_and_is_no_fault() -> Result<()> {
    let mut internet = Internet::without_owner(33).await?;
    let challenge = ("_acme-challenge.shop.d.chiyoda.tokyo.jp", "CNAME", "label.acme.platform.test.");
    let zone = StaticZone::new("d.chiyoda.tokyo.jp", &[("d.chiyoda.tokyo.jp", "NS", "ns1.dns.test."), challenge])?;
    internet.serve(3, Behaviour::Serving(zone)).await?;
    let report = internet.check(&subject("shop.d.chiyoda.tokyo.jp"), NOW).await;
    ensure!(report.findings.is_empty(), "{report:#?}");
    Ok(())
}
