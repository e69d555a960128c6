//! Keys of signed zones. A zone's key follows from its name: whoever needs it can derive it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use hickory_proto::dnssec::crypto::Ed25519SigningKey;
use hickory_proto::dnssec::rdata::sig::SigInput;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, RRSIG};
use hickory_proto::dnssec::{Algorithm, DigestType, DnssecSigner, PublicKeyBuf, SigningKey, TBS};
use hickory_proto::rr::{DNSClass, Name, RData, Record, SerialNumber};
use ring::digest::{SHA256, digest};
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::datetime;

/// Before any time that a test takes for now.
const SINCE: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);
const GOOD_FOR: time::Duration = time::Duration::days(30);
const TTL_SECONDS: u32 = 1;

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignatureFault {
    Expired,
    /// Made over other data.
    Wrong,
    Missing,
}

/// What is wrong with the proof that something is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DenialFault {
    /// There is none.
    Missing,
    /// It is validly signed, and says nothing of the name that was asked for.
    OfAnotherName,
}

/// Why a zone is signed, and how badly.
#[derive(Clone, Debug)]
pub(crate) struct Signing {
    pub(super) key: Arc<ZoneKey>,
    /// Owners whose signatures have a fault; `None` is all of them.
    pub(super) faults: Vec<(Option<Name>, SignatureFault)>,
    /// Whether absence is proven by NSEC3 records (RFC 5155).
    pub(super) hashed: bool,
    pub(super) denial_fault: Option<DenialFault>,
}

impl Signing {
    pub(super) fn of(origin: &Name) -> Result<Self> {
        Ok(Self { key: Arc::new(ZoneKey::of(origin)?), faults: Vec::new(), hashed: false, denial_fault: None })
    }

    pub(super) fn fault(&self, owner: &Name) -> Option<SignatureFault> {
        let found = self.faults.iter().find(|(at, _)| at.as_ref().is_none_or(|at| at == owner));
        found.map(|(_, fault)| *fault)
    }
}

pub(crate) struct ZoneKey {
    origin: Name,
    public: PublicKeyBuf,
    signer: DnssecSigner,
}

impl fmt::Debug for ZoneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ZoneKey({})", self.origin)
    }
}

impl ZoneKey {
    pub(crate) fn of(origin: &Name) -> Result<Self> {
        let origin = origin.to_lowercase();
        let seed = digest(&SHA256, format!("local cloud {origin}").as_bytes());
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).ok().context("a key of a seed")?;
        let key = Ed25519SigningKey::from_ed25519(pair);
        let public = key.to_public_key()?;
        let signer = DnssecSigner::new(DNSKEY::from_key(&public), Box::new(key), origin.clone(), Duration::ZERO);
        Ok(Self { origin, public, signer })
    }

    pub(crate) fn dnskey(&self) -> Record {
        let key = DNSSECRData::DNSKEY(DNSKEY::from_key(&self.public));
        Record::from_rdata(self.origin.clone(), TTL_SECONDS, RData::DNSSEC(key))
    }

    /// What the zone above has of it.
    pub(crate) fn ds(&self) -> Result<Record> {
        let ds = DNSSECRData::DS(DS::from_key(&self.public, &self.origin, DigestType::SHA256)?);
        Ok(Record::from_rdata(self.origin.clone(), TTL_SECONDS, RData::DNSSEC(ds)))
    }

    /// The signature over `set`, records of one owner and type. `labels` are those of the owner, or of the part of a
    /// wildcard behind its asterisk (RFC 4034 §3.1.3).
    pub(crate) fn sign(&self, set: &[Record], labels: u8, fault: Option<SignatureFault>) -> Result<Option<Record>> {
        let Some(first) = set.first().filter(|_| fault != Some(SignatureFault::Missing)) else { return Ok(None) };
        let until = match fault {
            Some(SignatureFault::Expired) => SINCE + time::Duration::DAY,
            _ => OffsetDateTime::now_utc() + GOOD_FOR,
        };
        let seconds = |moment: OffsetDateTime| SerialNumber::new(moment.unix_timestamp() as u32);
        let input = SigInput {
            type_covered: first.record_type(),
            algorithm: Algorithm::ED25519,
            num_labels: labels,
            original_ttl: first.ttl,
            sig_expiration: seconds(until),
            sig_inception: seconds(SINCE),
            key_tag: self.signer.calculate_key_tag()?,
            signer_name: self.origin.clone(),
        };
        let mut signature = self.signer.sign(&TBS::from_input(&first.name, DNSClass::IN, &input, set.iter())?)?;
        if let (Some(SignatureFault::Wrong), Some(octet)) = (fault, signature.first_mut()) {
            *octet ^= 1;
        }
        let signature = RData::DNSSEC(DNSSECRData::RRSIG(RRSIG::from_sig(input, signature)));
        Ok(Some(Record::from_rdata(first.name.clone(), first.ttl, signature)))
    }
}

/// The trust anchor of every cloud, as a line of a zone file.
pub fn trust_anchor() -> Result<String> {
    let RData::DNSSEC(DNSSECRData::DNSKEY(key)) = ZoneKey::of(&Name::root())?.dnskey().data else {
        anyhow::bail!("the root's key is no DNSKEY record");
    };
    Ok(format!(". IN DNSKEY {key}"))
}

/// The value of the DS record of a signed zone.
pub(crate) fn ds_of(origin: &Name) -> Result<String> {
    Ok(ZoneKey::of(origin)?.ds()?.data.to_string())
}

#[cfg(test)]
mod tests {
    use hickory_proto::dnssec::{PublicKey, Verifier};

    use super::*;
    use crate::dns::testing::name;

    #[test]
    fn a_signature_verifies_under_the_zones_key_unless_it_is_faulty() {
        let key = ZoneKey::of(&name("signed.test.")).unwrap();
        let RData::DNSSEC(DNSSECRData::DNSKEY(dnskey)) = key.dnskey().data else { panic!("no DNSKEY") };
        assert_eq!(dnskey.public_key().algorithm(), Algorithm::ED25519);
        let set = [key.dnskey()];
        let verifies = |fault| {
            let record = key.sign(&set, 2, fault).unwrap()?;
            let RData::DNSSEC(DNSSECRData::RRSIG(signature)) = record.data else { panic!("no RRSIG") };
            Some(dnskey.verify_rrsig(&name("signed.test."), DNSClass::IN, &signature, set.iter()).is_ok())
        };
        assert_eq!(verifies(None), Some(true));
        assert_eq!(verifies(Some(SignatureFault::Wrong)), Some(false));
        assert_eq!(verifies(Some(SignatureFault::Missing)), None);
    }

    #[test]
    fn the_trust_anchor_and_a_ds_record_are_read_as_a_zone_file_has_them() {
        assert!(trust_anchor().unwrap().starts_with(". IN DNSKEY 257 3 15 "));
        let ds = ds_of(&name("signed.test.")).unwrap();
        assert!(hickory_proto::rr::RData::try_from_str(hickory_proto::rr::RecordType::DS, &ds).is_ok(), "{ds}");
    }
}
