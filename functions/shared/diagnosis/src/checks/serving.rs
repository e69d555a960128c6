//! The certificate that a host serves, compared with the one in ACM.

use time::OffsetDateTime;
use vocabulary::certificate::installed::normalize_serial;
use vocabulary::names::CertificateName;
use vocabulary::text::{moment, printable};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::facts::TlsObservation;
use crate::report::{Finding, Serving};
use crate::subject::Subject;

pub(crate) fn judge(subject: &Subject, observed: &TlsObservation) -> Serving {
    let (host, chain) = match observed {
        TlsObservation::Unreachable { host, reason } => {
            return Serving::Unreachable { host: host.clone(), reason: printable(reason, 300) };
        }
        TlsObservation::Presented { host, chain } => (host, chain),
    };
    let leaf = chain.first().and_then(|der| X509Certificate::from_der(der).ok());
    let Some((_, leaf)) = leaf else {
        return Serving::Unreachable { host: host.clone(), reason: "what it serves is not a certificate".into() };
    };
    let serial = normalize_serial(&leaf.raw_serial_as_string());
    let issuer = leaf.issuer().to_string();
    // A serial number is unique per issuer (RFC 5280 §4.1.2.2).
    let ours = subject.certificate.as_ref().is_some_and(|held| held.serial == serial && held.issuer == issuer);
    Serving::Presented {
        name_matches: covers(&leaf, host),
        host: host.clone(),
        serial,
        issuer: printable(&issuer, 200),
        not_after: leaf.validity().not_after.to_datetime(),
        ours,
        chain_complete: is_complete(chain),
    }
}

/// Whether each certificate is signed by the next, and the leaf does not stand alone unless it signed itself.
///
/// The root need not be sent (RFC 8446 §4.4.2), so the last certificate is not checked.
fn is_complete(chain: &[Vec<u8>]) -> bool {
    let parsed: Option<Vec<_>> =
        chain.iter().map(|der| X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate)).collect();
    let Some(chain) = parsed else { return false };
    let signed = |below: &X509Certificate<'_>, above: &X509Certificate<'_>| {
        below.issuer() == above.subject() && below.verify_signature(Some(above.public_key())).is_ok()
    };
    match chain.as_slice() {
        [] => false,
        [alone] => signed(alone, alone),
        several => several.windows(2).all(|pair| signed(&pair[0], &pair[1])),
    }
}

fn covers(leaf: &X509Certificate<'_>, host: &str) -> bool {
    let Ok(wanted) = host.parse::<CertificateName>() else { return false };
    let Ok(Some(names)) = leaf.subject_alternative_name() else { return false };
    names.value.general_names.iter().any(|name| match name {
        GeneralName::DNSName(name) => name.parse::<CertificateName>().is_ok_and(|name| name.covers(&wanted)),
        _ => false,
    })
}

pub(crate) fn finding(subject: &Subject, serving: &Serving, now: OffsetDateTime) -> Option<Finding> {
    let held = subject.certificate.as_ref()?;
    let expected = format!("the certificate {} by {}", held.serial, held.issuer);
    let arn = &held.arn;
    match serving {
        Serving::Unreachable { host, reason } => {
            let fix = format!("Add an HTTPS listener with {arn} to the load balancer, and open port 443.");
            let found = format!("cannot be reached over TLS: {reason}");
            Some(Check::TlsUnreachable.finding(host, expected, found, Fix::of(fix)))
        }
        Serving::Presented { host, serial, issuer, not_after, ours: false, name_matches, .. } => {
            let names = if *name_matches { "" } else { ", which does not cover the host's name" };
            let life = if *not_after <= now { "expired" } else { "expires" };
            let found = format!("serves serial {serial} by {issuer}{names}; it {life} {}", moment(*not_after));
            let fix = format!("Attach {arn} to the load balancer's HTTPS listener.");
            let command = format!("openssl s_client -connect {host}:443 -servername {host} </dev/null");
            Some(Check::TlsOtherCertificate.finding(host, expected, found, Fix::of(fix).with_command(command)))
        }
        _ => None,
    }
}
