//! How the table stores the domain's types. Times that are compared are numbers (seconds since 1970).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::endpoint::{Attempt, Endpoint, Event, SeenAgain};
use domain::ports::{DUE_SHARDS, FaultKind, Removed, SUMMARY_PARTS, ServiceFault};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime};
use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::certificate::TenantUsage;
use vocabulary::names::{DomainName, EndpointId, EndpointNames, KEY_KEPT, NamedRequest, TenantId};
use vocabulary::stable_hash::spread_64;

pub(super) type Item = HashMap<String, AttributeValue>;

/// Sort keys of the items of an endpoint. One query reads them all: only they begin with `ENDPOINT`.
pub(super) const ENDPOINT: &str = "ENDPOINT";
/// What every check and every poll changes. Small, as each write costs by the size of the item.
pub(super) const TIMES_OF: &str = "ENDPOINT#TIMES";
/// What the lists are sorted by. Never changes, so that writing an endpoint does not write an index.
pub(super) const LISTED: &str = "ENDPOINT#LISTED";

/// The chains of the last two generations: the current certificate's, and that of an order whose certificate is not imported
/// yet. They sort after the items above, and are read with them on request.
pub(super) const CHAINS: [&str; 2] = ["ENDPOINT#~CHAIN#0", "ENDPOINT#~CHAIN#1"];

/// The number of items of an endpoint.
pub(super) const PIECES: usize = 3;

/// The sort key of a tenant's usage.
pub(super) const USAGE: &str = "USAGE";
/// The sort key of what is remembered of a deleted endpoint.
pub(super) const REMOVED: &str = "REMOVED";
/// The sort key of the claim of a name.
pub(super) const CLAIM: &str = "CLAIM";
/// How long attempts, events and reports are kept, also after their endpoint is deleted.
pub(super) const HISTORY_KEPT: Duration = Duration::days(400);
/// The endpoint's times that are stored as numbers.
const TIMES: [&str; 2] = ["due_at", "lease_until"];
/// The times that are stored in [`TIMES_OF`].
const TIMES_APART: [&str; 2] = ["advice_at", "health_at"];

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn endpoint_pk(id: &EndpointId) -> AttributeValue {
    text(format!("ENDPOINT#{id}"))
}

pub(super) fn name_pk(name: &DomainName) -> AttributeValue {
    text(format!("NAME#{name}"))
}

pub(super) fn name_sk(tenant: &TenantId) -> AttributeValue {
    text(format!("TENANT#{tenant}"))
}

pub(super) fn request_pk(request: &NamedRequest) -> AttributeValue {
    text(format!("IDEMPOTENCY#{}#{}", request.tenant, request.key.as_str()))
}

pub(super) fn shard_key(shard: u32) -> AttributeValue {
    text(format!("due#{shard}"))
}

