//! Properties that hold for every history of an endpoint.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

use diagnosis::report::{CheckSummary, Concern, RecordStatus, Serving};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Reachability;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

use crate::endpoint::failing::{Absence, Failing, UNPROVEN_PATIENCE};
use crate::endpoint::health::{Health, Symptom, SymptomKind};
use crate::endpoint::notified::Severity;
use crate::endpoint::samples;
use crate::endpoint::status::EndpointStatus;
use crate::issues::is_shared;
use crate::status::status_of;

const START: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

/// People are notified of a set-up after a day.
const POLICY: NotificationPolicy<'static> = NotificationPolicy { dashboard: None, setup_patience: Duration::hours(24) };

/// People are notified of a set-up at once.
const AT_ONCE: NotificationPolicy<'static> = NotificationPolicy { dashboard: None, setup_patience: Duration::ZERO };

const LIFE: Duration = Duration::days(90);

pub(crate) fn fresh() -> Endpoint {
    Endpoint::register(
        EndpointId::from_random([1; 16]),
        vocabulary::names::TenantId::fallback(),
        EndpointNames::parse("www.example.com", &[], 9).expect("valid"),
        Reachability::External,
        DelegationLabel::from_random([2; 16]),
        START,
    )
}

pub(crate) fn certificate(endpoint: &Endpoint, serial: u8, at: OffsetDateTime) -> InstalledCertificate {
    InstalledCertificate {
        serial: serial.to_string(),
        renewal: serial > 1,
        ..samples::certificate(endpoint.names.iter().cloned(), at, LIFE)
    }
}

pub(crate) fn failed(name: FailureName, actor: WaitingOn, since: OffsetDateTime) -> Failing {
    Failing::first(Failure::new(name, actor, "what", "do this"), since)
}

pub(super) fn health_with(broken: Option<WaitingOn>, another: bool, at: OffsetDateTime) -> Health {
    let symptom = |kind, actor| Symptom {
        kind,
        since: at,
        checks: 2,
        guidance: Guidance::new(actor, "It is wrong.", "Fix it."),
        check: None,
    };
    let broken = broken.map(|actor| symptom(SymptomKind::DnsBroken, actor));
    let another = another.then(|| symptom(SymptomKind::AnotherServed, WaitingOn::Operator));
    let symptoms = broken.into_iter().chain(another).collect();
    Health { checked_at: at, dns_good_at: None, symptoms, served: Serving::NotChecked, used_by: vec![] }
}

fn checked(broken: Option<WaitingOn>, another: bool, at: OffsetDateTime) -> CheckSummary {
    CheckSummary {
        checked_at: at,
        records: if broken.is_some() { RecordStatus::Missing } else { RecordStatus::Ok },
        worst: broken.map(|waiting_on| Concern {
            check: "delegation-missing".into(),
            severity: diagnosis::report::Severity::Error,
            guidance: Guidance::new(waiting_on, "It is missing.", "Create it."),
        }),
        serves_another: another,
        over_dns: vec![],
        unreached: None,
    }
}

/// What may happen between two decisions.
#[derive(Clone, Debug)]
enum Turn {
    Fails(FailureName, WaitingOn),
    Succeeds,
    /// A new certificate; the consecutive failures end.
    Renews,
    /// Who is waited on for what it finds broken, and whether the host serves a different certificate.
    HealthCheck(Option<WaitingOn>, bool),
    /// The same for a check on demand.
    Checks(Option<WaitingOn>, bool),
    /// Whether it is to be removed.
    Removes(bool),
    Nothing,
}

fn turns() -> impl Strategy<Value = Vec<(Turn, i64)>> {
    let actor = || prop_oneof![Just(WaitingOn::DomainOwner), Just(WaitingOn::Operator), Just(WaitingOn::Ca)];
    let name = prop::sample::select(FailureName::ALL.to_vec());
    let turn = prop_oneof![
        4 => (name, actor()).prop_map(|(name, actor)| Turn::Fails(name, actor)),
        1 => Just(Turn::Succeeds),
        1 => Just(Turn::Renews),
        3 => (prop::option::of(actor()), any::<bool>()).prop_map(|(broken, other)| Turn::HealthCheck(broken, other)),
        2 => (prop::option::of(actor()), any::<bool>()).prop_map(|(broken, other)| Turn::Checks(broken, other)),
        1 => any::<bool>().prop_map(Turn::Removes),
        2 => Just(Turn::Nothing),
    ];
    prop::collection::vec((turn, 0_i64..20), 1..40)
}

