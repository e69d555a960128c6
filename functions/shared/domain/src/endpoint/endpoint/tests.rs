use super::*;
use vocabulary::names::EndpointIdError;

#[test]
fn ids_round_trip_and_differ_from_domains() {
    let id = EndpointId::from_random([0xff; 16]);
    assert_eq!(id.as_str().parse::<EndpointId>().as_ref(), Ok(&id));
    assert!(!id.as_str().contains('.'));
    for bad in ["ep-short", "ep-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "example.com", ""] {
        assert_eq!(bad.parse::<EndpointId>(), Err(EndpointIdError), "{bad}");
    }
}

#[test]
fn a_certificate_that_is_due_to_go_may_be_replaced_by_one_that_expires_earlier() {
    use crate::endpoint::samples;
    use time::macros::datetime;
    use vocabulary::acme::{RenewalAdvice, RenewalWindow};
    let now = datetime!(2026-11-24 12:00 UTC);
    let names = EndpointNames::parse("shop.example.com", &[], 9).expect("valid");
    let label = DelegationLabel::from_random([2; 16]);
    let (id, tenant) = (EndpointId::from_random([1; 16]), TenantId::fallback());
    let mut endpoint = Endpoint::register(id, tenant, names, Reachability::External, label, now);
    assert_eq!(endpoint.to_outlast(now), None);
    let names: Vec<_> = endpoint.names.iter().cloned().collect();
    let held = samples::certificate(names, now, time::Duration::days(90));
    endpoint.certificate = Some(held.clone());
    assert_eq!(endpoint.to_outlast(now), Some(held.not_after));
    assert_eq!(endpoint.to_outlast(held.renew_at), None, "its renewal is due");
    // Revoked: the whole window is in the past.
    let hour = time::Duration::HOUR;
    let window = RenewalWindow { start: now - hour, end: now - hour / 2 };
    let advised = |window: RenewalWindow| {
        let advice = RenewalAdvice { window, renew_at: held.renew_at, explanation: None };
        InstalledCertificate { advice: Some(advice), ..held.clone() }
    };
    endpoint.certificate = Some(advised(window));
    assert_eq!(endpoint.to_outlast(now), None);
    endpoint.certificate = Some(advised(RenewalWindow { start: now + hour, end: now + hour * 2 }));
    assert_eq!(endpoint.to_outlast(now), Some(held.not_after));
    endpoint.certificate = Some(InstalledCertificate { names: vec![], ..held });
    assert_eq!(endpoint.to_outlast(now), None, "it is for other names");
}

#[test]
fn all_128_bits_distinguish_labels() {
    for bit in 0..128 {
        let one = DelegationLabel::from_random((1_u128 << bit).to_be_bytes());
        assert_ne!(one, DelegationLabel::from_random([0; 16]), "bit {bit}");
    }
}

/// Items of the due index are stored under it.
#[test]
fn a_shard_is_the_same_in_every_release() {
    let shards = [0, 1, 0xff].map(|seed| EndpointId::from_random([seed; 16]).shard(8));
    assert_eq!(shards, [1, 7, 6]);
}

#[test]
fn shards_are_used_evenly() {
    let mut counts = [0; 8];
    for n in 0..8000_u128 {
        let id = EndpointId::from_random((n * 0x9e37_79b9_7f4a_7c15).to_be_bytes());
        counts[id.shard(8) as usize] += 1;
    }
    assert!(counts.iter().all(|&n| (800..1200).contains(&n)), "{counts:?}");
}

fn registered_at(now: OffsetDateTime) -> Endpoint {
    let names = EndpointNames::parse("shop.example.com", &[], 9).expect("valid");
    let label = DelegationLabel::from_random([2; 16]);
    let id = EndpointId::from_random([1; 16]);
    Endpoint::register(id, TenantId::fallback(), names, Reachability::External, label, now)
}

#[test]
fn no_order_overwrites_the_chain_of_the_current_certificate() {
    let mut endpoint = registered_at(OffsetDateTime::UNIX_EPOCH);
    assert_eq!(endpoint.next_generation(), 1);
    let names: Vec<_> = endpoint.names.iter().cloned().collect();
    let held = crate::endpoint::samples::certificate(names, OffsetDateTime::UNIX_EPOCH, time::Duration::days(90));
    for (in_place, newest, next) in [(1, 1, 2), (1, 2, 4), (1, 4, 6), (4, 4, 5), (4, 5, 7)] {
        endpoint.generation = newest;
        endpoint.certificate = Some(InstalledCertificate { generation: in_place, ..held.clone() });
        assert_eq!(endpoint.next_generation(), next, "{in_place} in place, {newest} the newest");
    }
}

/// Then it serves, and people are notified that it was issued.
#[test]
fn only_tags_are_lacking_once_the_certificate_is_on_its_listeners() {
    use vocabulary::certificate::{CertificateTags, ListenerUse};
    let now = OffsetDateTime::UNIX_EPOCH;
    let mut endpoint = registered_at(now);
    let names: Vec<_> = endpoint.names.iter().cloned().collect();
    let held = crate::endpoint::samples::certificate(names, now, time::Duration::days(90));
    let listener =
        "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/shop/0123456789abcdef/0123456789abcdef";
    endpoint.deployment.listeners = vec![listener.parse().expect("an ARN")];
    let tags = std::collections::BTreeMap::from([("team".to_owned(), "shops".to_owned())]);
    endpoint.deployment.tags = CertificateTags::parse(tags).expect("valid");
    let arn = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-4000-8000-000000000001".to_owned();
    for (attached_at, alone) in [(None, false), (Some(now), true)] {
        let listeners = vec![ListenerUse { listener: endpoint.deployment.listeners[0].clone(), attached_at }];
        endpoint.certificate = Some(InstalledCertificate { arn: arn.clone(), listeners, ..held.clone() });
        assert_eq!(endpoint.lacks_export_or_tags_alone(), alone);
    }
}
