//! The DNS records a customer has to create.

use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::dns::PersistentIssuer;
use vocabulary::dns::owner_records::{delegation_record, host_record, persistent_record};
use vocabulary::names::endpoint_names::persistent_names;
use vocabulary::record::DnsRecord;

use crate::endpoint::endpoint::Endpoint;

/// All records that `endpoint` needs: one delegation CNAME per base name, or the standing record in its place; for an
/// external endpoint also the host's own record.
///
/// Without an `issuer` there is no standing record to be shown: an attempt says what is missing.
pub fn required_records(
    endpoint: &Endpoint,
    delegation_zone: &str,
    endpoint_target: &str,
    issuer: Option<&PersistentIssuer>,
) -> Vec<DnsRecord> {
    let target = endpoint.label.target(delegation_zone);
    let hosts = endpoint.names.iter().filter(|_| endpoint.reachability == Reachability::External);
    let hosts = hosts.map(|name| host_record(name, endpoint_target));
    let authorization_names = persistent_names(endpoint.names.iter()).into_iter();
    let proofs = authorization_names.filter_map(|(base, wildcard)| match endpoint.dns_method {
        DnsMethod::Dns01 => Some(delegation_record(base, &target)),
        DnsMethod::DnsPersist01 => issuer.map(|issuer| persistent_record(base, wildcard, issuer)),
    });
    hosts.chain(proofs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;
    use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};
    use vocabulary::record::quoted;

    fn records(domain: &str, also: &[String], reachability: Reachability) -> Vec<(String, String, String)> {
        let endpoint = Endpoint::register(
            EndpointId::from_random([1; 16]),
            vocabulary::names::TenantId::fallback(),
            EndpointNames::parse(domain, also, 9).expect("valid"),
            reachability,
            DelegationLabel::from_random([2; 16]),
            OffsetDateTime::UNIX_EPOCH,
        );
        required_records(&endpoint, "acme.platform.example", "edge.platform.example", None)
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

    #[test]
    fn a_standing_record_stands_in_place_of_the_delegation_and_covers_the_wildcard_where_there_is_one() {
        let names = EndpointNames::parse("example.com", &["*.example.com".into(), "db.example.org".into()], 9);
        let mut endpoint = Endpoint::register(
            EndpointId::from_random([1; 16]),
            vocabulary::names::TenantId::fallback(),
            names.expect("valid"),
            Reachability::Internal,
            DelegationLabel::from_random([2; 16]),
            OffsetDateTime::UNIX_EPOCH,
        );
        endpoint.dns_method = DnsMethod::DnsPersist01;
        let issuer = vocabulary::dns::Issuer {
            identities: vec!["ca.example".into()],
            account: Some("https://ca.example/acct/7".into()),
        };
        let issuer = PersistentIssuer::of(&issuer).expect("known");
        let lines: Vec<_> =
            required_records(&endpoint, "zone", "edge", Some(&issuer)).iter().map(DnsRecord::line).collect();
        let value = "ca.example; accounturi=https://ca.example/acct/7";
        assert_eq!(
            lines,
            [
                format!("_validation-persist.db.example.org TXT \"{value}\""),
                format!("_validation-persist.example.com TXT \"{value}; policy=wildcard\""),
            ]
        );
        assert!(required_records(&endpoint, "zone", "edge", None).is_empty());
    }

    #[test]
    fn a_text_is_quoted_in_parts_of_255_octets_that_make_it_again() {
        assert_eq!(quoted("a; b"), "\"a; b\"");
        assert_eq!(quoted("a\"b\\"), "\"a\\\"b\\\\\"");
        assert_eq!(quoted(&"x".repeat(255)).matches("\" \"").count(), 0);
        let long = "x".repeat(256);
        assert_eq!(quoted(&long), format!("\"{}\" \"x\"", "x".repeat(255)));
        assert_eq!(quoted(&long).replace("\" \"", "").trim_matches('"'), long);
    }
}
