//! Hosts: their records, the challenge path, the certificate they present.

use anyhow::Result;
use aws_sdk_route53::types::RrType;
use diagnosis::catalogue::Check;
use diagnosis::report::CheckReport;
use diagnosis::subject::Subject;
use local_cloud::{Behaviour, OwnerZone};
use vocabulary::acme::Reachability;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::guidance::WaitingOn::{DomainOwner, Operator};

use crate::Case;
use crate::bench::Host;
use crate::cases::case;
use crate::fixture::{Fixture, NOW, PASSING_ON, STRANGER};

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
async fn zone(fixture: &Fixture<'_>, name: &str) -> Result<OwnerZone> {
    let zone = fixture.zone(name).await?;
    fixture.delegate(&zone, &format!("shop.{name}")).await?;
    Ok(zone)
}

/// An external host with these addresses.
async fn at(fixture: &Fixture<'_>, name: &str, records: &[(RrType, &str)]) -> Result<CheckReport> {
    let zone = zone(fixture, name).await?;
    let host = format!("shop.{name}");
    for (kind, address) in records {
        zone.upsert(&fixture.name(&host), kind.clone(), &[address]).await?;
    }
    Ok(fixture.probe(&fixture.external(&host)).await)
}

/// A host that leads, as it must, to a platform whose target is `target`.
async fn behind(fixture: &Fixture<'_>, name: &str, target: &str) -> Result<CheckReport> {
    let zone = zone(fixture, name).await?;
    let host = format!("shop.{name}");
    fixture.cname(&zone, &host, target).await?;
    let mut subject = fixture.external(&host);
    subject.endpoint_target = fixture.name(target);
    Ok(fixture.probe(&subject).await)
}

async fn no_target(fixture: &Fixture<'_>) -> Result<CheckReport> {
    behind(fixture, "untargeted", "gone.platform").await
}

async fn missing(fixture: &Fixture<'_>) -> Result<CheckReport> {
    at(fixture, "hostless", &[]).await
}

async fn elsewhere(fixture: &Fixture<'_>) -> Result<CheckReport> {
    at(fixture, "away", &[(RrType::A, STRANGER)]).await
}

async fn ipv6(fixture: &Fixture<'_>) -> Result<CheckReport> {
    at(fixture, "six", &[(RrType::A, "127.0.0.1"), (RrType::Aaaa, "2001:db8::15")]).await
}

async fn private(fixture: &Fixture<'_>) -> Result<CheckReport> {
    at(fixture, "private", &[(RrType::A, "10.9.8.7")]).await
}

async fn written_out(fixture: &Fixture<'_>) -> Result<CheckReport> {
    at(fixture, "written", &[(RrType::A, "127.0.0.1")]).await
}

async fn passed_on(fixture: &Fixture<'_>) -> Result<CheckReport> {
    at(fixture, "passed", &[(RrType::A, PASSING_ON)]).await
}

/// A host that is an alias of its name at a CDN, whose servers have `address`.
async fn at_a_cdn(fixture: &Fixture<'_>, name: &str, address: &str) -> Result<CheckReport> {
    let zone = zone(fixture, name).await?;
    let host = fixture.name(&format!("shop.{name}"));
    let alias = format!("{host}.cdn.cloudflare.net");
    let cdn = fixture.absolute_zone(&alias, &["ns1"]).await?;
    cdn.upsert(&alias, RrType::A, &[address]).await?;
    zone.upsert(&host, RrType::Cname, &[&alias]).await?;
    Ok(fixture.probe(&fixture.external(&format!("shop.{name}"))).await)
}

async fn proxied(fixture: &Fixture<'_>) -> Result<CheckReport> {
    at_a_cdn(fixture, "proxied", PASSING_ON).await
}

async fn hidden(fixture: &Fixture<'_>) -> Result<CheckReport> {
    at_a_cdn(fixture, "hidden", STRANGER).await
}

async fn unreachable(fixture: &Fixture<'_>) -> Result<CheckReport> {
    behind(fixture, "closed", "down.platform").await
}