/// The notifications of one cause since it began, and where it was last seen.
#[derive(Debug)]
struct Episode {
    told: BTreeMap<(Option<String>, Severity), u32>,
    source: Source,
    /// Serial of the certificate when it was last seen.
    last: Option<String>,
}

#[derive(Debug)]
struct History {
    endpoint: Endpoint,
    now: OffsetDateTime,
    open: BTreeMap<(Cause, &'static str), Episode>,
    serial: u8,
}

fn name(actor: WaitingOn) -> &'static str {
    match actor {
        WaitingOn::DomainOwner => "customer",
        WaitingOn::Operator => "operator",
        WaitingOn::Ca => "ca",
        WaitingOn::Nobody => "nobody",
    }
}

impl History {
    fn turn(&mut self, turn: Turn, days: i64) {
        self.now += Duration::days(days);
        match turn {
            Turn::Fails(name, actor) => {
                let since = self.endpoint.failing.as_ref().map_or(self.now, |failing| failing.since);
                self.endpoint.failing = Some(failed(name, actor, since));
            }
            Turn::Succeeds => self.endpoint.failing = None,
            Turn::Renews => {
                self.serial += 1;
                self.endpoint.failing = None;
                self.endpoint.certificate = Some(certificate(&self.endpoint, self.serial, self.now));
            }
            Turn::HealthCheck(broken, other) => self.endpoint.health = Some(health_with(broken, other, self.now)),
            Turn::Checks(broken, other) => self.endpoint.check = Some(checked(broken, other, self.now)),
            Turn::Removes(removing) => self.endpoint.removing = removing,
            Turn::Nothing => {}
        }
    }

    /// The status is ready exactly when there is no issue, and whatever makes it wait on somebody is also notified: at once; if
    /// only one check saw it, when a second one confirms it; for a set-up, when its time has passed.
    fn status_and_notifications_agree(&self, decision: &Decision) {
        let all = issues(&self.endpoint, self.now);
        let report = status_of(&self.endpoint, self.now);
        assert_eq!(report.status == EndpointStatus::Ready, all.is_empty(), "{all:?}");
        let Some(worst) = all.iter().min_by_key(|issue| issue.status) else { return };
        assert_eq!(report.guidance, worst.guidance);
        if !report.guidance.waiting_on.is_somebody() {
            return;
        }
        assert!(worst.notice.is_some(), "who is waited on is notified");
        if worst.due_notice(self.now, POLICY.setup_patience).is_some() {
            let told = decision.notifications.told.iter();
            let mut same = told.filter(|told| (&told.cause, told.owner) == (&worst.cause, worst.owner));
            assert!(same.next().is_some(), "{worst:?} of {:?}", decision.notifications);
        }
    }

