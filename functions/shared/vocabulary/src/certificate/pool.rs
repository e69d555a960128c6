//! Pools of listeners: a registration names the pool, and the installation chooses a listener with room.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::certificate::arn::ListenerArn;
use crate::dns::platform::EndpointTarget;

/// The prefix of a pool's name where a listener is expected: `pool:eu`.
pub const POOL_PREFIX: &str = "pool:";

/// Name of a pool: `eu-public`. 1 to 32 letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PoolName(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a pool, which has 1 to 32 letters, digits and hyphens")]
pub struct PoolNameError;

impl PoolName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PoolName {
    type Err = PoolNameError;

    fn from_str(text: &str) -> Result<Self, PoolNameError> {
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        fits.then(|| Self(text.to_owned())).ok_or(PoolNameError)
    }
}

impl TryFrom<String> for PoolName {
    type Error = PoolNameError;

    fn try_from(text: String) -> Result<Self, PoolNameError> {
        text.parse()
    }
}

impl From<PoolName> for String {
    fn from(name: PoolName) -> Self {
        name.0
    }
}

impl fmt::Display for PoolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One listener of a pool, and the target of the hosts that it serves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolMember {
    pub listener: ListenerArn,
    pub target: EndpointTarget,
}

/// The pools of an installation: the stack's parameter `ListenerPools`.
///
/// A listener is in only one pool, once: so its target is the same for all endpoints that name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenerPools(BTreeMap<PoolName, Vec<PoolMember>>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenerPoolsError {
    #[error("it is written like {{\"eu\": [{{\"listener\": ARN, \"target\": \"edge-1.example.net\"}}]}}: {0}")]
    Malformed(String),
    #[error("the pool “{0}” has no listener")]
    Empty(PoolName),
    #[error("{0} is there twice")]
    Twice(ListenerArn),
}

impl ListenerPools {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = &PoolName> {
        self.0.keys()
    }

    /// The listeners of the pool; none if there is no such pool.
    pub fn members(&self, name: &PoolName) -> &[PoolMember] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn all(&self) -> impl Iterator<Item = (&PoolName, &PoolMember)> {
        self.0.iter().flat_map(|(name, members)| members.iter().map(move |member| (name, member)))
    }

    /// The pool that the listener is in.
    pub fn of(&self, listener: &ListenerArn) -> Option<(&PoolName, &PoolMember)> {
        self.all().find(|(_, member)| member.listener == *listener)
    }
}

impl FromStr for ListenerPools {
    type Err = ListenerPoolsError;

    fn from_str(text: &str) -> Result<Self, ListenerPoolsError> {
        let pools: BTreeMap<PoolName, Vec<PoolMember>> =
            serde_json::from_str(text).map_err(|error| ListenerPoolsError::Malformed(error.to_string()))?;
        if let Some((name, _)) = pools.iter().find(|(_, members)| members.is_empty()) {
            return Err(ListenerPoolsError::Empty(name.clone()));
        }
        let mut seen = BTreeSet::new();
        let twice = pools.values().flatten().find(|member| !seen.insert(&member.listener));
        match twice.map(|member| member.listener.clone()) {
            Some(listener) => Err(ListenerPoolsError::Twice(listener)),
            None => Ok(Self(pools)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(number: u32) -> String {
        format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/edge-{number}/1/2")
    }

    #[test]
    fn each_listener_of_a_pool_has_a_target_of_its_own() {
        let text = format!(
            r#"{{"eu": [{{"listener": "{}", "target": "edge-1.example.net"}},
                {{"listener": "{}", "target": "*.edge-2.example.net"}}]}}"#,
            listener(1),
            listener(2)
        );
        let pools: ListenerPools = text.parse().expect("pools");
        let eu: PoolName = "eu".parse().expect("a name");
        let targets: Vec<_> = pools.members(&eu).iter().map(|member| member.target.to_string()).collect();
        assert_eq!(targets, ["edge-1.example.net", "*.edge-2.example.net"]);
        let second: ListenerArn = listener(2).parse().expect("a listener");
        assert_eq!(pools.of(&second).map(|(name, _)| name), Some(&eu));
        assert!(pools.of(&listener(3).parse().expect("a listener")).is_none());
        assert!(pools.members(&"us".parse().expect("a name")).is_empty());
    }

    #[test]
    fn an_invalid_pool_is_refused() {
        let member = format!(r#"{{"listener": "{}", "target": "edge-1.example.net"}}"#, listener(1));
        let parse = |text: &str| text.parse::<ListenerPools>();
        assert!(matches!(parse(r#"{"eu": []}"#), Err(ListenerPoolsError::Empty(_))));
        assert!(matches!(parse(&format!(r#"{{"eu": [{member}, {member}]}}"#)), Err(ListenerPoolsError::Twice(_))));
        assert!(matches!(
            parse(&format!(r#"{{"eu": [{member}], "us": [{member}]}}"#)),
            Err(ListenerPoolsError::Twice(_))
        ));
        for bad in ["", "eu", "{\"e u\": []}", "{\"eu\": [{\"listener\": \"x\", \"target\": \"a.example\"}]}"] {
            assert!(matches!(parse(bad), Err(ListenerPoolsError::Malformed(_))), "{bad}");
        }
        let without = member.replace(", \"target\": \"edge-1.example.net\"", "");
        assert!(parse(&format!(r#"{{"eu": [{without}]}}"#)).is_err(), "each says where its hosts lead");
    }
}
