//! Which records a name needs: for the CA to validate it, and to prove that it is this tenant's.
//!
//! There are two ways to a certificate. By the host: it is validated over HTTP-01 once the platform answers there, and its
//! CNAME proves the domain if it points to the registration's own target. By `_acme-challenge`: the delegation proves the
//! domain and validates it over DNS-01, wherever the host points. A record that the chosen way does not need is no fault.

use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::dns::TenantProof;
use vocabulary::dns::owner_records::host_can_prove;
use vocabulary::names::CertificateName;

use crate::report::Severity;
use crate::subject::Subject;

/// The state of a name's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// `_acme-challenge` points to this registration's label.
    pub(crate) delegated: bool,
    /// It points to the label of another registration.
    pub(crate) moved: bool,
    /// The CA accepts the persistent record.
    pub(crate) persistent: bool,
    /// The platform answers at the host, for all clients.
    pub(crate) ours: bool,
    /// The host's aliases lead through this registration's own target.
    pub(crate) by_own_target: bool,
}

/// How much a wrong record of a name matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) delegation: Severity,
    pub(crate) persistent: Severity,
    pub(crate) host: Severity,
    /// Whether its host is validated over DNS, although it is external.
    pub(crate) over_dns: bool,
    /// Whether its records let it be validated over DNS.
    pub(crate) dns_is_ready: bool,
    /// Whether only visitors depend on the host.
    pub(crate) visitors_only: bool,
}

impl Need {
    pub(crate) fn of(subject: &Subject, name: &CertificateName, is: Standing) -> Self {
        let by_host = subject.reachability == Reachability::External && !name.wildcard;
        let over_dns_ready = match subject.dns_method {
            DnsMethod::Dns01 => is.delegated,
            DnsMethod::DnsPersist01 => is.persistent,
        };
        let must_prove = subject.tenant_proof == TenantProof::On;
        let known = subject.is_known(name) && !is.moved;
        // A host that reaches the platform otherwise than by the CNAME shows no proof, and will not.
        let host_proves = by_host && subject.own_target && host_can_prove(name) && (is.by_own_target || !is.ours);
        let host_would_do = by_host && (!must_prove || known || is.delegated || host_proves);
        let visitors_only = over_dns_ready || !host_would_do;
        let host = if visitors_only { Severity::Warning } else { Severity::Error };
        let validates = subject.dns_method == DnsMethod::Dns01 && !host_would_do;
        let delegation = match (must_prove, known) {
            _ if validates => Severity::Error,
            (true, false) if !host_proves => Severity::Error,
            // It continues without the proof, and says so.
            (true, true) if !host_proves => Severity::Warning,
            _ => Severity::Notice,
        };
        let persistent = match by_host && (is.ours || host == Severity::Error) {
            true => Severity::Notice,
            false => Severity::Error,
        };
        let over_dns = by_host && !is.ours && visitors_only;
        Self { delegation, persistent, host, over_dns, dns_is_ready: over_dns_ready, visitors_only }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Error, Notice, Warning};
    use vocabulary::dns::Platform;
    use vocabulary::names::EndpointNames;

    fn subject(domain: &str, reachability: Reachability, target: &str, tenant_proof: TenantProof) -> Subject {
        let platform = Platform {
            delegation_zone: "acme.platform.example".into(),
            endpoint_target: target.parse().expect("a target"),
            tenant_proof,
            reserved: Vec::new(),
        };
        let names = EndpointNames::parse(domain, &[], 9).expect("valid");
        Subject::unregistered(names, reachability.into(), &platform)
    }

    const SHARED: &str = "edge.platform.example";
    const OWN: &str = "*.edge.platform.example";
    const NOTHING: Standing =
        Standing { delegated: false, moved: false, persistent: false, ours: false, by_own_target: false };
    const DELEGATED: Standing = Standing { delegated: true, ..NOTHING };
    const OURS: Standing = Standing { ours: true, ..NOTHING };
    const BY_OWN: Standing = Standing { by_own_target: true, ..OURS };

    /// Severity of the delegation, of the host, and whether the host is validated over DNS.
    fn need(subject: &Subject, is: Standing) -> (Severity, Severity, bool) {
        let need = Need::of(subject, subject.names.primary(), is);
        (need.delegation, need.host, need.over_dns)
    }

    #[test]
    fn the_records_of_an_external_host_depend_on_its_target_and_on_what_exists() {
        let table = [
            // The delegation comes first; the host follows when its owner is ready.
            ("www.example.com", SHARED, NOTHING, (Error, Warning, true)),
            ("www.example.com", SHARED, DELEGATED, (Error, Warning, true)),
            ("www.example.com", SHARED, OURS, (Error, Warning, false)),
            ("example.com", OWN, NOTHING, (Error, Warning, true)),
            // One record is both.
            ("www.example.com", OWN, NOTHING, (Notice, Error, false)),
            ("www.example.com", OWN, BY_OWN, (Notice, Error, false)),
            ("www.example.com", OWN, DELEGATED, (Notice, Warning, true)),
            // Flattened, or behind a proxy: the alias is not visible.
            ("www.example.com", OWN, OURS, (Error, Warning, false)),
        ];
        for (domain, target, is, expected) in table {
            let subject = subject(domain, Reachability::External, target, TenantProof::On);
            assert_eq!(need(&subject, is), expected, "{domain} {target} {is:?}");
        }
    }

    #[test]
    fn without_proof_of_tenancy_the_host_alone_is_enough() {
        let external = subject("www.example.com", Reachability::External, SHARED, TenantProof::Off);
        assert_eq!(need(&external, NOTHING), (Notice, Error, false));
        assert_eq!(need(&external, DELEGATED), (Notice, Warning, true));
        let internal = subject("db.example.com", Reachability::Internal, SHARED, TenantProof::Off);
        assert_eq!(need(&internal, NOTHING).0, Error);
    }

    #[test]
    fn a_persistent_record_needs_the_delegation_as_proof_of_tenancy() {
        for (proof, expected) in [(TenantProof::On, Error), (TenantProof::Off, Notice)] {
            let mut subject = subject("db.example.com", Reachability::Internal, SHARED, proof);
            subject.dns_method = DnsMethod::DnsPersist01;
            let need = Need::of(&subject, subject.names.primary(), NOTHING);
            assert_eq!((need.delegation, need.persistent), (expected, Error), "{proof:?}");
        }
    }
}
