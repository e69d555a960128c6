//! What stands in the table where there are a million endpoints, as far as overviews and lists read it.

use adapters::dynamodb::EndpointsTable;
use anyhow::Result;
use domain::endpoint::{Endpoint, EndpointStatus};
use domain::overview::{Group, Groups, NextRenewal, Summary, Urgency};
use domain::ports::{Registry, SUMMARY_PARTS, Summaries, SummaryPart};
use local_cloud::LocalCloud;
use testkit::contracts;
use vocabulary::acme::Reachability;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, Scope};

/// Endpoints that are listed.
const LISTED: u64 = 60;

/// Keeps summaries as walks over a million endpoints leave them, as full as they can be: their lists name those that are there.
pub async fn sum_up(cloud: &LocalCloud) -> Result<()> {
    let table = EndpointsTable::new(cloud.aws().dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    let now = contracts::whole_second();
    let urgency = |number: u64| Urgency {
        others: true,
        status: EndpointStatus::Degraded,
        breaks_at: (false, now.unix_timestamp() + i64::try_from(number).unwrap_or_default()),
        domain: format!("host-{}.units.test", number % LISTED),
        endpoint: id_of(number % LISTED),
    };
    for part in 0..SUMMARY_PARTS {
        let counts = [(EndpointStatus::Ready, 250_000)].into();
        let mut summary = Summary { counts, ..Summary::default() };
        let days = (0..90).map(|days| (now.date() + time::Duration::days(days), 2_778));
        summary.renewal_days = days.collect();
        let mut groups = Vec::new();
        for number in (0..400).filter(|number| number % u64::from(SUMMARY_PARTS) == u64::from(part)) {
            summary.urgent.offer(urgency(number), ());
            let (domain, endpoint) = (urgency(number).domain, urgency(number).endpoint);
            summary
                .renewals
                .offer(NextRenewal { at: now + time::Duration::seconds(i64::try_from(number)?), domain, endpoint }, ());
            let said = format!(
                "The name servers of zone-{number}.example do not answer: ns1.zone-{number}.example timed out."
            );
            let group = Group {
                count: 7,
                cause: Some("zone-unreachable".into()),
                at_fault: Some(format!("zone-{number}.example")),
                urgency: urgency(number),
            };
            groups.push(((WaitingOn::DomainOwner, said), group));
        }
        summary.groups = Groups::from_pairs(groups);
        table.save_summary(&Scope::Everything, &SummaryPart { part, as_of: now, summary }).await?;
    }
    Ok(())
}

fn id_of(number: u64) -> EndpointId {
    EndpointId::from_random((u128::from(number) << 64 | 1).to_be_bytes())
}

/// Registers the endpoints that those summaries name.
pub async fn register_listed(cloud: &LocalCloud) -> Result<()> {
    let table = EndpointsTable::new(cloud.aws().dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    let now = contracts::whole_second();
    for number in 0..LISTED {
        let names = EndpointNames::parse(&format!("host-{number}.units.test"), &[], 9)?;
        let random = (u128::from(number) << 64 | 2).to_be_bytes();
        let (id, label) = (id_of(number), DelegationLabel::from_random(random));
        let mut endpoint = Endpoint::register(id, "units".parse()?, names, Reachability::External, label, now);
        let held = testkit::installed(&endpoint, now);
        (endpoint.due_at, endpoint.certificate) = (Some(held.renew_at), Some(held));
        table.register(&endpoint, &contracts::registered(&endpoint), None).await?;
    }
    Ok(())
}
