//! Load balancers, by which the quotas of their certificates are counted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::certificate::arn::{AccountId, ListenerArn, Region};

/// The default quota of every account: certificates of one Application or Network Load Balancer, without the default ones.
/// Source: the quotas of both kinds, Elastic Load Balancing's user guides.
pub const DEFAULT_BALANCER_QUOTA: u32 = 25;

/// An Application or Network Load Balancer: `arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/NAME/ID`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LoadBalancerArn {
    text: String,
    region: Region,
    account: AccountId,
}

/// The kinds of load balancers that have certificates; each has a quota of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BalancerKind {
    Application,
    Network,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the ARN of an Application or Network Load Balancer")]
pub struct LoadBalancerArnError;

impl LoadBalancerArn {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn region(&self) -> &Region {
        &self.region
    }

    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// `app/NAME/ID`
    fn path(&self) -> [&str; 3] {
        let (_, path) = self.text.split_once(":loadbalancer/").expect("it has one");
        let mut parts = path.split('/');
        [(); 3].map(|()| parts.next().expect("it has three parts"))
    }

    /// The name that the account's operators gave it: `edge-1`.
    pub fn name(&self) -> &str {
        self.path()[1]
    }

    pub fn kind(&self) -> BalancerKind {
        match self.path()[0] {
            "app" => BalancerKind::Application,
            _ => BalancerKind::Network,
        }
    }
}

impl From<&ListenerArn> for LoadBalancerArn {
    fn from(listener: &ListenerArn) -> Self {
        let (balancer, _) = listener.as_str().rsplit_once('/').expect("a listener's ARN ends in its id");
        let text = balancer.replacen(":listener/", ":loadbalancer/", 1);
        Self { text, region: listener.region().clone(), account: listener.account().clone() }
    }
}

impl FromStr for LoadBalancerArn {
    type Err = LoadBalancerArnError;

    fn from_str(text: &str) -> Result<Self, LoadBalancerArnError> {
        // The ARN of one of its listeners has the same parts and one more.
        let listener = format!("{}/0", text.replacen(":loadbalancer/", ":listener/", 1));
        let listener: ListenerArn = listener.parse().map_err(|_| LoadBalancerArnError)?;
        Some(Self::from(&listener)).filter(|parsed| parsed.text == text).ok_or(LoadBalancerArnError)
    }
}

impl TryFrom<String> for LoadBalancerArn {
    type Error = LoadBalancerArnError;

    fn try_from(text: String) -> Result<Self, LoadBalancerArnError> {
        text.parse()
    }
}

impl From<LoadBalancerArn> for String {
    fn from(arn: LoadBalancerArn) -> Self {
        arn.text
    }
}

impl fmt::Display for LoadBalancerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTENER: &str =
        "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/net/edge-1/50dc6c495c0c9188/f2f7dc8efc522ab2";

    #[test]
    fn a_listener_says_which_load_balancer_it_is_of() {
        let balancer = LoadBalancerArn::from(&LISTENER.parse().expect("a listener"));
        let text = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/edge-1/50dc6c495c0c9188";
        assert_eq!(balancer.as_str(), text);
        assert_eq!((balancer.name(), balancer.kind()), ("edge-1", BalancerKind::Network));
        assert_eq!(text.parse(), Ok(balancer));
        let application = text.replace("/net/", "/app/").parse::<LoadBalancerArn>().expect("another one");
        assert_eq!(application.kind(), BalancerKind::Application);
        for bad in [LISTENER, &text.replace("/net/", "/gwy/"), "edge-1", ""] {
            assert_eq!(bad.parse::<LoadBalancerArn>(), Err(LoadBalancerArnError), "{bad}");
        }
    }
}
