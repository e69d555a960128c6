//! The records that the owner of a domain creates.

use crate::dns::persistent_record::PersistentIssuer;
use crate::names::certificate_name::CertificateName;
use crate::names::domain_name::DomainName;
use crate::record::DnsRecord;

/// Points `_acme-challenge.BASE` to `target`.
pub fn delegation_record(base: &DomainName, target: &str) -> DnsRecord {
    DnsRecord {
        name: base.challenge_name(),
        kind: "CNAME".into(),
        value: target.to_owned(),
        purpose: format!("Proves that {base} is yours, for its certificate now and at every renewal."),
    }
}

/// Allows our account to issue for `base`, with `wildcard` also for its wildcard.
pub fn persistent_record(base: &DomainName, wildcard: bool, issuer: &PersistentIssuer) -> DnsRecord {
    let names = if wildcard { format!("{base} and *.{base}") } else { base.to_string() };
    DnsRecord {
        name: base.persistent_name(),
        kind: "TXT".into(),
        value: issuer.value(wildcard),
        purpose: format!(
            "Lets the platform's account at its certificate authority have certificates for {names}, as long as it \
             stands. It names that account, not you."
        ),
    }
}

/// Points an external host to the platform.
pub fn host_record(name: &CertificateName, endpoint_target: &str) -> DnsRecord {
    let apex = !name.wildcard && name.base.is_registrable();
    DnsRecord {
        name: name.to_string(),
        kind: if apex { "ALIAS" } else { "CNAME" }.into(),
        value: endpoint_target.to_owned(),
        purpose: match apex {
            true => format!(
                "Brings the visitors of {name} to the platform; some providers call ALIAS “ANAME” or “flattened CNAME”."
            ),
            false => format!("Brings the visitors of {name} to the platform."),
        },
    }
}

/// Points an external host to its registration's own target, which also proves the domain if [`host_can_prove`].
pub fn own_host_record(name: &CertificateName, own_target: &str) -> DnsRecord {
    let record = host_record(name, own_target);
    match host_can_prove(name) {
        true => DnsRecord {
            purpose: format!("Proves that {name} is yours, and brings its visitors to the platform."),
            ..record
        },
        false => record,
    }
}

/// Whether the CNAME of a host can prove its domain: at the apex it is an ALIAS, which shows only addresses, and a wildcard is
/// never validated by its host.
pub fn host_can_prove(name: &CertificateName) -> bool {
    !name.wildcard && !name.base.is_registrable()
}
