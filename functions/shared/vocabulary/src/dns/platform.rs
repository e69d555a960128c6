//! Where an installation wants the records of domain owners to point, and what they prove there.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::domain_name::DomainName;
use crate::names::endpoint_id::DelegationLabel;

/// Where the records of external hosts point: the stack's parameter `EndpointTarget`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EndpointTarget {
    /// One name for all: it directs visitors, but does not prove whose the domain is.
    Shared(DomainName),
    /// `*.edge.example.net`: each registration has its own target below the name, so that a host's CNAME also proves the domain
    /// for that registration.
    Own(DomainName),
}

impl EndpointTarget {
    /// Where the host of the registration with `label` is to point.
    pub fn of(&self, label: &DelegationLabel) -> String {
        match self {
            Self::Shared(name) => name.to_string(),
            Self::Own(parent) => label.target(parent.as_str()),
        }
    }

    /// The name that all targets are equal to, or below.
    pub fn base(&self) -> &DomainName {
        match self {
            Self::Shared(name) | Self::Own(name) => name,
        }
    }

    pub fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }
}

/// The parameter is neither a host name nor a wildcard of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is neither a name (edge.example.net) nor a wildcard (*.edge.example.net)")]
pub struct EndpointTargetError(String);

impl FromStr for EndpointTarget {
    type Err = EndpointTargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = |text: &str| text.parse().map_err(|_| EndpointTargetError(text.to_owned()));
        match text.trim().strip_prefix("*.") {
            Some(parent) => Ok(Self::Own(name(parent)?)),
            None => Ok(Self::Shared(name(text.trim())?)),
        }
    }
}

impl TryFrom<String> for EndpointTarget {
    type Error = EndpointTargetError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EndpointTarget> for String {
    fn from(target: EndpointTarget) -> Self {
        target.to_string()
    }
}

/// As in the parameter; also the owner name of the wildcard record, which can be queried like any other.
impl fmt::Display for EndpointTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared(name) => write!(f, "{name}"),
            Self::Own(parent) => write!(f, "*.{parent}"),
        }
    }
}

/// Whether an order needs a proof that each name belongs to the tenant who registered it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TenantProof {
    #[default]
    On,
    /// All tenants are the platform's own: whoever registers a name whose host points to the platform gets its certificate.
    Off,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is “on” or “off”")]
pub struct TenantProofError;

impl FromStr for TenantProof {
    type Err = TenantProofError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err(TenantProofError),
        }
    }
}

/// What an installation requires of the records of domain owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    pub delegation_zone: String,
    pub endpoint_target: EndpointTarget,
    pub tenant_proof: TenantProof,
    /// Additional names of the platform's own: the host of its dashboard, and names that its operator has listed.
    pub reserved: Vec<DomainName>,
}

impl Platform {
    /// The platform's own name that `name` equals, is below, or is above: a certificate for it would be one for the platform.
    pub fn reserves(&self, name: &DomainName) -> Option<String> {
        let zone = self.delegation_zone.trim_end_matches('.').to_ascii_lowercase();
        let target = self.endpoint_target.base().to_string();
        let mut own = [zone, target].into_iter().chain(self.reserved.iter().map(ToString::to_string));
        own.find(|own| own == name.as_str() || is_below(own, name.as_str()) || is_below(name.as_str(), own))
    }

    /// Where `_acme-challenge` of the registration with `label` must point.
    pub fn delegation_target(&self, label: &DelegationLabel) -> String {
        label.target(&self.delegation_zone)
    }

    /// Whether `target` belongs to some registration here: the delegation of another one, or of a deleted one.
    pub fn is_delegation_target(&self, target: &str) -> bool {
        is_below(target, &self.delegation_zone.trim_end_matches('.').to_ascii_lowercase())
    }
}

fn is_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|labels| labels.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_gives_each_registration_a_target_of_its_own() {
        let (one, other) = (DelegationLabel::from_random([1; 16]), DelegationLabel::from_random([2; 16]));
        let own: EndpointTarget = "*.Edge.example.net".parse().expect("a wildcard");
        assert!(own.is_own() && own.of(&one) != own.of(&other) && own.of(&one).ends_with(".edge.example.net"));
        assert_eq!(own.to_string(), "*.edge.example.net");
        let shared: EndpointTarget = "edge.example.net".parse().expect("a name");
        assert_eq!((shared.of(&one), shared.is_own()), ("edge.example.net".into(), false));
        for bad in ["", "*", "*.", "*.*.example.net", "a b", "http://x.example/"] {
            assert!(bad.parse::<EndpointTarget>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_names_below_the_delegation_zone_are_delegation_targets() {
        let platform = Platform {
            delegation_zone: "acme.example.net".into(),
            endpoint_target: "edge.example.net".parse().expect("a name"),
            tenant_proof: TenantProof::On,
            reserved: Vec::new(),
        };
        assert!(platform.is_delegation_target(&platform.delegation_target(&DelegationLabel::from_random([1; 16]))));
        for other in ["acme.example.net", "xacme.example.net", "acme.example.org", "x.acme.example.net.evil.example"] {
            assert!(!platform.is_delegation_target(other), "{other}");
        }
    }

    #[test]
    fn the_platforms_own_names_are_reserved_with_all_above_and_below_them() {
        let platform = Platform {
            delegation_zone: "acme.example.net".into(),
            endpoint_target: "*.edge.example.net".parse().expect("a wildcard"),
            tenant_proof: TenantProof::On,
            reserved: vec!["app.example.org".parse().expect("a name")],
        };
        let reserves = |name: &str| platform.reserves(&name.parse().expect("a name"));
        for own in ["edge.example.net", "example.net", "x.edge.example.net", "a.b.acme.example.net", "example.org"] {
            assert!(reserves(own).is_some(), "{own}");
        }
        for other in ["www.example.net", "xedge.example.net", "www.example.org", "edge.example.com"] {
            assert_eq!(reserves(other), None, "{other}");
        }
    }
}
