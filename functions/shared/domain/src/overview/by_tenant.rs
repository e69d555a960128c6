//! The figures of each tenant's endpoints: how many have a certificate, how their attempts end, how long a first certificate
//! takes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::TenantId;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::track_record::AttemptEnd;
use crate::overview::in_use::LATELY;

/// The most tenants that are kept, those with the most endpoints: the stored size is bounded.
const MOST_TENANTS: usize = 100;

/// The upper bounds of the groups of first certificates; the last group has none.
pub const TIMES: [Duration; 5] =
    [Duration::minutes(10), Duration::HOUR, Duration::hours(6), Duration::DAY, Duration::WEEK];

/// Figures of one tenant. The figures of parts add up to those of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub endpoints: u64,
    /// Those that have a certificate.
    pub issued: u64,
    /// Of each endpoint's last attempts.
    pub succeeded: u64,
    pub failed: BTreeMap<WaitingOn, u64>,
    /// First certificates of the last 30 days, by how long they took from the registration: see [`TIMES`].
    pub times: [u64; TIMES.len() + 1],
}

impl Figures {
    fn add(&mut self, endpoint: &Endpoint, now: OffsetDateTime) {
        self.endpoints += 1;
        self.issued += u64::from(endpoint.certificate.is_some());
        for end in &endpoint.track.ends {
            match end {
                AttemptEnd::Succeeded => self.succeeded += 1,
                AttemptEnd::Failed(waiting_on) => *self.failed.entry(*waiting_on).or_default() += 1,
            }
        }
        if let Some(issued_at) = endpoint.track.issued_at.filter(|at| now - *at < LATELY) {
            let took = issued_at - endpoint.created_at;
            self.times[TIMES.iter().position(|longest| took <= *longest).unwrap_or(TIMES.len())] += 1;
        }
    }

    fn merge(&mut self, other: Self) {
        self.endpoints += other.endpoints;
        self.issued += other.issued;
        self.succeeded += other.succeeded;
        for (waiting_on, count) in other.failed {
            *self.failed.entry(waiting_on).or_default() += count;
        }
        self.times.iter_mut().zip(other.times).for_each(|(time, more)| *time += more);
    }

    /// Within which time half of the first certificates of the last 30 days were issued. `None` if there were none, or if it is
    /// longer than the longest of [`TIMES`].
    pub fn half_within(&self) -> Option<Duration> {
        let all: u64 = self.times.iter().sum();
        let mut so_far = 0;
        let half = self.times.iter().position(|count| {
            so_far += count;
            all > 0 && so_far * 2 >= all
        });
        half.and_then(|group| TIMES.get(group).copied())
    }
}

/// The figures of many tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(TenantId, Figures)>", into = "Vec<(TenantId, Figures)>")]
pub struct ByTenant(BTreeMap<TenantId, Figures>);

impl ByTenant {
    pub fn add(&mut self, endpoint: &Endpoint, now: OffsetDateTime) {
        self.0.entry(endpoint.tenant.clone()).or_default().add(endpoint, now);
    }