async fn wrong_answer(fixture: &Fixture<'_>) -> Result<CheckReport> {
    behind(fixture, "strange", "stranger.platform").await
}

async fn redirected(fixture: &Fixture<'_>) -> Result<CheckReport> {
    behind(fixture, "redirected", "redirecting.platform").await
}

async fn to_a_port(fixture: &Fixture<'_>) -> Result<CheckReport> {
    behind(fixture, "ported", "to-a-port.platform").await
}

async fn see_other(fixture: &Fixture<'_>) -> Result<CheckReport> {
    behind(fixture, "seeother", "see-other.platform").await
}

async fn no_slash(fixture: &Fixture<'_>) -> Result<CheckReport> {
    behind(fixture, "noslash", "no-slash.platform").await
}

async fn to_the_inside(fixture: &Fixture<'_>) -> Result<CheckReport> {
    behind(fixture, "inward", "inside.platform").await
}

async fn to_another_host(fixture: &Fixture<'_>) -> Result<CheckReport> {
    behind(fixture, "sideways", "other-host.platform").await
}

async fn no_location(fixture: &Fixture<'_>) -> Result<CheckReport> {
    behind(fixture, "nowhere", "no-location.platform").await
}

async fn appended(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = zone(fixture, "appended").await?;
    let to = format!("{}.{}", fixture.name("edge.platform"), fixture.name("appended"));
    zone.upsert(&fixture.name("shop.appended"), RrType::Cname, &[&to]).await?;
    Ok(fixture.probe(&fixture.external("shop.appended")).await)
}

async fn several(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = zone(fixture, "several").await?;
    zone.upsert(&fixture.name("shop.several"), RrType::A, &[STRANGER, "127.0.0.66", "127.0.0.65"]).await?;
    Ok(fixture.probe(&fixture.external("shop.several")).await)
}

async fn one_is_gone(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = zone(fixture, "three").await?;
    fixture.delegate(&zone, "blog.three").await?;
    fixture.point(&zone, "shop.three").await?;
    Ok(fixture.probe(&fixture.subject(&["shop.three", "blog.three"], Reachability::External)).await)
}

async fn torn(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let records = [
        ("shop.torn", "CNAME", "edge.platform"),
        ("shop.torn", "A", STRANGER),
        ("_acme-challenge.shop.torn", "CNAME", "label.acme.platform"),
    ];
    let zone = fixture.static_zone("torn", &["ns-torn"], &records)?;
    fixture.server("ns-torn", "127.0.0.67", Behaviour::Serving(zone)).await?;
    fixture.delegated_to("torn", "ns-torn").await?;
    Ok(fixture.probe(&fixture.external("shop.torn")).await)
}

/// At an apex, where addresses are what an ALIAS shows.
async fn half_private(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("half").await?;
    fixture.delegate(&zone, "half").await?;
    zone.upsert(&fixture.name("half"), RrType::A, &["127.0.0.1"]).await?;
    zone.upsert(&fixture.name("half"), RrType::Aaaa, &["fd00::1"]).await?;
    Ok(fixture.probe(&fixture.external("half")).await)
}

/// A certificate of the subject's, as it is recorded.
pub(crate) fn recorded_certificate(subject: &Subject) -> InstalledCertificate {
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
async fn certified(fixture: &Fixture<'_>, name: &str) -> Result<Subject> {
    let zone = zone(fixture, name).await?;
    let host = format!("shop.{name}");
    fixture.point(&zone, &host).await?;
    let mut subject = fixture.external(&host);
    subject.certificate = Some(recorded_certificate(&subject));
    Ok(subject)
}

async fn no_tls(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let subject = certified(fixture, "plain").await?;
    Ok(fixture.probe_at_port(&subject, Some(1)).await)
}

async fn other_certificate(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let subject = certified(fixture, "swapped").await?;
    let (_presenting, port) = Host::presenting("other.host.test").await?;
    Ok(fixture.probe_at_port(&subject, Some(port)).await)
}
