use diagnosis::report::CheckReport;
use domain::endpoint::{Endpoint, Event, EventKind, Health, LEASE, Notifications, Outcome, TrackRecord};
use domain::health::pace::first_check;
use domain::health::{CertificateUse, FailingCheck, InAcm, InstallationState, Seen};
use domain::ports::{
    AttemptJournal, AuditTrail, Change, CheckLog, DUE_SHARDS, DueEntry, DueIndex, HealthIndex, InstallationLog,
    Registry, Settlement, Sight,
};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::DnsMethod;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::{EndpointId, Origin};

use super::check_log::report_of_a_missing_record;
use super::endpoints::attempt;
use super::{endpoint, whole_second};
use crate::installed;

/// The result of a check of `endpoint` that found a record missing.
fn sight(endpoint: &Endpoint, at: OffsetDateTime, report: bool) -> Sight {
    let found = report_of_a_missing_record("_acme-challenge.host.example.com", "label.acme.example", at);
    let held = installed(endpoint, at);
    let acm = InAcm::There(CertificateUse { serial: held.serial.clone(), used_by: vec!["lb".into()] });
    let health = Health::follow(
        endpoint.health.as_ref(),
        endpoint,
        &held,
        &Seen { report: &found, acm: &acm, copies: &[], listeners: &[] },
        at,
    );
    let event = Event::act(EventKind::Checked, Origin::itself(), "Checked.", at, 7);
    Sight {
        health,
        next_check_at: at + Duration::HOUR,
        summary: found.summary(),
        events: report.then_some(event).into_iter().collect(),
        report: report.then_some(found),
    }
}

/// `seed` is one that no other test uses, nor the number after it.
pub async fn health_index(
    index: &(impl HealthIndex + AttemptJournal + Registry + DueIndex + CheckLog + AuditTrail),
    seed: u64,
) {
    let now = whole_second();
    let fresh = endpoint(seed, now);
    let id = &fresh.id;
    let shard = id.shard(DUE_SHARDS);
    let due =
        async |at| index.health_due(shard, at, 1000).await.expect("answers").iter().any(|entry| entry.endpoint == *id);
    let read = async || index.find(id).await.expect("answers").expect("there");
    let events = async || index.events(id, None, 50).await.expect("answers").len();
    index.register(&fresh, &super::registered(&fresh), None).await.expect("registered");
    assert!(!due(now + Duration::days(999)).await, "without a certificate it is its attempts that check");

    let entry = DueEntry { endpoint: id.clone(), due_at: now };
    assert_eq!(index.claim(&entry, now, now + LEASE).await, Ok(Some(1)));
    let certificate = installed(&fresh, now);
    index.record_certificate(id, 1, &certificate).await.expect("recorded");
    let first = first_check(id, &certificate);
    assert_eq!(read().await.health_at, Some(first), "with a certificate it is checked in its turn");
    assert!(!due(first - Duration::SECOND).await && due(first).await);
    assert_eq!(
        index.record_health(&read().await, &sight(&read().await, now, true)).await,
        Ok(false),
        "not while an attempt runs"
    );
    index.settle(id, 1, &settlement(id, &certificate, now)).await.expect("settled");

    let rested = read().await;
    let before = events().await;
    let seen = sight(&rested, now, true);
    assert_eq!(index.record_health(&rested, &seen).await, Ok(true));
    let checked = read().await;
    assert_eq!((checked.health.as_ref(), checked.check.as_ref()), (Some(&seen.health), Some(&seen.summary)));
    assert_eq!(checked.health_at, Some(now + Duration::HOUR));
    assert_eq!(index.last_check(id).await.expect("answers"), seen.report, "with its report");
    assert_eq!(events().await, before + 1, "and its event");
    assert!(!due(now + Duration::HOUR - Duration::SECOND).await && due(now + Duration::HOUR).await);
    assert_eq!(checked.certificate, rested.certificate, "and nothing else is changed");

    let later = now + Duration::HOUR;
    let again = sight(&checked, later, false);
    assert_eq!(index.record_health(&checked, &again).await, Ok(true));
    let kept = read().await;
    assert_eq!(kept.health.as_ref().map(|health| health.symptoms[0].checks), Some(2));
    assert_eq!(kept.health, Some(again.health.clone()), "what lasts keeps its beginning");
    assert_eq!(
        index.last_check(id).await.expect("answers"),
        seen.report,
        "a report that tells nothing new is not written"
    );
    assert_eq!(index.record_health(&checked, &again).await, Ok(true), "writing the same again is fine");

    let read_again = unchanged(index, &read().await, later + Duration::HOUR).await;
    assert!(!due(read_again - Duration::SECOND).await && due(read_again).await);
    let kept = read().await;

    let told = Notifications { sequence: 3, told: vec![], ..Notifications::default() };
    assert_eq!(index.save_notified(&kept, &told).await, Ok(true));
    assert_eq!(read().await.told, told);
    assert_eq!(
        index.save_notified(&kept, &Notifications::default()).await,
        Ok(false),
        "somebody else has told meanwhile"
    );
    let of_before = Endpoint { attempt: 0, told: told.clone(), ..kept.clone() };
    assert_eq!(
        index.save_notified(&of_before, &Notifications::default()).await,
        Ok(false),
        "an attempt has begun since"
    );
    let kept = read().await;

    let other = InstalledCertificate { generation: certificate.generation + 1, ..certificate.clone() };
    let of_another = Endpoint { certificate: Some(other), ..kept.clone() };
    assert_eq!(index.record_health(&of_another, &again).await, Ok(false), "it has another certificate by now");
    let by_another_method = Endpoint { dns_method: DnsMethod::DnsPersist01, ..kept.clone() };
    assert_eq!(index.record_health(&by_another_method, &again).await, Ok(false), "nor does one at other records");
    let Endpoint { reachability, dns_method, deployment, .. } = kept.clone();
    let change = Change { names: endpoint(seed + 1, now).names, reachability, dns_method, deployment, due_at: now };
    index.change(&kept, &change, &super::registered(&kept)).await.expect("changed");
    assert_eq!(read().await.health, None, "what was known of other names is forgotten");
    assert_eq!(index.record_health(&kept, &again).await, Ok(false), "a check of other names says nothing of these");

    index.postpone_health(id, now + Duration::days(9)).await.expect("postponed");
    assert!(!due(now + Duration::days(8)).await && due(now + Duration::days(9)).await);
    let gone = endpoint(seed + 2, now).id;
    index.postpone_health(&gone, now).await.expect("postponing what is not there is fine");
    assert_eq!(index.find(&gone).await, Ok(None), "and makes nothing");
}

