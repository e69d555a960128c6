//! Certificates: what a CSR must be, and what comes of it.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, IsCa, Issuer, KeyPair, PublicKeyData, SerialNumber,
    SignatureAlgorithm,
};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use crate::answer::Problem;
use crate::state::{Certificate, Order, State};
use crate::va::caa_forbids;

struct RequestedKey(Vec<u8>);

impl PublicKeyData for RequestedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

pub(crate) fn authority() -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().expect("randomness");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "(TEST) Boulder E1");
    let certificate = params.self_signed(&key).expect("signs");
    (Issuer::new(params, key), certificate.pem())
}

/// The names of a CSR in order, and its key.
fn parse(csr: &[u8]) -> Option<(Vec<String>, Vec<u8>)> {
    let (_, request) = X509CertificationRequest::from_der(csr).ok()?;
    request.verify_signature().ok()?;
    let mut names = Vec::new();
    for extension in request.requested_extensions()? {
        if let ParsedExtension::SubjectAlternativeName(san) = extension {
            names.extend(san.general_names.iter().filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                _ => None,
            }));
        }
    }
    names.sort();
    Some((names, request.certification_request_info.subject_pki.subject_public_key.data.to_vec()))
}

impl State {
    /// `ra.FinalizeOrder`, `ra.issueCertificateInner`: the certificate's place.
    pub(crate) fn issue(&mut self, order: &Order, csr: &[u8]) -> Result<usize, Problem> {
        let parsed = parse(csr).ok_or_else(|| Problem::new(400, "malformed", "Error parsing certificate request"))?;
        let (names, point) = parsed;
        if names != order.names {
            let detail = format!(
                "Error finalizing order :: CSR does not specify same identifiers as Order: {names:?}, {:?}",
                order.names
            );
            return Err(Problem::new(403, "unauthorized", detail));
        }
        if let Some(name) = names.iter().find(|name| self.knobs.caa_forbids.contains(name.trim_start_matches("*."))) {
            let problem = caa_forbids(name);
            let detail = format!("Error finalizing order :: rechecking caa: {}", problem.detail);
            return Err(Problem { detail, ..problem });
        }
        let serial = self.next() + 0x2c_0000;
        let mut params = CertificateParams::new(names.clone()).expect("ASCII names");
        params.distinguished_name = DistinguishedName::new();
        params.not_before = self.now;
        params.not_after = self.now + self.knobs.lifetime;
        params.serial_number = Some(SerialNumber::from(serial));
        params.use_authority_key_identifier_extension = true;
        params.key_usages = self.knobs.usages.key.clone();
        params.extended_key_usages = self.knobs.usages.extended.clone();
        let leaf = params.signed_by(&RequestedKey(point), &self.issuer).expect("signs");
        let renewal = self.is_renewal(&names);
        let exempt = order.replaces.is_some();
        self.count_certificate(&names, renewal, exempt);
        self.certificates.push(Certificate {
            serial: format!("{serial:X}"),
            account: order.account,
            names,
            issued_at: self.now,
            not_after: self.now + self.knobs.lifetime,
            der: leaf.der().to_vec(),
            pem: format!("{}{}", leaf.pem(), self.issuer_pem),
            revoked: None,
            replaced: false,
        });
        Ok(self.certificates.len() - 1)
    }

    /// wfe2 `RevokeCertificate`, by the account that ordered it.
    pub(crate) fn revoke(&mut self, account: u64, der: &[u8], reason: u64) -> Result<(), Problem> {
        let held = self.certificates.iter_mut().find(|held| held.der == der);
        let held = held.ok_or_else(|| Problem::new(404, "malformed", "No such certificate"))?;
        if held.account != account {
            let detail =
                "The key ID specified in the revocation request does not correspond to the account that issued it";
            return Err(Problem::new(403, "unauthorized", detail));
        }
        if ![0, 1, 4, 5].contains(&reason) {
            let detail = format!("disallowed revocation reason: {reason}");
            return Err(Problem::new(400, "badRevocationReason", detail));
        }
        if held.revoked.is_some() {
            return Err(Problem::new(400, "alreadyRevoked", "Certificate already revoked"));
        }
        held.revoked = Some(reason);
        Ok(())
    }
}
