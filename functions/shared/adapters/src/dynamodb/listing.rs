//! Lists of endpoints: an index names the next ones, and they are read by their keys. The index of all tenants' endpoints has
//! several partitions, each with its own order.

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

/// Endpoints per BatchGetItem: it takes 100 keys, and an endpoint has two.
const READ_AT_ONCE: usize = 50;
/// Batches that are read concurrently: enough to hide the time of one.
const BATCHES_AT_ONCE: usize = 8;
/// How often DynamoDB is asked again for unprocessed keys.
const PATIENCE: u32 = 5;

/// Sorts after all characters of names.
const LAST: &str = "~";

/// A range of domains, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    first: String,
    last: String,
}

impl Range {
    /// No name is empty, and a key value must not be.
    fn whole() -> Self {
        Self { first: " ".into(), last: LAST.into() }
    }

    fn that_begins(prefix: &str) -> Self {
        Self { first: prefix.to_owned(), last: format!("{prefix}{LAST}") }
    }

    /// The rest of the range, from the domain of `after` on.
    fn after(self, after: Option<&Position>) -> Option<Self> {
        let first = after.map_or_else(|| self.first.clone(), |after| self.first.clone().max(after.domain.clone()));
        (first <= self.last).then_some(Self { first, ..self })
    }
}

/// The index with the endpoints of a scope, and its partitions.
fn partitions_of(scope: &Scope) -> (&'static str, Vec<AttributeValue>) {
    match scope {
        Scope::Everything => ("listing", (0..SUMMARY_PARTS).flat_map(items::listings_of).collect()),
        Scope::Tenant(tenant) => ("tenant", vec![text(tenant.as_str())]),
    }
}

/// The next entries of one partition.
struct Part {
    /// In order; no entry before the last one is missing.
    positions: Vec<Position>,
    /// Whether there are more after the last one.
    more: bool,
}