/// Two checks that find everything correct, the second without news: what is read is what was seen, and newer data stay.
/// Returns when the next check is due.
async fn unchanged(index: &impl HealthIndex, ailing: &Endpoint, at: OffsetDateTime) -> OffsetDateTime {
    let id = &ailing.id;
    let read = async || index.find(id).await.expect("answers").expect("there");
    let good = |endpoint: &Endpoint, at: OffsetDateTime| {
        let found = report_of_a_missing_record("_acme-challenge.host.example.com", "label.acme.example", at);
        let found = CheckReport { records: vec![], findings: vec![], ..found };
        let mut sight = sight(endpoint, at, false);
        sight.health = Health { symptoms: vec![], dns_good_at: Some(at), ..sight.health };
        sight.summary = found.summary();
        sight
    };
    let first = good(ailing, at);
    assert_eq!(first.as_before(ailing), None, "that it is well again is news");
    assert_eq!(index.record_health(ailing, &first).await, Ok(true));
    let later = at + Duration::HOUR;
    let second = good(&read().await, later);
    assert!(second.as_before(&read().await).is_some());
    assert_eq!(index.record_health(&read().await, &second).await, Ok(true));
    let seen = read().await;
    assert_eq!((seen.health.as_ref(), seen.check.as_ref()), (Some(&second.health), Some(&second.summary)));
    assert_eq!(seen.health_at, Some(later + Duration::HOUR));
    let of_another = Endpoint { dns_method: DnsMethod::DnsPersist01, ..seen.clone() };
    assert_eq!(index.record_health(&of_another, &good(&seen, later)).await, Ok(false), "it is asked for other records");
    later + Duration::HOUR
}

/// Requires an installation without stored state.
pub async fn installation_log(log: &impl InstallationLog) {
    let healthy = InstallationState::default();
    assert_eq!(log.installation().await, Ok(healthy.clone()), "where nothing is kept all is well");
    let failing = FailingCheck { check: "schedule".into(), since: whole_second(), checks: 1 };
    let ill = InstallationState { failing: vec![failing], ..InstallationState::default() };
    assert_eq!(log.save_installation(&ill, &ill).await, Ok(false), "what was decided on something else is not kept");
    assert_eq!(log.save_installation(&healthy, &ill).await, Ok(true));
    assert_eq!(log.installation().await, Ok(ill.clone()), "it reads as it was written");
    assert_eq!(log.save_installation(&healthy, &healthy).await, Ok(false), "nor what another run has overtaken");
    assert_eq!(log.save_installation(&ill, &healthy).await, Ok(true));
    assert_eq!(log.installation().await, Ok(healthy));
}

fn settlement(id: &EndpointId, certificate: &InstalledCertificate, now: OffsetDateTime) -> Settlement {
    Settlement {
        due_at: certificate.renew_at,
        failing: None,
        drop_order: false,
        withdrawn: false,
        unsent: None,
        authorizations: vec![],
        track: TrackRecord::default(),
        returned: vec![],
        at: now,
        announced: true,
        removing: false,
        told: Notifications::default(),
        attempt: attempt(id, 1, now, Outcome::Issued),
    }
}
