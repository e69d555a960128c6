//! What people have been notified of, and therefore what is news.

use time::OffsetDateTime;
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::alert::alert::Alert;
use crate::alert::headline::{problem, resolved};
use crate::alert::policy::NotificationPolicy;
use crate::alert::shared::SharedCause;
use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Notifications, Notified, Severity, Source};
use crate::issues::{Issue, Notice, issues};

/// What people are to be notified of, and what to store once they were.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// About this endpoint alone.
    pub alerts: Vec<Alert>,
    /// Also about it alone, but only for programs: people read about it in the tenant's digest.
    pub quiet: Vec<Alert>,
    /// Whether the news of its certificate is also only for programs: it is muted, or there are many.
    pub quiet_certificate: bool,
    /// Causes that this endpoint shares with others: people are notified once for all of them.
    pub shared: Vec<(Issue, Notice)>,
    /// Shared causes that this endpoint no longer has: cause and owner.
    pub left: Vec<(Cause, WaitingOn)>,
    /// To be written once all notifications are sent.
    pub notifications: Notifications,
}

impl Decision {
    /// Whether anybody must be notified, or any shared cause must be joined or left.
    pub fn is_news(&self) -> bool {
        !(self.alerts.is_empty() && self.quiet.is_empty() && self.shared.is_empty() && self.left.is_empty())
    }

    /// What to store while the notifications are being sent: those sent `before`, and the shared causes that are joined, so
    /// that they are left again whatever happens in between.
    pub fn about_to_be_told(&self, before: &Notifications) -> Notifications {
        let mut kept = before.clone();
        for (issue, notice) in &self.shared {
            if !kept.told.iter().any(|told| told.is(issue, *notice)) {
                kept.told.push(Notified {
                    cause: issue.cause.clone(),
                    owner: issue.owner,
                    certificate: None,
                    severity: Severity::Info,
                    since: issue.since,
                    source: notice.source,
                    shared: true,
                });
            }
        }
        kept
    }
}

impl Notified {
    /// Whether it was the domain owner's part of a set-up: there was no certificate yet.
    fn is_setup(&self) -> bool {
        self.certificate.is_none() && self.owner == WaitingOn::DomainOwner && !self.shared
    }

    fn is(&self, issue: &Issue, notice: Notice) -> bool {
        (&self.cause, self.owner, self.shared) == (&issue.cause, issue.owner, notice.shared)
    }
}

impl Notifications {
    /// The next alert's id.
    fn id(&mut self, endpoint: &Endpoint, cause: &Cause, what: &str) -> String {
        self.sequence += 1;
        format!("{}.{}.{cause}.{what}", endpoint.id, self.sequence)
    }
}

