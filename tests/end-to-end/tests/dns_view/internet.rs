//! A small internet: a root of the test's own, and name servers with one fault each.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use adapters::address_filter::Reach;
use adapters::dns::{Dns, Roots, TrustAnchor};
use adapters::http_probe::Probe;
use adapters::probe::EndpointProber;
use anyhow::{Context, Result, ensure};
use diagnosis::report::{CheckReport, Finding};
use diagnosis::subject::Subject;
use domain::ports::Prober;
use local_cloud::{Behaviour, NameServer, StaticZone, ds_record, trust_anchor};
use time::OffsetDateTime;
use time::macros::datetime;
use vocabulary::acme::Reachability;
use vocabulary::dns::{Issuer, Platform, TenantProof};
use vocabulary::names::EndpointNames;

use crate::hosts::{Host, Reply};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
pub(crate) const TARGET: &str = "label.acme.platform.test";
pub(crate) const NAME: &str = "_acme-challenge.shop.d.test";

/// A root that delegates `d.test` to one server, and `platform.test` to another. Each test has addresses of its own, so
/// that they can run side by side.
pub(crate) struct Internet {
    net: u8,
    port: u16,
    /// Where hosts listen; with nobody there, every host refuses.
    pub(crate) http: u16,
    pub(crate) issuer: Issuer,
    /// Of a root that is signed.
    trust: Option<TrustAnchor>,
    running: Vec<NameServer>,
    hosts: Vec<Host>,
}

impl Internet {
    /// `ns1.dns.test` serves `d.test` with these records; no owner's zone has other servers.
    pub(crate) async fn start(net: u8, records: &[(&str, &str, &str)]) -> Result<Self> {
        let mut internet = Self::without_owner(net).await?;
        let own = [&[("d.test", "NS", "ns1.dns.test.")], records].concat();
        internet.serve(3, Behaviour::Serving(StaticZone::new("d.test", &own)?)).await?;
        Ok(internet)
    }

    pub(crate) async fn without_owner(net: u8) -> Result<Self> {
        Self::with_root(net, &[]).await
    }

    /// The root delegates so many domains more, `d0.test` and on, to `ns1.dns.test`.
    pub(crate) async fn delegating(net: u8, domains: usize) -> Result<Self> {
        let more: Vec<String> = (0..domains).map(|number| format!("d{number}.test")).collect();
        let more: Vec<_> = more.iter().map(|domain| (domain.as_str(), "NS", "ns1.dns.test.")).collect();
        Self::with_root(net, &more).await
    }

    /// Whose root has these records as well.
    pub(crate) async fn with_root(net: u8, more: &[(&str, &str, &str)]) -> Result<Self> {
        Self::of(net, more, false).await
    }

    /// Whose root is signed, and says that `d.test` is.
    pub(crate) async fn signed(net: u8) -> Result<Self> {
        Self::of(net, &[("d.test", "DS", &ds_record("d.test")?)], true).await
    }

    async fn of(net: u8, more: &[(&str, &str, &str)], is_signed: bool) -> Result<Self> {
        let at = |last: u8| format!("127.88.{net}.{last}");
        let port = UdpSocket::bind((at(1), 0))?.local_addr()?.port();
        let (platform, ns1, ns2, edge) = (at(2), at(3), at(4), at(EDGE));
        let root = [
            ("platform.test", "NS", "ns.dns.test."),
            ("d.test", "NS", "ns1.dns.test."),
            ("d.chiyoda.tokyo.jp", "NS", "ns1.dns.test."),
            ("alias.test", "NS", "alias.dns.test."),
            ("alias.dns.test", "CNAME", "ns1.dns.test."),
            ("v6.test", "NS", "six.dns.test."),
            ("inside.test", "NS", "inside.dns.test."),
            ("ns.dns.test", "A", &platform),
            ("ns1.dns.test", "A", &ns1),
            ("ns2.dns.test", "A", &ns2),
            ("six.dns.test", "AAAA", "2001:db8::1"),
            ("inside.dns.test", "A", "10.0.0.2"),
        ];
        let root = StaticZone::new(".", &[&root[..], more].concat())?;
        let root = if is_signed { root.signed()? } else { root };
        let trust = is_signed.then(|| trust_anchor()?.parse::<TrustAnchor>().context("the root's key")).transpose()?;
        let own = [
            ("platform.test", "NS", "ns.dns.test."),
            ("acme.platform.test", "TXT", "\"none\""),
            ("edge.platform.test", "A", &edge),
        ];
        let platform = StaticZone::new("platform.test", &own)?;
        let mut internet = Self { net, port, http: 1, issuer: issuer(), trust, running: Vec::new(), hosts: Vec::new() };
        internet.serve(1, Behaviour::Serving(root)).await?;
        internet.serve(2, Behaviour::Serving(platform)).await?;
        Ok(internet)
    }