    /// Decides, and compares the decision with the earlier notifications.
    fn decide(&mut self) {
        let decision = decide(&self.endpoint, self.now, &POLICY);
        self.status_and_notifications_agree(&decision);
        let serial = self.endpoint.certificate.as_ref().map(|held| held.serial.clone());
        let current: Vec<_> = issues(&self.endpoint, self.now)
            .into_iter()
            .filter_map(|issue| issue.due_notice(self.now, POLICY.setup_patience).map(|notice| (issue, notice)))
            .collect();
        let own: Vec<_> = current.iter().filter(|(_, notice)| !notice.shared).collect();
        for (issue, notice) in &own {
            let key = (issue.cause.clone(), name(issue.owner));
            let fits = |alert: &&Alert| {
                alert.kind != AlertKind::Recovered
                    && (&alert.cause, alert.guidance.waiting_on) == (&issue.cause, issue.guidance.waiting_on)
            };
            let alerts: Vec<_> = decision.alerts.iter().filter(fits).collect();
            let episode = self.open.entry(key).or_insert_with(|| Episode {
                told: BTreeMap::new(),
                source: notice.source,
                last: None,
            });
            (episode.source, episode.last) = (notice.source, serial.clone());
            let worst = episode.told.keys().filter(|(held, _)| *held == serial).map(|(_, severity)| *severity).max();
            let rises = worst.is_none_or(|worst| notice.severity > worst);
            assert_eq!(alerts.len(), usize::from(rises), "a severity that rises is told, and nothing else: {issue:?}");
            for alert in alerts {
                let times = episode.told.entry((serial.clone(), alert.severity)).or_default();
                *times += 1;
                assert_eq!(*times, 1, "once for a certificate, a cause and a severity");
            }
        }
        let failing = self.endpoint.failing.is_some();
        let ended: Vec<_> = self
            .open
            .iter()
            .filter(|((cause, actor), episode)| {
                let lasts = own.iter().any(|(issue, _)| (&issue.cause, name(issue.owner)) == (cause, *actor));
                let unknown = episode.source.is_a_check() && self.endpoint.awaits_check();
                !(lasts || unknown || episode.source == Source::Attempts && failing)
            })
            .map(|(key, _)| key.clone())
            .collect();
        // Only the first certificate announces the end of a domain owner's set-up.
        let set_up = |(_, owner): &(Cause, &str), episode: &Episode| {
            *owner == "customer" && serial.is_some() && episode.last.is_none()
        };
        let told = ended.iter().filter(|key| !set_up(key, &self.open[*key]));
        let mut over: Vec<_> = told.map(|(cause, _)| cause.clone()).collect();
        let told_over = decision.alerts.iter().filter(|alert| alert.kind == AlertKind::Recovered);
        let told_over: Vec<_> = told_over.collect();
        assert!(told_over.len() <= 1, "what ends together is one message: {told_over:?}");
        let causes = told_over.iter().flat_map(|alert| [&alert.cause].into_iter().chain(&alert.also_resolved));
        let mut told_over: Vec<_> = causes.cloned().collect();
        over.sort();
        over.dedup();
        told_over.sort();
        told_over.dedup();
        assert_eq!(told_over, over, "each trouble that ends is told to be over, once, and no other");
        for key in ended {
            self.open.remove(&key);
        }
        let shared: Vec<_> =
            current.iter().filter(|(_, notice)| notice.shared).map(|(i, _)| (i.cause.clone(), i.owner)).collect();
        let joined: Vec<_> = decision.shared.iter().map(|(i, _)| (i.cause.clone(), i.owner)).collect();
        assert_eq!(joined, shared, "what is shared is left to those who tell it once for all");
        let before = self.endpoint.told.told.iter().filter(|told| told.shared);
        let gone = before.filter(|told| !shared.contains(&(told.cause.clone(), told.owner)));
        let gone: Vec<_> = gone.map(|told| (told.cause.clone(), told.owner)).collect();
        assert_eq!(decision.left, gone, "and is left once");
        self.endpoint.told = decision.notifications;
        let again = crate::alert::notifications::decide(&self.endpoint, self.now, &POLICY);
        assert_eq!(
            (again.alerts, again.notifications),
            (vec![], self.endpoint.told.clone()),
            "the same again is no news"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_issue_is_notified_once_for_each_severity_and_its_recovery_once(turns in turns()) {
        let mut history = History { endpoint: fresh(), now: START, open: BTreeMap::new(), serial: 0 };
        let mut ids = std::collections::BTreeSet::new();
        for (turn, days) in turns {
            history.turn(turn, days);
            for alert in decide(&history.endpoint, history.now, &POLICY).alerts {
                prop_assert!(ids.insert(alert.id.clone()), "{} was used before", alert.id);
            }
            history.decide();
        }
        history.endpoint.failing = None;
        history.endpoint.health = None;
        history.endpoint.check = None;
        history.endpoint.due_at = None;
        history.decide();
        prop_assert!(history.open.is_empty() && history.endpoint.told.told.is_empty(), "nothing is left when all is well");
    }
}

#[test]
fn a_decision_that_is_taken_again_after_a_crash_has_the_same_ids() {
    let mut endpoint = fresh();
    endpoint.failing = Some(failed(FailureName::RecordsNotReady, WaitingOn::DomainOwner, START));
    let first = decide(&endpoint, START, &AT_ONCE);
    let second = decide(&endpoint, START + Duration::MINUTE, &AT_ONCE);
    assert_eq!(first.alerts.len(), 1);
    assert_eq!(first.alerts[0].id, second.alerts[0].id);
}

#[test]
fn an_issue_that_lasts_is_notified_again_at_each_severity_as_the_expiry_approaches() {
    let mut endpoint = fresh();
    endpoint.certificate = Some(certificate(&endpoint, 1, START));
    endpoint.failing = Some(failed(FailureName::RecordsNotReady, WaitingOn::DomainOwner, START));
    let linked = NotificationPolicy { dashboard: Some("https://c.example"), ..AT_ONCE };
    let mut told = Vec::new();
    for hour in 0..=90 * 24 {
        let decision = decide(&endpoint, START + Duration::hours(hour), &linked);
        told.extend(decision.alerts.into_iter().map(|alert| (hour, alert.kind, alert.severity, alert.link)));
        endpoint.told = decision.notifications;
    }
    let hours: Vec<_> = told.iter().map(|(hour, kind, severity, _)| (*hour, *kind, *severity)).collect();
    let next = AlertKind::ExpiryApproaching;
    assert_eq!(
        hours,
        [
            (0, AlertKind::ActionRequired, Severity::Notice),
            (60 * 24 + 1, next, Severity::Warning),
            (72 * 24 + 1, next, Severity::Error),
            (81 * 24 + 1, next, Severity::Page),
        ]
    );
    let link = format!("https://c.example/dashboard/endpoints/{}", endpoint.id);
    assert!(told.iter().all(|told| told.3.as_deref() == Some(link.as_str())));
}

#[test]
fn a_dns_issue_from_before_the_renewal_is_not_notified_again_when_the_renewal_fails() {
    let mut endpoint = fresh();
    endpoint.certificate = Some(certificate(&endpoint, 1, START));
    endpoint.health = Some(health_with(Some(WaitingOn::DomainOwner), false, START));
    let decision = decide(&endpoint, START, &AT_ONCE);
    assert_eq!(decision.alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::ActionRequired]);
    endpoint.told = decision.notifications;
    endpoint.failing = Some(failed(FailureName::RecordsNotReady, WaitingOn::DomainOwner, START));
    assert_eq!(decide(&endpoint, START, &AT_ONCE).alerts, []);
}

#[test]
fn a_failure_that_waits_on_nobody_is_notified_near_the_expiry_and_not_before() {
    let mut endpoint = fresh();
    endpoint.failing = Some(failed(FailureName::ChallengeFailed, WaitingOn::Nobody, START));
    assert_eq!(decide(&endpoint, START, &AT_ONCE).alerts, [], "no certificate yet, and it is tried again");
    let held = certificate(&endpoint, 1, START);
    let (third, life) = (held.not_after, held.not_after - held.not_before);
    endpoint.certificate = Some(held);
    let kinds = |now| decide(&endpoint, now, &AT_ONCE).alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>();
    assert_eq!(kinds(third - life / 2), []);
    assert_eq!(kinds(third - life / 4), [AlertKind::RenewalFailed]);
}

#[test]
fn a_failure_that_waits_on_the_domain_owner_is_never_shared() {
    for name in FailureName::ALL {
        assert!(!is_shared(&failed(name, WaitingOn::DomainOwner, START).failure), "{name}");
    }
    assert!(is_shared(&failed(FailureName::CaUnavailable, WaitingOn::Ca, START).failure));
}

#[test]
fn a_change_of_names_forgets_its_notifications_but_not_its_shared_causes() {
    let mut endpoint = fresh();
    for (failure, actor) in
        [(FailureName::RecordsNotReady, WaitingOn::DomainOwner), (FailureName::CaUnavailable, WaitingOn::Ca)]
    {
        endpoint.failing = Some(failed(failure, actor, START));
        endpoint.told = decide(&endpoint, START, &AT_ONCE).notifications;
    }
    let left: Vec<_> = endpoint.told.after_change().told.into_iter().map(|told| told.cause).collect();
    assert_eq!(left, [Cause::new("CaUnavailable")]);
}

#[test]
fn an_issue_of_the_former_certificate_stays_as_notified_until_the_next_check() {
    let mut endpoint = fresh();
    endpoint.certificate = Some(certificate(&endpoint, 1, START));
    endpoint.due_at = None;
    endpoint.health = Some(health_with(None, true, START));
    endpoint.told = decide(&endpoint, START, &AT_ONCE).notifications;
    let renewed = START + Duration::days(60);
    endpoint.certificate = Some(certificate(&endpoint, 2, renewed));
    let decision = decide(&endpoint, renewed, &AT_ONCE);
    assert_eq!((decision.alerts.len(), decision.notifications.told.len()), (0, 1));
    endpoint.told = decision.notifications;
    endpoint.health = Some(health_with(None, false, renewed + Duration::HOUR));
    let over = decide(&endpoint, renewed + Duration::HOUR, &AT_ONCE);
    assert_eq!(over.alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::Recovered]);
}

