//! What is wrong with the installation itself, and what of it is news.

use time::OffsetDateTime;
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::alert::alert::Alert;
use crate::alert::headline::resolved;
use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::notified::{Cause, Notifications, Notified, Severity, Source};

/// One thing that does not work, regardless of endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationIssue {
    /// Name of the check that failed: `schedule`, `dead-letters` …
    pub cause: Cause,
    pub severity: Severity,
    pub since: OffsetDateTime,
    pub guidance: Guidance,
}

/// Decides what is news about the installation, and what to store once people were notified. The rule is that of
/// [`decide`](crate::alert::notifications::decide): once per cause and severity, and its end once.
pub fn decide_installation(
    before: &Notifications,
    current: &[InstallationIssue],
    now: OffsetDateTime,
    dashboard: Option<&str>,
) -> (Vec<Alert>, Notifications) {
    let mut notifications = Notifications { told: vec![], ..before.clone() };
    let mut alerts = Vec::new();
    for issue in current {
        let known = before.told.iter().find(|told| told.cause == issue.cause);
        let since = known.map_or(issue.since, |told| told.since);
        if known.is_none_or(|told| issue.severity > told.severity) {
            notifications.sequence += 1;
            alerts.push(Alert {
                id: format!("engine.{}.{}.{}", notifications.sequence, issue.cause, issue.severity.as_str()),
                severity: issue.severity,
                guidance: issue.guidance.clone(),
                since: Some(since),
                ..Alert::of_installation(AlertKind::InstallationUnhealthy, issue.cause.clone(), now)
            });
        }
        notifications.told.push(Notified {
            cause: issue.cause.clone(),
            owner: WaitingOn::Operator,
            certificate: None,
            severity: known.map_or(issue.severity, |told| told.severity.max(issue.severity)),
            since,
            source: Source::Check,
            shared: false,
        });
    }
    for told in before.told.iter().filter(|told| current.iter().all(|issue| issue.cause != told.cause)) {
        notifications.sequence += 1;
        alerts.push(Alert {
            id: format!("engine.{}.{}.recovered", notifications.sequence, told.cause),
            since: Some(told.since),
            guidance: Guidance::without_action(
                WaitingOn::Nobody,
                format!("Resolved: installation, {}.", resolved(&told.cause)),
            ),
            ..Alert::of_installation(AlertKind::Recovered, told.cause.clone(), now)
        });
    }
    (alerts.into_iter().map(|alert| alert.linked(dashboard)).collect(), notifications)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn stopped(severity: Severity) -> InstallationIssue {
        InstallationIssue {
            cause: Cause::new("schedule"),
            severity,
            since: NOW,
            guidance: Guidance::new(WaitingOn::Operator, "The schedule is disabled.", "Enable it."),
        }
    }

    #[test]
    fn an_issue_of_the_installation_is_notified_once_when_it_grows_worse_and_when_it_ends() {
        let mut notifications = Notifications::default();
        let mut told = Vec::new();
        for current in [
            vec![stopped(Severity::Warning)],
            vec![stopped(Severity::Warning)],
            vec![stopped(Severity::Page)],
            vec![stopped(Severity::Warning)],
            vec![],
            vec![],
            vec![stopped(Severity::Warning)],
        ] {
            let (alerts, after) = decide_installation(&notifications, &current, NOW + Duration::HOUR, None);
            notifications = after;
            told.extend(alerts.into_iter().map(|alert| (alert.kind, alert.severity)));
        }
        let unhealthy = AlertKind::InstallationUnhealthy;
        assert_eq!(
            told,
            [
                (unhealthy, Severity::Warning),
                (unhealthy, Severity::Page),
                (AlertKind::Recovered, Severity::Info),
                (unhealthy, Severity::Warning),
            ]
        );
    }
}
