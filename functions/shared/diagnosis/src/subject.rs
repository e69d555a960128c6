//! What is checked: an endpoint, or a domain that is not registered yet.

use vocabulary::acme::{DnsMethod, Proving, Reachability};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::failure::Failure;
use vocabulary::names::EndpointNames;

/// What is to be looked at: an endpoint, or a domain that is not registered yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    pub names: EndpointNames,
    pub reachability: Reachability,
    pub dns_method: DnsMethod,
    /// Whether it is an endpoint already.
    pub registered: bool,
    /// What `_acme-challenge` must lead to; `None` before registration, when no label has been drawn.
    pub delegation_target: Option<String>,
    /// What an external host's own record must lead to.
    pub endpoint_target: String,
    /// The certificate in ACM.
    pub certificate: Option<InstalledCertificate>,
    /// What the last attempt failed by.
    pub failure: Option<Failure>,
    /// Whether an order is open: what it has published then belongs where it is.
    pub order_open: bool,
}

impl Subject {
    /// A domain that nobody has registered yet.
    pub fn unregistered(names: EndpointNames, proving: Proving, endpoint_target: &str) -> Self {
        let Proving { reachability, dns_method } = proving;
        Self {
            names,
            reachability,
            dns_method,
            registered: false,
            delegation_target: None,
            endpoint_target: endpoint_target.to_owned(),
            certificate: None,
            failure: None,
            order_open: false,
        }
    }

    pub fn proving(&self) -> Proving {
        Proving { reachability: self.reachability, dns_method: self.dns_method }
    }
}
