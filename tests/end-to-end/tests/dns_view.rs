//! Public cases, met on the way that a resolver goes: from a root of the test's own to name servers with one fault each.
//! Needs no cloud.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use adapters::address_filter::Reach;
use adapters::dns::{Dns, Roots};
use adapters::http_probe::Probe;
use adapters::probe::EndpointProber;
use anyhow::{Result, ensure};
use diagnosis::report::{CheckReport, Finding, Severity};
use diagnosis::subject::Subject;
use domain::ports::Prober;
use local_cloud::{Behaviour, NameServer, StaticZone};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Reachability;
use vocabulary::dns::{Issuer, Platform, TenantProof};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointNames;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
const TARGET: &str = "label.acme.platform.test";
const NAME: &str = "_acme-challenge.shop.d.test";

/// A root that delegates `d.test` to one server, and `platform.test` to another. Each test has addresses of its own, so
/// that they can run side by side.
struct Internet {
    net: u8,
    port: u16,
    running: Vec<NameServer>,
}

impl Internet {
    /// `ns1.dns.test` serves `d.test` with these records; no owner's zone has other servers.
    async fn start(net: u8, records: &[(&str, &str, &str)]) -> Result<Self> {
        let mut internet = Self::without_owner(net).await?;
        let own = [&[("d.test", "NS", "ns1.dns.test.")], records].concat();
        internet.serve(3, Behaviour::Serving(StaticZone::new("d.test", &own)?)).await?;
        Ok(internet)
    }

    async fn without_owner(net: u8) -> Result<Self> {
        let at = |last: u8| format!("127.88.{net}.{last}");
        let port = UdpSocket::bind((at(1), 0))?.local_addr()?.port();
        let (platform, ns1, ns2) = (at(2), at(3), at(4));
        let root = StaticZone::new(
            ".",
            &[
                ("platform.test", "NS", "ns.dns.test."),
                ("d.test", "NS", "ns1.dns.test."),
                ("v6.test", "NS", "six.dns.test."),
                ("inside.test", "NS", "inside.dns.test."),
                ("ns.dns.test", "A", &platform),
                ("ns1.dns.test", "A", &ns1),
                ("ns2.dns.test", "A", &ns2),
                ("six.dns.test", "AAAA", "2001:db8::1"),
                ("inside.dns.test", "A", "10.0.0.2"),
            ],
        )?;
        let own = [("platform.test", "NS", "ns.dns.test."), ("acme.platform.test", "TXT", "\"none\"")];
        let platform = StaticZone::new("platform.test", &own)?;
        let mut internet = Self { net, port, running: Vec::new() };
        internet.serve(1, Behaviour::Serving(root)).await?;
        internet.serve(2, Behaviour::Serving(platform)).await?;
        Ok(internet)
    }

    fn address(&self, last: u8) -> IpAddr {
        IpAddr::from([127, 88, self.net, last])
    }

    async fn serve(&mut self, last: u8, behaviour: Behaviour) -> Result<()> {
        let address = SocketAddr::new(self.address(last), self.port);
        self.running.push(NameServer::start(address, behaviour).await?);
        Ok(())
    }

    async fn check(&self, subject: &Subject, now: OffsetDateTime) -> CheckReport {
        let loopback = vec!["127.0.0.0/8".parse().expect("a network")];
        let roots = Roots::Own { servers: vec![self.address(1)], trust: None };
        let dns = Dns::from_roots(roots, self.port, loopback.clone());
        let probe = Probe::new(Reach::new(dns.clone(), loopback), 1);
        let issuer = Issuer { identities: vec!["ca.test".into()], account: None };
        EndpointProber::new(dns, probe, None, issuer).probe(subject, now).await
    }

    async fn only_finding(&self) -> Result<Finding> {
        let report = self.check(&subject("shop.d.test"), NOW).await;
        ensure!(report.findings.len() == 1, "{report:#?}");
        Ok(report.findings[0].clone())
    }
}

