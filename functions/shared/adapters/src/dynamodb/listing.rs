//! Lists of endpoints: an index says which come next, and they are read by their keys. The index of all tenants' endpoints
//! has several partitions, each sorted by itself.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use domain::endpoint::Endpoint;
use domain::ports::{EndpointPage, FaultKind, Position, SUMMARY_PARTS, ServiceFault};
use futures::future::try_join_all;
use vocabulary::names::{EndpointId, Scope};

use super::EndpointsTable;
use super::items::{self, text};
use super::sharded::endpoint_of;
use crate::aws::fault;

/// Endpoints that one BatchGetItem reads: it takes 100 keys, and two make an endpoint.
const READ_AT_ONCE: usize = 50;
/// Read together: many enough to hide the time of one.
const BATCHES_AT_ONCE: usize = 8;
/// How often DynamoDB is asked for what it left out.
const PATIENCE: u32 = 5;

/// Whether what was written a moment ago must be there. It costs twice as much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consistency {
    Strong,
    Eventual,
}

/// What one partition has next.
struct Part {
    /// In order, complete up to the last of them.
    positions: Vec<Position>,
    /// Whether more follow the last one.
    more: bool,
}

impl EndpointsTable {
    pub(super) async fn page(
        &self,
        scope: &Scope,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<EndpointPage, ServiceFault> {
        let (index, partitions) = match scope {
            Scope::Everything => ("listing", (0..SUMMARY_PARTS).flat_map(items::listings_of).collect()),
            Scope::Tenant(tenant) => ("tenant", vec![text(tenant.as_str())]),
        };
        self.page_of(index, partitions, after, limit).await
    }

    /// A page of what some partitions of an index have, as one list.
    pub(super) async fn page_of(
        &self,
        index: &str,
        partitions: Vec<AttributeValue>,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<EndpointPage, ServiceFault> {
        let limit = limit as usize;
        // Of several partitions each has its part of a page; with some to spare, one round is mostly enough.
        let share = if partitions.len() == 1 { limit } else { limit / 2 + 1 };
        let parts = partitions.into_iter().map(|partition| self.part(index, partition, after, share));
        let (positions, next) = merge(try_join_all(parts).await?, limit);
        let ids = positions.iter().map(|position| &position.endpoint);
        let endpoints = self.read_all(ids, Consistency::Eventual).await?;
        Ok(EndpointPage { endpoints, next })
    }

    /// At least `limit` positions of one partition after `after`, unless it has fewer.
    async fn part(
        &self,
        index: &str,
        partition: AttributeValue,
        after: Option<&Position>,
        limit: usize,
    ) -> Result<Part, ServiceFault> {
        let (mut positions, mut start) = (Vec::new(), None);
        loop {
            let output = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(index)
                .key_condition_expression("#partition = :partition AND #domain >= :domain")
                .expression_attribute_names("#partition", index)
                .expression_attribute_names("#domain", "domain")
                .expression_attribute_values(":partition", partition.clone())
                // No name is empty, and no value of a key may be.
                .expression_attribute_values(":domain", text(after.map_or(" ", |after| after.domain.as_str())))
                .limit(i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| fault("dynamodb:Query", error))?;
            for entry in output.items.unwrap_or_default() {
                let position = to_position(&entry)?;
                if after.is_none_or(|after| position > *after) {
                    positions.push(position);
                }
            }
            start = output.last_evaluated_key;
            // The index sorts by domain alone: the endpoints of the last one may not all be there yet.
            let last = positions.last().map(|last: &Position| last.domain.clone()).filter(|_| start.is_some());
            let known = positions.iter().filter(|position| Some(&position.domain) != last.as_ref()).count();
            if start.is_none() || known >= limit {
                positions.truncate(known);
                positions.sort();
                return Ok(Part { positions, more: start.is_some() });
            }
        }
    }

    /// The endpoints in the order of their ids; those that are gone are left out.
    pub(super) async fn read_all(
        &self,
        ids: impl Iterator<Item = &EndpointId>,
        consistency: Consistency,
    ) -> Result<Vec<Endpoint>, ServiceFault> {
        let ids: Vec<_> = ids.collect();
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(READ_AT_ONCE * BATCHES_AT_ONCE) {
            let batches = some.chunks(READ_AT_ONCE).map(|ids| self.read_batch(ids, consistency));
            found.extend(try_join_all(batches).await?.into_iter().flatten());
        }
        Ok(found)
    }

    async fn read_batch(&self, ids: &[&EndpointId], consistency: Consistency) -> Result<Vec<Endpoint>, ServiceFault> {
        let key = |id: &EndpointId, sk: &str| {
            HashMap::from([("pk".to_owned(), items::endpoint_pk(id)), ("sk".to_owned(), text(sk))])
        };
        let keys = ids.iter().flat_map(|id| [key(id, items::ENDPOINT), key(id, items::TIMES_OF)]).collect();
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(consistency == Consistency::Strong)
            .build()
            .expect("keys are set");
        let mut asked = HashMap::from([(self.table.clone(), wanted)]);
        let mut pieces: BTreeMap<EndpointId, Vec<items::Item>> = BTreeMap::new();
        // DynamoDB answers for as many as it can at the moment.
        for _ in 0..PATIENCE {
            let output = self.client.batch_get_item().set_request_items(Some(asked)).send().await;
            let output = output.map_err(|error| fault("dynamodb:BatchGetItem", error))?;
            for item in output.responses.into_iter().flatten().flat_map(|(_, items)| items) {
                pieces.entry(endpoint_of(&item)?).or_default().push(item);
            }
            asked = output.unprocessed_keys.unwrap_or_default();
            if asked.is_empty() {
                let found = ids.iter().filter_map(|id| pieces.remove(*id)).map(items::assemble);
                return Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect());
            }
        }
        let detail = "it did not read all keys of a page".to_owned();
        Err(ServiceFault { operation: "dynamodb:BatchGetItem", kind: FaultKind::Throttled, detail })
    }
}

/// The first of all parts in order, as far as every part is known.
fn merge(parts: Vec<Part>, limit: usize) -> (Vec<Position>, Option<Position>) {
    let known_to = parts.iter().filter(|part| part.more).filter_map(|part| part.positions.last()).min().cloned();
    let mut positions: Vec<_> = parts.into_iter().flat_map(|part| part.positions).collect();
    positions.sort();
    positions.dedup();
    let whole = positions.len();
    positions.retain(|position| known_to.as_ref().is_none_or(|known_to| position <= known_to));
    positions.truncate(limit);
    let next = positions.last().filter(|_| known_to.is_some() || positions.len() < whole).cloned();
    (positions, next)
}

fn to_position(entry: &items::Item) -> Result<Position, ServiceFault> {
    let domain = entry.get("domain").and_then(|domain| domain.as_s().ok()).cloned();
    let domain = domain.ok_or_else(|| items::unreadable("an entry of an index"))?;
    Ok(Position { domain, endpoint: endpoint_of(entry)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn position(domain: u8, endpoint: u8) -> Position {
        Position { domain: format!("{domain:03}.example"), endpoint: EndpointId::from_random([endpoint; 16]) }
    }

    /// What a partition answers: complete up to a domain, as [`EndpointsTable::part`] leaves it.
    fn part(of: &[Position], after: Option<&Position>, limit: usize) -> Part {
        let left: Vec<_> = of.iter().filter(|position| after.is_none_or(|after| *position > after)).cloned().collect();
        let Some(at) = left.get(limit) else { return Part { positions: left, more: false } };
        let end = left.iter().filter(|position| position.domain <= at.domain).count();
        Part { positions: left[..end].to_vec(), more: end < left.len() }
    }

    proptest! {
        #[test]
        fn pages_of_many_partitions_are_one_list_in_order(
            partitions in proptest::collection::vec(proptest::collection::btree_set((0..9_u8, any::<u8>()), 0..20), 1..6),
            limit in 1..9_usize,
        ) {
            let partitions: Vec<Vec<Position>> = partitions
                .into_iter()
                .map(|part| part.into_iter().map(|(domain, endpoint)| position(domain, endpoint)).collect::<Vec<_>>())
                .map(|mut part| { part.sort(); part })
                .collect();
            let mut whole: Vec<_> = partitions.concat();
            whole.sort();
            whole.dedup();
            let (mut listed, mut after) = (Vec::new(), None);
            loop {
                let parts = partitions.iter().map(|of| part(of, after.as_ref(), limit / 2 + 1)).collect();
                let (page, next) = merge(parts, limit);
                prop_assert!(page.len() <= limit && (next.is_none() || !page.is_empty()));
                listed.extend(page);
                after = next;
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(listed, whole);
        }
    }
}
