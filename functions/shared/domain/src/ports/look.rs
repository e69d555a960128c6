use std::future::Future;

use time::OffsetDateTime;

use crate::caa::CaaLevel;
use crate::certificate::InstalledCertificate;
use crate::check::CheckReport;
use crate::endpoint::{Endpoint, Reachability};
use crate::failure::Failure;
use crate::name::CertificateName;
use crate::names::EndpointNames;
use crate::proving::{DnsMethod, Proving};

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
    pub fn of(endpoint: &Endpoint, delegation_zone: &str, endpoint_target: &str) -> Self {
        Self {
            names: endpoint.names.clone(),
            reachability: endpoint.reachability,
            dns_method: endpoint.dns_method,
            registered: true,
            delegation_target: Some(endpoint.label.target(delegation_zone)),
            endpoint_target: endpoint_target.to_owned(),
            certificate: endpoint.certificate.clone(),
            failure: endpoint.failing.as_ref().map(|failing| failing.failure.clone()),
            order_open: endpoint.order.is_some(),
        }
    }

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

/// Asks what CAA records say of a name.
pub trait CaaLookup {
    /// The answer at each name of the [`climb`](crate::caa::climb), aliases followed. Ends within a few seconds.
    fn caa(&self, name: &CertificateName) -> impl Future<Output = Vec<CaaLevel>> + Send;
}

/// Takes a fresh look at records and hosts. Asks no CA and changes nothing.
pub trait Looker {
    /// Never an error: what cannot be reached is a finding. Ends within a few seconds.
    fn look(&self, subject: &Subject, now: OffsetDateTime) -> impl Future<Output = CheckReport> + Send;
}
