//! Causes that are not specific to one endpoint: the CA is unavailable, a service fails, the installation is wrong. However
//! many endpoints have one, people are notified once.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::alert::alert::{Affected, Alert};
use crate::endpoint::notified::{Cause, Severity};
use crate::issues::{Issue, Notice};

/// How long a cause is remembered after no endpoint reports it: longer than the pause between two attempts.
pub const CAUSE_KEPT: Duration = Duration::days(30);

/// How long a claim to send the notification lasts before another process may take it.
pub const CLAIM: Duration = Duration::minutes(2);

/// What the installation knows of an ongoing cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedCause {
    pub cause: Cause,
    /// Whose part is undone; stored by its name in earlier releases.
    #[serde(rename = "actor")]
    pub owner: WaitingOn,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Domain of the first endpoint that had it.
    pub first: String,
    /// Endpoints that have had it since it began. A crash may leave some out.
    pub endpoints: u64,
    /// The highest severity that people were notified of; [`Severity::Info`] before the first time.
    pub told: Severity,
}

impl SharedCause {
    /// `Unavailable.ca`: identifies it.
    pub fn key(&self) -> String {
        key(&self.cause, self.owner)
    }

    pub fn affected(&self) -> Affected {
        Affected { endpoints: self.endpoints, first: self.first.clone() }
    }

    /// The notification for all endpoints together, when one of them has it as `issue`.
    pub fn alert(&self, issue: &Issue, notice: Notice, until: Option<OffsetDateTime>, now: OffsetDateTime) -> Alert {
        let severity = notice.severity;
        Alert {
            id: format!("installation.{}.{}.{}", self.key(), self.since.unix_timestamp(), severity.as_str()),
            severity,
            check: issue.check.clone(),
            guidance: Guidance { record: None, ..issue.guidance.clone() },
            since: Some(self.since),
            until,
            affected: Some(self.affected()),
            ..Alert::of_installation(notice.kind, self.cause.clone(), now)
        }
    }
}

/// As [`SharedCause::key`].
pub fn key(cause: &Cause, owner: WaitingOn) -> String {
    format!("{cause}.{}", owner.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::notifications::properties::{failed, fresh};
    use crate::issues::attempts::RETRIED;
    use crate::issues::issues;
    use crate::status::status_of;
    use time::macros::datetime;
    use vocabulary::failure::FailureName;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    #[test]
    fn a_lasting_service_failure_waits_on_the_operator_in_status_and_message_and_on_nobody_before() {
        let mut endpoint = fresh();
        endpoint.failing = Some(failed(FailureName::Throttled, WaitingOn::Operator, NOW));
        endpoint.due_at = None;
        let retried = issues(&endpoint, NOW).remove(0);
        assert_eq!((retried.guidance.waiting_on, retried.due_notice(NOW, Duration::ZERO)), (WaitingOn::Nobody, None));
        let later = NOW + RETRIED;
        let issue = issues(&endpoint, later).remove(0);
        assert_eq!(status_of(&endpoint, later).guidance.waiting_on, WaitingOn::Operator);
        let cause = SharedCause {
            cause: issue.cause.clone(),
            owner: issue.owner,
            since: NOW,
            first: "www.example.com".into(),
            endpoints: 1,
            told: Severity::Info,
        };
        let notice = issue.due_notice(later, Duration::ZERO).expect("people are notified of it");
        assert_eq!(cause.alert(&issue, notice, None, later).guidance.waiting_on, WaitingOn::Operator);
    }
}