/// Holds while the endpoint still requires the records that were checked, with its values.
pub(super) fn as_checked(checked: &Endpoint) -> (String, [(&'static str, AttributeValue); 3]) {
    // Endpoints of earlier releases do not name their validation method over DNS: there was only one.
    let unsaid = match checked.dns_method {
        DnsMethod::Dns01 => " OR attribute_not_exists(dns_method)",
        DnsMethod::DnsPersist01 => "",
    };
    let condition = format!("#names = :names AND reachability = :reachability AND (dns_method = :dns_method{unsaid})");
    let values = [
        (":names", attribute(&checked.names)),
        (":reachability", attribute(&checked.reachability)),
        (":dns_method", attribute(&checked.dns_method)),
    ];
    (condition, values)
}

/// Any domain value as an attribute.
pub(super) fn attribute(value: &impl Serialize) -> AttributeValue {
    lean(serde_dynamo::to_attribute_value(value).expect("the domain's types are plain data"))
}

/// Without empty parts: every write pays for the length of their names.
fn lean(value: AttributeValue) -> AttributeValue {
    match value {
        AttributeValue::M(parts) => {
            let there = parts.into_iter().filter(|(_, part)| !matches!(part, AttributeValue::Null(_)));
            AttributeValue::M(there.map(|(name, part)| (name, lean(part))).collect())
        }
        AttributeValue::L(parts) => AttributeValue::L(parts.into_iter().map(lean).collect()),
        other => other,
    }
}

pub(super) fn lean_item(value: &impl Serialize) -> Item {
    match attribute(value) {
        AttributeValue::M(parts) => parts,
        _ => unreachable!("a struct is a map"),
    }
}

/// The items of an endpoint.
pub(super) fn endpoint_items(endpoint: &Endpoint) -> [Item; 3] {
    [endpoint_item(endpoint), times_item(endpoint), listed_item(endpoint)]
}

fn endpoint_item(endpoint: &Endpoint) -> Item {
    let mut item = lean_item(endpoint);
    item.retain(|name, _| !TIMES_APART.contains(&name.as_str()));
    for (name, time) in TIMES.into_iter().zip([endpoint.due_at, endpoint.lease_until]) {
        if let Some(time) = time {
            item.insert(name.into(), super::number(time.unix_timestamp()));
        }
    }
    item.insert("pk".into(), endpoint_pk(&endpoint.id));
    item.insert("sk".into(), text(ENDPOINT));
    item.insert("due_shard".into(), shard_key(endpoint.id.shard(DUE_SHARDS)));
    item
}

fn times_item(endpoint: &Endpoint) -> Item {
    let mut item = Item::from([
        ("pk".into(), endpoint_pk(&endpoint.id)),
        ("sk".into(), text(TIMES_OF)),
        ("due_shard".into(), shard_key(endpoint.id.shard(DUE_SHARDS))),
        ("subject".into(), subject(endpoint)),
    ]);
    for (name, time) in TIMES_APART.into_iter().zip([endpoint.advice_at, endpoint.health_at]) {
        if let Some(time) = time {
            item.insert(name.into(), super::number(time.unix_timestamp()));
        }
    }
    if let Some(held) = &endpoint.certificate {
        item.insert("generation".into(), super::number(held.generation));
    }
    item
}

fn listed_item(endpoint: &Endpoint) -> Item {
    Item::from([
        ("pk".into(), endpoint_pk(&endpoint.id)),
        ("sk".into(), text(LISTED)),
        ("tenant".into(), text(endpoint.tenant.as_str())),
        ("domain".into(), text(endpoint.names.primary().to_string())),
        ("listing".into(), text(listing_of(endpoint.id.shard(SUMMARY_PARTS)))),
    ])
}

fn listing_of(shard: u32) -> String {
    format!("all#{shard}")
}

/// The partitions with one part of all tenants' endpoints: the first part includes that of earlier releases, which had only
/// one.
pub(super) fn listings_of(part: u32) -> Vec<AttributeValue> {
    let old = (part == 0).then(|| "all".to_owned());
    [listing_of(part)].into_iter().chain(old).map(text).collect()
}

/// Identifies the records required of an endpoint: with other names, reachability or method it is another subject.
pub(super) fn subject(endpoint: &Endpoint) -> AttributeValue {
    subject_of(&endpoint.names, endpoint.reachability, endpoint.dns_method)
}

pub(super) fn subject_of(names: &EndpointNames, reachability: Reachability, method: DnsMethod) -> AttributeValue {
    let written = serde_json::to_vec(&(names, reachability, method)).expect("plain data");
    text(format!("{:016x}", spread_64(&written)))
}

/// A time that is stored in seconds.
pub(super) fn to_time(value: &AttributeValue) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(value.as_n().ok()?.parse().ok()?).ok()
}

/// The generation of the certificate that an endpoint's times belong to.
pub(super) fn generation_of_times(items: &[Item]) -> Option<u64> {
    let times = items.iter().find(|item| item.get("sk") == Some(&text(TIMES_OF)))?;
    times.get("generation")?.as_n().ok()?.parse().ok()
}

/// The endpoint in the items of a query; `None` without its main item.
pub(super) fn assemble(items: Vec<Item>) -> Result<Option<Endpoint>, ServiceFault> {
    let (mut main, mut times) = (None, None);
    for item in items {
        match item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str) {
            Some(ENDPOINT) => main = Some(item),
            Some(TIMES_OF) => times = Some(item),
            _ => {}
        }
    }
    main.map(|main| to_endpoint(main, times.as_ref())).transpose()
}

