//! Where an endpoint's certificate goes besides ACM at home: listeners, additional regions, another account.
//!
//! The rules are pure: the domain's acts define the order in which listeners get a certificate and lose it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::certificate::arn::{AccountId, CertificateArn, ListenerArn, Region, RoleArn};
use crate::certificate::pool::PoolName;
use crate::certificate::tags::CertificateTags;
use crate::dns::platform::EndpointTarget;

/// How many listeners one certificate is attached to. Each is one call at every renewal.
pub const MOST_LISTENERS: usize = 20;

/// How many additional regions may be named. Each has its own import at every renewal.
pub const MOST_REGIONS: usize = 10;

/// What to do with a certificate besides importing it into ACM at home. By default, nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// What it is attached to, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<ListenerArn>,
    /// Regions into which it is imported besides the installation's own and those of its listeners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
    /// The role for all of it; without one it is the installation's own account.
    #[serde(default)]
    pub role: Option<RoleArn>,
    /// The pool of its first listener, chosen from the pool or named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolName>,
    /// Another party's certificate in ACM at home that its first one replaces, under the same ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<CertificateArn>,
    /// Where its hosts point because of that listener; absent: to the installation's own target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<EndpointTarget>,
    /// Whether its chain and its private key are exported to a secret.
    #[serde(default, skip_serializing_if = "is_off")]
    pub export_key: bool,
    /// The tags of its certificates in ACM, besides the installation's own tags.
    #[serde(default, skip_serializing_if = "CertificateTags::is_empty")]
    pub tags: CertificateTags,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_off(switch: &bool) -> bool {
    !switch
}

/// Why a deployment is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeploymentError {
    #[error(
        "more than {MOST_LISTENERS} listeners; attach the certificate to the others by hand, or register further endpoints"
    )]
    TooManyListeners,
    #[error("more than {MOST_REGIONS} regions")]
    TooManyRegions,
    #[error(
        "the listener is in the account {found}, and the certificate will be in {expected}; \
         a listener takes certificates of its own account only{}", if *.by_role { "" } else { ": name a role there" }
    )]
    OtherAccount { index: usize, found: AccountId, expected: AccountId, by_role: bool },
}

impl DeploymentError {
    /// The input field at fault.
    pub fn field(&self) -> String {
        match self {
            Self::TooManyListeners => "listeners".into(),
            Self::TooManyRegions => "regions".into(),
            Self::OtherAccount { index, .. } => format!("listeners[{index}]"),
        }
    }
}

impl Deployment {
    /// Whether a certificate is only imported into ACM at home.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// `own`: the installation's account, if known. Duplicates count once.
    pub fn new(
        listeners: Vec<ListenerArn>,
        regions: Vec<Region>,
        role: Option<RoleArn>,
        own: Option<&AccountId>,
    ) -> Result<Self, DeploymentError> {
        let expected = role.as_ref().map(RoleArn::account).or(own);
        let elsewhere = |(index, listener): (usize, &ListenerArn)| {
            let expected = expected.filter(|expected| *expected != listener.account())?.clone();
            let found = listener.account().clone();
            Some(DeploymentError::OtherAccount { index, found, expected, by_role: role.is_some() })
        };
        if let Some(error) = listeners.iter().enumerate().find_map(elsewhere) {
            return Err(error);
        }
        let (listeners, regions) = (each_once(listeners), each_once(regions));
        match (listeners.len() > MOST_LISTENERS, regions.len() > MOST_REGIONS) {
            (true, _) => Err(DeploymentError::TooManyListeners),
            (_, true) => Err(DeploymentError::TooManyRegions),
            _ => Ok(Self { listeners, regions, role, ..Self::default() }),
        }
    }

    /// The regions that need a copy besides `home`: the named ones, and those of the listeners.
    pub fn further_regions(&self, home: &str) -> BTreeSet<&Region> {
        let all = self.regions.iter().chain(self.listeners.iter().map(ListenerArn::region));
        all.filter(|region| region.as_str() != home).collect()
    }

    /// The target in `region`.
    pub fn place(&self, region: &Region) -> Target {
        Target { region: region.clone(), role: self.role.clone() }
    }

    /// Whether it asks for nothing besides ACM at home.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn each_once<T: Ord + Clone>(all: Vec<T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    all.into_iter().filter(|one| seen.insert(one.clone())).collect()
}

/// An account and a region of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    pub region: Region,
    /// The role for the account; none for the installation's own.
    pub role: Option<RoleArn>,
}

#[cfg(test)]
mod tests;