#[test]
fn two_causes_resolved_together_are_one_message_that_names_both() {
    let mut endpoint = fresh();
    endpoint.certificate = Some(certificate(&endpoint, 1, START));
    endpoint.due_at = None;
    endpoint.failing = Some(failed(FailureName::CaRefused, WaitingOn::Operator, START));
    endpoint.health = Some(health_with(None, true, START));
    let begun = decide(&endpoint, START, &AT_ONCE);
    assert_eq!(begun.alerts.len(), 2, "{:?}", begun.alerts);
    endpoint.told = begun.notifications;
    endpoint.failing = None;
    endpoint.health = Some(health_with(None, false, START + Duration::HOUR));
    let over = decide(&endpoint, START + Duration::HOUR, &AT_ONCE);
    let [alert] = over.alerts.as_slice() else { panic!("one message: {:?}", over.alerts) };
    assert_eq!((alert.kind, alert.also_resolved.len()), (AlertKind::Recovered, 1));
    for cause in [&alert.cause, &alert.also_resolved[0]] {
        assert!(alert.guidance.summary.contains(&resolved(cause)), "{}", alert.guidance.summary);
    }
}

#[test]
fn an_endpoint_that_was_paused_recovers_with_one_message() {
    let mut endpoint = fresh();
    let mut told = Vec::new();
    let mut tell = |endpoint: &mut Endpoint| {
        let decision = decide(endpoint, START, &AT_ONCE);
        told.extend(decision.alerts.into_iter().map(|alert| (alert.kind, alert.cause.to_string())));
        endpoint.told = decision.notifications;
    };
    endpoint.failing = Some(failed(FailureName::RecordsNotReady, WaitingOn::DomainOwner, START));
    tell(&mut endpoint);
    let absence = Absence { since: START, checks: 60, paused_since: Some(START) };
    endpoint.failing.as_mut().expect("just set").absence = Some(absence);
    tell(&mut endpoint);
    endpoint.failing = None;
    tell(&mut endpoint);
    let paused = |kind| (kind, "paused".to_owned());
    let missing = (AlertKind::ActionRequired, "RecordsNotReady".to_owned());
    assert_eq!(told, [missing, paused(AlertKind::ActionRequired), paused(AlertKind::Recovered)]);
}

