//! Zones below a top-level domain of the test's own, with name servers that are found as on the internet.

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;

use adapters::address_filter::Reach;
use adapters::dns::Dns;
use adapters::http_probe::Probe;
use adapters::probe::EndpointProber;
use adapters::tls_probe::TlsProbe;
use anyhow::Result;
use aws_sdk_route53::types::RrType;
use diagnosis::report::{CheckReport, CheckSummary, RecordStatus, Unreached};
use diagnosis::subject::Subject;
use domain::ports::Prober;
use local_cloud::{Behaviour, LocalCloud, NameServer, OwnerZone, StaticZone};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::dns::{Issuer, Platform, TenantProof};
use vocabulary::names::EndpointNames;

use crate::bench::Host;

/// When everything was checked.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
pub(crate) const ACCOUNT: &str = "https://ca.test/account/7";

/// Behaviours of hosts, by their addresses.
pub(crate) const STRANGER: &str = "127.0.0.15";
pub(crate) const PASSING_ON: &str = "127.0.0.16";
pub(crate) const REDIRECTING: &str = "127.0.0.17";
pub(crate) const REDIRECTING_TO_A_PORT: &str = "127.0.0.18";
pub(crate) const SEEING_OTHER: &str = "127.0.0.60";
pub(crate) const WITHOUT_LOCATION: &str = "127.0.0.61";
pub(crate) const WITHOUT_SLASH: &str = "127.0.0.62";
pub(crate) const REDIRECTING_INSIDE: &str = "127.0.0.63";
pub(crate) const REDIRECTING_TO_THE_PLATFORM: &str = "127.0.0.64";

pub(crate) struct Fixture<'a> {
    cloud: &'a LocalCloud,
    /// One label; nobody else has it.
    top: String,
    top_zone: OwnerZone,
    zones: Mutex<Vec<OwnerZone>>,
    dns: Dns,
    servers: Mutex<Vec<NameServer>>,
    _hosts: Vec<Host>,
}

