//! Hosts: their records, the challenge path, the certificate they present.

use anyhow::Result;
use aws_sdk_route53::types::RrType;
use diagnosis::catalogue::Check;
use diagnosis::report::CheckReport;
use diagnosis::subject::Subject;
use local_cloud::{Behaviour, CustomerZone};
use vocabulary::acme::Reachability;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::guidance::WaitingOn::{DomainOwner, Operator};

use crate::Case;
use crate::bench::Host;
use crate::cases::case;
use crate::stage::{NOW, PASSING_ON, STRANGER, Stage};

pub(crate) const CASES: [Case; 25] = [
    case!(TargetMissing, Operator, "an endpoint target that does not exist", "EndpointTarget", no_target),
    case!(HostMissing, DomainOwner, "a host without a record", " CNAME edge.platform.", missing),
    case!(HostElsewhere, DomainOwner, "an A record of another server", "point the host at the platform", elsewhere),
    case!(HostIpv6Elsewhere, DomainOwner, "the right A record, and an AAAA record", "Remove the AAAA record", ipv6),
    case!(HostPrivate, DomainOwner, "the A record 10.9.8.7", "have the platform make the endpoint internal", private),
    case!(HostProxied, DomainOwner, "an alias to a CDN that passes the challenge path on", "DNS only", proxied),
    case!(HostProxied, DomainOwner, "an alias to a CDN that answers in its place", "DNS only", hidden),
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
    case!(
        HttpRedirected,
        DomainOwner,
        "a redirect to another host",
        "Exclude /.well-known/acme-challenge/",
        redirected
    ),
    case!(HttpRedirected, DomainOwner, "a redirect to port 8443", "Exclude /.well-known/acme-challenge/", to_a_port),
    case!(HttpRedirected, DomainOwner, "a redirect with status 303", "Redirect with status 301", see_other),
    case!(
        HttpRedirected,
        DomainOwner,
        "a redirect whose target lacks the / after its host",
        "Write a / at the end",
        no_slash
    ),
    case!(
        HttpRedirected,
        DomainOwner,
        "a redirect to a host with a private address",
        "Exclude /.well-known/acme-challenge/",
        to_the_inside
    ),
    case!(
        HttpRedirected,
        DomainOwner,
        "a redirect to another host of the platform",
        "Exclude /.well-known/acme-challenge/",
        to_another_host
    ),
    case!(HttpWrongAnswer, DomainOwner, "a redirect without Location", "in the header Location", no_location),
    case!(HostElsewhere, DomainOwner, "a target with the zone appended", "Put a dot at the end", appended),
    case!(HostElsewhere, DomainOwner, "several A records of another server", "point the host at the platform", several),
    case!(
        HostMissing,
        DomainOwner,
        "one of several names without a record",
        "point the host at the platform",
        one_is_gone
    ),
    case!(HostConflict, DomainOwner, "a server that holds an A record beside the CNAME", "Delete A 127.0.0.15", torn),
    case!(
        HostAddressReserved,
        DomainOwner,
        "the AAAA record fd00::1 beside the platform's A record",
        "Remove the record fd00::1",
        half_private
    ),
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

async fn see_other(stage: &Stage<'_>) -> Result<CheckReport> {
    behind(stage, "seeother", "see-other.platform").await
}

async fn no_slash(stage: &Stage<'_>) -> Result<CheckReport> {
    behind(stage, "noslash", "no-slash.platform").await
}

async fn to_the_inside(stage: &Stage<'_>) -> Result<CheckReport> {
    behind(stage, "inward", "inside.platform").await
}

async fn to_another_host(stage: &Stage<'_>) -> Result<CheckReport> {
    behind(stage, "sideways", "other-host.platform").await
}

async fn no_location(stage: &Stage<'_>) -> Result<CheckReport> {
    behind(stage, "nowhere", "no-location.platform").await
}

async fn appended(stage: &Stage<'_>) -> Result<CheckReport> {
    let zone = zone(stage, "appended").await?;
    let to = format!("{}.{}", stage.name("edge.platform"), stage.name("appended"));
    zone.upsert(&stage.name("shop.appended"), RrType::Cname, &[&to]).await?;
    Ok(stage.probe(&stage.external("shop.appended")).await)
}

async fn several(stage: &Stage<'_>) -> Result<CheckReport> {
    let zone = zone(stage, "several").await?;
    zone.upsert(&stage.name("shop.several"), RrType::A, &[STRANGER, "127.0.0.66", "127.0.0.65"]).await?;
    Ok(stage.probe(&stage.external("shop.several")).await)
}

async fn one_is_gone(stage: &Stage<'_>) -> Result<CheckReport> {
    let zone = zone(stage, "three").await?;
    stage.delegate(&zone, "blog.three").await?;
    stage.point(&zone, "shop.three").await?;
    Ok(stage.probe(&stage.subject(&["shop.three", "blog.three"], Reachability::External)).await)
}

async fn torn(stage: &Stage<'_>) -> Result<CheckReport> {
    let records = [
        ("shop.torn", "CNAME", "edge.platform"),
        ("shop.torn", "A", STRANGER),
        ("_acme-challenge.shop.torn", "CNAME", "label.acme.platform"),
    ];
    let zone = stage.static_zone("torn", &["ns-torn"], &records)?;
    stage.server("ns-torn", "127.0.0.67", Behaviour::Serving(zone)).await?;
    stage.delegated_to("torn", "ns-torn").await?;
    Ok(stage.probe(&stage.external("shop.torn")).await)
}

/// At an apex, where addresses are what an ALIAS shows.
async fn half_private(stage: &Stage<'_>) -> Result<CheckReport> {
    let zone = stage.zone("half").await?;
    stage.delegate(&zone, "half").await?;
    zone.upsert(&stage.name("half"), RrType::A, &["127.0.0.1"]).await?;
    zone.upsert(&stage.name("half"), RrType::Aaaa, &["fd00::1"]).await?;
    Ok(stage.probe(&stage.external("half")).await)
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