impl EndpointsTable {
    pub(super) async fn page(
        &self,
        scope: &Scope,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<EndpointPage, ServiceFault> {
        let (index, partitions) = partitions_of(scope);
        self.page_of(index, partitions, after, limit).await
    }

    /// A page of the endpoints whose domain begins with `prefix`, including wildcards of such domains.
    pub(super) async fn page_that_begins(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<EndpointPage, ServiceFault> {
        let (index, partitions) = partitions_of(scope);
        let wildcards = (!prefix.starts_with('*')).then(|| Range::that_begins(&format!("*.{prefix}")));
        let ranges: Vec<_> = wildcards.into_iter().chain([Range::that_begins(prefix)]).collect();
        let parts = partitions.into_iter().flat_map(|one| ranges.iter().map(move |range| (one.clone(), range.clone())));
        self.page_of_parts(index, parts.collect(), after, limit).await
    }

    /// A page of several partitions of an index, as one list.
    pub(super) async fn page_of(
        &self,
        index: &str,
        partitions: Vec<AttributeValue>,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<EndpointPage, ServiceFault> {
        let parts = partitions.into_iter().map(|partition| (partition, Range::whole())).collect();
        self.page_of_parts(index, parts, after, limit).await
    }

    async fn page_of_parts(
        &self,
        index: &str,
        parts: Vec<(AttributeValue, Range)>,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<EndpointPage, ServiceFault> {
        let limit = limit as usize;
        // Each of several partitions provides its share of a page; with some extra, one round is usually enough.
        let share = if parts.len() == 1 { limit } else { limit / 2 + 1 };
        let left = parts.into_iter().filter_map(|(partition, range)| Some((partition, range.after(after)?)));
        let parts = left.map(|(partition, range)| self.part(index, partition, range, after, share));
        let (positions, next) = merge(try_join_all(parts).await?, limit);
        let ids = positions.iter().map(|position| &position.endpoint);
        let endpoints = self.read_all(ids).await?;
        Ok(EndpointPage { endpoints, next })
    }

    /// At least `limit` positions of one partition within a range and after `after`, or all if it has fewer.
    async fn part(
        &self,
        index: &str,
        partition: AttributeValue,
        range: Range,
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
                .key_condition_expression("#partition = :partition AND #domain BETWEEN :first AND :last")
                .expression_attribute_names("#partition", index)
                .expression_attribute_names("#domain", "domain")
                .expression_attribute_values(":partition", partition.clone())
                .expression_attribute_values(":first", text(&range.first))
                .expression_attribute_values(":last", text(&range.last))
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
            // The index sorts by domain alone: the endpoints of the last domain may be incomplete.
            let last = positions.last().map(|last: &Position| last.domain.clone()).filter(|_| start.is_some());
            let known = positions.iter().filter(|position| Some(&position.domain) != last.as_ref()).count();
            if start.is_none() || known >= limit {
                positions.truncate(known);
                positions.sort();
                return Ok(Part { positions, more: start.is_some() });
            }
        }
    }

    /// The endpoints in the order of their ids; deleted ones are left out. Half the price of a consistent read: they may be
    /// slightly out of date.
    pub(super) async fn read_all(&self, ids: impl Iterator<Item = &EndpointId>) -> Result<Vec<Endpoint>, ServiceFault> {
        let ids: Vec<_> = ids.collect();
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(READ_AT_ONCE * BATCHES_AT_ONCE) {
            let batches = some.chunks(READ_AT_ONCE).map(|ids| self.read_batch(ids));
            found.extend(try_join_all(batches).await?.into_iter().flatten());
        }
        Ok(found)
    }

    async fn read_batch(&self, ids: &[&EndpointId]) -> Result<Vec<Endpoint>, ServiceFault> {
        let key = |id: &EndpointId, sk: &str| {
            HashMap::from([("pk".to_owned(), items::endpoint_pk(id)), ("sk".to_owned(), text(sk))])
        };
        let keys = ids.iter().flat_map(|id| [key(id, items::ENDPOINT), key(id, items::TIMES_OF)]).collect();
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).build().expect("keys are set");
        let mut asked = HashMap::from([(self.table.clone(), wanted)]);
        let mut pieces: BTreeMap<EndpointId, Vec<items::Item>> = BTreeMap::new();
        // DynamoDB returns as many items as it can right now.
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

/// The first entries of all partitions in order, as far as every partition is known.
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

    /// What a partition returns: complete up to a domain, as [`EndpointsTable::part`] leaves it.
    fn part(of: &[Position], after: Option<&Position>, limit: usize) -> Part {
        let left: Vec<_> = of.iter().filter(|position| after.is_none_or(|after| *position > after)).cloned().collect();
        let Some(at) = left.get(limit) else { return Part { positions: left, more: false } };
        let end = left.iter().filter(|position| position.domain <= at.domain).count();
        Part { positions: left[..end].to_vec(), more: end < left.len() }
    }

    #[test]
    fn a_prefix_range_has_exactly_the_domains_that_begin_with_it() {
        let has = |range: &Range, domain: &str| range.first.as_str() <= domain && domain <= range.last.as_str();
        let shops = Range::that_begins("shop");
        for (domain, there) in [
            ("shop", true),
            ("shop.example.com", true),
            ("shop-2.example.com", true),
            ("shopz.zz", true),
            ("sho.example.com", false),
            ("shoq.example.com", false),
            ("*.shop.example.com", false),
        ] {
            assert_eq!(has(&shops, domain), there, "{domain}");
            assert!(has(&Range::whole(), domain));
        }
        let at = |domain: &str| Position { domain: domain.into(), ..position(0, 0) };
        let left = |domain: &str| shops.clone().after(Some(&at(domain)));
        assert_eq!(left("a.example"), Some(shops.clone()));
        assert_eq!(left("shop.m").map(|range| range.first).as_deref(), Some("shop.m"));
        assert_eq!(left("t.example"), None, "it is behind");
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
