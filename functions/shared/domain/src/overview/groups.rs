//! Endpoints that wait for the same, as one: a zone that does not answer is one thing to read, however many endpoints it has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::guidance::WaitingOn;

use crate::endpoint::endpoint::Endpoint;
use crate::issues::issues;
use crate::overview::urgency::Urgency;
use crate::status::StatusReport;

/// Groups by who is waited on and what is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups(BTreeMap<(WaitingOn, String), Group>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub count: usize,
    /// By what name it is filtered for: a failure or a check; absent where there is none.
    pub cause: Option<String>,
    /// Of the most urgent one.
    pub urgency: Urgency,
}

impl Groups {
    pub fn add(&mut self, urgency: &Urgency, endpoint: &Endpoint, report: &StatusReport, now: OffsetDateTime) {
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

    pub fn merge(&mut self, other: Self) {
        for (key, group) in other.0 {
            match self.0.get_mut(&key) {
                Some(known) => {
                    known.count += group.count;
                    if group.urgency < known.urgency {
                        known.urgency = group.urgency;
                    }
                }
                None => {
                    self.0.insert(key, group);
                }
            }
        }
    }

    /// The `most` urgent of them.
    pub fn in_order(self, most: usize) -> Vec<Group> {
        self.by_urgency(most).into_iter().map(|(_, group)| group).collect()
    }

    /// The `most` urgent, with what they are grouped by.
    pub(crate) fn by_urgency(self, most: usize) -> Vec<((WaitingOn, String), Group)> {
        let mut groups: Vec<_> = self.0.into_iter().collect();
        groups.sort_by(|(_, a), (_, b)| a.urgency.cmp(&b.urgency));
        groups.truncate(most);
        groups
    }

    pub(crate) fn from_pairs(pairs: impl IntoIterator<Item = ((WaitingOn, String), Group)>) -> Self {
        Self(pairs.into_iter().collect())
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
