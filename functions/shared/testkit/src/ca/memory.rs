//! The CA's parts, and how it validates and issues.

use std::sync::{Arc, Mutex, MutexGuard};

use domain::ports::CaReply;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, IsCa, Issuer, KeyPair, PublicKeyData, SerialNumber,
    SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{Challenge, ChallengeKind};
use vocabulary::dns::PersistentIssuer;
use vocabulary::names::CertificateName;
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::state::State;
use crate::{Fuse, MemoryDns, MemoryTokens};

/// The directory of a test's CA, unless the test uses another one.
const DIRECTORY: &str = "memory://ca/directory";

/// A CA in memory that validates against the in-memory tokens and zone, and issues real certificates.
///
/// Only what a flow needs: the behaviour of a real CA is tested with Pebble.
#[derive(Clone)]
pub struct MemoryCa {
    pub(super) directory: &'static str,
    state: Arc<Mutex<State>>,
    tokens: MemoryTokens,
    dns: MemoryDns,
    pub(super) fuse: Fuse,
    lifetime: Duration,
    issuer: Arc<(rcgen::Certificate, Issuer<'static, KeyPair>)>,
}

struct RequestedKey {
    point: Vec<u8>,
}

impl PublicKeyData for RequestedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl MemoryCa {
    pub fn new(tokens: MemoryTokens, dns: MemoryDns, lifetime: Duration, fuse: Fuse) -> Self {
        let key = KeyPair::generate().expect("randomness");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("signs");
        let issuer = Arc::new((certificate, Issuer::new(params, key)));
        Self { directory: DIRECTORY, state: Arc::default(), tokens, dns, fuse, lifetime, issuer }
    }

    /// Another CA with this directory, with the same environment and time.
    pub fn another(&self, directory: &'static str) -> Self {
        let other = Self::new(self.tokens.clone(), self.dns.clone(), self.lifetime, self.fuse.clone());
        other.state().now = self.state().now;
        Self { directory, ..other }
    }

    /// The issuer that a persistent record must name for this CA and its one account.
    pub fn issuer() -> vocabulary::dns::Issuer {
        vocabulary::dns::Issuer {
            identities: vec!["ca.example".into()],
            account: Some("https://ca.example/account/1".into()),
        }
    }

    /// The same, in the form for records.
    pub fn persistent_issuer() -> PersistentIssuer {
        PersistentIssuer::of(&Self::issuer()).expect("both are known")
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics in here")
    }

    pub(super) fn reply<T>(&self, value: T) -> CaReply<T> {
        let mut state = self.state();
        state.requests += 1;
        CaReply { value, nonce: Some(format!("nonce-{}", state.requests)) }
    }

    pub(super) fn is_validated(&self, name: &CertificateName, challenge: &Challenge, now: OffsetDateTime) -> bool {
        match challenge.kind {
            ChallengeKind::Http01 => {
                self.tokens.get(&name.base, &challenge.token).as_deref() == Some(&challenge.response)
            }
            ChallengeKind::Dns01 => {
                let target = self.dns.target(&name.base.challenge_name()).unwrap_or_default();
                self.dns.zone().values(&target).contains(&challenge.response)
            }
            ChallengeKind::DnsPersist01 => {
                let text = self.dns.persistent(&name.base.persistent_name());
                text.is_some_and(|text| Self::persistent_issuer().judge(&text, name.wildcard, now).is_ok())
            }
        }
    }

    pub(super) fn issue(&self, names: &[CertificateName], request: &[u8], now: OffsetDateTime, serial: u64) -> String {
        let (_, csr) = X509CertificationRequest::from_der(request).expect("a PKCS#10 request");
        csr.verify_signature().expect("signed with the key it is for");
        let point = csr.certification_request_info.subject_pki.subject_public_key.data.to_vec();
        let names = names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut params = CertificateParams::new(names).expect("ASCII names");
        params.distinguished_name = DistinguishedName::new();
        params.not_before = now;
        params.not_after = now + self.lifetime;
        params.serial_number = Some(SerialNumber::from(serial));
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&RequestedKey { point }, &self.issuer.1).expect("signs");
        format!("{}{}", leaf.pem(), self.issuer.0.pem())
    }
}
