//! Endpoints that wait for the same, as one: a zone that does not answer is one thing to read, however many endpoints it has.

use std::collections::BTreeMap;

use domain::endpoint::Endpoint;
use domain::issues::issues;
use domain::status::StatusReport;
use time::OffsetDateTime;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointId;

use crate::http::query::Urgency;

/// Groups by who is waited on and what is said.
#[derive(Default)]
pub(super) struct Groups(BTreeMap<(WaitingOn, String), Group>);

struct Group {
    count: usize,
    cause: Option<String>,
    /// Of the most urgent one.
    urgency: Urgency,
}

impl Groups {
    pub(super) fn add(&mut self, urgency: &Urgency, endpoint: &Endpoint, report: &StatusReport, now: OffsetDateTime) {
        let key = (report.guidance.waiting_on, report.guidance.summary.clone());
        match self.0.get_mut(&key) {
            Some(group) => {
                group.count += 1;
                if *urgency < group.urgency {
                    group.urgency = urgency.clone();
                }
            }
            None => {
                let cause = cause(endpoint, report, now);
                self.0.insert(key, Group { count: 1, cause, urgency: urgency.clone() });
            }
        }
    }

    /// The `most` urgent of them: how many endpoints, the cause, and the most urgent endpoint.
    pub(super) fn in_order(self, most: usize) -> Vec<(usize, Option<String>, EndpointId)> {
        let mut groups: Vec<_> = self.0.into_values().collect();
        groups.sort_by(|a, b| a.urgency.cmp(&b.urgency));
        groups.truncate(most);
        groups.into_iter().map(|group| (group.count, group.cause, group.urgency.endpoint().clone())).collect()
    }
}

/// By what name it is filtered for: the check that says so, else the issue.
fn cause(endpoint: &Endpoint, report: &StatusReport, now: OffsetDateTime) -> Option<String> {
    let worst = endpoint.check.as_ref().and_then(|check| check.worst.as_ref());
    let found =
        worst.filter(|worst| worst.guidance.summary == report.guidance.summary).map(|worst| worst.check.clone());
    let issue = || {
        let issues = issues(endpoint, now);
        let same = issues.iter().find(|issue| issue.guidance.summary == report.guidance.summary).or(issues.first());
        same.map(|issue| issue.cause.as_str().to_owned())
    };
    found.or_else(issue)
}
