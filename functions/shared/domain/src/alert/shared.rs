//! Causes that are not of one endpoint: the CA is away, a service fails, the installation is wrong. However many
//! endpoints meet one, it is told once.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::alert::alert::{Affected, Alert};
use crate::endpoint::notified::{Cause, Severity};
use crate::issues::{Issue, Notice};

/// How long a cause is remembered that no endpoint says any more of: longer than the pause between two attempts.
pub const CAUSE_KEPT: Duration = Duration::days(30);

/// How long the one who took it upon itself to tell has, before another may.
pub const CLAIM: Duration = Duration::minutes(2);

/// What the installation knows of a cause that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedCause {
    pub cause: Cause,
    /// Whose part is undone; stored by its name in earlier releases.
    #[serde(rename = "actor")]
    pub owner: WaitingOn,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Domain of the first endpoint that met it.
    pub first: String,
    /// Endpoints that have met it since it began. A crash may leave some out.
    pub endpoints: u64,
    /// The worst that was told; [`Severity::Info`] before the first time.
    pub told: Severity,
}

impl SharedCause {
    /// `Unavailable.ca`: what tells it from the others.
    pub fn key(&self) -> String {
        key(&self.cause, self.owner)
    }

    pub fn affected(&self) -> Affected {
        Affected { endpoints: self.endpoints, first: self.first.clone() }
    }

    /// As people are notified of it for all endpoints together, when one of them has met it as `issue`.
    pub fn alert(&self, issue: &Issue, notice: Notice, until: Option<OffsetDateTime>, now: OffsetDateTime) -> Alert {
        let severity = notice.severity;
        Alert {
            id: format!("installation.{}.{}.{}", self.key(), self.since.unix_timestamp(), severity.as_str()),
            severity,
            // Whose part it is, though each endpoint by itself is retried: subscriptions filter by it.
            guidance: Guidance { waiting_on: self.owner, record: None, ..issue.guidance.clone() },
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
    use crate::issues::issues;
    use time::macros::datetime;
    use vocabulary::failure::FailureName;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    #[test]
    fn a_service_that_fails_is_the_operators_for_all_endpoints_together_while_each_is_retried() {
        let mut endpoint = fresh();
        endpoint.failing = Some(failed(FailureName::Throttled, WaitingOn::Operator, NOW));
        let issue = issues(&endpoint, NOW).remove(0);
        assert_eq!(issue.guidance.waiting_on, WaitingOn::Nobody);
        let cause = SharedCause {
            cause: issue.cause.clone(),
            owner: issue.owner,
            since: NOW,
            first: "www.example.com".into(),
            endpoints: 1,
            told: Severity::Info,
        };
        let notice = issue.due_notice().expect("people are notified of it");
        assert_eq!(cause.alert(&issue, notice, None, NOW).guidance.waiting_on, WaitingOn::Operator);
    }
}
