//! The DNS records a domain owner has to create.

use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::dns::owner_records::{delegation_record, host_can_prove, persistent_record};
use vocabulary::dns::{PersistentIssuer, Platform, TenantProof};
use vocabulary::names::DomainName;
use vocabulary::names::endpoint_names::persistent_names;
use vocabulary::record::DnsRecord;

use crate::endpoint::endpoint::Endpoint;

/// All records of `endpoint`, each with its purpose, in the order in which to create them: for an external endpoint the host's
/// own; one delegation CNAME per authorization name; the persistent record, which replaces the delegation only where tenants
/// need no proof.
///
/// Without an `issuer` there is no persistent record to show: an attempt says what is missing.
pub fn required_records(endpoint: &Endpoint, platform: &Platform, issuer: Option<&PersistentIssuer>) -> Vec<DnsRecord> {
    let subject = endpoint.subject(platform);
    let external = endpoint.reachability == Reachability::External;
    let hosts = endpoint.names.iter().filter(|_| external).map(|name| {
        let record = subject.host_record(name);
        match comes_later(endpoint, platform, &record) {
            true => DnsRecord { purpose: second_step(&record.purpose), ..record },
            false => record,
        }
    });
    let persists = endpoint.dns_method == DnsMethod::DnsPersist01;
    let target = platform.delegation_target(&endpoint.label);
    let proofs = persistent_names(endpoint.names.iter()).into_iter().flat_map(|(base, wildcard)| {
        let persistent = issuer.filter(|_| persists).map(|issuer| persistent_record(base, wildcard, issuer));
        let delegation = subject.needs_delegation().then(|| delegation(endpoint, platform, base, &target));
        persistent.into_iter().chain(delegation)
    });
    // Records that the certificate waits for come first.
    let (later, first): (Vec<_>, Vec<_>) = hosts.partition(|record| comes_later(endpoint, platform, record));
    first.into_iter().chain(proofs).chain(later).collect()
}

/// Whether the certificate does not wait for `record`: a host's record, if the delegation proves its name.
pub fn comes_later(endpoint: &Endpoint, platform: &Platform, record: &DnsRecord) -> bool {
    let of_a_host = endpoint.names.iter().find(|name| name.to_string() == record.name);
    let external = endpoint.reachability == Reachability::External;
    external && of_a_host.is_some_and(|name| !is_optional(endpoint, platform, &name.base))
}

fn second_step(purpose: &str) -> String {
    let mut letters = purpose.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().to_string()).unwrap_or_default();
    format!("Step 2, when you are ready: {first}{}", letters.as_str())
}

/// Whether the host of `base` also proves it, so that its delegation may be missing once the host points here.
fn is_optional(endpoint: &Endpoint, platform: &Platform, base: &DomainName) -> bool {
    let hosts: Vec<_> = endpoint.names.iter().filter(|name| name.base == *base).collect();
    let by_host = endpoint.reachability == Reachability::External && hosts.iter().all(|name| !name.wildcard);
    by_host
        && match (platform.tenant_proof, endpoint.target(platform).is_own()) {
            (TenantProof::Off, _) => true,
            (TenantProof::On, own) => own && hosts.iter().all(|name| host_can_prove(name)),
        }
}

