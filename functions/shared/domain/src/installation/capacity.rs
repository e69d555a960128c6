//! How much room load balancers and ACM have for certificates, as last counted.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::{
    AcmForecast, AcmQuotas, DEFAULT_BALANCER_QUOTA, ListenerArn, LoadBalancerArn, PoolMember, RoleArn, Target,
};
use vocabulary::names::EndpointId;

use crate::overview::in_use::{LATELY, Registrations};

/// How long a count is used; a full load balancer is counted at every opportunity.
pub const COUNT_AGAIN: Duration = Duration::HOUR;

const YEAR: Duration = Duration::days(365);

/// What is counted of an installation, and which endpoints have been promised room since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Increments with each change: a writer passes the version that it has read.
    #[serde(default)]
    pub version: u64,
    /// When the load balancers and targets in use were last listed.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub listed_at: Option<OffsetDateTime>,
    #[serde(default)]
    pub balancers: Vec<BalancerUse>,
    #[serde(default)]
    pub acm: Vec<AcmUse>,
    /// Endpoints for which a pool's listener was chosen, until it has their certificate.
    #[serde(default)]
    pub assigned: Vec<Assigned>,
}

/// The certificates of one load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancerUse {
    pub balancer: LoadBalancerArn,
    /// The role for its account; none for the installation's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleArn>,
    /// Certificates besides the default ones; absent if they could not be counted yet, or there is no such balancer.
    pub used: Option<u32>,
    /// The account's quota for its kind.
    pub most: u32,
    /// Why AWS did not return it: then `most` is the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_unknown: Option<String>,
    pub registrations: Registrations,
    /// When `used` was counted.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub as_of: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub tried_at: OffsetDateTime,
    /// Why the last count failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// The imported certificates of one account and region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmUse {
    pub target: Target,
    /// Absent if they could not be counted yet.
    pub forecast: Option<AcmForecast>,
    pub quotas: AcmQuotas,
    /// Why AWS did not return them: then `quotas` are the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotas_unknown: Option<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub as_of: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub tried_at: OffsetDateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Room promised to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    pub endpoint: EndpointId,
    pub listener: ListenerArn,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

impl BalancerUse {
    /// When it is full if as many endpoints are added as in the last 30 days. `None`: it is full, or will not be within a year.
    pub fn full_at(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        full_at(self.most.saturating_sub(self.used?), self.registrations.new_lately, now)
    }
}

/// When `left` are used up at `new_lately` in 30 days; `None` if none are left, or not within a year.
pub fn full_at(left: u32, new_lately: u32, now: OffsetDateTime) -> Option<OffsetDateTime> {
    if left == 0 || new_lately == 0 {
        return None;
    }
    let takes = LATELY * (f64::from(left) / f64::from(new_lately));
    (takes <= YEAR).then(|| now + takes)
}

impl Capacity {
    pub fn of(&self, balancer: &LoadBalancerArn) -> Option<&BalancerUse> {
        self.balancers.iter().find(|known| known.balancer == *balancer)
    }

    /// ACM's quotas in the home region as AWS last returned them; `None` if it has not.
    pub fn acm_quotas(&self, home: &str) -> Option<AcmQuotas> {
        let at_home = self.acm.iter().find(|one| one.target.role.is_none() && one.target.region.as_str() == home);
        at_home.filter(|one| one.quotas_unknown.is_none()).map(|one| one.quotas)
    }

    /// Endpoints that were promised room there and do not use it yet.
    pub fn promised(&self, balancer: &LoadBalancerArn) -> u32 {
        let waiting = self.assigned.iter().filter(|one| LoadBalancerArn::from(&one.listener) == *balancer);
        u32::try_from(waiting.count()).unwrap_or(u32::MAX)
    }

    /// How many more certificates the load balancer takes. One that was never counted has AWS's default; one that does not
    /// exist has none.
    pub fn room(&self, balancer: &LoadBalancerArn) -> u32 {
        let free = match self.of(balancer) {
            None => DEFAULT_BALANCER_QUOTA,
            Some(known) => match (known.used, &known.fault) {
                (Some(used), _) => known.most.saturating_sub(used),
                (None, Some(_)) => 0,
                (None, None) => known.most,
            },
        };
        free.saturating_sub(self.promised(balancer))
    }

