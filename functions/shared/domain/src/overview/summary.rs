use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointId;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::status::EndpointStatus;
use crate::overview::by_tenant::ByTenant;
use crate::overview::first::First;
use crate::overview::groups::{Group, Groups};
use crate::overview::in_use::InUse;
use crate::overview::urgency::Urgency;
use crate::status::StatusReport;

/// The most that are kept of each kind. This many urgent endpoints can be listed without reading every endpoint.
const MOST_URGENT: usize = 100;
const MOST_RENEWALS: usize = 50;
const MOST_GROUPS: usize = 100;
/// For how many days renewals are counted by day.
const DAYS_AHEAD: i64 = 90;

/// A renewal that comes next; the soonest sorts first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NextRenewal {
    #[serde(with = "time::serde::timestamp")]
    pub at: OffsetDateTime,
    pub domain: String,
    pub endpoint: EndpointId,
}

/// A summary of many endpoints. Those of parts are merged into that of the whole, however it is split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Summary {
    pub counts: BTreeMap<EndpointStatus, usize>,
    /// By UTC day; overdue ones count for today.
    pub renewal_days: BTreeMap<Date, usize>,
    pub renewals: First<NextRenewal, ()>,
    /// Of the endpoints that need attention.
    pub urgent: First<Urgency, ()>,
    pub groups: Groups,
    /// The targets of their certificates; only in the summary of all endpoints.
    pub in_use: InUse,
    pub tenants: ByTenant,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            renewal_days: BTreeMap::new(),
            renewals: First::new(MOST_RENEWALS),
            urgent: First::new(MOST_URGENT),
            groups: Groups::default(),
            in_use: InUse::default(),
            tenants: ByTenant::default(),
        }
    }
}

impl Summary {
    /// Counts `endpoint`, whose status at `now` is in `report`.
    pub fn add(&mut self, endpoint: &Endpoint, report: &StatusReport, now: OffsetDateTime) {
        *self.counts.entry(report.status).or_default() += 1;
        self.tenants.add(endpoint, now);
        if let Some(held) = endpoint.certificate.as_ref().filter(|_| !endpoint.removing) {
            let (domain, id) = (endpoint.names.primary().to_string(), endpoint.id.clone());
            self.renewals.offer(NextRenewal { at: held.renew_at, domain, endpoint: id }, ());
            let day = held.renew_at.max(now).date();
            if day < now.date().saturating_add(Duration::days(DAYS_AHEAD)) {
                *self.renewal_days.entry(day).or_default() += 1;
            }
        }
        let urgency = Urgency::of(endpoint, report);
        if urgency.needs_attention() {
            self.groups.add(&urgency, report);
            self.urgent.offer(urgency, ());
        }
    }

    pub fn merge(&mut self, other: Self) {
        for (status, count) in other.counts {
            *self.counts.entry(status).or_default() += count;
        }
        for (day, count) in other.renewal_days {
            *self.renewal_days.entry(day).or_default() += count;
        }
        other.renewals.in_order().for_each(|(renewal, ())| self.renewals.offer(renewal, ()));
        other.urgent.in_order().for_each(|(urgency, ())| self.urgent.offer(urgency, ()));
        self.groups.merge(other.groups);
        self.in_use.merge(other.in_use);
        self.tenants.merge(other.tenants);
    }

    pub fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// An endpoint that was counted with the status `was`, or not at all, now has that of `now_is`, or is deleted.
    pub fn moved(&mut self, endpoint: &EndpointId, was: Option<EndpointStatus>, now_is: Option<Urgency>) {
        if let Some(count) = was.and_then(|was| self.counts.get_mut(&was)) {
            *count = count.saturating_sub(1);
        }
        let known: Vec<_> = self.urgent.keys().filter(|urgency| urgency.endpoint == *endpoint).cloned().collect();
        known.iter().for_each(|urgency| self.urgent.remove(urgency));
        if let Some(urgency) = now_is {
            *self.counts.entry(urgency.status).or_default() += 1;
            if urgency.needs_attention() {
                self.urgent.offer(urgency, ());
            }
        }
    }
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    counts: BTreeMap<EndpointStatus, usize>,
    days: Vec<(Date, usize)>,
    renewals: Vec<NextRenewal>,
    urgent: Vec<Urgency>,
    groups: Vec<(WaitingOn, String, Group)>,
    #[serde(default)]
    in_use: InUse,
    #[serde(default)]
    tenants: ByTenant,
}

impl From<Summary> for Stored {
    fn from(summary: Summary) -> Self {
        let groups = summary.groups.by_urgency(MOST_GROUPS).into_iter();
        Self {
            counts: summary.counts,
            days: summary.renewal_days.into_iter().collect(),
            renewals: summary.renewals.in_order().map(|(renewal, ())| renewal).collect(),
            urgent: summary.urgent.in_order().map(|(urgency, ())| urgency).collect(),
            groups: groups.map(|((waiting_on, said), group)| (waiting_on, said, group)).collect(),
            in_use: summary.in_use,
            tenants: summary.tenants,
        }
    }
}

