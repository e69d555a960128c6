//! Which checks of the installation people are notified of: those that fail twice in succession.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::former_names::name_now;
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::alert::alert::Alert;
use crate::alert::installation::{InstallationIssue, decide_installation};
use crate::endpoint::health::CHECKS_TO_CONFIRM;
use crate::endpoint::notified::{Cause, Notifications, Severity};
use crate::installation::check::{InstallationCheck, InstallationStatus};

/// Alarms notify people themselves, and the other checks cover their causes.
const ALARMS: &str = "alarms";

/// What is stored about the installation between two inspections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationState {
    /// Checks that failed at the last inspection.
    #[serde(default)]
    pub failing: Vec<FailingCheck>,
    #[serde(default)]
    pub told: Notifications,
}

impl InstallationState {
    /// With this release's names, so that a check that keeps failing is neither resolved nor new.
    fn renamed(mut self) -> Self {
        for failing in &mut self.failing {
            failing.check = name_now(&failing.check).to_owned();
        }
        self
    }
}

/// A check that fails, while it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingCheck {
    pub check: String,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Consecutive inspections that found it so.
    #[serde(rename = "looks")]
    pub checks: u32,
}

/// Decides what people are notified of given `checks`, and what to store then. `dashboard` is the base URL of the links.
///
/// People are notified of a check after two consecutive failures, and when it passes again. Warnings are for `doctor`.
pub fn follow(
    before: &InstallationState,
    checks: &[InstallationCheck],
    now: OffsetDateTime,
    dashboard: Option<&str>,
) -> (Vec<Alert>, InstallationState) {
    let before = before.clone().renamed();
    let failed: Vec<_> = checks.iter().filter(|check| is_failing(check)).collect();
    let known = |name: &str| before.failing.iter().find(|known| known.check == name);
    let failing = failed.iter().map(|check| match known(&check.name) {
        Some(known) => FailingCheck { checks: known.checks.saturating_add(1), ..known.clone() },
        None => FailingCheck { check: check.name.clone(), since: now, checks: 1 },
    });
    let failing: Vec<_> = failing.collect();
    let confirmed = failed.iter().zip(&failing).filter(|(_, failing)| failing.checks >= CHECKS_TO_CONFIRM);
    let troubles: Vec<_> = confirmed
        .map(|(check, failing)| InstallationIssue {
            cause: Cause::new(&check.name),
            severity: Severity::Error,
            since: failing.since,
            guidance: Guidance::new(
                WaitingOn::Operator,
                &check.detail,
                check.remedy.as_deref().unwrap_or("See the details: managed-https doctor"),
            ),
        })
        .collect();
    let (alerts, told) = decide_installation(&before.told, &troubles, now, dashboard);
    (alerts, InstallationState { failing, told })
}

fn is_failing(check: &InstallationCheck) -> bool {
    check.status == InstallationStatus::Failed && check.name != ALARMS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::alert_kind::AlertKind;
    use time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn check(name: &str, status: InstallationStatus) -> InstallationCheck {
        let remedy = (status != InstallationStatus::Ok).then(|| format!("fix {name}"));
        InstallationCheck { name: name.into(), status, detail: format!("{name} is so"), remedy, used: vec![] }
    }

    #[test]
    fn a_renamed_check_continues_under_its_new_name() {
        let failing = |name: &str| [check(name, InstallationStatus::Failed)];
        let mut state = InstallationState::default();
        for _ in 0..2 {
            state = follow(&state, &failing("fallback-directory"), NOW, None).1;
        }
        // As the previous release stored it.
        let stored = serde_json::to_string(&state).expect("plain data").replace("fallback-", "stand-in-");
        let state: InstallationState = serde_json::from_str(&stored).expect("plain data");
        let (alerts, after) = follow(&state, &failing("fallback-directory"), NOW, None);
        assert_eq!((alerts, after.failing[0].checks), (vec![], 3));
        let (over, _) = follow(&state, &[], NOW, None);
        assert_eq!(over.iter().map(|alert| alert.cause.as_str()).collect::<Vec<_>>(), ["fallback-directory"]);
    }

    /// Inspections five minutes apart at which these checks fail; the notifications of each, with their causes.
    fn notified(inspections: &[&[&str]]) -> Vec<Vec<(AlertKind, String)>> {
        let (mut state, mut now) = (InstallationState::default(), NOW);
        let inspect = |failing: &&[&str]| {
            now += Duration::minutes(5);
            let mut checks = vec![check("resources", InstallationStatus::Ok)];
            checks.extend(failing.iter().map(|name| check(name, InstallationStatus::Failed)));
            let (alerts, after) = follow(&state, &checks, now, None);
            state = after;
            alerts.into_iter().map(|alert| (alert.kind, alert.cause.to_string())).collect()
        };
        inspections.iter().map(inspect).collect()
    }

    #[test]
    fn a_failure_that_lasts_is_notified_once_and_its_recovery_once() {
        let (ill, well) = (AlertKind::InstallationUnhealthy, AlertKind::Recovered);
        let schedule = |kind| vec![(kind, "schedule".to_owned())];
        let notified = notified(&[&["schedule"], &["schedule"], &["schedule"], &[], &[]]);
        assert_eq!(notified, [vec![], schedule(ill), vec![], schedule(well), vec![]]);
    }

    #[test]
    fn a_single_failed_check_is_not_notified_and_neither_is_its_end() {
        assert!(notified(&[&["acme-directory"], &[], &["acme-directory"], &[]]).iter().all(Vec::is_empty));
    }

    #[test]
    fn another_failure_is_notified_when_it_is_certain_too() {
        let notified = notified(&[&["a"], &["a"], &["a", "b"], &["a", "b"], &["b"], &[]]);
        assert_eq!(notified.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 0, 1, 1, 1]);
    }

    #[test]
    fn alarms_notify_on_their_own_and_warnings_are_left_to_doctor() {
        let checks =
            [check("alarms", InstallationStatus::Failed), check("alert-subscriptions", InstallationStatus::Warning)];
        let (first, state) = follow(&InstallationState::default(), &checks, NOW, None);
        let (second, state) = follow(&state, &checks, NOW, None);
        assert!(first.is_empty() && second.is_empty() && state.failing.is_empty());
    }

    #[test]
    fn a_message_says_what_is_wrong_since_when_and_the_next_step() {
        let failed = [check("schedule", InstallationStatus::Failed)];
        let (_, once) = follow(&InstallationState::default(), &failed, NOW, None);
        let (alerts, _) = follow(&once, &failed, NOW + Duration::minutes(5), None);
        assert_eq!(
            (alerts[0].guidance.summary.as_str(), alerts[0].guidance.next_step()),
            ("schedule is so", "fix schedule")
        );
        assert_eq!(alerts[0].since, Some(NOW));
    }
}
