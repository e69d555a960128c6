//! The targets of many endpoints' certificates: which load balancers, accounts and regions are in use.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::{LoadBalancerArn, RoleArn, Target};

use crate::endpoint::endpoint::Endpoint;

/// Registrations of this period are counted, for the forecast.
pub const LATELY: Duration = Duration::days(30);

/// The most that are kept. Nobody has more load balancers by far: an account has 50 in a region.
const MOST_BALANCERS: usize = 500;
const MOST_TARGETS: usize = 200;

/// A load balancer, and the role for its account; none for the installation's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BalancerAt {
    pub balancer: LoadBalancerArn,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleArn>,
}

/// Endpoints whose certificates go to a load balancer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registrations {
    pub endpoints: u32,
    /// Those of the last 30 days.
    pub new_lately: u32,
}

/// The load balancers and targets of many endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct InUse {
    pub balancers: BTreeMap<BalancerAt, Registrations>,
    /// The targets of copies. In addition, each certificate is in the installation's own region: of its account, or its role's.
    pub targets: BTreeSet<Target>,
    pub roles: BTreeSet<RoleArn>,
}

impl InUse {
    pub fn add(&mut self, endpoint: &Endpoint, now: OffsetDateTime) {
        let deployment = &endpoint.deployment;
        let balancers: BTreeSet<_> = deployment.listeners.iter().map(LoadBalancerArn::from).collect();
        for balancer in balancers {
            let at = BalancerAt { balancer, role: deployment.role.clone() };
            if self.balancers.len() < MOST_BALANCERS || self.balancers.contains_key(&at) {
                let known = self.balancers.entry(at).or_default();
                known.endpoints += 1;
                known.new_lately += u32::from(now - endpoint.created_at < LATELY);
            }
        }
        // With no home region: all named regions, and those of listeners.
        for region in deployment.further_regions("") {
            if self.targets.len() < MOST_TARGETS {
                self.targets.insert(deployment.place(region));
            }
        }
        // One of the stack's roles.
        self.roles.extend(deployment.role.clone());
    }

    pub fn merge(&mut self, other: Self) {
        for (at, more) in other.balancers {
            let known = self.balancers.entry(at).or_default();
            known.endpoints += more.endpoints;
            known.new_lately += more.new_lately;
        }
        self.targets.extend(other.targets);
        self.roles.extend(other.roles);
    }
}

/// As it is stored: JSON has only text keys.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    balancers: Vec<(BalancerAt, Registrations)>,
    targets: Vec<Target>,
    #[serde(default)]
    roles: Vec<RoleArn>,
}

impl From<InUse> for Stored {
    fn from(in_use: InUse) -> Self {
        let InUse { balancers, targets, roles } = in_use;
        Self {
            balancers: balancers.into_iter().collect(),
            targets: targets.into_iter().collect(),
            roles: roles.into_iter().collect(),
        }
    }
}

impl From<Stored> for InUse {
    fn from(stored: Stored) -> Self {
        let Stored { balancers, targets, roles } = stored;
        Self {
            balancers: balancers.into_iter().collect(),
            targets: targets.into_iter().collect(),
            roles: roles.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use vocabulary::acme::Reachability;
    use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};

    const NOW: OffsetDateTime = datetime!(2026-11-29 12:00 UTC);

    fn registered(at: OffsetDateTime) -> Endpoint {
        let names = EndpointNames::parse("www.example.com", &[], 9).expect("a name");
        let (id, label) = (EndpointId::from_random([1; 16]), DelegationLabel::from_random([2; 16]));
        Endpoint::register(id, TenantId::fallback(), names, Reachability::Internal, label, at)
    }

    fn listener(text: &str) -> String {
        format!("arn:aws:elasticloadbalancing:{text}")
    }

    #[test]
    fn a_balancer_is_counted_once_for_an_endpoint_and_a_region_abroad_is_a_target() {
        let two_ports = ["1", "2"].map(|id| listener(&format!("eu-central-1:111122223333:listener/app/edge/9/{id}")));
        let abroad = listener("us-east-1:111122223333:listener/net/edge/9/3");
        let mut endpoint = registered(NOW - Duration::days(31));
        endpoint.deployment.listeners =
            two_ports.iter().chain([&abroad]).map(|arn| arn.parse().expect("a listener")).collect();
        let mut newer = endpoint.clone();
        newer.created_at = NOW - Duration::days(29);
        let mut in_use = InUse::default();
        in_use.add(&endpoint, NOW);
        let mut other = InUse::default();
        other.add(&newer, NOW);
        in_use.merge(other);
        let counted: Vec<_> = in_use.balancers.values().collect();
        assert_eq!(counted, [&Registrations { endpoints: 2, new_lately: 1 }; 2]);
        let regions: Vec<_> = in_use.targets.iter().map(|target| target.region.as_str()).collect();
        assert_eq!(regions, ["eu-central-1", "us-east-1"]);
        let written = serde_json::to_string(&in_use).expect("plain data");
        assert_eq!(serde_json::from_str::<InUse>(&written).expect("the same"), in_use);
    }

    #[test]
    fn a_role_is_known_though_nothing_is_copied() {
        let mut endpoint = registered(NOW);
        endpoint.deployment.role = Some("arn:aws:iam::444455556666:role/x".parse().expect("a role"));
        let mut in_use = InUse::default();
        in_use.add(&endpoint, NOW);
        assert_eq!((in_use.targets.len(), in_use.roles.first()), (0, endpoint.deployment.role.as_ref()));
    }
}
