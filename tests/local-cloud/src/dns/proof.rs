//! What a signed zone adds to its answers: signatures, and proofs that something is not there (RFC 4035 §3.1).

use anyhow::Result;
use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tracing::warn;

use super::hashed;
use super::keys::{DenialFault, SignatureFault, Signing};
use super::zone::{RecordSet, Zone};

impl Zone {
    /// The zone with its own key at its origin.
    pub(crate) fn sign(&mut self) -> Result<()> {
        let (origin, signing) = (self.origin().clone(), Signing::of(self.origin())?);
        self.insert(&origin, RecordType::DNSKEY, RecordSet::Records(vec![signing.key.dnskey()]));
        self.signing = Some(signing);
        Ok(())
    }

    /// Spoils the signatures at `owner`, or all of them.
    pub(crate) fn spoil_signatures(&mut self, owner: Option<Name>, fault: SignatureFault) {
        if let Some(signing) = &mut self.signing {
            signing.faults.push((owner.map(|owner| owner.to_lowercase()), fault));
        }
    }

    /// How absence is proven, and how badly.
    pub(crate) fn deny_by(&mut self, hashed: bool, fault: Option<DenialFault>) {
        if let Some(signing) = &mut self.signing {
            (signing.hashed, signing.denial_fault) = (hashed, fault);
        }
    }

    pub(crate) fn is_signed(&self) -> bool {
        self.signing.is_some()
    }

    /// `set`, records of one owner and type, with its signature if the zone is signed.
    pub(super) fn signed(&self, mut set: Vec<Record>) -> Vec<Record> {
        let (Some(signing), Some(first)) = (&self.signing, set.first()) else { return set };
        let owner = first.name.to_lowercase();
        let labels = match self.exists(&owner) || first.record_type() == RecordType::NSEC3 {
            true => owner.num_labels(),
            // An answer from a wildcard.
            false => self.closest_encloser(&owner).num_labels(),
        };
        match signing.key.sign(&set, labels, signing.fault(&owner)) {
            Ok(signature) => set.extend(signature),
            Err(error) => warn!(%owner, "unsigned: {error:#}"),
        }
        set
    }

    /// That `name` has no records of the type that was asked for, or does not exist; for an answer from a wildcard, that
    /// there is none nearer.
    pub(super) fn proof_of_absence(&self, name: &Name) -> Vec<Record> {
        let Some(signing) = &self.signing else { return Vec::new() };
        let last = self.origin().prepend_label("~").unwrap_or_else(|_| self.origin().clone());
        let name = match signing.denial_fault {
            Some(DenialFault::Missing) => return Vec::new(),
            Some(DenialFault::OfAnotherName) => &last,
            None => name,
        };
        let proofs = if signing.hashed { hashed::proofs(self, name) } else { self.nsecs_for(name) };
        proofs.into_iter().flat_map(|proof| self.signed(vec![proof])).collect()
    }

    fn nsecs_for(&self, name: &Name) -> Vec<Record> {
        let mut proofs = vec![self.nsec_for(name)];
        if !self.exists(name)
            && let Ok(wildcard) = self.closest_encloser(name).prepend_label("*")
        {
            let second = self.nsec_for(&wildcard);
            if second.name != proofs[0].name {
                proofs.push(second);
            }
        }
        proofs
    }

    /// The record at `name`, or at the last name before it.
    fn nsec_for(&self, name: &Name) -> Record {
        let (mut at, mut next) = (self.origin(), None);
        for owner in self.authoritative_owners() {
            if owner <= name {
                at = owner;
            } else {
                next = Some(owner);
                break;
            }
        }
        let types = self.types_of(at);
        let nsec = NSEC::new_cover_self(next.unwrap_or(self.origin()).clone(), types);
        Record::from_rdata(at.clone(), 1, RData::DNSSEC(DNSSECRData::NSEC(nsec)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::testing::{name, zone};

    fn signed() -> Zone {
        let mut zone = zone(
            "example.test.",
            &[
                ("www.example.test.", "A", "192.0.2.1"),
                ("deep.er.example.test.", "A", "192.0.2.2"),
                ("*.wild.example.test.", "TXT", "\"any\""),
                ("cut.example.test.", "NS", "ns.cut.example.test."),
                ("ns.cut.example.test.", "A", "192.0.2.3"),
            ],
        );
        zone.sign().unwrap();
        zone
    }

    /// Owner, next name and types of each proof.
    fn proofs(asked: &str) -> Vec<(String, String, Vec<RecordType>)> {
        let records = signed().proof_of_absence(&name(asked));
        let proofs = records.iter().filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::NSEC(nsec)) => {
                Some((record.name.to_ascii(), nsec.next_domain_name().to_ascii(), nsec.type_bit_maps().collect()))
            }
            _ => None,
        });
        let proofs: Vec<_> = proofs.collect();
        assert_eq!(records.len(), proofs.len() * 2, "each is signed");
        proofs
    }

    #[test]
    fn a_name_without_the_type_is_proven_by_its_own_types() {
        let proofs = proofs("www.example.test.");
        assert_eq!(proofs.len(), 1);
        assert_eq!(proofs[0].2, [RecordType::A, RecordType::RRSIG, RecordType::NSEC]);
    }

    #[test]
    fn a_name_that_does_not_exist_is_proven_with_its_wildcard() {
        let proofs = proofs("x.er.example.test.");
        let owners: Vec<_> = proofs.iter().map(|(owner, next, _)| (owner.as_str(), next.as_str())).collect();
        assert_eq!(
            owners,
            [
                ("deep.er.example.test.", "*.wild.example.test."),
                ("cut.example.test.", "deep.er.example.test.") // *.er
            ]
        );
    }

    #[test]
    fn a_delegation_proves_that_it_is_unsigned_and_what_is_below_it_is_not_listed() {
        let proofs = proofs("cut.example.test.");
        assert_eq!(proofs[0].1, "deep.er.example.test.", "not its own server");
        assert_eq!(proofs[0].2, [RecordType::NS, RecordType::RRSIG, RecordType::NSEC]);
    }

    #[test]
    fn the_last_name_leads_back_to_the_first() {
        assert_eq!(proofs("zzz.example.test.")[0].1, "example.test.");
    }

    #[test]
    fn an_answer_from_a_wildcard_is_signed_under_the_wildcards_labels() {
        let mut record =
            Record::from_rdata(name("a.b.wild.example.test."), 1, RData::A(std::net::Ipv4Addr::LOCALHOST.into()));
        record.ttl = 1;
        let signed = signed().signed(vec![record]);
        let RData::DNSSEC(DNSSECRData::RRSIG(signature)) = &signed[1].data else { panic!("no signature") };
        assert_eq!(signature.input().num_labels, 3);
    }

    #[test]
    fn signatures_are_spoilt_only_at_the_chosen_name() {
        let mut zone = signed();
        zone.spoil_signatures(Some(name("www.example.test.")), SignatureFault::Missing);
        let at = |owner: &str| vec![Record::from_rdata(name(owner), 1, RData::A(std::net::Ipv4Addr::LOCALHOST.into()))];
        assert_eq!(zone.signed(at("www.example.test.")).len(), 1);
        assert_eq!(zone.signed(at("deep.er.example.test.")).len(), 2);
    }
}
