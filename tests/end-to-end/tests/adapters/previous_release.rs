//! Items as the previous release stored them are read, listed, claimed, renewed and settled by this one.

use std::collections::HashMap;
use std::path::Path;

use adapters::dynamodb::EndpointsTable;
use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::endpoint::attempt::execution_name;
use domain::endpoint::{Attempt, Endpoint, Outcome};
use domain::ports::{
    AdviceIndex, AttemptJournal, AuditTrail, CheckLog, Claims, DUE_SHARDS, DueIndex, EndpointReader, HealthIndex,
    InstallationLog, Registry, Settlement, ShareLinks,
};
use local_cloud::LocalCloud;
use serde_json::Value;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::Scope;

/// When the items were written.
const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

/// Made of what the previous release serialized, in the layout of its `items.rs`.
const ITEMS: &str = "../corpus/previous-release/items.json";

/// DynamoDB's JSON as the SDK has it.
fn attribute(value: &Value) -> Result<AttributeValue> {
    let (kind, value) = value.as_object().and_then(|object| object.iter().next()).context("a typed value")?;
    let text = || value.as_str().map(str::to_owned).context("text");
    Ok(match kind.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "BOOL" => AttributeValue::Bool(value.as_bool().context("a boolean")?),
        "NULL" => AttributeValue::Null(true),
        "L" => AttributeValue::L(value.as_array().context("a list")?.iter().map(attribute).collect::<Result<_>>()?),
        "M" => AttributeValue::M(map(value)?),
        other => anyhow::bail!("no type {other}"),
    })
}

fn map(value: &Value) -> Result<HashMap<String, AttributeValue>> {
    let entries = value.as_object().context("an object")?.iter();
    entries.map(|(name, value)| Ok((name.clone(), attribute(value)?))).collect()
}

pub(crate) async fn items_of_the_previous_release(cloud: &LocalCloud, table: &EndpointsTable) -> Result<()> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(ITEMS))?;
    let items: Vec<Value> = serde_json::from_str(&text)?;
    for item in &items {
        let put = cloud.aws().dynamodb.put_item().table_name(cloud.resource("EndpointsTable")?);
        put.set_item(Some(map(item)?)).send().await?;
    }
    let named = async |domain: &str| -> Result<Endpoint> {
        let claims = table.claims(&[domain.parse()?]).await?;
        let claim = claims.values().next().with_context(|| format!("the claim of {domain}"))?;
        assert_eq!(claim.proven_at, None, "it was made by registering");
        table.find(&claim.endpoint).await?.with_context(|| domain.to_owned())
    };
    let ready = named("ready.previous.example.com").await?;
    let failing = named("failing.previous.example.com").await?;
    let ordering = named("ordering.previous.example.com").await?;

    let listed = table.list(&Scope::Everything, None, 1000).await?.endpoints;
    for endpoint in [&ready, &failing, &ordering] {
        assert!(listed.contains(endpoint), "{} is listed as it reads", endpoint.names.primary());
        let own = table.list(&Scope::Tenant(endpoint.tenant.clone()), None, 10).await?.endpoints;
        assert_eq!(own, std::slice::from_ref(endpoint));
        let name = &endpoint.names.primary().base;
        assert_eq!(table.registered_by(&endpoint.tenant, name).await?.as_ref(), Some(&endpoint.id));
    }
    history(table, &failing).await?;
    assert!(ordering.order.is_some(), "the order is there: {ordering:?}");
    assert!(ordering.is_leased(NOW) && ordering.generation == 1);
    assert!(table.installation().await.is_ok());
    let report = table.last_check(&ready.id).await?.context("a report")?;
    assert_eq!(ready.check.as_ref().map(|check| check.checked_at), Some(report.checked_at));
    renew(table, &ready).await
}

/// Its event, its notifications, and the link to its records.
async fn history(table: &EndpointsTable, failing: &Endpoint) -> Result<()> {
    assert!(failing.failing.is_some() && failing.told.told.len() == 1, "{failing:?}");
    let attempts = table.attempts(&failing.id, 10).await?;
    assert_eq!(attempts.iter().map(|attempt| attempt.outcome).collect::<Vec<_>>(), [Outcome::Failed]);
    let events = table.events(&failing.id, None, 10).await?;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(table.links(&failing.id, NOW).await?.len(), 1);
    Ok(())
}

/// A renewal, write by write, as the steps make them.
async fn renew(table: &EndpointsTable, before: &Endpoint) -> Result<()> {
    let (id, shard) = (&before.id, before.id.shard(DUE_SHARDS));
    let due = table.due(shard, NOW, 1000).await?.into_iter().find(|entry| entry.endpoint == *id).context("due")?;
    assert!(table.health_due(shard, NOW, 1000).await?.iter().any(|entry| entry.endpoint == *id));
    assert!(table.advice_due(shard, NOW, 1000).await?.iter().any(|entry| entry.endpoint == *id));
    let attempt = table.claim(&due, NOW, NOW + Duration::HOUR).await?.context("nobody has it")?;
    let mut record = Attempt {
        attempt,
        started_at: NOW,
        finished_at: None,
        outcome: Outcome::Running,
        method: None,
        order: None,
        directory: None,
        failure: None,
        execution: execution_name(id, attempt),
        steps: vec![],
    };
    table.begin(id, &record).await?;
    let held = before.certificate.clone().context("a certificate")?;
    let new = InstalledCertificate { serial: "CD".into(), renewal: true, ..testkit::installed(before, NOW) };
    table.record_certificate(id, attempt, &new).await?;
    (record.finished_at, record.outcome) = (Some(NOW + Duration::MINUTE), Outcome::Renewed);
    let settlement = Settlement {
        due_at: new.renew_at,
        failing: None,
        drop_order: true,
        withdrawn: false,
        announced: true,
        removing: false,
        told: before.told.clone(),
        unsent: None,
        authorizations: vec![],
        track: domain::endpoint::TrackRecord::default(),
        returned: vec![],
        at: NOW + Duration::MINUTE,
        attempt: record,
    };
    table.settle(id, attempt, &settlement).await?;
    let after = table.find(id).await?.context("it is there")?;
    assert_eq!((after.attempt, after.lease_until, after.due_at), (before.attempt + 1, None, Some(new.renew_at)));
    assert_ne!(after.certificate.map(|held| held.serial), Some(held.serial));
    let newest = table.attempts(id, 1).await?;
    assert_eq!(newest[0].outcome, Outcome::Renewed);
    Ok(())
}
