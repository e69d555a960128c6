//! More health checks than one run can do.

use std::time::Duration;

use adapters::dynamodb::EndpointsTable;
use anyhow::{Result, ensure};
use domain::endpoint::Endpoint;
use domain::ports::{DUE_SHARDS, HealthIndex, Registry};
use end_to_end::Platform;
use futures::stream::{self, StreamExt, TryStreamExt};
use local_cloud::{ACCOUNT, Options, REGION, wait_until};
use serde_json::json;
use testkit::contracts;
use time::OffsetDateTime;
use vocabulary::acme::Reachability;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

/// A page of each shard, and some more: ids fall into shards by chance.
const ENDPOINTS: u64 = 400;

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_are_late_in_every_shard_are_checked_by_a_run_for_each() -> Result<()> {
    let options = Options { schedule: "rate(23 hours)".into(), ..Options::trusting() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    let table = &EndpointsTable::new(cloud.aws().dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    let now = contracts::whole_second();
    stream::iter(0..ENDPOINTS)
        .map(|number| async move {
            let names = EndpointNames::parse(&format!("host-{number}.late.test"), &[], 9)?;
            let random = |salt: u64| (u128::from(number) << 64 | u128::from(salt)).to_be_bytes();
            let (id, label) = (EndpointId::from_random(random(1)), DelegationLabel::from_random(random(2)));
            let mut endpoint = Endpoint::register(id, "late".parse()?, names, Reachability::Internal, label, now);
            let mut held = testkit::installed(&endpoint, now);
            // In the account of the cloud: in another one nothing may be read.
            held.arn = format!("arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{number}");
            (endpoint.due_at, endpoint.certificate) = (Some(held.renew_at), Some(held));
            endpoint.health_at = Some(now - time::Duration::HOUR);
            table.register(&endpoint, &contracts::registered(&endpoint), None).await?;
            anyhow::Ok(())
        })
        .buffer_unordered(16)
        .try_collect::<Vec<()>>()
        .await?;
    let due = async || {
        let now = OffsetDateTime::now_utc();
        let pages = (0..DUE_SHARDS).map(|shard| table.health_due(shard, now, 1000));
        let pages = futures::future::try_join_all(pages).await?;
        anyhow::Ok(pages.iter().map(Vec::len).sum::<usize>())
    };
    ensure!(due().await? == 400);
    let run = cloud.invoke("CheckHealthFunction", &json!({})).await?;
    ensure!(run.error.is_none() && run.payload["handed_over"] == true && run.payload["checked"] == 0, "{run:?}");
    wait_until("all to be checked", Duration::from_secs(120), async || Ok((due().await? == 0).then_some(()))).await?;
    let after = cloud.invoke("CheckHealthFunction", &json!({})).await?;
    ensure!(after.payload["handed_over"] == false && after.payload["checked"] == 0, "{after:?}");
    Ok(())
}