impl From<Stored> for Summary {
    fn from(stored: Stored) -> Self {
        let Stored { counts, in_use, tenants, .. } = stored;
        let mut summary = Self { counts, in_use, tenants, ..Self::default() };
        summary.renewal_days.extend(stored.days);
        stored.renewals.into_iter().for_each(|renewal| summary.renewals.offer(renewal, ()));
        stored.urgent.into_iter().for_each(|urgency| summary.urgent.offer(urgency, ()));
        let groups = stored.groups.into_iter();
        summary.groups = Groups::from_pairs(groups.map(|(waiting_on, said, group)| ((waiting_on, said), group)));
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::failing::Failing;
    use crate::endpoint::samples;
    use crate::status::status_of;
    use proptest::prelude::*;
    use time::macros::datetime;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::{Failure, FailureName};
    use vocabulary::names::{DelegationLabel, EndpointNames, TenantId};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    /// One of each kind: new, idle, or failing for one of three reasons.
    fn endpoint(number: u16, kind: u8) -> Endpoint {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        let names = EndpointNames::parse(&format!("host-{number}.example.com"), &[], 9).expect("valid");
        let (id, label) = (EndpointId::from_random(id), DelegationLabel::from_random([2; 16]));
        let mut endpoint = Endpoint::register(id, TenantId::fallback(), names, Reachability::External, label, NOW);
        if kind > 0 {
            let life = Duration::days(i64::from(number % 120) + 1);
            endpoint.certificate = Some(samples::certificate(endpoint.names.iter().cloned(), NOW, life));
            endpoint.due_at = endpoint.certificate.as_ref().map(|held| held.renew_at);
        }
        if kind > 1 {
            let failure =
                Failure::new(FailureName::ChallengeFailed, WaitingOn::DomainOwner, format!("cause {kind}"), "act");
            endpoint.failing = Some(Failing::first(failure, NOW));
        }
        endpoint
    }

    fn summed<'a>(endpoints: impl IntoIterator<Item = &'a Endpoint>) -> Summary {
        let mut summary = Summary::default();
        endpoints.into_iter().for_each(|endpoint| summary.add(endpoint, &status_of(endpoint, NOW), NOW));
        summary
    }

    proptest! {
        #[test]
        fn parts_are_merged_to_the_whole_also_after_they_were_stored(
            kinds in proptest::collection::vec((0..5_u8, any::<bool>()), 0..300),
        ) {
            let all: Vec<_> = kinds.iter().zip(0..).map(|((kind, part), number)| (endpoint(number, *kind), *part)).collect();
            let part = |which: bool| summed(all.iter().filter(|(_, part)| *part == which).map(|(endpoint, _)| endpoint));
            let mut merged = Summary::default();
            for part in [part(false), part(true)] {
                let written = serde_json::to_string(&part).expect("plain data");
                merged.merge(serde_json::from_str(&written).expect("as it was written"));
            }
            let whole = summed(all.iter().map(|(endpoint, _)| endpoint));
            prop_assert_eq!(merged.total(), all.len());
            prop_assert_eq!(merged, whole);
        }
    }

    #[test]
    fn an_endpoint_that_changes_is_counted_once_with_its_present_status() {
        let (healthy, ailing) = (endpoint(1, 1), endpoint(2, 2));
        let mut summary = summed([&healthy, &ailing]);
        let now = |endpoint: &Endpoint| Urgency::of(endpoint, &status_of(endpoint, NOW));
        let was = |endpoint: &Endpoint| Some(status_of(endpoint, NOW).status);
        let mended = endpoint(2, 1);
        summary.moved(&ailing.id, was(&ailing), Some(now(&mended)));
        summary.moved(&healthy.id, was(&healthy), None);
        let fresh = endpoint(3, 2);
        summary.moved(&fresh.id, None, Some(now(&fresh)));
        assert_eq!(summary.total(), 2);
        assert_eq!(summary.urgent.keys().map(|urgency| &urgency.endpoint).collect::<Vec<_>>(), [&fresh.id]);
    }

    #[test]
    fn a_summary_fits_into_an_item_however_much_is_wrong() {
        let mut summary = Summary::default();
        for number in 0..1000 {
            let mut endpoint = endpoint(number, 2);
            let said = format!("{number} {}", "x".repeat(500));
            let failure = Failure::new(FailureName::ChallengeFailed, WaitingOn::DomainOwner, said, "act");
            endpoint.failing = Some(Failing::first(failure, NOW));
            summary.add(&endpoint, &status_of(&endpoint, NOW), NOW);
        }
        let written = serde_json::to_vec(&summary).expect("plain data").len();
        assert!(written < 120 * 1024, "{written}");
    }
}
