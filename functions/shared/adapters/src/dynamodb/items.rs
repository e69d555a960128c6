//! How the domain's types lie in the table. Times that are compared are numbers (seconds since 1970).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::endpoint::{Attempt, Endpoint, Event};
use domain::ports::{DUE_SHARDS, FaultKind, ServiceFault};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime};
use vocabulary::acme::DnsMethod;
use vocabulary::certificate::TenantUsage;
use vocabulary::names::{DomainName, EndpointId, KEY_KEPT, NamedRequest, TenantId};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The one partition of the index that has the endpoints of all tenants.
pub(super) const LISTING: &str = "all";
/// The sort key of what a tenant has.
pub(super) const USAGE: &str = "USAGE";
/// The sort key of the claim of a name.
pub(super) const CLAIM: &str = "CLAIM";
/// How long attempts, events and reports are kept, also after their endpoint has gone.
pub(super) const HISTORY_KEPT: Duration = Duration::days(400);
/// The endpoint's times that are kept as numbers.
const TIMES: [&str; 4] = ["due_at", "lease_until", "advice_at", "health_at"];

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

/// Holds while the endpoint asks for the records that were looked at, with its values.
pub(super) fn as_looked_at(looked_at: &Endpoint) -> (String, [(&'static str, AttributeValue); 3]) {
    // Endpoints of earlier releases do not say by which method they are proven over DNS: there was one.
    let unsaid = match looked_at.dns_method {
        DnsMethod::Dns01 => " OR attribute_not_exists(dns_method)",
        DnsMethod::DnsPersist01 => "",
    };
    let condition = format!("#names = :names AND reachability = :reachability AND (dns_method = :dns_method{unsaid})");
    let values = [
        (":names", attribute(&looked_at.names)),
        (":reachability", attribute(&looked_at.reachability)),
        (":dns_method", attribute(&looked_at.dns_method)),
    ];
    (condition, values)
}

/// Anything of the domain as an attribute.
pub(super) fn attribute(value: &impl Serialize) -> AttributeValue {
    serde_dynamo::to_attribute_value(value).expect("the domain's types are plain data")
}

pub(super) fn endpoint_item(endpoint: &Endpoint) -> Item {
    let mut item: Item = serde_dynamo::to_item(endpoint).expect("the domain's types are plain data");
    item.retain(|_, value| !matches!(value, AttributeValue::Null(_)));
    let times = [endpoint.due_at, endpoint.lease_until, endpoint.advice_at, endpoint.health_at];
    for (name, time) in TIMES.into_iter().zip(times) {
        if let Some(time) = time {
            item.insert(name.into(), super::number(time.unix_timestamp()));
        }
    }
    item.insert("pk".into(), endpoint_pk(&endpoint.id));
    item.insert("sk".into(), text("ENDPOINT"));
    item.insert("domain".into(), text(endpoint.names.primary().to_string()));
    item.insert("listing".into(), text(LISTING));
    item.insert("due_shard".into(), shard_key(endpoint.id.shard(DUE_SHARDS)));
    item
}

pub(super) fn to_endpoint(mut item: Item) -> Result<Endpoint, ServiceFault> {
    for name in TIMES {
        if let Some(AttributeValue::N(seconds)) = item.get(name) {
            let time = seconds.parse().ok().and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
            let time = time.ok_or_else(|| unreadable(name))?;
            let written = time.format(&Rfc3339).map_err(|_| unreadable(name))?;
            item.insert(name.into(), text(written));
        }
    }
    serde_dynamo::from_item(item).map_err(|error| unreadable(error.to_string()))
}

pub(super) fn attempt_item(id: &EndpointId, attempt: &Attempt) -> Item {
    let mut item: Item = serde_dynamo::to_item(attempt).expect("the domain's types are plain data");
    item.insert("pk".into(), endpoint_pk(id));
    item.insert("sk".into(), text(format!("ATTEMPT#{:010}", attempt.attempt)));
    item.insert("expires_at".into(), super::number((attempt.started_at + HISTORY_KEPT).unix_timestamp()));
    // By what happened last: its start, until it has ended.
    if let Some(last) = Event::of_attempt(attempt).last() {
        put_on_trail(&mut item, last);
    }
    item
}

pub(super) fn to_attempt(item: Item) -> Result<Attempt, ServiceFault> {
    serde_dynamo::from_item(item).map_err(|error| unreadable(error.to_string()))
}

pub(super) fn event_item(id: &EndpointId, event: &Event) -> Item {
    let mut item: Item = serde_dynamo::to_item(event).expect("the domain's types are plain data");
    item.insert("pk".into(), endpoint_pk(id));
    item.insert("sk".into(), text(format!("EVENT#{}", event.id)));
    item.insert("expires_at".into(), super::number((event.at + HISTORY_KEPT).unix_timestamp()));
    put_on_trail(&mut item, event);
    item
}

/// Lists what happens in the index of endpoints, in a partition for each day, whose items are sorted by time. The index
/// sorts by what is the domain of an endpoint.
fn put_on_trail(item: &mut Item, event: &Event) {
    item.insert("listing".into(), trail_partition(event.at.date()));
    item.insert("domain".into(), text(&event.id));
}

pub(super) fn trail_partition(day: Date) -> AttributeValue {
    text(format!("trail#{day}"))
}

/// What a tenant has registered.
pub(super) fn name_item(tenant: &TenantId, name: &DomainName, endpoint: &EndpointId) -> Item {
    HashMap::from([
        ("pk".into(), name_pk(name)),
        ("sk".into(), name_sk(tenant)),
        ("endpoint".into(), text(endpoint.to_string())),
    ])
}

/// Who has proven a name. Earlier releases wrote it at registration, without the time.
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

/// An item that this release cannot read: written by another one, or by hand.
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
    use vocabulary::acme::Reachability;
    use vocabulary::names::{DelegationLabel, EndpointNames};

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
        let item = endpoint_item(&endpoint);
        assert!(matches!(item["due_at"], AttributeValue::N(_)));
        assert!(!item.contains_key("lease_until"));
        assert_eq!(to_endpoint(item).expect("readable"), endpoint);
        let claim = claim_item(&"example.com".parse().expect("valid"), &endpoint.id, endpoint.created_at);
        for index in ["due_shard", "tenant", "listing"] {
            assert!(endpoint_item(&endpoint).contains_key(index) && !claim.contains_key(index), "{index}");
        }
    }
}
