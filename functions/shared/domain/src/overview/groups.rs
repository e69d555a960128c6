//! Endpoints that wait for the same thing, as one: a zone that does not answer is one entry, however many endpoints it has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vocabulary::guidance::WaitingOn;

use crate::issues::IssueKey;
use crate::overview::urgency::Urgency;
use crate::status::StatusReport;

/// Groups by who is waited on, and by what is wrong with what: see [`IssueKey`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups(BTreeMap<(WaitingOn, String), Group>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub count: usize,
    /// The name to filter by: a failure or a check; absent if there is none.
    pub cause: Option<String>,
    /// What is at fault, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_fault: Option<String>,
    /// The urgency of the most urgent one.
    pub urgency: Urgency,
}

impl Groups {
    pub fn add(&mut self, urgency: &Urgency, report: &StatusReport) {
        let text = report.key.as_ref().map(IssueKey::text).unwrap_or_default();
        let key = (report.guidance.waiting_on, text);
        match self.0.get_mut(&key) {
            Some(group) => {
                group.count += 1;
                if *urgency < group.urgency {
                    group.urgency = urgency.clone();
                }
            }
            None => {
                let (cause, at_fault) = report.key.clone().map(|key| (key.name, key.at_fault)).unzip();
                let group = Group { count: 1, cause, at_fault: at_fault.flatten(), urgency: urgency.clone() };
                self.0.insert(key, group);
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

    /// The `most` urgent, with the key of each group.
    pub(crate) fn by_urgency(self, most: usize) -> Vec<((WaitingOn, String), Group)> {
        let mut groups: Vec<_> = self.0.into_iter().collect();
        groups.sort_by(|(_, a), (_, b)| a.urgency.cmp(&b.urgency));
        groups.truncate(most);
        groups
    }

    pub fn from_pairs(pairs: impl IntoIterator<Item = ((WaitingOn, String), Group)>) -> Self {
        Self(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::notifications::properties::{certificate, fresh};
    use crate::endpoint::endpoint::Endpoint;
    use crate::endpoint::failing::Failing;
    use crate::endpoint::health::{Health, Symptom, SymptomKind};
    use crate::status::status_of;
    use diagnosis::report::{CheckSummary, Concern, RecordStatus, Serving, Severity};
    use time::macros::datetime;
    use time::{Duration, OffsetDateTime};
    use vocabulary::failure::{Failure, FailureName};
    use vocabulary::guidance::Guidance;
    use vocabulary::names::{EndpointId, EndpointNames};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn endpoint(number: u8, held: bool) -> Endpoint {
        let mut endpoint = fresh();
        endpoint.id = EndpointId::from_random([number; 16]);
        endpoint.names = EndpointNames::parse(&format!("h{number}.bulk.test"), &[], 9).expect("valid");
        // Each expires on another day, and the text of the finding contains that day.
        endpoint.certificate = held.then(|| certificate(&endpoint, 1, NOW - Duration::days(40 + i64::from(number))));
        endpoint
    }

    /// What the zone's CAA record does to one of its names.
    fn forbids(endpoint: &Endpoint) -> Guidance {
        let said = format!("bulk.test does not allow ca.example to issue for {}: issue ;", endpoint.names.primary());
        Guidance::new(WaitingOn::DomainOwner, said, "Add a CAA record.").at("bulk.test")
    }

    fn failing(number: u8, held: bool) -> Endpoint {
        let mut endpoint = endpoint(number, held);
        let failure =
            Failure::with_guidance(FailureName::RecordsNotReady, forbids(&endpoint)).with_check("caa-forbids");
        endpoint.failing = Some(Failing::first(failure, NOW));
        endpoint
    }

    fn checked(number: u8, seen: bool) -> Endpoint {
        let mut endpoint = endpoint(number, true);
        let guidance = forbids(&endpoint);
        match seen {
            true => {
                let symptom = Symptom {
                    kind: SymptomKind::DnsBroken,
                    since: NOW - Duration::DAY,
                    checks: 2,
                    guidance,
                    check: Some("caa-forbids".into()),
                };
                endpoint.health = Some(Health {
                    checked_at: NOW,
                    dns_good_at: Some(NOW - Duration::days(i64::from(number))),
                    symptoms: vec![symptom],
                    served: Serving::NotChecked,
                    used_by: vec![],
                });
            }
            false => {
                let worst = Concern { check: "caa-forbids".into(), severity: Severity::Error, guidance };
                endpoint.check = Some(CheckSummary {
                    checked_at: NOW,
                    records: RecordStatus::Ok,
                    worst: Some(worst),
                    serves_another: false,
                    over_dns: vec![],
                    unreached: None,
                });
            }
        }
        endpoint
    }

    fn grouped<'a>(endpoints: impl IntoIterator<Item = &'a Endpoint>) -> Vec<Group> {
        let mut groups = Groups::default();
        for endpoint in endpoints {
            let report = status_of(endpoint, NOW);
            groups.add(&Urgency::of(endpoint, &report), &report);
        }
        groups.in_order(9)
    }

    #[test]
    fn one_cause_is_one_group_however_it_was_found_and_whatever_names_and_dates_are_in_its_words() {
        let all = [failing(1, false), failing(2, false), failing(3, true), checked(4, false), checked(5, true)];
        let said: std::collections::BTreeSet<_> =
            all.iter().map(|endpoint| status_of(endpoint, NOW).guidance.summary).collect();
        assert_eq!(said.len(), all.len(), "each has its own words");
        let groups = grouped(&all);
        let [group] = groups.as_slice() else { panic!("one group: {groups:#?}") };
        assert_eq!((group.count, group.cause.as_deref()), (5, Some("caa-forbids")));
        assert_eq!(group.at_fault.as_deref(), Some("bulk.test"));
    }

    #[test]
    fn another_zone_another_check_or_another_party_waited_on_is_another_group() {
        let with = |number, change: &dyn Fn(&mut Failure)| {
            let mut endpoint = failing(number, false);
            change(&mut endpoint.failing.as_mut().expect("it fails").failure);
            endpoint
        };
        let all = [
            failing(1, false),
            with(2, &|failure| failure.guidance.at_fault = Some("other.test".into())),
            with(3, &|failure| failure.check = Some("caa-method".into())),
            with(4, &|failure| failure.guidance.waiting_on = WaitingOn::Operator),
            with(5, &|failure| failure.guidance.at_fault = None),
            with(6, &|failure| failure.guidance.at_fault = None),
        ];
        let counts: Vec<_> = grouped(&all).iter().map(|group| group.count).collect();
        assert_eq!(counts, [1; 6], "and what is each endpoint's own is told by its words");
    }
}
