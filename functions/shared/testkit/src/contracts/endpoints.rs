use domain::endpoint::attempt::execution_name;
use domain::endpoint::{
    Attempt, Endpoint, Failing, LEASE, Notifications, Notified, Outcome, Severity, Source, TrackRecord,
};
use domain::ports::{
    AttemptJournal, AuditTrail, DueEntry, DueIndex, FencedError, Position, RegisterError, Registered, Registry,
    Removed, RequestError, Settlement,
};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{OpenOrder, OrderStatus};
use vocabulary::certificate::TenantUsage;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{EndpointId, EndpointNames, KEY_KEPT, NamedRequest, Scope};

use super::{endpoint, registered, whole_second};
use crate::installed;

/// `seed` is one that no other test uses.
pub async fn registry(registry: &(impl Registry + DueIndex), seed: u64) {
    let now = whole_second();
    let first = endpoint(seed, now);
    let names: Vec<_> = first.names.authorization_names().into_iter().cloned().collect();
    assert_eq!(registry.find(&first.id).await, Ok(None), "nothing is there before");
    let register = async |endpoint: &Endpoint| registry.register(endpoint, &registered(endpoint), None).await;
    assert_eq!(register(&first).await, Ok(Registered::Now));
    assert_eq!(registry.find(&first.id).await, Ok(Some(first.clone())), "it reads as it was written");
    for name in &names {
        let own = registry.registered_by(&first.tenant, name).await;
        assert_eq!(own, Ok(Some(first.id.clone())), "every base name is its tenant's");
    }

    let usage = |endpoints, names| Ok(TenantUsage { endpoints, names });
    assert_eq!(registry.usage(&first.tenant).await, usage(1, names.len() as u64), "it is counted");

    let rival = Endpoint { id: EndpointId::from_random([seed as u8; 16]), ..first.clone() };
    let refused = register(&rival).await.expect_err("taken");
    assert!(matches!(refused, RegisterError::NameTaken(name) if names.contains(&name)));
    assert_eq!(registry.find(&rival.id).await, Ok(None), "nothing of a refused registration is written");
    assert_eq!(registry.usage(&first.tenant).await, usage(1, names.len() as u64), "nor counted");

    let second = Endpoint { tenant: first.tenant.clone(), ..endpoint(seed + 1, now) };
    register(&second).await.expect("registered");
    let asked = [second.id.clone(), rival.id.clone(), first.id.clone(), second.id.clone()];
    assert_eq!(registry.find_all(&asked).await, Ok(vec![second.clone(), first.clone()]), "those that are there");
    let own = Scope::Tenant(first.tenant.clone());
    let page = registry.list(&own, None, 1).await.expect("answers");
    let next = page.next.expect("there is more");
    assert_eq!(next, Position::of(&first));
    let rest = registry.list(&own, Some(&next), 9).await.expect("answers");
    let ids: Vec<_> = page.endpoints.iter().chain(&rest.endpoints).map(|e| e.id.clone()).collect();
    assert_eq!(ids, [first.id.clone(), second.id.clone()], "pages follow each other by domain");
    assert_eq!(registry.list(&own, Some(&Position::of(&second)), 9).await.expect("answers").endpoints, []);
    let nobody = Scope::Tenant("nobody".parse().expect("valid"));
    assert!(registry.list(&nobody, None, 9).await.expect("answers").endpoints.is_empty());

    let foreign = endpoint(seed + 2, now);
    register(&foreign).await.expect("registered");
    let everything = registry.list(&Scope::Everything, None, 1000).await.expect("answers").endpoints;
    let found: Vec<_> = everything.iter().map(|e| &e.id).filter(|id| [&second.id, &foreign.id].contains(id)).collect();
    assert_eq!(found, [&second.id, &foreign.id], "an operator's list has the endpoints of all, by domain");
    assert!(registry.list(&own, None, 9).await.expect("answers").endpoints.iter().all(|e| e.id != foreign.id));

    let wildcard = EndpointNames::parse(&format!("*.shop-{seed}.example.com"), &[], 9).expect("valid");
    let shops =
        ["a-shop", "shop-a", "shop-b"].map(|word| EndpointNames::parse(&format!("{word}.{seed}.example.com"), &[], 9));
    let shops = shops.map(|names| names.expect("valid"));
    let mut of_shops = Vec::new();
    for (number, names) in shops.into_iter().chain([wildcard]).enumerate() {
        let number = u64::try_from(number).expect("four");
        let shop = Endpoint { names, tenant: first.tenant.clone(), ..endpoint(10_000 + seed * 10 + number, now) };
        register(&shop).await.expect("registered");
        of_shops.push(shop.id);
    }
    let [_, a, b, wildcard] = of_shops.as_slice() else { panic!("four") };
    for scope in [&own, &Scope::Everything] {
        for (prefix, expected) in [
            ("shop", vec![wildcard, a, b]),
            ("shop-a", vec![a]),
            ("*.shop", vec![wildcard]),
            (&format!("shop-b.{seed}.example.com"), vec![b]),
            ("shopping", vec![]),
        ] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = registry.search(scope, prefix, after.as_ref(), 1).await.expect("answers");
                assert!(page.endpoints.len() <= 1);
                found.extend(page.endpoints.into_iter().filter(|one| one.tenant == first.tenant).map(|one| one.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{prefix}");
        }
    }

    registry.open_renewal(&first.id, now).await.expect("no certificate, nothing to do");
    let gone = EndpointId::from_random([0xee; 16]);
    registry.begin_removal(&gone, now).await.expect("removing what is not there is fine");
    registry.wake(&gone).await.expect("waking what is not there is fine");
    registry.wake(&first.id).await.expect("and so is what does not fail");
    assert_eq!(registry.find(&gone).await, Ok(None), "and makes nothing");
    registry.begin_removal(&second.id, now).await.expect("marked");
    let marked = registry.find(&second.id).await.expect("answers").expect("still there");
    assert!(marked.removing && marked.due_at == Some(now));
}

/// `seed` is one that no other test uses.
pub async fn requests(registry: &impl Registry, seed: u64) {
    let now = whole_second();
    let first = endpoint(seed, now);
    let request = |key: &str, digest: &str| NamedRequest {
        tenant: first.tenant.clone(),
        key: key.parse().expect("a key"),
        digest: digest.into(),
    };
    let register = async |endpoint: &Endpoint, request: &NamedRequest| {
        registry.register(endpoint, &registered(endpoint), Some(request)).await
    };
    let before = async |request: &NamedRequest, at| registry.registered_before(request, at).await;
    assert_eq!(before(&request("one", "d1"), now).await, Ok(None), "nothing is there before");
    assert_eq!(register(&first, &request("one", "d1")).await, Ok(Registered::Now));
    assert_eq!(before(&request("one", "d1"), now).await, Ok(Some(first.id.clone())));
    assert_eq!(before(&request("one", "d2"), now).await, Err(RequestError::KeyReused));
    assert_eq!(before(&request("two", "d1"), now).await, Ok(None), "another key is another request");
    assert_eq!(before(&request("one", "d2"), now + KEY_KEPT).await, Ok(None), "a day later a key is new");
    let again = Endpoint { id: EndpointId::from_random([seed as u8; 16]), ..first.clone() };
    assert_eq!(register(&again, &request("one", "d1")).await, Ok(Registered::Before(first.id.clone())));
    assert_eq!(registry.find(&again.id).await, Ok(None), "the second time nothing is written");
    assert_eq!(register(&again, &request("one", "d2")).await, Err(RegisterError::KeyReused));
    let taken = register(&again, &request("two", "d1")).await;
    assert!(matches!(taken, Err(RegisterError::NameTaken(_))), "another key is another request");

    let elsewhere = endpoint(seed + 1, now);
    let theirs = NamedRequest { tenant: elsewhere.tenant.clone(), ..request("one", "d3") };
    assert_eq!(register(&elsewhere, &theirs).await, Ok(Registered::Now), "a tenant's keys are its own");

    let late = Endpoint { created_at: now + KEY_KEPT, ..endpoint(seed + 2, now) };
    let just_before = Endpoint { created_at: now + KEY_KEPT - Duration::SECOND, ..late.clone() };
    assert_eq!(register(&just_before, &request("one", "d4")).await, Err(RegisterError::KeyReused));
    assert_eq!(register(&late, &request("one", "d4")).await, Ok(Registered::Now), "a day later a key is new");
}

/// The notifications of a failure at `now`.
pub(super) fn notifications(now: OffsetDateTime) -> Notifications {
    let notified = Notified {
        cause: FailureName::RecordsNotReady.into(),
        owner: WaitingOn::DomainOwner,
        certificate: Some("AB".into()),
        severity: Severity::Notice,
        since: now,
        source: Source::Attempts,
        shared: false,
    };
    Notifications { sequence: 1, told: vec![notified], ..Notifications::default() }
}

pub(super) fn attempt(id: &EndpointId, number: u64, now: OffsetDateTime, outcome: Outcome) -> Attempt {
    Attempt {
        attempt: number,
        started_at: now,
        finished_at: None,
        outcome,
        method: None,
        order: None,
        directory: None,
        failure: None,
        execution: execution_name(id, number),
        steps: Vec::new(),
    }
}

/// `seed` is one that no other test uses.
pub async fn attempt_journal(journal: &(impl AttemptJournal + Registry + DueIndex + AuditTrail), seed: u64) {
    let now = whole_second();
    let first = endpoint(seed, now);
    let id = &first.id;
    journal.register(&first, &registered(&first), None).await.expect("registered");
    let entry = DueEntry { endpoint: id.clone(), due_at: now };
    assert_eq!(journal.claim(&entry, now, now + LEASE).await, Ok(Some(1)));

    journal.begin(id, &attempt(id, 1, now, Outcome::Running)).await.expect("begun");
    journal.begin(id, &attempt(id, 1, now + Duration::HOUR, Outcome::Running)).await.expect("begun twice");
    assert_eq!(journal.attempts(id, 9).await.expect("answers")[0].started_at, now, "the first record stays");

    let order = order_of(&first, now);
    assert_eq!(journal.save_order(id, 2, &order).await, Err(FencedError::Superseded), "not ours");
    journal.save_order(id, 1, &order).await.expect("saved");
    let read = journal.find(id).await.expect("answers").expect("there");
    let kept = OpenOrder { nonce: None, ..order.clone() };
    assert_eq!((read.order, read.generation), (Some(kept.clone()), 1), "but the nonce, which is of the moment");

    journal.keep_chain(id, &order, "the chain").await.expect("kept");
    journal.keep_chain(id, &order, "the chain").await.expect("kept twice");
    journal.keep_chain(id, &OpenOrder { generation: 0, ..order.clone() }, "an older one").await.expect("no harm");
    assert_eq!(journal.find(id).await.expect("answers").expect("there").order, Some(kept.clone()), "it is apart");
    let with_chain = async || journal.find_with_chain(id).await.expect("answers").expect("there").order;
    let issued = OpenOrder { chain: Some("the chain".into()), status: OrderStatus::Valid, ..kept.clone() };
    assert_eq!(with_chain().await, Some(issued.clone()));
    journal
        .save_order(id, 1, &OpenOrder { url: "https://ca.example/order/2".into(), ..order.clone() })
        .await
        .expect("saved");
    assert_eq!(with_chain().await.and_then(|order| order.chain), None, "it is the other order's");
    journal.save_order(id, 1, &issued).await.expect("saved");
    assert_eq!(with_chain().await, Some(issued));

    let certificate = installed(&first, now);
    assert_eq!(journal.record_certificate(id, 2, &certificate).await, Err(FencedError::Superseded));
    journal.record_certificate(id, 1, &certificate).await.expect("recorded");

    let failure = Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, "no record", "create it");
    let withdrawn =
        async || journal.find(id).await.expect("answers").expect("there").order.map(|order| order.withdrawn);
    assert_eq!(withdrawn().await, Some(false));
    let failed = Settlement {
        due_at: now + Duration::MINUTE,
        failing: Some(Failing::first(failure, now)),
        drop_order: false,
        withdrawn: true,
        unsent: None,
        authorizations: vec![],
        track: TrackRecord::default(),
        returned: vec![],
        at: now,
        announced: false,
        removing: false,
        told: notifications(now),
        attempt: attempt(id, 1, now, Outcome::Failed),
    };
    assert_eq!(journal.settle(id, 2, &failed).await, Err(FencedError::Superseded));
    journal.settle(id, 1, &failed).await.expect("settled");
    let read = journal.find(id).await.expect("answers").expect("there");
    assert_eq!((read.due_at, read.lease_until), (Some(now + Duration::MINUTE), None));
    assert_eq!(read.failing, failed.failing);
    assert_eq!(withdrawn().await, Some(true));
    assert_eq!(read.told, failed.told, "what people were told is kept");
    assert!(read.order.is_some() && read.certificate.as_ref().is_some_and(|held| !held.announced));

    assert!(read.failing.is_some_and(|failing| failing.absence.is_some()), "a customer is waited for");
    journal.wake(id).await.expect("woken");
    journal.wake(id).await.expect("woken twice");
    let read = journal.find(id).await.expect("answers").expect("there");
    let begun_anew = failed.failing.clone().map(|failing| Failing { absence: None, ..failing });
    assert_eq!(read.failing, begun_anew, "only how long is forgotten");

    let failed_again = failed.clone();
    let good = Settlement {
        failing: None,
        drop_order: true,
        withdrawn: false,
        unsent: None,
        authorizations: vec![],
        track: TrackRecord::default(),
        returned: vec![],
        at: now,
        announced: true,
        told: Notifications { sequence: 2, told: vec![], ..Notifications::default() },
        attempt: attempt(id, 1, now, Outcome::Issued),
        ..failed
    };
    journal.settle(id, 1, &good).await.expect("settled again");
    let read = journal.find(id).await.expect("answers").expect("there");
    assert_eq!((read.failing, read.order), (None, None));
    assert_eq!(with_chain().await, None, "nothing is open that it could belong to");
    assert_eq!(read.told, Notifications { sequence: 2, told: vec![], ..Notifications::default() });
    assert!(read.certificate.is_some_and(|held| held.announced));
    assert_eq!(journal.attempts(id, 9).await.expect("answers")[0].outcome, Outcome::Issued);

    journal.open_renewal(id, now).await.expect("opened");
    let read = journal.find(id).await.expect("answers").expect("there");
    assert_eq!(read.certificate.expect("there").renew_at, now);

    journal.begin_removal(id, now).await.expect("marked");
    assert!(matches!(journal.settle(id, 1, &good).await, Err(FencedError::Fault(_))), "a removal is not overlooked");
    let going_on = Settlement { removing: true, withdrawn: false, ..failed_again };
    journal.settle(id, 1, &going_on).await.expect("settled while it is being removed");
    let going = journal.find(id).await.expect("answers").expect("there");
    let removed = attempt(id, 1, now, Outcome::Removed);
    assert_eq!(journal.removed(id).await, Ok(None), "it is there");
    journal.erase(&going, &removed).await.expect("erased");
    journal.erase(&going, &removed).await.expect("erased twice");
    let remembered = Removed { tenant: going.tenant.clone(), domain: going.names.primary().to_string() };
    assert_eq!(journal.removed(id).await, Ok(Some(remembered)), "whose its history is, is known");
    assert_eq!(journal.usage(&going.tenant).await, Ok(TenantUsage::default()), "and counted once");
    assert_eq!(journal.find(id).await, Ok(None));
    for name in going.names.authorization_names() {
        assert_eq!(journal.registered_by(&going.tenant, name).await, Ok(None), "its names are free again");
    }
    assert_eq!(journal.attempts(id, 9).await.expect("answers")[0].outcome, Outcome::Removed, "history stays");
}

/// An order that was just made for the names of `endpoint`.
pub fn order_of(endpoint: &Endpoint, now: OffsetDateTime) -> OpenOrder {
    OpenOrder {
        url: "https://ca.example/order/1".into(),
        finalize_url: "https://ca.example/order/1/finalize".into(),
        directory: "https://ca.example/directory".into(),
        generation: 1,
        names: endpoint.names.iter().cloned().collect(),
        status: OrderStatus::Pending,
        opened_at: now,
        expires: Some(now + Duration::DAY),
        authorizations: vec![],
        stale: vec![],
        nonce: Some("nonce".into()),
        withdrawn: false,
        chain: None,
        importing: false,
        taken: vec![],
        owed: vec![],
        former: vec![],
    }
}
