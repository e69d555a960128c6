//! Name servers that are not those that they should be, and such as cannot be asked.

use anyhow::Result;
use aws_sdk_route53::types::RrType;
use diagnosis::catalogue::Check;
use diagnosis::report::CheckReport;
use local_cloud::Behaviour;
use vocabulary::guidance::WaitingOn::{DomainOwner, Nobody};

use crate::Case;
use crate::cases::case;
use crate::stage::Stage;

pub(crate) const CASES: [Case; 2] = [
    case!(
        NameServersDiffer,
        DomainOwner,
        "the zone above names one of the two name servers that the zone names",
        "Name the same servers",
        differing
    ),
    case!(ServersUnseen, Nobody, "the only name server has an IPv6 address alone", "IPv4", ipv6_alone),
];

async fn differing(stage: &Stage<'_>) -> Result<CheckReport> {
    let delegation = ("_acme-challenge.shop.differing", "CNAME", "label.acme.platform");
    let zone = stage.static_zone("differing", &["ns-one", "ns-two"], &[delegation])?;
    stage.server("ns-one", "127.0.0.24", Behaviour::Serving(zone.clone())).await?;
    stage.server("ns-two", "127.0.0.25", Behaviour::Serving(zone)).await?;
    stage.delegated_to("differing", "ns-one").await?;
    Ok(stage.probe(&stage.internal("shop.differing")).await)
}

async fn ipv6_alone(stage: &Stage<'_>) -> Result<CheckReport> {
    stage.above("ns-six", RrType::Aaaa, "2001:db8::53").await?;
    stage.delegated_to("sixalone", "ns-six").await?;
    Ok(stage.probe(&stage.internal("shop.sixalone")).await)
}
