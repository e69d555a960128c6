use domain::endpoint::{Endpoint, Failing, LEASE, Notifications, TrackRecord};
use domain::ports::{
    AttemptJournal, AuditTrail, Change, ChangeError, CheckLog, DueEntry, DueIndex, FencedError, Registry, Settlement,
};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{DnsMethod, OpenOrder, Reachability};
use vocabulary::certificate::{CertificateTags, Deployment};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointNames;

use super::check_log::report_of_a_missing_record;
use super::endpoints::{attempt, notifications, order_of};
use super::{endpoint, registered, whole_second};

/// `seed` is one that no other test uses, and neither are the two after it.
pub async fn changes(store: &(impl Registry + DueIndex + AttemptJournal + AuditTrail + CheckLog), seed: u64) {
    let now = whole_second();
    let first = endpoint(seed, now);
    let other = Endpoint { tenant: first.tenant.clone(), ..endpoint(seed + 1, now) };
    let id = &first.id;
    for endpoint in [&first, &other] {
        store.register(endpoint, &registered(endpoint), None).await.expect("registered");
    }
    let entry = DueEntry { endpoint: id.clone(), due_at: now };
    assert_eq!(store.claim(&entry, now, now + LEASE).await, Ok(Some(1)));
    let read = async || store.find(id).await.expect("answers").expect("there");

    let domain = first.names.primary().to_string();
    let change = |also: &[&str], at: OffsetDateTime| {
        let also: Vec<_> = also.iter().map(ToString::to_string).collect();
        let names = EndpointNames::parse(&domain, &also, 100).expect("valid names");
        let (reachability, dns_method) = (Reachability::External, DnsMethod::DnsPersist01);
        Change { names, reachability, dns_method, deployment: deployment(), due_at: at }
    };
    let new_name = format!("new-{seed}.example.com");
    let wanted = change(&[&new_name], now + Duration::MINUTE);
    let event = registered(&first);
    let event = domain::endpoint::Event { id: format!("{}-changed", event.id), ..event };
    assert_eq!(store.change(&read().await, &wanted, &event).await, Err(ChangeError::Busy), "an attempt is running");

    let order = order_of(&first, now);
    store.save_order(id, 1, &order).await.expect("saved");
    let failure = Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, "no record", "create it");
    let settlement = Settlement {
        due_at: now + Duration::HOUR,
        failing: Some(Failing::first(failure, now)),
        drop_order: false,
        withdrawn: false,
        unsent: None,
        authorizations: vec![],
        track: TrackRecord::default(),
        returned: vec![],
        at: now,
        announced: false,
        removing: false,
        told: notifications(now),
        attempt: attempt(id, 1, now, domain::endpoint::Outcome::Failed),
    };
    store.settle(id, 1, &settlement).await.expect("settled");
    let report = report_of_a_missing_record(&format!("_acme-challenge.{domain}"), "label.acme.example", now);
    assert_eq!(store.record_check(&first, &report).await, Ok(true));

    let seen = read().await;
    let rival = other.names.primary().to_string();
    let refused = store.change(&seen, &change(&[&new_name, &rival], now), &event).await;
    assert_eq!(refused, Err(ChangeError::NameTaken(other.names.primary().base.clone())));
    assert_eq!(read().await, seen, "nothing of a refused change is written");
    assert_eq!(store.registered_by(&first.tenant, &new_name.parse().expect("a name")).await, Ok(None));

    store.change(&seen, &wanted, &event).await.expect("changed");
    let changed = read().await;
    let expected = Endpoint {
        names: wanted.names.clone(),
        reachability: Reachability::External,
        dns_method: DnsMethod::DnsPersist01,
        deployment: deployment(),
        attempt: 2,
        due_at: Some(now + Duration::MINUTE),
        failing: None,
        check: None,
        told: Notifications { sequence: 1, told: vec![], ..Notifications::default() },
        ..seen.clone()
    };
    assert_eq!(changed, expected, "the order is kept: it remembers what it published");
    assert_eq!(
        store.registered_by(&first.tenant, &new_name.parse().expect("a name")).await,
        Ok(Some(id.clone())),
        "the new name is claimed"
    );
    let dropped = format!("wild-{seed}.example.com").parse().expect("a name");
    assert_eq!(store.registered_by(&first.tenant, &dropped).await, Ok(None), "the old one is free");
    let kept = &first.names.primary().base;
    assert_eq!(store.registered_by(&first.tenant, kept).await, Ok(Some(id.clone())), "and one of both is never let go");
    let usage = store.usage(&first.tenant).await.expect("answers");
    assert_eq!((usage.endpoints, usage.names), (2, 4), "as many as before");
    assert!(store.events(id, None, 9).await.expect("answers").contains(&event), "it is in the trail");

    assert_eq!(
        store.change(&seen, &change(&[], now), &event).await,
        Err(ChangeError::Busy),
        "it was seen as it was before"
    );
    assert_eq!(
        store.save_order(id, 1, &order).await,
        Err(FencedError::Superseded),
        "an attempt from before is fenced off"
    );
    assert_eq!(store.settle(id, 1, &settlement).await, Err(FencedError::Superseded));

    let due = DueEntry { endpoint: id.clone(), due_at: now + Duration::MINUTE };
    let later = now + Duration::MINUTE;
    assert_eq!(store.claim(&due, later, later + LEASE).await, Ok(Some(3)), "and the next one may begin");
    store.save_order(id, 3, &OpenOrder { importing: true, ..order }).await.expect("saved");
    store.release(id, 3, later).await.expect("released");
    let refused = store.change(&read().await, &change(&[], later), &event).await;
    assert_eq!(refused, Err(ChangeError::Busy), "a certificate may be in ACM under the names as they are");
    let same_names = Change { reachability: Reachability::Internal, ..change(&[&new_name], later) };
    store.change(&read().await, &same_names, &event).await.expect("names stay");

    store.begin_removal(id, later).await.expect("marked");
    assert_eq!(store.change(&read().await, &same_names, &event).await, Err(ChangeError::Busy), "it is being removed");
}

fn deployment() -> Deployment {
    let regions = vec!["eu-west-1".parse().expect("a region")];
    let role = Some("arn:aws:iam::111122223333:role/there".parse().expect("a role"));
    let listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/net/edge/1/1";
    let (pool, target) =
        (Some("eu".parse().expect("a name")), Some("*.edge-1.example.net".parse().expect("a wildcard")));
    let tags = CertificateTags::parse([("team".to_owned(), "shops".to_owned())].into()).expect("a tag");
    let listeners = vec![listener.parse().expect("a listener")];
    Deployment { listeners, regions, role, pool, adopt: None, target, export_key: true, tags }
}
