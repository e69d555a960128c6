//! What an issued chain must satisfy before it replaces anything.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::certificate::installed::normalize_serial;
use crate::failure::failure::{Failure, FailureName};
use crate::guidance::WaitingOn;
use crate::names::certificate_name::CertificateName;
use crate::names::endpoint_names::EndpointNames;
use crate::text::moment;

/// A chain that passed [`verify`].
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedChain {
    /// PEM of the leaf alone, then of all above it: ACM takes them separately.
    pub leaf_pem: String,
    pub issuers_pem: String,
    /// See [`normalize_serial`].
    pub serial: String,
    pub issuer: String,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}

/// Why a chain must not be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainRejected {
    #[error("the CA's answer is not a chain of PEM certificates")]
    Malformed,
    #[error("it is for a different key than the stored one")]
    OtherKey,
    #[error("its names are not exactly the ordered ones: it has {found}")]
    OtherNames { found: String },
    #[error("it is not valid before {}", moment(*.0))]
    NotYetValid(OffsetDateTime),
    #[error("it expired on {}", moment(*.0))]
    Expired(OffsetDateTime),
    #[error("certificate {0} of the chain did not sign the one before it")]
    BrokenChain(usize),
    #[error("it expires on {}, before the current one ({})", moment(*.new), moment(*.held))]
    ShorterLived { new: OffsetDateTime, held: OffsetDateTime },
}

impl ChainRejected {
    /// Our failure for a chain that was rejected at `now`.
    pub fn to_failure(&self, now: OffsetDateTime) -> Failure {
        let summary = format!("The CA's certificate was not accepted: {self}.");
        match self {
            // Another profile or CA issues for a shorter time. A certificate issued later expires later: wait for that.
            Self::ShorterLived { new, held } => Failure::new(
                FailureName::CertificateRejected,
                WaitingOn::Operator,
                summary,
                "The profile or the CA now issues shorter-lived certificates. The next attempt starts when a new one would not \
                 expire sooner. To replace it now, remove the endpoint and register it again: its delegation target is then another.",
            )
            .with_retry_after(Some(now + (*held - *new))),
            _ => Failure::new(
                FailureName::CertificateRejected,
                WaitingOn::Ca,
                summary,
                "A new order is made automatically. If it happens again, report it to the CA.",
            ),
        }
    }
}

/// How far the CA's clock and ours may differ.
const CLOCK_SKEW: Duration = Duration::minutes(5);

/// Checks `chain_pem` (leaf first) against the stored key, the ordered names, the clock, and the current certificate, whose
/// expiry is `held_until`.
///
/// `public_key` is SubjectPublicKeyInfo, DER.
pub fn verify(
    chain_pem: &str,
    public_key: &[u8],
    names: &EndpointNames,
    now: OffsetDateTime,
    held_until: Option<OffsetDateTime>,
) -> Result<VerifiedChain, ChainRejected> {
    let pems: Vec<Pem> =
        Pem::iter_from_buffer(chain_pem.as_bytes()).collect::<Result<_, _>>().map_err(|_| ChainRejected::Malformed)?;
    if pems.iter().any(|pem| pem.label != "CERTIFICATE") {
        return Err(ChainRejected::Malformed);
    }
    let certificates: Vec<X509Certificate<'_>> = pems
        .iter()
        .map(|pem| X509Certificate::from_der(&pem.contents).map(|(_, certificate)| certificate))
        .collect::<Result<_, _>>()
        .map_err(|_| ChainRejected::Malformed)?;
    let (leaf, issuers) = certificates.split_first().ok_or(ChainRejected::Malformed)?;

    if leaf.public_key().raw != public_key {
        return Err(ChainRejected::OtherKey);
    }
    let found = subject_names(leaf)?;
    if !names.same_set(&found) {
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        return Err(ChainRejected::OtherNames { found: found.join(", ") });
    }
    let (not_before, not_after) = (leaf.validity().not_before.to_datetime(), leaf.validity().not_after.to_datetime());
    if now + CLOCK_SKEW < not_before {
        return Err(ChainRejected::NotYetValid(not_before));
    }
    if not_after <= now {
        return Err(ChainRejected::Expired(not_after));
    }
    if let Some(held) = held_until.filter(|held| not_after < *held) {
        return Err(ChainRejected::ShorterLived { new: not_after, held });
    }
    for (above, pair) in certificates.windows(2).enumerate() {
        pair[0].verify_signature(Some(pair[1].public_key())).map_err(|_| ChainRejected::BrokenChain(above + 1))?;
    }

    let blocks: Vec<String> = pems.iter().map(encode_pem).collect();
    Ok(VerifiedChain {
        leaf_pem: blocks[0].clone(),
        issuers_pem: blocks[1..=issuers.len()].concat(),
        serial: normalize_serial(&leaf.raw_serial_as_string()),
        issuer: leaf.issuer().to_string(),
        not_before,
        not_after,
    })
}

