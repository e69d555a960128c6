//! What is checked: an endpoint, or a domain that is not registered yet.

use crate::report::CheckSummary;
use vocabulary::acme::{DnsMethod, Proving, Reachability};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::dns::owner_records::{host_record, own_host_record};
use vocabulary::dns::{Platform, TenantProof};
use vocabulary::failure::Failure;
use vocabulary::names::{CertificateName, EndpointNames};
use vocabulary::record::DnsRecord;

/// What is checked: an endpoint, or a domain that is not registered yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    pub names: EndpointNames,
    pub reachability: Reachability,
    pub dns_method: DnsMethod,
    /// Whether it is already an endpoint.
    pub registered: bool,
    /// The target of `_acme-challenge`; `None` before registration, when there is no label yet.
    pub delegation_target: Option<String>,
    /// The target of an external host's own record.
    pub endpoint_target: String,
    /// Whether that target is this registration's own, so that a CNAME to it proves the domain.
    pub own_target: bool,
    pub tenant_proof: TenantProof,
    /// The certificate in ACM.
    pub certificate: Option<InstalledCertificate>,
    /// The failure of the last attempt.
    pub failure: Option<Failure>,
    /// Whether an order is open: its published records then belong where they are.
    pub order_open: bool,
    /// What the last check found.
    pub last_check: Option<CheckSummary>,
}

impl Subject {
    /// A domain that nobody has registered yet.
    pub fn unregistered(names: EndpointNames, proving: Proving, platform: &Platform) -> Self {
        let Proving { reachability, dns_method } = proving;
        Self {
            names,
            reachability,
            dns_method,
            registered: false,
            delegation_target: None,
            endpoint_target: platform.endpoint_target.to_string(),
            own_target: platform.endpoint_target.is_own(),
            tenant_proof: platform.tenant_proof,
            certificate: None,
            failure: None,
            order_open: false,
            last_check: None,
        }
    }

    /// The record that points the host of `name` to the platform.
    pub fn host_record(&self, name: &CertificateName) -> DnsRecord {
        match self.own_target {
            true => own_host_record(name, &self.endpoint_target),
            false => host_record(name, &self.endpoint_target),
        }
    }

    /// Whether it requires the delegation: with a persistent record it does not where tenants need no proof.
    pub fn needs_delegation(&self) -> bool {
        self.dns_method == DnsMethod::Dns01 || self.tenant_proof == TenantProof::On
    }

    /// Whether `name` was proven before: a certificate for it was issued to this registration.
    pub fn is_known(&self, name: &CertificateName) -> bool {
        self.certificate.as_ref().is_some_and(|held| held.names.contains(name))
    }

    pub fn proving(&self) -> Proving {
        Proving { reachability: self.reachability, dns_method: self.dns_method }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// An external endpoint where tenants need no proof, so that everything depends on its hosts.
    pub(crate) fn external(domain: &str, also: &[String]) -> Subject {
        let platform = Platform {
            delegation_zone: "acme.platform.example".into(),
            endpoint_target: "edge.platform.example".parse().expect("a target"),
            tenant_proof: TenantProof::Off,
            reserved: Vec::new(),
        };
        let names = EndpointNames::parse(domain, also, 9).expect("valid names");
        let subject = Subject::unregistered(names, Reachability::External.into(), &platform);
        Subject { registered: true, ..subject }
    }
}