    /// The member with the most room, the first one of equals; `None` if all are full. Counted members take precedence.
    pub fn choose<'a>(&self, members: impl Iterator<Item = &'a PoolMember>) -> Option<&'a PoolMember> {
        let mut best: Option<((bool, u32), &PoolMember)> = None;
        for member in members {
            let balancer = LoadBalancerArn::from(&member.listener);
            let rank = (self.of(&balancer).is_some(), self.room(&balancer));
            if rank.1 > 0 && best.is_none_or(|(before, _)| rank > before) {
                best = Some((rank, member));
            }
        }
        best.map(|(_, member)| member)
    }

    /// Promises `endpoint` room at `listener`, replacing an earlier promise.
    pub fn assign(&mut self, endpoint: &EndpointId, listener: &ListenerArn, now: OffsetDateTime) {
        self.release(endpoint);
        self.assigned.push(Assigned { endpoint: endpoint.clone(), listener: listener.clone(), at: now });
    }

    pub fn release(&mut self, endpoint: &EndpointId) {
        self.assigned.retain(|one| one.endpoint != *endpoint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-29 12:00 UTC);

    fn member(number: u32) -> PoolMember {
        let listener = format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/edge-{number}/1/2");
        let target = format!("edge-{number}.example.net").parse().expect("a name");
        PoolMember { listener: listener.parse().expect("a listener"), target }
    }

    fn counted(number: u32, used: Option<u32>, most: u32) -> BalancerUse {
        BalancerUse {
            balancer: LoadBalancerArn::from(&member(number).listener),
            role: None,
            used,
            most,
            most_unknown: None,
            registrations: Registrations { endpoints: 0, new_lately: 10 },
            as_of: Some(NOW),
            tried_at: NOW,
            fault: used.is_none().then(|| "there is no such load balancer".to_owned()),
        }
    }

    fn endpoint(n: u8) -> EndpointId {
        EndpointId::from_random([n; 16])
    }

    #[test]
    fn the_load_balancer_with_the_most_room_is_chosen_and_promises_count() {
        let balancers = vec![counted(1, Some(24), 25), counted(2, Some(23), 25), counted(3, None, 25)];
        let mut capacity = Capacity { balancers, ..Capacity::default() };
        let members = [member(1), member(2), member(3)];
        let chosen = |capacity: &Capacity| capacity.choose(members.iter()).map(|chosen| chosen.listener.clone());
        for (n, expected) in [(1, Some(1)), (2, Some(0)), (3, Some(1)), (4, None)] {
            let now = chosen(&capacity);
            let is = now.as_ref().map(|now| usize::from(*now != members[0].listener));
            // The second has room for two, the first for one: with one left in each, the first one is chosen.
            assert_eq!(is, expected, "registration {n}");
            if let Some(listener) = now {
                capacity.assign(&endpoint(n), &listener, NOW);
            }
        }
        capacity.release(&endpoint(1));
        assert_eq!(chosen(&capacity), Some(members[1].listener.clone()));
    }

    #[test]
    fn an_endpoint_that_is_promised_room_twice_has_it_once() {
        let mut capacity = Capacity::default();
        for number in [1, 2] {
            capacity.assign(&endpoint(1), &member(number).listener, NOW);
        }
        let promised = |number| capacity.promised(&LoadBalancerArn::from(&member(number).listener));
        assert_eq!((promised(1), promised(2)), (0, 1));
    }

    #[test]
    fn a_load_balancer_that_was_never_counted_comes_after_those_that_were() {
        let capacity = Capacity { balancers: vec![counted(2, Some(24), 25)], ..Capacity::default() };
        let members = [member(1), member(2)];
        let chosen = capacity.choose(members.iter()).expect("room");
        assert_eq!(chosen.listener, members[1].listener);
        let full = Capacity { balancers: vec![counted(2, Some(25), 25)], ..Capacity::default() };
        assert_eq!(full.choose(members.iter()).map(|chosen| &chosen.listener), Some(&members[0].listener));
    }

    #[test]
    fn the_day_is_given_only_where_endpoints_come_and_it_is_near() {
        assert_eq!(full_at(10, 10, NOW), Some(NOW + Duration::days(30)));
        assert_eq!(full_at(0, 10, NOW), None, "it is full");
        assert_eq!(full_at(10, 0, NOW), None, "nobody comes");
        assert_eq!(full_at(122, 10, NOW), None, "in more than a year");
        assert_eq!(counted(1, Some(20), 25).full_at(NOW), Some(NOW + Duration::days(15)));
    }

    #[test]
    fn an_item_of_an_earlier_release_reads_as_no_capacity() {
        assert_eq!(serde_json::from_str::<Capacity>("{}").expect("plain data"), Capacity::default());
    }
}