/// The contents of a certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// See [`normalize_serial`].
    pub serial: String,
    pub issuer: String,
    pub names: Vec<CertificateName>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}

/// Reads the first certificate in `pem`; `None` if there is none, or it has names that no endpoint can have.
pub fn read_leaf(pem: &str) -> Option<Leaf> {
    let first = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    let leaf = first.parse_x509().ok()?;
    Some(Leaf {
        serial: normalize_serial(&leaf.raw_serial_as_string()),
        issuer: leaf.issuer().to_string(),
        names: subject_names(&leaf).ok()?,
        not_before: leaf.validity().not_before.to_datetime(),
        not_after: leaf.validity().not_after.to_datetime(),
    })
}

/// The serial number of the first certificate in `pem`, as [`normalize_serial`] writes it.
pub fn leaf_serial(pem: &str) -> Option<String> {
    let first = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    let leaf = first.parse_x509().ok()?;
    Some(normalize_serial(&leaf.raw_serial_as_string()))
}

/// The first certificate in `pem` as DER, base64url without padding: the form in RFC 8555 §7.6.
pub fn leaf_der(pem: &str) -> Option<String> {
    let first = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(first.contents))
}

/// The certificates in `pem` as DER, which is a quarter shorter; `None` if there is anything else.
pub fn to_der(pem: &str) -> Option<Vec<Vec<u8>>> {
    let pems = Pem::iter_from_buffer(pem.as_bytes()).collect::<Result<Vec<_>, _>>().ok()?;
    let are_certificates = !pems.is_empty() && pems.iter().all(|pem| pem.label == "CERTIFICATE");
    are_certificates.then(|| pems.into_iter().map(|pem| pem.contents).collect())
}

/// Certificates as one text, each in its own PEM block.
pub fn to_pem<D: AsRef<[u8]>>(ders: &[D]) -> String {
    ders.iter().map(|der| encode_der(der.as_ref())).collect()
}

fn subject_names(leaf: &X509Certificate<'_>) -> Result<Vec<CertificateName>, ChainRejected> {
    let extension = leaf.subject_alternative_name().map_err(|_| ChainRejected::Malformed)?;
    let Some(extension) = extension else { return Ok(Vec::new()) };
    extension
        .value
        .general_names
        .iter()
        .map(|name| match name {
            GeneralName::DNSName(text) => text.parse().map_err(|_| ChainRejected::Malformed),
            other => Err(ChainRejected::OtherNames { found: other.to_string() }),
        })
        .collect()
}

/// RFC 7468: 64 characters a line.
fn encode_pem(pem: &Pem) -> String {
    encode_der(&pem.contents)
}

