//! Hosts: their records, the challenge path, the certificate they present.

use anyhow::Result;
use aws_sdk_route53::types::RrType;
use diagnosis::catalogue::Check;
use diagnosis::report::CheckReport;
use diagnosis::subject::Subject;
use local_cloud::CustomerZone;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::guidance::WaitingOn::{DomainOwner, Operator};

use crate::Case;
use crate::bench::Host;
use crate::cases::case;
use crate::stage::{NOW, PASSING_ON, STRANGER, Stage};

pub(crate) const CASES: [Case; 15] = [
    case!(TargetMissing, Operator, "an endpoint target that does not exist", "EndpointTarget", no_target),
    case!(HostMissing, DomainOwner, "a host without a record", " CNAME edge.platform.", missing),
    case!(HostElsewhere, DomainOwner, "an A record of another server", "point the host at the platform", elsewhere),
    case!(HostIpv6Elsewhere, DomainOwner, "the right A record, and an AAAA record", "Remove the AAAA record", ipv6),
    case!(HostPrivate, DomainOwner, "the A record 10.9.8.7", "Register the endpoint as internal", private),
    case!(HostProxied, DomainOwner, "an alias to a CDN that passes the challenge path on", "DNS only", proxied),
    case!(HostProxied, DomainOwner, "an alias to a CDN that answers by itself", "DNS only", hidden),
    case!(
        HostIndirect,
        DomainOwner,
        "the platform's address as an A record",
        "Point the host at the platform",
        written_out
    ),
    case!(
        HostIndirect,
        DomainOwner,
        "an A record of a proxy that passes on",
        "Point the host at the platform",
        passed_on
    ),
    case!(HttpUnreachable, DomainOwner, "the right record, and nothing listens there", "Open port 80", unreachable),
    case!(
        HttpWrongAnswer,
        DomainOwner,
        "the right record, and a web server there",
        "through to the platform",
        wrong_answer
    ),
    case!(HttpRedirected, DomainOwner, "a redirect to another host", "Except /.well-known/acme-challenge/", redirected),
    case!(HttpRedirected, DomainOwner, "a redirect to port 8443", "Except /.well-known/acme-challenge/", to_a_port),
    case!(TlsUnreachable, Operator, "nothing listens at the port for HTTPS", "Add an HTTPS listener", no_tls),
    case!(
        TlsOtherCertificate,
        Operator,
        "a listener with another certificate",
        "Attach arn:aws:acm:",
        other_certificate
    ),
];

/// A zone with a right delegation for `shop`.
async fn zone(stage: &Stage<'_>, name: &str) -> Result<CustomerZone> {
    let zone = stage.zone(name).await?;
    stage.delegate(&zone, &format!("shop.{name}")).await?;
    Ok(zone)
}

/// An external host with these addresses.
async fn at(stage: &Stage<'_>, name: &str, records: &[(RrType, &str)]) -> Result<CheckReport> {
    let zone = zone(stage, name).await?;
    let host = format!("shop.{name}");
    for (kind, address) in records {
        zone.upsert(&stage.name(&host), kind.clone(), &[address]).await?;
    }
    Ok(stage.probe(&stage.external(&host)).await)
}

/// A host that leads, as it must, to a platform whose target is `target`.
async fn behind(stage: &Stage<'_>, name: &str, target: &str) -> Result<CheckReport> {
    let zone = zone(stage, name).await?;
    let host = format!("shop.{name}");
    stage.cname(&zone, &host, target).await?;
    let mut subject = stage.external(&host);
    subject.endpoint_target = stage.name(target);
    Ok(stage.probe(&subject).await)
}

async fn no_target(stage: &Stage<'_>) -> Result<CheckReport> {
    behind(stage, "untargeted", "gone.platform").await
}

async fn missing(stage: &Stage<'_>) -> Result<CheckReport> {
    at(stage, "hostless", &[]).await
}

async fn elsewhere(stage: &Stage<'_>) -> Result<CheckReport> {
    at(stage, "away", &[(RrType::A, STRANGER)]).await
}

async fn ipv6(stage: &Stage<'_>) -> Result<CheckReport> {
    at(stage, "six", &[(RrType::A, "127.0.0.1"), (RrType::Aaaa, "2001:db8::15")]).await
}

async fn private(stage: &Stage<'_>) -> Result<CheckReport> {
    at(stage, "private", &[(RrType::A, "10.9.8.7")]).await
}

async fn written_out(stage: &Stage<'_>) -> Result<CheckReport> {
    at(stage, "written", &[(RrType::A, "127.0.0.1")]).await
}

async fn passed_on(stage: &Stage<'_>) -> Result<CheckReport> {
    at(stage, "passed", &[(RrType::A, PASSING_ON)]).await
}

/// A host that is an alias of its name at a CDN, whose servers have `address`.
async fn at_a_cdn(stage: &Stage<'_>, name: &str, address: &str) -> Result<CheckReport> {
    let zone = zone(stage, name).await?;
    let host = stage.name(&format!("shop.{name}"));
    let alias = format!("{host}.cdn.cloudflare.net");
    let cdn = stage.absolute_zone(&alias, &["ns1"]).await?;
    cdn.upsert(&alias, RrType::A, &[address]).await?;
    zone.upsert(&host, RrType::Cname, &[&alias]).await?;
    Ok(stage.probe(&stage.external(&format!("shop.{name}"))).await)
}

async fn proxied(stage: &Stage<'_>) -> Result<CheckReport> {
    at_a_cdn(stage, "proxied", PASSING_ON).await
}

async fn hidden(stage: &Stage<'_>) -> Result<CheckReport> {
    at_a_cdn(stage, "hidden", STRANGER).await
}

async fn unreachable(stage: &Stage<'_>) -> Result<CheckReport> {
    behind(stage, "closed", "down.platform").await
}

async fn wrong_answer(stage: &Stage<'_>) -> Result<CheckReport> {
    behind(stage, "strange", "stranger.platform").await
}

async fn redirected(stage: &Stage<'_>) -> Result<CheckReport> {
    behind(stage, "redirected", "redirecting.platform").await
}

async fn to_a_port(stage: &Stage<'_>) -> Result<CheckReport> {
    behind(stage, "ported", "to-a-port.platform").await
}

/// A certificate of the subject's, as it is recorded.
pub(crate) fn held(subject: &Subject) -> InstalledCertificate {
    InstalledCertificate {
        serial: "abc123".into(),
        issuer: "CN=The CA".into(),
        directory: None,
        renewal_id: None,
        announced: true,
        ..testkit::installed_for(&subject.names, NOW)
    }
}

/// A healthy external endpoint that has a certificate.
async fn certified(stage: &Stage<'_>, name: &str) -> Result<Subject> {
    let zone = zone(stage, name).await?;
    let host = format!("shop.{name}");
    stage.point(&zone, &host).await?;
    let mut subject = stage.external(&host);
    subject.certificate = Some(held(&subject));
    Ok(subject)
}

async fn no_tls(stage: &Stage<'_>) -> Result<CheckReport> {
    let subject = certified(stage, "plain").await?;
    Ok(stage.probe_at_port(&subject, Some(1)).await)
}

async fn other_certificate(stage: &Stage<'_>) -> Result<CheckReport> {
    let subject = certified(stage, "swapped").await?;
    let (_presenting, port) = Host::presenting("other.host.test").await?;
    Ok(stage.probe_at_port(&subject, Some(port)).await)
}
