use std::io::Write;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::endpoint::{Endpoint, EndpointStatus};
use domain::ports::{EndpointPage, Position, RecentChange, ServiceFault, Summaries, SummaryPart};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use time::{Duration, OffsetDateTime};
use vocabulary::names::Scope;

use super::items::{self, Item, text};
use super::{EndpointsTable, number};
use crate::aws::{conditional, fault};

/// Long enough for the slowest walk to complete several times.
const KEPT: Duration = Duration::DAY;

fn pk(scope: &Scope) -> AttributeValue {
    match scope {
        Scope::Everything => text("SUMMARY#all"),
        Scope::Tenant(tenant) => text(format!("SUMMARY#tenant#{tenant}")),
    }
}

fn milliseconds(at: OffsetDateTime) -> i128 {
    at.unix_timestamp_nanos() / 1_000_000
}

impl Summaries for EndpointsTable {
    async fn list_part(&self, part: u32, after: Option<&Position>, limit: u32) -> Result<EndpointPage, ServiceFault> {
        self.page_of("listing", items::listings_of(part), after, limit).await
    }

    async fn save_summary(&self, scope: &Scope, part: &SummaryPart) -> Result<(), ServiceFault> {
        let written = pack(&serde_json::to_vec(part).expect("plain data"));
        let as_of = number(milliseconds(part.as_of));
        let item = Item::from([
            ("pk".into(), pk(scope)),
            ("sk".into(), text(format!("PART#{}", part.part))),
            ("packed".into(), AttributeValue::B(Blob::new(written))),
            ("as_of_ms".into(), as_of.clone()),
            ("expires_at".into(), number((part.as_of + KEPT).unix_timestamp())),
        ]);
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let result = put
            .condition_expression("attribute_not_exists(pk) OR as_of_ms < :as_of")
            .expression_attribute_values(":as_of", as_of)
            .send()
            .await;
        conditional("dynamodb:PutItem", result).map(drop)
    }

    async fn summaries(&self, scope: &Scope) -> Result<Vec<SummaryPart>, ServiceFault> {
        let items = self.of_scope(scope, "PART#", None).await?;
        let read = |item: Item| match (item.get("packed"), item.get("summary")) {
            (Some(AttributeValue::B(packed)), _) => {
                serde_json::from_reader(GzDecoder::new(packed.as_ref())).map_err(items::unreadable)
            }
            // As an earlier release wrote it.
            (_, Some(AttributeValue::S(written))) => serde_json::from_str(written).map_err(items::unreadable),
            _ => Err(items::unreadable("a summary")),
        };
        items.into_iter().map(read).collect()
    }

    async fn note_change(
        &self,
        endpoint: &Endpoint,
        was: Option<EndpointStatus>,
        at: OffsetDateTime,
    ) -> Result<(), ServiceFault> {
        let note = async |scope: Scope| {
            let mut item = Item::from([
                ("pk".into(), pk(&scope)),
                ("sk".into(), text(format!("RECENT#{:014}#{}", milliseconds(at), endpoint.id))),
                ("endpoint".into(), text(endpoint.id.as_str())),
                ("at_ms".into(), number(milliseconds(at))),
                ("expires_at".into(), number((at + KEPT).unix_timestamp())),
            ]);
            if let Some(was) = was {
                item.insert("was".into(), items::attribute(&was));
            }
            let result = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
            result.map(drop).map_err(|error| fault("dynamodb:PutItem", error))
        };
        futures::try_join!(note(Scope::Everything), note(Scope::Tenant(endpoint.tenant.clone()))).map(drop)
    }

    async fn recent_changes(&self, scope: &Scope, limit: u32) -> Result<Vec<RecentChange>, ServiceFault> {
        self.of_scope(scope, "RECENT#", Some(limit)).await?.into_iter().map(to_change).collect()
    }
}

impl EndpointsTable {
    /// The stored items of the scope under a prefix, newest first; a response of DynamoDB holds 1 MB, several times as much.
    async fn of_scope(&self, scope: &Scope, prefix: &str, limit: Option<u32>) -> Result<Vec<Item>, ServiceFault> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", pk(scope))
            .expression_attribute_values(":prefix", text(prefix))
            .scan_index_forward(false)
            .set_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        Ok(output.items.unwrap_or_default())
    }
}

/// About a tenth of the size: the same words repeat, and every overview reads all of it.
fn pack(written: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(written).and_then(|()| encoder.finish()).expect("memory takes everything")
}

fn to_change(item: Item) -> Result<RecentChange, ServiceFault> {
    let part = |name: &str| item.get(name).ok_or_else(|| items::unreadable("a recent change"));
    let at = part("at_ms")?.as_n().ok().and_then(|at| at.parse::<i128>().ok());
    let at = at.and_then(|at| OffsetDateTime::from_unix_timestamp_nanos(at * 1_000_000).ok());
    let endpoint = part("endpoint")?.as_s().ok().and_then(|id| id.parse().ok());
    let was = item.get("was").cloned().map(serde_dynamo::from_attribute_value).transpose();
    Ok(RecentChange {
        endpoint: endpoint.ok_or_else(|| items::unreadable("a recent change"))?,
        was: was.map_err(items::unreadable)?,
        at: at.ok_or_else(|| items::unreadable("a recent change"))?,
    })
}