fn encode_der(der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in body.as_bytes().chunks(64) {
        out.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        out.push('\n');
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::key::CertificateKey;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    const END: OffsetDateTime = datetime!(2027-02-22 12:00 UTC);

    struct Ca {
        certificate: rcgen::Certificate,
        issuer: Issuer<'static, KeyPair>,
    }

    fn ca() -> Ca {
        let key = KeyPair::generate().expect("randomness");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("signs");
        Ca { certificate, issuer: Issuer::new(params, key) }
    }

    fn chain(ca: &Ca, key: &CertificateKey, names: &[&str], not_before: OffsetDateTime) -> String {
        let names: Vec<String> = names.iter().map(|s| s.to_string()).collect();
        let mut params = CertificateParams::new(names).expect("ASCII");
        params.not_before = not_before;
        params.not_after = END;
        let pair = KeyPair::try_from(key.to_pkcs8()).expect("PKCS#8");
        let leaf = params.signed_by(&pair, &ca.issuer).expect("signs");
        format!("{}{}", leaf.pem(), ca.certificate.pem())
    }

    fn names() -> EndpointNames {
        EndpointNames::parse("example.com", &["*.example.com".into()], 9).expect("valid")
    }

    #[test]
    fn a_chain_for_the_stored_key_names_and_time_passes_and_is_split() {
        let (ca, key) = (ca(), CertificateKey::generate());
        let pem = chain(&ca, &key, &["*.example.com", "example.com"], NOW);
        let verified = verify(&pem, &key.public_key(), &names(), NOW, Some(END)).expect("good");
        assert_eq!(verified.leaf_pem.matches("BEGIN").count(), 1);
        assert_eq!(verified.issuers_pem.matches("BEGIN").count(), 1);
        assert_eq!(verified.not_after, END);
        assert_eq!(leaf_serial(&pem), Some(verified.serial.clone()));
        let lines: String = pem.replace("\r\n", "\n");
        let ders = to_der(&lines).expect("certificates");
        assert_eq!((ders.len(), to_pem(&ders)), (2, lines.clone()));
        assert_eq!(to_der("nothing of the kind"), None);
        assert!(!verified.serial.is_empty() && verified.serial.bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn a_chain_that_is_wrong_in_one_thing_is_rejected_for_it() {
        let (ca, key) = (ca(), CertificateKey::generate());
        let good = ["*.example.com", "example.com"];
        let public = key.public_key();
        let check = |pem: &str, now, held| verify(pem, &public, &names(), now, held).expect_err("wrong");

        let other_key = chain(&ca, &CertificateKey::generate(), &good, NOW);
        assert_eq!(check(&other_key, NOW, None), ChainRejected::OtherKey);
        let fewer = chain(&ca, &key, &["example.com"], NOW);
        assert!(matches!(check(&fewer, NOW, None), ChainRejected::OtherNames { .. }));
        let more = chain(&ca, &key, &["*.example.com", "example.com", "evil.example"], NOW);
        assert!(matches!(check(&more, NOW, None), ChainRejected::OtherNames { .. }));
        let fine = chain(&ca, &key, &good, NOW);
        assert_eq!(check(&fine, END, None), ChainRejected::Expired(END));
        let held = END + Duration::SECOND;
        let shorter = check(&fine, NOW, Some(held));
        assert_eq!(shorter, ChainRejected::ShorterLived { new: END, held });
        let failure = shorter.to_failure(NOW);
        assert_eq!((failure.waiting_on(), failure.retry_after), (WaitingOn::Operator, Some(NOW + Duration::SECOND)));
        let future = chain(&ca, &key, &good, NOW + CLOCK_SKEW + Duration::SECOND);
        assert!(matches!(check(&future, NOW, None), ChainRejected::NotYetValid(_)));
        assert_eq!(check("<html>503</html>", NOW, None), ChainRejected::Malformed);
        assert_eq!(check("", NOW, None), ChainRejected::Malformed);
        let leaf_end = fine.find("-----END CERTIFICATE-----\n").expect("PEM") + 26;
        let foreign = format!("{}{}", &fine[..leaf_end], self::ca().certificate.pem());
        assert_eq!(check(&foreign, NOW, None), ChainRejected::BrokenChain(1));
    }
}