#[test]
fn a_set_up_is_notified_once_after_a_day_and_its_end_by_the_first_certificate_alone() {
    let mut endpoint = fresh();
    let mut told = Vec::new();
    let mut decide_at = |endpoint: &mut Endpoint, hours| {
        let now = START + Duration::hours(hours);
        let decision = decide(endpoint, now, &POLICY);
        told.extend(decision.alerts.iter().map(|alert| (hours, alert.kind, alert.cause.to_string())));
        endpoint.told = decision.notifications;
    };
    let missing = || Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, "what", "do this");
    for hours in 0..30 {
        let now = START + Duration::hours(hours);
        endpoint.failing = Some(Failing::after(endpoint.failing.as_ref(), missing(), None, UNPROVEN_PATIENCE, now));
        decide_at(&mut endpoint, hours);
        assert_eq!(status_of(&endpoint, now).status, EndpointStatus::WaitingForDns);
    }
    endpoint.failing = None;
    endpoint.certificate = Some(certificate(&endpoint, 1, START + Duration::hours(30)));
    endpoint.due_at = None;
    decide_at(&mut endpoint, 30);
    assert_eq!(told, [(24, AlertKind::ActionRequired, "RecordsNotReady".to_owned())]);
    assert!(endpoint.told.told.is_empty());
}

#[test]
fn a_set_up_that_is_quick_is_notified_by_its_certificate_alone() {
    let mut endpoint = fresh();
    endpoint.failing = Some(failed(FailureName::RecordsNotReady, WaitingOn::DomainOwner, START));
    let decision = decide(&endpoint, START + Duration::hours(23), &POLICY);
    assert_eq!((decision.alerts, decision.notifications), (vec![], Notifications::default()));
}