fn to_endpoint(mut main: Item, times: Option<&Item>) -> Result<Endpoint, ServiceFault> {
    // For an endpoint written by an earlier release, they are in its main item.
    for name in TIMES.into_iter().chain(TIMES_APART) {
        let apart = times.filter(|_| TIMES_APART.contains(&name)).and_then(|times| times.get(name));
        if let Some(AttributeValue::N(seconds)) = apart.or(main.get(name)) {
            let time = seconds.parse().ok().and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
            let time = time.ok_or_else(|| unreadable(name))?;
            main.insert(name.into(), text(written(time)));
        }
    }
    let mut endpoint: Endpoint =
        serde_dynamo::from_item(main).map_err(|error: serde_dynamo::Error| unreadable(error.to_string()))?;
    if let Some(seen) = times.and_then(|times| times.get("seen")).cloned() {
        let seen: SeenAgain = serde_dynamo::from_attribute_value(seen).map_err(unreadable)?;
        endpoint.seen_again(&seen);
    }
    Ok(endpoint)
}

pub(super) fn written(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).expect("a year of four digits")
}

/// Whether it is the main item of an endpoint written by an earlier release, which stored everything there.
pub(super) fn is_of_one_piece(item: &Item) -> bool {
    item.get("sk") == Some(&text(ENDPOINT)) && item.contains_key("listing")
}

/// Records whose history it is, for an endpoint that is deleted.
pub(super) fn removed_item(endpoint: &Endpoint, last: &Attempt) -> Item {
    HashMap::from([
        ("pk".into(), endpoint_pk(&endpoint.id)),
        ("sk".into(), text(REMOVED)),
        ("owner".into(), text(endpoint.tenant.to_string())),
        // The item must not have the attributes that indexes are made of.
        ("removed_domain".into(), text(endpoint.names.primary().to_string())),
        ("expires_at".into(), super::number((last.started_at + HISTORY_KEPT).unix_timestamp())),
    ])
}

pub(super) fn to_removed(item: &Item) -> Result<Removed, ServiceFault> {
    let word = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let read = || Some(Removed { tenant: word("owner")?.parse().ok()?, domain: word("removed_domain")?.clone() });
    read().ok_or_else(|| unreadable("a removed endpoint without its tenant"))
}

pub(super) fn event_item(id: &EndpointId, event: &Event) -> Item {
    let mut item: Item = serde_dynamo::to_item(event).expect("the domain's types are plain data");
    item.insert("pk".into(), endpoint_pk(id));
    item.insert("sk".into(), text(format!("EVENT#{}", event.id)));
    item.insert("expires_at".into(), super::number((event.at + HISTORY_KEPT).unix_timestamp()));
    put_on_trail(&mut item, event);
    item
}

/// Lists an event in the index of endpoints, in one partition per day, sorted by time. The event's id takes the place of the
/// domain, which is the index's sort key.
pub(super) fn put_on_trail(item: &mut Item, event: &Event) {
    item.insert("listing".into(), trail_partition(event.at.date()));
    item.insert("domain".into(), text(&event.id));
}

pub(super) fn trail_partition(day: Date) -> AttributeValue {
    text(format!("trail#{day}"))
}

/// A name that a tenant has registered.
pub(super) fn name_item(tenant: &TenantId, name: &DomainName, endpoint: &EndpointId) -> Item {
    HashMap::from([
        ("pk".into(), name_pk(name)),
        ("sk".into(), name_sk(tenant)),
        ("endpoint".into(), text(endpoint.to_string())),
    ])
}

/// Which endpoint has proven a name. Earlier releases wrote it at registration, without the time.
pub(super) fn claim_item(name: &DomainName, holder: &EndpointId, now: OffsetDateTime) -> Item {
    HashMap::from([
        ("pk".into(), name_pk(name)),
        ("sk".into(), text(CLAIM)),
        ("endpoint".into(), text(holder.to_string())),
        ("proven_at".into(), super::number(now.unix_timestamp())),
    ])
}

