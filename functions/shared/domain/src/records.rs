//! The DNS records a customer has to create.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::endpoint::{Endpoint, Reachability};
use crate::name::{CertificateName, DomainName};

/// One record to create, as it is typed into a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequiredRecord {
    /// Full name, without trailing dot.
    pub name: String,
    /// `CNAME`, or `ALIAS` where a CNAME cannot stand (RFC 1034 §3.6.2).
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
    /// What the record is for, in one sentence.
    pub purpose: String,
}

/// All records that `endpoint` needs: one delegation CNAME per base name; for an external endpoint also
/// the host's own record.
pub fn required_records(endpoint: &Endpoint, delegation_zone: &str, endpoint_target: &str) -> Vec<RequiredRecord> {
    let target = endpoint.label.target(delegation_zone);
    let hosts = endpoint.names.iter().filter(|_| endpoint.reachability == Reachability::External);
    let hosts = hosts.map(|name| host_record(name, endpoint_target));
    hosts.chain(endpoint.names.bases().into_iter().map(|base| delegation_record(base, &target))).collect()
}

/// Leads `_acme-challenge.BASE` to `target`.
pub fn delegation_record(base: &DomainName, target: &str) -> RequiredRecord {
    RequiredRecord {
        name: base.challenge_name(),
        kind: "CNAME".into(),
        value: target.to_owned(),
        purpose: format!("Lets the platform prove control of {base} for its certificate, now and at every renewal."),
    }
}

/// Leads an external host to the platform.
pub fn host_record(name: &CertificateName, endpoint_target: &str) -> RequiredRecord {
    let apex = !name.wildcard && name.base.is_registrable();
    RequiredRecord {
        name: name.to_string(),
        kind: if apex { "ALIAS" } else { "CNAME" }.into(),
        value: endpoint_target.to_owned(),
        purpose: match apex {
            true => format!("Sends {name} to the platform; some providers call ALIAS “ANAME” or “flattened CNAME”."),
            false => format!("Sends {name} to the platform."),
        },
    }
}

impl RequiredRecord {
    /// As one writes it: `www.example.com CNAME edge.platform.example`.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.name, self.kind, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{DelegationLabel, EndpointId};
    use crate::names::EndpointNames;
    use time::OffsetDateTime;

    fn records(domain: &str, also: &[String], reachability: Reachability) -> Vec<(String, String, String)> {
        let endpoint = Endpoint::register(
            EndpointId::from_random([1; 16]),
            crate::caller::TenantId::fallback(),
            EndpointNames::parse(domain, also, 9).expect("valid"),
            reachability,
            DelegationLabel::from_random([2; 16]),
            OffsetDateTime::UNIX_EPOCH,
        );
        required_records(&endpoint, "acme.platform.example", "edge.platform.example")
            .into_iter()
            .map(|r| (r.name, r.kind, r.value))
            .collect()
    }

    #[test]
    fn an_external_endpoint_needs_two_records_and_an_internal_one_only_the_delegation() {
        let external = records("www.example.com", &[], Reachability::External);
        assert_eq!(external.len(), 2);
        assert_eq!(external[0], ("www.example.com".into(), "CNAME".into(), "edge.platform.example".into()));
        let internal = records("www.example.com", &[], Reachability::Internal);
        assert_eq!(internal, external[1..]);
        assert_eq!(internal[0].0, "_acme-challenge.www.example.com");
        assert!(internal[0].2.ends_with(".acme.platform.example"));
    }

    #[test]
    fn an_apex_and_its_wildcard_share_the_delegation_and_the_apex_gets_no_cname() {
        let all = records("example.com", &["*.example.com".into()], Reachability::External);
        let short: Vec<_> = all.iter().map(|(name, kind, _)| (name.as_str(), kind.as_str())).collect();
        assert_eq!(
            short,
            [("example.com", "ALIAS"), ("*.example.com", "CNAME"), ("_acme-challenge.example.com", "CNAME")]
        );
    }
}