fn subject(name: &str) -> Subject {
    let names = EndpointNames::parse(name, &[], 9).expect("a valid name");
    let platform = Platform {
        delegation_zone: "acme.platform.test".into(),
        endpoint_target: "edge.platform.test".parse().expect("a target"),
        tenant_proof: TenantProof::On,
        reserved: Vec::new(),
    };
    let mut subject = Subject::unregistered(names, Reachability::Internal.into(), &platform);
    subject.delegation_target = Some(TARGET.into());
    subject.registered = true;
    subject
}

fn next_step(finding: &Finding) -> &str {
    finding.guidance.next_step()
}

#[tokio::test]
async fn the_right_record_is_found_from_the_root() -> Result<()> {
    let internet = Internet::start(1, &[(NAME, "CNAME", "label.acme.platform.test.")]).await?;
    let report = internet.check(&subject("shop.d.test"), NOW).await;
    ensure!(report.findings.is_empty(), "{report:#?}");
    ensure!(report.records[0].found[0].server == "ns1.dns.test", "{report:#?}");
    Ok(())
}

#[tokio::test]
async fn a_wildcard_that_answers_is_named_and_nothing_is_to_be_deleted() -> Result<()> {
    let internet = Internet::start(2, &[("*.d.test", "CNAME", "sites.builder.test.")]).await?;
    let finding = internet.only_finding().await?;
    ensure!(finding.guidance.summary.contains("the wildcard record *.d.test answers"), "{finding:#?}");
    ensure!(next_step(&finding).starts_with("Create this record"), "{finding:#?}");
    let parked = [("*.d.test", "TXT", "\"parked\""), ("d.test", "A", "192.0.2.7")];
    let internet = Internet::start(3, &parked).await?;
    let finding = internet.only_finding().await?;
    ensure!(!next_step(&finding).contains("elete"), "{finding:#?}");
    Ok(())
}

#[tokio::test]
async fn a_record_at_a_near_name_is_found() -> Result<()> {
    for (net, near) in [(4, "_acme-challenge.d.test"), (5, "acme-challenge.shop.d.test")] {
        let internet = Internet::start(net, &[(near, "CNAME", "label.acme.platform.test.")]).await?;
        let finding = internet.only_finding().await?;
        ensure!(next_step(&finding).starts_with(&format!("Move the record from {near} to {NAME}")), "{finding:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_zone_of_its_own_at_the_challenge_is_named_before_registration_and_after() -> Result<()> {
    let internet = Internet::start(6, &[(NAME, "NS", "ns2.dns.test.")]).await?;
    let finding = internet.only_finding().await?;
    ensure!(finding.check == "delegation-own-zone", "{finding:#?}");
    ensure!(next_step(&finding).contains("NS ns2.dns.test"), "{finding:#?}");
    let new = Subject { registered: false, delegation_target: None, ..subject("shop.d.test") };
    let report = internet.check(&new, NOW).await;
    ensure!(report.findings[0].check == "delegation-own-zone" && report.is_well(), "{report:#?}");
    Ok(())
}

#[tokio::test]
async fn other_types_at_the_challenge_are_to_be_deleted_first() -> Result<()> {
    let internet = Internet::start(7, &[(NAME, "A", "192.0.2.7")]).await?;
    let finding = internet.only_finding().await?;
    ensure!(next_step(&finding).contains("A 192.0.2.7"), "{finding:#?}");
    Ok(())
}

#[tokio::test]
async fn what_registrar_and_zone_name_is_compared_and_both_are_asked() -> Result<()> {
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
async fn silence_is_nobodys_fault_until_it_has_lasted_while_the_root_answers() -> Result<()> {
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
async fn servers_that_cannot_be_asked_from_here_are_no_fault_and_none_in_our_network_is_asked() -> Result<()> {
    let internet = Internet::without_owner(10).await?;
    let report = internet.check(&subject("shop.v6.test"), NOW).await;
    let finding = &report.findings[0];
    ensure!((finding.check.as_str(), finding.guidance.waiting_on) == ("servers-unseen", WaitingOn::Nobody));
    ensure!(report.is_well(), "{report:#?}");
    let report = internet.check(&subject("shop.inside.test"), NOW).await;
    ensure!(report.findings[0].guidance.summary.contains("10.0.0.2 is not a public one"), "{report:#?}");
    Ok(())
}
