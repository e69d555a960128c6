//! Makes the daily digest of a tenant's endpoints.

use time::{Duration, OffsetDateTime};
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::names::TenantId;

use crate::alert::alert::Alert;
use crate::alert::digest::{Digest, Ending, Need};
use crate::alert::policy::NotificationPolicy;
use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity};
use crate::issues::Issue;
use crate::status::worst;

/// How many endpoints a digest names; the counts are of all.
const NAMED: usize = 20;

/// What a digest covers: a day, plus the most that its schedule may be late.
const COVERED: Duration = Duration::minutes(24 * 60 + 15);

/// How many different needs are kept while endpoints are counted, so that equal ones of most tenants can be merged.
const KEPT: usize = 1000;

impl Digest {
    /// Adds `endpoint` as it is at `now`. Memory does not grow with the number of endpoints.
    pub fn add(&mut self, endpoint: &Endpoint, now: OffsetDateTime, policy: &NotificationPolicy<'_>) {
        let domain = endpoint.names.primary().to_string();
        let worst = worst(endpoint, now);
        self.endpoints += 1;
        if let (Some(issue), Some(mute)) = (&worst, endpoint.mute_at(now)) {
            let severity = issue.notice.map_or(Severity::Info, |notice| notice.severity);
            if mute.holds(issue.guidance.waiting_on, severity, now) {
                self.muted += 1;
                return;
            }
        }
        self.ready += u64::from(worst.is_none());
        if let Some(held) = &endpoint.certificate {
            let quiet = endpoint.told.left_to_digest.is_some_and(|at| at > now - COVERED && at >= held.imported_at);
            self.issued += u64::from(quiet && !held.renewal);
            let ending = Ending { domain: domain.clone(), not_after: held.not_after, renew_at: held.renew_at };
            keep(&mut self.next, ending, NAMED, |ending| (ending.not_after, ending.domain.clone()));
        }
        match worst.filter(|issue| issue.guidance.waiting_on.is_somebody()) {
            Some(issue) if issue.is_setup(now, policy.setup_patience) => self.setting_up += 1,
            Some(issue) => self.need(endpoint, domain, issue),
            None => {}
        }
    }

    fn need(&mut self, endpoint: &Endpoint, domain: String, issue: Issue) {
        self.waiting += 1;
        let mut need = Need {
            domain,
            endpoints: 1,
            key: Some(issue.key()),
            // The next step names the record; an event about many endpoints has no other field for it.
            guidance: Guidance { record: None, ..issue.guidance },
            since: endpoint.failing.as_ref().map(|failing| failing.since),
            until: issue.breaks_at,
        };
        if let Some(at) = self.needs.iter().position(|known| known.key == need.key) {
            let known = self.needs.remove(at);
            let endpoints = known.endpoints + 1;
            need = if order(&known) <= order(&need) { known } else { need };
            need.endpoints = endpoints;
        }
        keep(&mut self.needs, need, KEPT, order);
    }

    /// The event for those who follow `tenant`.
    pub fn alert(mut self, tenant: &TenantId, now: OffsetDateTime) -> Alert {
        self.needs.truncate(NAMED);
        let (summary, first) = (self.summary(tenant.as_str()), self.needs.first());
        let guidance = match first {
            Some(need) => {
                let begin = format!("Start with {}: {}", need.domain, need.guidance.next_step());
                Guidance::new(need.guidance.waiting_on, summary, begin)
            }
            None => Guidance::without_action(WaitingOn::Nobody, summary),
        };
        Alert {
            id: format!("digest.{tenant}.{}", now.date()),
            tenant: Some(tenant.to_string()),
            severity: Severity::Notice,
            guidance,
            until: first.and_then(|need| need.until),
            digest: Some(self),
            ..Alert::of_installation(AlertKind::Digest, Cause::new("digest"), now)
        }
    }
}

/// The operator's first, since they can help many; then what breaks first; then what has nothing to break.
fn order(need: &Need) -> (bool, bool, Option<OffsetDateTime>, String) {
    (need.guidance.waiting_on != WaitingOn::Operator, need.until.is_none(), need.until, need.domain.clone())
}

