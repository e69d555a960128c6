//! The private key of one certificate, and the request signed with it.

use std::fmt;

use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};

use crate::names::endpoint_names::EndpointNames;

/// A P-256 key. P-256 throughout, because ACM refuses another key type on re-import.
pub struct CertificateKey(KeyPair);

#[derive(Debug, thiserror::Error)]
#[error("the stored key is not a P-256 key in PKCS#8")]
pub struct KeyRejected(#[source] Option<rcgen::Error>);

impl CertificateKey {
    /// A new key from the system's randomness.
    pub fn generate() -> Self {
        Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("the system has randomness"))
    }

    /// Reads what [`Self::to_pkcs8`] wrote.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyRejected> {
        let key = KeyPair::try_from(der).map_err(|error| KeyRejected(Some(error)))?;
        match key.algorithm() == &PKCS_ECDSA_P256_SHA256 {
            true => Ok(Self(key)),
            false => Err(KeyRejected(None)),
        }
    }

    /// PKCS#8, DER, about 140 octets. Secret: only ever to be encrypted.
    pub fn to_pkcs8(&self) -> Vec<u8> {
        self.0.serialize_der()
    }

    /// PKCS#8, PEM: the form ACM takes. Secret.
    pub fn to_pem(&self) -> String {
        self.0.serialize_pem()
    }

    /// The public half as SubjectPublicKeyInfo, DER: what a certificate for this key carries.
    pub fn public_key(&self) -> Vec<u8> {
        self.0.subject_public_key_info()
    }

    /// A PKCS#10 request, DER, for `names`. Its subject is empty: names over 64 characters do not fit one,
    /// and a CA that wants a common name adds it.
    pub fn certificate_request(&self, names: &EndpointNames) -> Vec<u8> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("certificate names are ASCII");
        params.distinguished_name = DistinguishedName::new();
        params.serialize_request(&self.0).expect("a P-256 key signs").der().to_vec()
    }
}

impl fmt::Debug for CertificateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateKey(P-256)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::{FromDer, X509CertificationRequest};

    #[test]
    fn a_key_survives_storage() {
        let key = CertificateKey::generate();
        let again = CertificateKey::from_pkcs8(&key.to_pkcs8()).expect("its own output");
        assert_eq!(again.public_key(), key.public_key());
        assert!(CertificateKey::from_pkcs8(b"not a key").is_err());
    }

    #[test]
    fn the_request_has_an_empty_subject_all_names_and_a_good_signature() {
        let names = EndpointNames::parse("example.com", &["*.example.com".into()], 9).expect("valid");
        let der = CertificateKey::generate().certificate_request(&names);
        let (_, request) = X509CertificationRequest::from_der(&der).expect("PKCS#10");
        assert_eq!(request.certification_request_info.subject.iter().count(), 0);
        request.verify_signature().expect("self-signed");
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", CertificateKey::generate()), "CertificateKey(P-256)");
    }
}
