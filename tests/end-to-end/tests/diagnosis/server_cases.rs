//! Name servers that are not those that they should be, and some that cannot be queried.

use anyhow::Result;
use aws_sdk_route53::types::RrType;
use diagnosis::catalogue::Check;
use diagnosis::report::CheckReport;
use local_cloud::Behaviour;
use vocabulary::guidance::WaitingOn::{DomainOwner, Nobody};

use crate::Case;
use crate::cases::case;
use crate::fixture::Fixture;

pub(crate) const CASES: [Case; 4] = [
    case!(
        NameServersDiffer,
        DomainOwner,
        "the zone above names one of the two name servers that the zone names",
        "Name the same servers",
        differing
    ),
    case!(
        ServersSilent,
        DomainOwner,
        "the only name server drops questions with EDNS",
        "Let questions with EDNS through",
        dropping_edns
    ),
    case!(HostConflict, DomainOwner, "two CNAMEs at the host, the right one and another", "Delete CNAME", two_cnames),
    case!(ServersUnseen, Nobody, "the only name server has an IPv6 address alone", "IPv4", ipv6_alone),
];

async fn differing(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let delegation = ("_acme-challenge.shop.differing", "CNAME", "label.acme.platform");
    let zone = fixture.static_zone("differing", &["ns-one", "ns-two"], &[delegation])?;
    fixture.server("ns-one", "127.0.0.24", Behaviour::Serving(zone.clone())).await?;
    fixture.server("ns-two", "127.0.0.25", Behaviour::Serving(zone)).await?;
    fixture.delegated_to("differing", "ns-one").await?;
    Ok(fixture.probe(&fixture.internal("shop.differing")).await)
}

async fn dropping_edns(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let delegation = ("_acme-challenge.shop.deafened", "CNAME", "label.acme.platform");
    let zone = fixture.static_zone("deafened", &["ns-deafened"], &[delegation])?;
    fixture.server("ns-deafened", "127.0.0.26", Behaviour::DroppingEdns(zone)).await?;
    fixture.delegated_to("deafened", "ns-deafened").await?;
    Ok(fixture.probe(&fixture.internal("shop.deafened")).await)
}

async fn two_cnames(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let records = [
        ("shop.twofold", "CNAME", "edge.platform"),
        ("shop.twofold", "CNAME", "www.elsewhere"),
        ("_acme-challenge.shop.twofold", "CNAME", "label.acme.platform"),
    ];
    let zone = fixture.static_zone("twofold", &["ns-twofold"], &records)?;
    fixture.server("ns-twofold", "127.0.0.27", Behaviour::Serving(zone)).await?;
    fixture.delegated_to("twofold", "ns-twofold").await?;
    Ok(fixture.probe(&fixture.external("shop.twofold")).await)
}

async fn ipv6_alone(fixture: &Fixture<'_>) -> Result<CheckReport> {
    fixture.above("ns-six", RrType::Aaaa, "2001:db8::53").await?;
    fixture.delegated_to("sixalone", "ns-six").await?;
    Ok(fixture.probe(&fixture.internal("shop.sixalone")).await)
}