fn delegation(endpoint: &Endpoint, platform: &Platform, base: &DomainName, target: &str) -> DnsRecord {
    let record = delegation_record(base, target);
    if !is_optional(endpoint, platform, base) {
        return record;
    }
    let purpose = format!(
        "Proves that {base} is yours before the host points to the platform; once the host does, it is optional."
    );
    DnsRecord { purpose, ..record }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;
    use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};
    use vocabulary::record::quoted;

    fn platform(target: &str, tenant_proof: TenantProof) -> Platform {
        Platform {
            delegation_zone: "acme.platform.example".into(),
            endpoint_target: target.parse().expect("a target"),
            tenant_proof,
            reserved: Vec::new(),
        }
    }

    fn records(domain: &str, also: &[String], reachability: Reachability) -> Vec<(String, String, String)> {
        let shared = platform("edge.platform.example", TenantProof::On);
        let all = required_records(&endpoint(domain, also, reachability), &shared, None);
        all.into_iter().map(|r| (r.name, r.kind, r.value)).collect()
    }

    fn endpoint(domain: &str, also: &[String], reachability: Reachability) -> Endpoint {
        Endpoint::register(
            EndpointId::from_random([1; 16]),
            vocabulary::names::TenantId::fallback(),
            EndpointNames::parse(domain, also, 9).expect("valid"),
            reachability,
            DelegationLabel::from_random([2; 16]),
            OffsetDateTime::UNIX_EPOCH,
        )
    }

    #[test]
    fn each_record_says_what_it_does() {
        let purposes = |domain: &str, target: &str, proof| -> Vec<String> {
            let records =
                required_records(&endpoint(domain, &[], Reachability::External), &platform(target, proof), None);
            records.into_iter().map(|record| record.purpose).collect()
        };
        let shared = purposes("www.example.com", "edge.example.net", TenantProof::On);
        assert!(shared[0].starts_with("Proves that www.example.com is yours,"), "{shared:?}");
        let later = "Step 2, when you are ready: brings the visitors of www.example.com to the platform.";
        assert_eq!(shared[1], later);
        let both = purposes("www.example.com", "*.edge.example.net", TenantProof::On);
        assert!(both[0].starts_with("Proves that www.example.com is yours,"), "{both:?}");
        assert!(both[1].contains("before the host points to the platform"), "{both:?}");
        let apex = purposes("example.com", "*.edge.example.net", TenantProof::On);
        assert!(apex[0].starts_with("Proves that example.com is yours"), "{apex:?}");
        assert!(apex[1].starts_with("Step 2, when you are ready: brings the visitors"), "{apex:?}");
        assert!(
            purposes("www.example.com", "edge.example.net", TenantProof::Off)[1].contains("before the host points")
        );
    }

    #[test]
    fn with_a_target_of_its_own_a_host_leads_to_no_other_registration() {
        let own = platform("*.edge.example.net", TenantProof::On);
        let records = required_records(&endpoint("www.example.com", &[], Reachability::External), &own, None);
        let label = records[1].value.strip_suffix(".acme.platform.example").expect("the delegation");
        assert_eq!(records[0].value, format!("{label}.edge.example.net"));
    }

    #[test]
    fn an_external_endpoint_needs_two_records_and_an_internal_one_only_the_delegation() {
        let external = records("www.example.com", &[], Reachability::External);
        assert_eq!(external.len(), 2);
        assert_eq!(external[1], ("www.example.com".into(), "CNAME".into(), "edge.platform.example".into()));
        let internal = records("www.example.com", &[], Reachability::Internal);
        assert_eq!(internal, external[..1]);
        assert_eq!(internal[0].0, "_acme-challenge.www.example.com");
        assert!(internal[0].2.ends_with(".acme.platform.example"));
    }

    #[test]
    fn an_apex_and_its_wildcard_share_the_delegation_and_the_apex_gets_no_cname() {
        let all = records("example.com", &["*.example.com".into()], Reachability::External);
        let short: Vec<_> = all.iter().map(|(name, kind, _)| (name.as_str(), kind.as_str())).collect();
        assert_eq!(
            short,
            [("_acme-challenge.example.com", "CNAME"), ("example.com", "ALIAS"), ("*.example.com", "CNAME")]
        );
    }

    #[test]
    fn a_persistent_record_comes_with_the_delegation_where_proof_of_tenancy_is_required() {
        let also = ["*.example.com".into(), "db.example.org".into()];
        let mut endpoint = endpoint("example.com", &also, Reachability::Internal);
        endpoint.dns_method = DnsMethod::DnsPersist01;
        let issuer = vocabulary::dns::Issuer {
            identities: vec!["ca.example".into()],
            account: Some("https://ca.example/acct/7".into()),
        };
        let issuer = PersistentIssuer::of(&issuer).expect("known");
        let lines = |proof, issuer| -> Vec<String> {
            let platform = platform("edge.example.net", proof);
            required_records(&endpoint, &platform, issuer).iter().map(DnsRecord::line).collect()
        };
        let value = "ca.example; accounturi=https://ca.example/acct/7";
        assert_eq!(
            lines(TenantProof::Off, Some(&issuer)),
            [
                format!("_validation-persist.db.example.org TXT \"{value}\""),
                format!("_validation-persist.example.com TXT \"{value}; policy=wildcard\""),
            ]
        );
        assert!(lines(TenantProof::Off, None).is_empty());
        let both = lines(TenantProof::On, Some(&issuer));
        assert!(both.len() == 4 && both[1].starts_with("_acme-challenge.db.example.org CNAME "), "{both:?}");
    }

    #[test]
    fn a_text_is_quoted_in_parts_of_255_octets_that_join_to_the_same_text() {
        assert_eq!(quoted("a; b"), "\"a; b\"");
        assert_eq!(quoted("a\"b\\"), "\"a\\\"b\\\\\"");
        assert_eq!(quoted(&"x".repeat(255)).matches("\" \"").count(), 0);
        let long = "x".repeat(256);
        assert_eq!(quoted(&long), format!("\"{}\" \"x\"", "x".repeat(255)));
        assert_eq!(quoted(&long).replace("\" \"", "").trim_matches('"'), long);
    }
}