    pub fn merge(&mut self, other: Self) {
        for (tenant, figures) in other.0 {
            self.0.entry(tenant).or_default().merge(figures);
        }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The `most` with the most endpoints, largest first.
    pub fn largest(self, most: usize) -> Vec<(TenantId, Figures)> {
        let mut all: Vec<_> = self.0.into_iter().collect();
        all.sort_by(|(a, of_a), (b, of_b)| of_b.endpoints.cmp(&of_a.endpoints).then_with(|| a.cmp(b)));
        all.truncate(most);
        all
    }
}

impl From<ByTenant> for Vec<(TenantId, Figures)> {
    fn from(all: ByTenant) -> Self {
        all.largest(MOST_TENANTS)
    }
}

impl From<Vec<(TenantId, Figures)>> for ByTenant {
    fn from(pairs: Vec<(TenantId, Figures)>) -> Self {
        Self(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::TrackRecord;
    use time::macros::datetime;
    use vocabulary::acme::Reachability;
    use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    /// Registered ten days ago, with its first certificate after `took`.
    fn endpoint(tenant: &str, took: Option<Duration>, ends: Vec<AttemptEnd>) -> Endpoint {
        let names = EndpointNames::parse("www.example.com", &[], 9).expect("a name");
        let (id, label) = (EndpointId::from_random([1; 16]), DelegationLabel::from_random([2; 16]));
        let at = NOW - Duration::days(10);
        let tenant = tenant.parse().expect("a tenant");
        let mut endpoint = Endpoint::register(id, tenant, names, Reachability::Internal, label, at);
        endpoint.track = TrackRecord { issued_at: took.map(|took| at + took), ends };
        endpoint
    }

    #[test]
    fn a_tenants_attempts_and_times_are_added_up_whatever_the_parts() {
        let owner = AttemptEnd::Failed(WaitingOn::DomainOwner);
        let all = [
            endpoint("acme", Some(Duration::minutes(10)), vec![AttemptEnd::Succeeded]),
            endpoint("acme", Some(Duration::HOUR), vec![owner, owner, AttemptEnd::Succeeded]),
            endpoint("acme", Some(Duration::days(8)), vec![AttemptEnd::Failed(WaitingOn::Ca), AttemptEnd::Succeeded]),
            endpoint("acme", None, vec![]),
            endpoint("globex", Some(Duration::SECOND), vec![AttemptEnd::Succeeded]),
        ];
        let (mut whole, mut merged) = (ByTenant::default(), ByTenant::default());
        all.iter().for_each(|endpoint| whole.add(endpoint, NOW));
        for part in all.chunks(2) {
            let mut of_part = ByTenant::default();
            part.iter().for_each(|endpoint| of_part.add(endpoint, NOW));
            let written = serde_json::to_string(&of_part).expect("plain data");
            merged.merge(serde_json::from_str(&written).expect("as it was written"));
        }
        assert_eq!(merged, whole);
        let [(first, acme), (second, _)] = whole.largest(9).try_into().expect("two tenants");
        assert_eq!((first.as_str(), second.as_str()), ("acme", "globex"));
        assert_eq!((acme.endpoints, acme.succeeded), (4, 3));
        assert_eq!(acme.failed, [(WaitingOn::DomainOwner, 2), (WaitingOn::Ca, 1)].into());
        assert_eq!(acme.times, [1, 1, 0, 0, 0, 1]);
        assert_eq!(acme.half_within(), Some(Duration::HOUR));
    }

    #[test]
    fn old_first_certificates_are_left_out_and_very_slow_ones_have_no_bound() {
        let figures = |endpoints: &[Endpoint], now| {
            let mut all = ByTenant::default();
            endpoints.iter().for_each(|endpoint| all.add(endpoint, now));
            all.largest(1).remove(0).1
        };
        let quick = endpoint("acme", Some(Duration::MINUTE), vec![]);
        let then = NOW - Duration::days(10) + Duration::MINUTE;
        assert_eq!(figures(std::slice::from_ref(&quick), then + LATELY).half_within(), None);
        assert!(figures(&[quick], then + LATELY - Duration::SECOND).half_within().is_some());
        let slow = figures(&[endpoint("acme", Some(Duration::days(9)), vec![])], NOW);
        assert_eq!((slow.times[TIMES.len()], slow.half_within()), (1, None));
    }

    #[test]
    fn as_many_tenants_are_stored_as_fit() {
        let mut all = ByTenant::default();
        (0..300).for_each(|number| all.add(&endpoint(&format!("tenant-{number}"), None, vec![]), NOW));
        all.add(&endpoint("tenant-299", None, vec![]), NOW);
        let written = serde_json::to_string(&all).expect("plain data");
        assert!(written.len() < 20 * 1024, "{}", written.len());
        let read: ByTenant = serde_json::from_str(&written).expect("as it was written");
        assert_eq!((read.len(), read.largest(1)[0].0.as_str()), (MOST_TENANTS, "tenant-299"));
    }
}