    pub(crate) fn address(&self, last: u8) -> IpAddr {
        IpAddr::from([127, 88, self.net, last])
    }

    pub(crate) async fn serve(&mut self, last: u8, behaviour: Behaviour) -> Result<()> {
        let address = SocketAddr::new(self.address(last), self.port);
        self.running.push(NameServer::start(address, behaviour).await?);
        Ok(())
    }

    /// Lets hosts answer at addresses of this net, all at one port.
    pub(crate) async fn hosts(&mut self, hosts: Vec<(IpAddr, Reply)>) -> Result<()> {
        for (address, reply) in hosts {
            let known = if self.hosts.is_empty() { 0 } else { self.http };
            let host = Host::start(SocketAddr::new(address, known), reply).await?;
            self.http = host.port;
            self.hosts.push(host);
        }
        Ok(())
    }

    pub(crate) fn prober(&self) -> Result<EndpointProber> {
        let (dns, probe) = (self.dns()?, self.probe()?);
        Ok(EndpointProber::new(dns, probe, None, self.issuer.clone()))
    }

    /// As a function resolves in production: from the root.
    pub(crate) fn dns(&self) -> Result<Dns> {
        let roots = Roots::Own { servers: vec![self.address(1)], trust: self.trust.clone() };
        Ok(Dns::from_roots(roots, self.port, vec!["127.0.0.0/8".parse()?]))
    }

    /// The one IPv6 address of this machine is a public one here, as all of its IPv4 addresses are.
    pub(crate) fn probe(&self) -> Result<Probe> {
        let reached = vec!["127.0.0.0/8".parse()?, "::1/128".parse()?];
        Ok(Probe::new(Reach::new(self.dns()?, reached), self.http))
    }

    pub(crate) async fn check(&self, subject: &Subject, now: OffsetDateTime) -> CheckReport {
        self.prober().expect("networks").probe(subject, now).await
    }

    /// What one server with this behaviour, and the right delegation, makes of the domain.
    pub(crate) async fn seen_through(
        net: u8,
        behaviour: impl FnOnce(StaticZone) -> Behaviour,
    ) -> Result<(CheckReport, Took)> {
        let own = [("d.test", "NS", "ns1.dns.test."), (NAME, "CNAME", "label.acme.platform.test.")];
        let mut internet = Self::without_owner(net).await?;
        internet.serve(3, behaviour(StaticZone::new("d.test", &own)?)).await?;
        let begun = std::time::Instant::now();
        let report = internet.check(&subject("shop.d.test"), NOW).await;
        Ok((report, begun.elapsed()))
    }

    pub(crate) async fn only_finding(&self) -> Result<Finding> {
        let report = self.check(&subject("shop.d.test"), NOW).await;
        ensure!(report.findings.len() == 1, "{report:#?}");
        Ok(report.findings[0].clone())
    }
}

/// The last octet of the platform's edge.
pub(crate) const EDGE: u8 = 20;

fn issuer() -> Issuer {
    Issuer { identities: vec!["ca.test".into()], account: None }
}

pub(crate) type Took = std::time::Duration;

/// An external endpoint where nobody has to prove a tenant, so that all depends on its hosts.
pub(crate) fn external(name: &str, also: &[String]) -> Subject {
    let names = EndpointNames::parse(name, also, 9).expect("valid names");
    let platform = Platform {
        delegation_zone: "acme.platform.test".into(),
        endpoint_target: "edge.platform.test".parse().expect("a target"),
        tenant_proof: TenantProof::Off,
        reserved: Vec::new(),
    };
    Subject { registered: true, ..Subject::unregistered(names, Reachability::External.into(), &platform) }
}

pub(crate) fn subject(name: &str) -> Subject {
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

pub(crate) fn next_step(finding: &Finding) -> &str {
    finding.guidance.next_step()
}