/// Keeps the first `most` by `order`.
fn keep<T, K: Ord>(list: &mut Vec<T>, item: T, most: usize, order: impl Fn(&T) -> K) {
    let at = list.partition_point(|known| order(known) <= order(&item));
    list.insert(at, item);
    list.truncate(most);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::notifications::decide;
    use crate::alert::notifications::properties::{certificate, failed, fresh};
    use crate::alert::sender::Sender;
    use crate::endpoint::failing::Failing;
    use crate::endpoint::moved::Moved;
    use crate::endpoint::mute::Mute;
    use crate::status::status_of;
    use time::macros::datetime;
    use vocabulary::certificate::InstalledCertificate;
    use vocabulary::failure::{Failure, FailureName};
    use vocabulary::names::{EndpointNames, Origin};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
    const POLICY: NotificationPolicy<'static> =
        NotificationPolicy { dashboard: None, setup_patience: Duration::hours(24) };

    /// Its failure contains its own number, as most failures contain their own names.
    fn waiting(number: u32, days_left: Option<i64>) -> Endpoint {
        let failure =
            Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, format!("what {number}"), "do this");
        failing(number, failure, days_left)
    }

    fn failing(number: u32, failure: Failure, days_left: Option<i64>) -> Endpoint {
        let mut endpoint = fresh();
        endpoint.names = EndpointNames::parse(&format!("h{number:03}.bulk.test"), &[], 9).expect("valid");
        endpoint.failing = Some(Failing::first(failure, NOW - Duration::hours(24)));
        endpoint.certificate = days_left.map(|left| certificate(&endpoint, 1, NOW - Duration::days(90 - left)));
        endpoint
    }

    fn digest_of(endpoints: impl IntoIterator<Item = Endpoint>) -> Digest {
        let mut digest = Digest::default();
        endpoints.into_iter().for_each(|endpoint| digest.add(&endpoint, NOW, &POLICY));
        digest
    }

    #[test]
    fn there_is_no_digest_while_all_is_ready_or_in_progress() {
        assert!(Digest::default().is_empty());
        let mut ready = fresh();
        ready.certificate = Some(certificate(&ready, 1, NOW));
        ready.due_at = Some(NOW + Duration::days(60));
        let mut by_the_ca = fresh();
        by_the_ca.failing = Some(failed(FailureName::CaUnavailable, WaitingOn::Ca, NOW));
        let mut new = fresh();
        new.failing = Some(failed(FailureName::RecordsNotReady, WaitingOn::DomainOwner, NOW - Duration::hours(23)));
        let digest = digest_of([ready, by_the_ca, fresh(), new]);
        assert!(digest.is_empty());
        assert_eq!((digest.endpoints, digest.ready, digest.setting_up), (4, 1, 1));
        let summary = "acme: 0 of 4 endpoints need action, 1 is ready, 1 waits for its first DNS records.";
        assert_eq!(digest.summary("acme"), summary);
    }

    #[test]
    fn first_certificates_that_had_no_message_are_counted_for_a_day() {
        let issued = |left_to_digest: Option<OffsetDateTime>, renewal| {
            let mut ready = fresh();
            ready.certificate =
                Some(InstalledCertificate { renewal, ..certificate(&ready, 1, NOW - Duration::days(1)) });
            ready.due_at = Some(NOW + Duration::days(60));
            ready.told.left_to_digest = left_to_digest;
            ready
        };
        let at = |ago| Some(NOW - ago);
        for (left_to_digest, renewal, counted) in [
            (at(Duration::hours(1)), false, 1),
            (at(Duration::hours(24)), false, 1),
            (at(COVERED), false, 0),
            (at(Duration::hours(1)), true, 0),
            (None, false, 0),
        ] {
            let digest = digest_of([issued(left_to_digest, renewal)]);
            assert_eq!((digest.issued, digest.is_empty()), (counted, counted == 0), "{left_to_digest:?} {renewal}");
        }
        let mut told_since = issued(at(Duration::hours(2)), false);
        told_since.certificate.as_mut().expect("it has one").imported_at = NOW - Duration::HOUR;
        assert_eq!(digest_of([told_since]).issued, 0, "it was its set-up that was left to the digest");
        let many = digest_of((0..180).map(|_| issued(at(Duration::HOUR), false)));
        let summary = "acme: 0 of 180 endpoints need action, 180 are ready. \
                       180 got their first certificates and had no messages of their own.";
        assert_eq!(many.summary("acme"), summary);
        let one = digest_of([issued(at(Duration::HOUR), false)]).alert(&TenantId::fallback(), NOW);
        assert!(one.guidance.summary.ends_with("1 got its first certificate and had no message of its own."));
        assert_eq!(one.guidance.waiting_on, WaitingOn::Nobody);
    }

    #[test]
    fn a_muted_endpoint_is_counted_and_needs_nobody_until_its_mute_is_over() {
        let mut muted = waiting(1, Some(30));
        let by = Origin { who: "ann".into(), address: None, operator: true };
        muted.mute = Some(Mute { from: NOW, until: NOW + Duration::DAY, reason: "known".into(), by });
        let digest = digest_of([muted.clone(), waiting(2, Some(30))]);
        let summary = "acme: 1 of 2 endpoints needs action, 0 are ready, 1 is muted.";
        assert_eq!((digest.waiting, digest.muted, digest.summary("acme").as_str()), (1, 1, summary));
        assert!(digest_of([muted.clone()]).is_empty(), "nobody is written to");
        muted.mute.as_mut().expect("muted").until = NOW;
        assert_eq!(digest_of([muted]).waiting, 1);
    }

    /// Three views of one endpoint: its page, its message, and the digest.
    #[test]
    fn status_message_and_digest_name_the_same_next_step() {
        let by = |name, actor| Failure::new(name, actor, format!("what {name}"), format!("do {name}"));
        let moved = |mut endpoint: Endpoint| {
            let name = endpoint.names.primary().base.clone();
            endpoint.moved = Some(Moved::with(None, name, NOW - Duration::HOUR, NOW + Duration::DAY));
            endpoint
        };
        let of_the_owner = || by(FailureName::RecordsNotReady, WaitingOn::DomainOwner);
        for endpoint in [
            failing(1, of_the_owner(), None),
            failing(2, of_the_owner(), Some(20)),
            failing(3, by(FailureName::DestinationRefused, WaitingOn::Operator), Some(20)),
            failing(4, by(FailureName::DestinationRefused, WaitingOn::Operator), None),
            moved(failing(5, of_the_owner(), Some(20))),
            moved(failing(6, of_the_owner(), None)),
        ] {
            let status = status_of(&endpoint, NOW).guidance;
            let decision = decide(&endpoint, NOW, &POLICY);
            // What several endpoints share has one message, in the words of the first one.
            let shared = decision.shared.first().map(|(issue, _)| &issue.guidance);
            let message = decision.alerts.first().map(|alert| &alert.guidance).or(shared).expect("it is notified");
            let digest = digest_of([endpoint.clone()]);
            let step = |guidance: &Guidance| (guidance.waiting_on, guidance.next_step().to_owned());
            let need = &digest.needs[0].guidance;
            assert_eq!((step(&status), step(&status)), (step(message), step(need)), "{}", endpoint.names.primary());
            assert_eq!((&status.summary, &status.summary), (&message.summary, &need.summary));
        }
    }

    #[test]
    fn what_breaks_first_comes_first_and_the_rest_is_counted() {
        let many = (10..40).map(|number| waiting(number, None));
        let digest = digest_of([waiting(1, None), waiting(2, Some(20)), waiting(3, Some(5))].into_iter().chain(many));
        let days = |at: Option<OffsetDateTime>| at.map(|at| (at - NOW).whole_days());
        let first: Vec<_> = digest.needs.iter().take(3).map(|need| days(need.until)).collect();
        assert_eq!(first, [Some(5), Some(20), None]);
        assert_eq!(digest.waiting, 33);
        let alert = digest.alert(&TenantId::fallback(), NOW);
        assert_eq!(alert.digest.as_ref().map(|digest| digest.needs.len()), Some(NAMED));
        assert_eq!((alert.id.as_str(), alert.tenant.as_deref()), ("digest.default.2026-11-24", Some("default")));
        let text = alert.text(&Sender::default());
        assert!(text.contains("and 13 more"), "{text}");
        assert!(text.starts_with("default: 33 of 33 endpoints need action, 0 are ready.\n"), "{text}");
    }

    #[test]
    fn what_waits_on_the_operator_comes_first_and_equal_causes_are_one_line() {
        let zone = |number: u32| {
            let what = format!("The zone bulk.test does not answer for h{number:03}.bulk.test.");
            let failure = Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, what, "Open port 53.");
            failure.with_check("servers-silent").at("bulk.test")
        };
        let bulk = (0..134).map(|number| failing(number, zone(number), None));
        let denied = Failure::new(FailureName::Misconfigured, WaitingOn::Operator, "Access denied.", "Deploy again.");
        let digest = digest_of([waiting(200, Some(5))].into_iter().chain(bulk).chain([failing(300, denied, None)]));
        let lines: Vec<_> = digest.lines(NOW).into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines[0], "h300.bulk.test: Access denied. Next step, the operator: Deploy again.");
        assert!(lines[1].starts_with("h200.bulk.test: what 200. Next step, the domain owner: do this"), "{lines:?}");
        let bulk = "134 endpoints (first: h000.bulk.test): The zone bulk.test does not answer for h000.bulk.test. Next \
                    step, the domain owner: Open port 53.";
        assert_eq!(lines[2], bulk);
        assert_eq!((digest.waiting, digest.needs.len()), (136, 3));
    }
}