impl<'a> Fixture<'a> {
    pub(crate) async fn set_up(cloud: &'a LocalCloud) -> Result<Self> {
        let top = format!("t{:x}x{:x}", std::process::id(), OffsetDateTime::now_utc().nanosecond());
        let name_servers = cloud.name_servers();
        let top_zone = cloud.create_zone(&top).await?;
        // Else nothing below it could be secured.
        name_servers.sign(&top)?;
        let mut fixture = Self {
            cloud,
            dns: end_to_end::dns(&name_servers)?,
            top_zone,
            zones: Mutex::default(),
            servers: Mutex::default(),
            _hosts: Vec::new(),
            top,
        };
        let (ns, top) = (fixture.name("ns1"), fixture.top.clone());
        fixture.top_zone.upsert(&top, RrType::Ns, &[&format!("{ns}.")]).await?;
        let address = |server| anyhow::Ok(name_servers.address(server)?.ip().to_string());
        fixture.top_zone.upsert(&ns, RrType::A, &[&address("ns1.dns.test")?]).await?;
        fixture.top_zone.upsert(&fixture.name("ns2"), RrType::A, &[&address("ns2.dns.test")?]).await?;
        let platform = fixture.zone("platform").await?;
        for (host, address) in [
            ("edge.platform", "127.0.0.1"),
            ("down.platform", local_cloud::UNREACHABLE),
            ("stranger.platform", STRANGER),
            ("redirecting.platform", REDIRECTING),
            ("to-a-port.platform", REDIRECTING_TO_A_PORT),
            ("see-other.platform", SEEING_OTHER),
            ("no-location.platform", WITHOUT_LOCATION),
            ("no-slash.platform", WITHOUT_SLASH),
            ("inside.platform", REDIRECTING_INSIDE),
            ("other-host.platform", REDIRECTING_TO_THE_PLATFORM),
        ] {
            platform.upsert(&fixture.name(host), RrType::A, &[address]).await?;
        }
        fixture.zone("acme.platform").await?;
        let away = fixture.name("www.elsewhere");
        let elsewhere = fixture.zone("elsewhere").await?;
        elsewhere.upsert(&away, RrType::A, &[STRANGER]).await?;
        let (inside, neighbour) = (fixture.name("intern.elsewhere"), fixture.name("www.elsewhere2"));
        elsewhere.upsert(&inside, RrType::A, &["10.1.2.3"]).await?;
        fixture.zone("elsewhere2").await?.upsert(&neighbour, RrType::A, &["127.0.0.1"]).await?;
        let port = cloud.description().edge.port();
        let to = |target: String| format!("HTTP/1.1 301 Moved\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
        for (address, answer) in [
            (STRANGER, "HTTP/1.1 200 OK\r\ncontent-length: 25\r\n\r\n<h1>Welcome to nginx!</h1".to_owned()),
            (
                PASSING_ON,
                "HTTP/1.1 404 Not Found\r\nx-managed-https: challenge\r\ncontent-length: 0\r\n\r\n".to_owned(),
            ),
            (REDIRECTING, to(format!("http://{away}:{port}/moved"))),
            (REDIRECTING_TO_A_PORT, to(format!("https://{away}:8443/"))),
            (SEEING_OTHER, to(format!("http://{away}:{port}/moved")).replace("301 Moved", "303 See Other")),
            (WITHOUT_LOCATION, "HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n".to_owned()),
            (WITHOUT_SLASH, to(format!("https://{away}.well-known/acme-challenge/moved"))),
            (REDIRECTING_INSIDE, to(format!("http://{inside}:{port}/"))),
            (REDIRECTING_TO_THE_PLATFORM, to(format!("http://{neighbour}:{port}/.well-known/acme-challenge/moved"))),
        ] {
            let address = SocketAddr::new(address.parse::<IpAddr>()?, port);
            fixture._hosts.push(Host::start(address, answer).await?);
        }
        Ok(fixture)
    }

    /// `www.shop` below the test's own top-level domain.
    pub(crate) fn name(&self, relative: &str) -> String {
        format!("{relative}.{}", self.top)
    }

    /// A zone that one of the cloud's servers serves.
    pub(crate) async fn zone(&self, relative: &str) -> Result<OwnerZone> {
        self.zone_at(relative, &["ns1"]).await
    }

    /// A zone that the cloud's servers have, and that is served by these.
    pub(crate) async fn zone_at(&self, relative: &str, servers: &[&str]) -> Result<OwnerZone> {
        self.absolute_zone(&self.name(relative), servers).await
    }

    pub(crate) async fn absolute_zone(&self, domain: &str, servers: &[&str]) -> Result<OwnerZone> {
        let zone = self.cloud.create_zone(domain).await?;
        let servers: Vec<String> = servers.iter().map(|server| format!("{}.", self.name(server))).collect();
        let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
        zone.upsert(domain, RrType::Ns, &servers).await?;
        if let Some(above) = self.zone_above(domain) {
            above.upsert(domain, RrType::Ns, &servers).await?;
        }
        self.zones.lock().expect("nothing panics").push(zone.clone());
        Ok(zone)
    }

    /// The nearest zone of the fixture that `domain` lies below: it is met by that one's delegation only.
    fn zone_above(&self, domain: &str) -> Option<OwnerZone> {
        let zones = self.zones.lock().expect("nothing panics");
        let around = zones.iter().chain([&self.top_zone]).filter(|zone| domain.ends_with(&format!(".{}", zone.domain)));
        around.max_by_key(|zone| zone.domain.len()).cloned()
    }

    /// An additional name server, known as `name`.
    pub(crate) async fn server(&self, name: &str, address: &str, behaviour: Behaviour) -> Result<()> {
        self.top_zone.upsert(&self.name(name), RrType::A, &[address]).await?;
        let address = SocketAddr::new(address.parse::<IpAddr>()?, self.cloud.description().dns_port);
        let server = NameServer::start(address, behaviour).await?;
        self.servers.lock().expect("nothing panics").push(server);
        Ok(())
    }

    /// A domain that is delegated to `server`, and that the cloud's servers do not have.
    pub(crate) async fn delegated_to(&self, relative: &str, server: &str) -> Result<()> {
        let to = format!("{}.", self.name(server));
        self.top_zone.upsert(&self.name(relative), RrType::Ns, &[&to]).await
    }

    /// Sets a record of the top-level domain.
    pub(crate) async fn above(&self, relative: &str, kind: RrType, value: &str) -> Result<()> {
        self.top_zone.upsert(&self.name(relative), kind, &[value]).await
    }

    /// A zone for [`Behaviour::Serving`] that names these servers; they, owners and CNAME values are relative to the test's
    /// top-level domain.
    pub(crate) fn static_zone(
        &self,
        origin: &str,
        servers: &[&str],
        records: &[(&str, &str, &str)],
    ) -> Result<StaticZone> {
        let servers = servers.iter().map(|server| (origin, "NS", *server));
        let absolute: Vec<(String, &str, String)> = servers
            .chain(records.iter().copied())
            .map(|(owner, kind, value)| {
                let value = if matches!(kind, "CNAME" | "NS") { self.name(value) } else { value.to_owned() };
                (self.name(owner), kind, value)
            })
            .collect();
        let records: Vec<_> =
            absolute.iter().map(|(owner, kind, value)| (owner.as_str(), *kind, value.as_str())).collect();
        StaticZone::new(&self.name(origin), &records)
    }

    pub(crate) async fn cname(&self, zone: &OwnerZone, owner: &str, to: &str) -> Result<()> {
        zone.upsert(&self.name(owner), RrType::Cname, &[&self.name(to)]).await
    }

    /// What `_acme-challenge` of `base` must lead to.
    pub(crate) fn target(&self) -> String {
        self.name("label.acme.platform")
    }

    /// Creates the delegation of `base`.
    pub(crate) async fn delegate(&self, zone: &OwnerZone, base: &str) -> Result<()> {
        self.cname(zone, &format!("_acme-challenge.{base}"), "label.acme.platform").await
    }

    /// Points a host at the platform.
    pub(crate) async fn point(&self, zone: &OwnerZone, host: &str) -> Result<()> {
        self.cname(zone, host, "edge.platform").await
    }

    pub(crate) fn subject(&self, names: &[&str], reachability: Reachability) -> Subject {
        let names: Vec<String> = names
            .iter()
            .map(|name| match name.strip_prefix("*.") {
                Some(base) => format!("*.{}", self.name(base)),
                None => self.name(name),
            })
            .collect();
        let names = EndpointNames::parse(&names[0], &names[1..], 9).expect("valid names");
        let platform = Platform {
            delegation_zone: self.name("acme.platform"),
            endpoint_target: self.name("edge.platform").parse().expect("a name"),
            tenant_proof: TenantProof::On,
            reserved: Vec::new(),
        };
        let mut subject = Subject::unregistered(names, reachability.into(), &platform);
        subject.delegation_target = Some(self.target());
        subject.registered = true;
        subject
    }

    /// The same, validated by a persistent record, where nobody has to prove a tenant.
    pub(crate) fn persistent(&self, names: &[&str], reachability: Reachability) -> Subject {
        let subject = self.subject(names, reachability);
        Subject { dns_method: DnsMethod::DnsPersist01, tenant_proof: TenantProof::Off, ..subject }
    }

    /// `subject`, after checks that got no answer from its name servers.
    pub(crate) fn after_silence(subject: Subject) -> Subject {
        let unreached = Unreached { since: NOW - Duration::minutes(6), checks: 2, known: None };
        let last_check = CheckSummary {
            checked_at: NOW - Duration::minutes(1),
            records: RecordStatus::Unreachable,
            worst: None,
            serves_another: false,
            over_dns: Vec::new(),
            unreached: Some(unreached),
        };
        Subject { last_check: Some(last_check), ..subject }
    }

    pub(crate) fn internal(&self, name: &str) -> Subject {
        self.subject(&[name], Reachability::Internal)
    }

    pub(crate) fn external(&self, name: &str) -> Subject {
        self.subject(&[name], Reachability::External)
    }

    pub(crate) async fn probe(&self, subject: &Subject) -> CheckReport {
        self.probe_at_port(subject, None).await
    }

    /// With `https`, hosts are checked over TLS, at this port.
    pub(crate) async fn probe_at_port(&self, subject: &Subject, https: Option<u16>) -> CheckReport {
        // Loopback, and a network that stands for public IPv6 addresses and leads nowhere.
        let allowed = ["127.0.0.0/8", "2001:db8::/32"].map(|network| network.parse().expect("a network"));
        let reach = Reach::new(self.dns.clone(), allowed.to_vec());
        let probe = Probe::new(reach.clone(), self.cloud.description().edge.port());
        let issuer = Issuer { identities: vec!["ca.test".into()], account: Some(ACCOUNT.into()) };
        let tls = https.map(|port| TlsProbe::new(reach, port));
        EndpointProber::new(self.dns.clone(), probe, tls, issuer).probe(subject, NOW).await
    }

    /// As it is on any other day and machine.
    pub(crate) fn normalize(&self, text: &str) -> String {
        let port = self.cloud.description().edge.port();
        text.replace(&self.top, "example")
            .replace(&format!(":{port}"), "")
            .replace(&format!(" at port {port}"), " at port 80")
    }

    /// Leaves the cloud as it was found.
    pub(crate) async fn clear(self) -> Result<()> {
        let zones = self.zones.into_inner().expect("nothing panics");
        for zone in zones.into_iter().chain([self.top_zone]) {
            zone.delete().await?;
        }
        Ok(())
    }
}