pub(super) fn usage_pk(tenant: &TenantId) -> AttributeValue {
    text(format!("USAGE#{tenant}"))
}

pub(super) fn usage_item(tenant: &TenantId, usage: TenantUsage) -> Item {
    HashMap::from([
        ("pk".into(), usage_pk(tenant)),
        ("sk".into(), text(USAGE)),
        ("endpoints".into(), super::number(usage.endpoints)),
        ("names".into(), super::number(usage.names)),
    ])
}

pub(super) fn request_item(request: &NamedRequest, endpoint: &EndpointId, now: OffsetDateTime) -> Item {
    HashMap::from([
        ("pk".into(), request_pk(request)),
        ("sk".into(), text("REQUEST")),
        ("digest".into(), text(&request.digest)),
        ("endpoint".into(), text(endpoint.to_string())),
        ("expires_at".into(), super::number((now + KEY_KEPT).unix_timestamp())),
    ])
}

/// Whether an item that expires is still valid at `now`; the table may delete it later.
pub(super) fn is_kept(item: &Item, now: OffsetDateTime) -> bool {
    let expires = item.get("expires_at").and_then(|value| value.as_n().ok()?.parse::<i64>().ok());
    expires.is_none_or(|expires| expires > now.unix_timestamp())
}

/// An item that this release cannot read: written by another release, or by hand.
pub(super) fn unreadable(detail: impl std::fmt::Display) -> ServiceFault {
    ServiceFault {
        operation: "dynamodb:GetItem",
        kind: FaultKind::Refused,
        detail: format!("the item cannot be read: {detail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use vocabulary::names::DelegationLabel;

    #[test]
    fn an_endpoint_survives_the_table_and_a_sparse_index_sees_only_endpoints() {
        let names = EndpointNames::parse("example.com", &["*.example.com".into()], 9).expect("valid");
        let endpoint = Endpoint::register(
            EndpointId::from_random([1; 16]),
            vocabulary::names::TenantId::fallback(),
            names,
            Reachability::Internal,
            DelegationLabel::from_random([2; 16]),
            datetime!(2026-11-24 12:00 UTC),
        );
        let items = endpoint_items(&endpoint);
        let [main, times, listed] = &items;
        assert!(matches!(main["due_at"], AttributeValue::N(_)) && !main.contains_key("lease_until"));
        assert_eq!(assemble(items.to_vec()).expect("readable"), Some(endpoint.clone()));
        assert_eq!(assemble(vec![times.clone(), listed.clone()]).expect("readable"), None);
        let claim = claim_item(&"example.com".parse().expect("valid"), &endpoint.id, endpoint.created_at);
        let is_in = |item: &Item, keys: [&str; 2]| keys.iter().all(|key| item.contains_key(*key));
        let indexes =
            [["due_shard", "due_at"], ["due_shard", "health_at"], ["tenant", "domain"], ["listing", "domain"]];
        let found = indexes.map(|keys| [main, times, listed, &claim].map(|item| is_in(item, keys)));
        assert_eq!(found[0], [true, false, false, false], "it is due by its main item");
        assert_eq!(found[1], [false; 4], "without a certificate it has no health");
        assert_eq!(found[2..], [[false, false, true, false]; 2], "and it is listed by the one that never changes");
    }

    #[test]
    fn what_every_check_writes_fits_into_one_write_unit() {
        let names: Vec<String> = (0..99).map(|n| format!("{}.example.com", "n".repeat(40) + &n.to_string())).collect();
        let mut endpoint = Endpoint::register(
            EndpointId::from_random([1; 16]),
            vocabulary::names::TenantId::fallback(),
            EndpointNames::parse("example.com", &names, 100).expect("valid"),
            Reachability::Internal,
            DelegationLabel::from_random([2; 16]),
            datetime!(2026-11-24 12:00 UTC),
        );
        (endpoint.health_at, endpoint.advice_at) = (endpoint.due_at, endpoint.due_at);
        // Names and values, roughly as DynamoDB counts them; a write unit is 1 KB.
        let size: usize =
            times_item(&endpoint).iter().map(|(name, value)| name.len() + format!("{value:?}").len()).sum();
        assert!(size < 600, "{size}");
    }
}
