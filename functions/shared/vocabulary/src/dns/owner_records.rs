//! The records that the owner of a domain creates.

use crate::dns::persistent_record::StandingIssuer;
use crate::names::certificate_name::CertificateName;
use crate::names::domain_name::DomainName;
use crate::record::DnsRecord;

/// Leads `_acme-challenge.BASE` to `target`.
pub fn delegation_record(base: &DomainName, target: &str) -> DnsRecord {
    DnsRecord {
        name: base.challenge_name(),
        kind: "CNAME".into(),
        value: target.to_owned(),
        purpose: format!("Lets the platform prove control of {base} for its certificate, now and at every renewal."),
    }
}

/// Lets our account issue for `base`, with `wildcard` for its wildcard, too.
pub fn standing_record(base: &DomainName, wildcard: bool, issuer: &StandingIssuer) -> DnsRecord {
    let names = if wildcard { format!("{base} and *.{base}") } else { base.to_string() };
    DnsRecord {
        name: base.standing_name(),
        kind: "TXT".into(),
        value: issuer.value(wildcard),
        purpose: format!(
            "Allows the platform's account at its certificate authority to have certificates for {names}, as long as it stands."
        ),
    }
}

/// Leads an external host to the platform.
pub fn host_record(name: &CertificateName, endpoint_target: &str) -> DnsRecord {
    let apex = !name.wildcard && name.base.is_registrable();
    DnsRecord {
        name: name.to_string(),
        kind: if apex { "ALIAS" } else { "CNAME" }.into(),
        value: endpoint_target.to_owned(),
        purpose: match apex {
            true => format!("Sends {name} to the platform; some providers call ALIAS “ANAME” or “flattened CNAME”."),
            false => format!("Sends {name} to the platform."),
        },
    }
}