/// Decides what is news about `endpoint`, in its stored state or the one about to be written, at `now`.
///
/// From the first notification of an issue until that of its end, people are notified at most once for each certificate,
/// severity, cause and owner. A severity that rises is always notified; an end once, in one message with others that come at
/// the same time. Deciding again with the resulting notifications notifies nobody. An issue that a mute holds back, if it
/// lasts, is notified once the mute is over. A domain owner's part of a set-up is notified once it has lasted as long as
/// `policy` is patient, and its end only by the first certificate.
pub fn decide(endpoint: &Endpoint, now: OffsetDateTime, policy: &NotificationPolicy<'_>) -> Decision {
    let certificate = endpoint.certificate.as_ref().map(|held| held.serial.clone());
    let before = &endpoint.told;
    let current: Vec<(Issue, Notice)> = issues(endpoint, now)
        .into_iter()
        .filter_map(|issue| issue.due_notice(now, policy.setup_patience).map(|notice| (issue, notice)))
        .collect();
    let paused = current.iter().any(|(issue, _)| issue.cause == Cause::paused());
    let moved = current.iter().any(|(issue, _)| issue.cause == Cause::moved());
    let mute = endpoint.mute_at(now);
    let notifications = Notifications { told: vec![], ..before.clone() };
    // A certificate that needs a next step is for people in any case, without a second notification.
    let is_information = |held| Alert::certificate(endpoint, held, now).severity == Severity::Info;
    let quiet_certificate =
        mute.is_some_and(|mute| mute.is_on(now)) && endpoint.certificate.as_ref().is_some_and(is_information);
    let mut decision = Decision { notifications, quiet_certificate, ..Decision::default() };
    for (issue, notice) in current {
        let known = before.told.iter().find(|told| told.is(&issue, notice));
        let told = known.filter(|told| told.certificate == certificate).map(|told| told.severity);
        let severity = told.map_or(notice.severity, |told| told.max(notice.severity));
        let since = known.map_or(issue.since, |told| told.since);
        if !notice.shared && mute.is_some_and(|mute| mute.holds(issue.owner, severity, now)) {
            // As people know it, until the mute is over.
            decision.notifications.told.extend(known.cloned());
            continue;
        }
        decision.notifications.told.push(Notified {
            cause: issue.cause.clone(),
            owner: issue.owner,
            certificate: certificate.clone(),
            severity,
            since,
            source: notice.source,
            shared: notice.shared,
        });
        if notice.shared {
            decision.shared.push((issue, notice));
        } else if told.is_none_or(|told| notice.severity > told) {
            let id = decision.notifications.id(endpoint, &issue.cause, notice.severity.as_str());
            let alert = alert(&issue, notice, endpoint, told.is_some(), now);
            decision.alerts.push(Alert { id, since: Some(since), ..alert });
        }
    }
    let mut over = Vec::new();
    for told in &before.told {
        let same = |now: &Notified| (&now.cause, now.owner, now.shared) == (&told.cause, told.owner, told.shared);
        // What the owner left undone before the pause ends with it: people are notified once, of the pause.
        let of_the_owner = told.source == Source::Check && told.owner == WaitingOn::DomainOwner;
        let taken_over = paused && (told.source == Source::Attempts || of_the_owner) && !told.shared;
        // With its names, everything that was wrong has moved.
        let taken_over = taken_over || moved && !told.shared;
        // The first certificate says that set-up is over.
        let set_up = told.is_setup() && endpoint.certificate.is_some();
        if taken_over || set_up || decision.notifications.told.iter().any(same) {
            continue;
        }
        if told.shared {
            // Whether it lasts depends on the endpoints that still have it.
            decision.left.push((told.cause.clone(), told.owner));
        } else if mute.is_some_and(|mute| mute.holds(told.owner, Severity::Info, now)) {
            // Its end is notified with the rest.
            decision.notifications.told.push(told.clone());
        } else if told.source == Source::Attempts && endpoint.failing.is_some() {
            // It now fails for another reason. Only a success shows whether this one is resolved.
            decision.notifications.told.push(told.clone());
        } else if told.source.is_a_check() && endpoint.awaits_check() {
            // It has a new certificate. Only the next check shows whether this one is resolved.
            decision.notifications.told.push(told.clone());
        } else {
            over.push(told);
        }
    }
    // The most severe one names the message; the message lists the others that end with it.
    over.sort_by_key(|told| std::cmp::Reverse(told.severity));
    if let Some((first, others)) = over.split_first() {
        let id = decision.notifications.id(endpoint, &first.cause, "recovered");
        decision.alerts.push(Alert { id, ..recovered(endpoint, first, others, now) });
    }
    decision.alerts = decision.alerts.into_iter().map(|alert| alert.linked(policy.dashboard)).collect();
    decision
}

/// The notification of `issue`. `again`: people were notified before, at a lower severity, and the deadline is closer.
fn alert(issue: &Issue, notice: Notice, endpoint: &Endpoint, again: bool, now: OffsetDateTime) -> Alert {
    Alert {
        check: issue.check.clone(),
        kind: if again { AlertKind::ExpiryApproaching } else { notice.kind },
        severity: notice.severity,
        guidance: issue.guidance.clone(),
        since: Some(issue.since),
        next_attempt: endpoint.due_at.filter(|due| *due > now && notice.source == Source::Attempts),
        ..Alert::about(endpoint, notice.kind, issue.cause.clone(), now)
    }
}

/// The end of `told`, and of `others` at the same time.
fn recovered(endpoint: &Endpoint, told: &Notified, others: &[&Notified], now: OffsetDateTime) -> Alert {
    let mut ends = vec![resolved(&told.cause)];
    for other in others {
        let end = resolved(&other.cause);
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
    let over = format!("Resolved: {}, {}.", endpoint.names.primary().to_unicode(), ends.join("; "));
    Alert {
        since: others.iter().map(|other| other.since).chain([told.since]).min(),
        also_resolved: others.iter().map(|other| other.cause.clone()).collect(),
        guidance: Guidance::without_action(WaitingOn::Nobody, over),
        ..Alert::about(endpoint, AlertKind::Recovered, told.cause.clone(), now)
    }
}

/// The end of a cause that many endpoints shared.
pub fn recovered_together(cause: &SharedCause, now: OffsetDateTime) -> Alert {
    Alert {
        id: format!("installation.{}.{}.recovered", cause.key(), cause.since.unix_timestamp()),
        since: Some(cause.since),
        affected: Some(cause.affected()),
        guidance: Guidance::without_action(
            WaitingOn::Nobody,
            format!("Resolved: {}. No endpoint is affected any more.", problem(&cause.cause, None)),
        ),
        ..Alert::of_installation(AlertKind::Recovered, cause.cause.clone(), now)
    }
}

#[cfg(test)]
mod muted;
#[cfg(test)]
pub(crate) mod properties;
