//! Proofs of absence by hashed names (RFC 5155), without opt-out, salt and additional iterations, as RFC 9276 wants them.

use std::collections::BTreeMap;

use hickory_proto::dnssec::Nsec3HashAlgorithm::SHA1;
use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC3};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::zone::Zone;

type Hash = Vec<u8>;

/// That `name` has no records of the type that was asked for; or that it does not exist: its closest encloser, the name
/// below that on the way to it, and the wildcard.
pub(super) fn proofs(zone: &Zone, name: &Name) -> Vec<Record> {
    let chain = chain(zone);
    if zone.exists(name) {
        return record(zone, &chain, name).into_iter().collect();
    }
    let encloser = zone.closest_encloser(name);
    let next = name.trim_to(usize::from(encloser.num_labels()) + 1);
    let wildcard = encloser.prepend_label("*").ok();
    let mut found: Vec<Record> = Vec::new();
    for proof in [Some(encloser), Some(next), wildcard].into_iter().flatten().filter_map(|at| record(zone, &chain, &at))
    {
        if !found.iter().any(|known| known.name == proof.name) {
            found.push(proof);
        }
    }
    found
}

/// Every name of the zone with its types, in the order of the hashes; also those that only have names below them.
fn chain(zone: &Zone) -> BTreeMap<Hash, Vec<RecordType>> {
    let mut chain = BTreeMap::new();
    for owner in zone.authoritative_owners() {
        let mut at = owner.clone();
        loop {
            chain.entry(hash(&at)).or_insert_with(|| zone.types_of(&at));
            if at == *zone.origin() || at.is_root() {
                break;
            }
            at = at.base_name();
        }
    }
    chain
}

/// The record at the hash of `name`, or at the last one before it, of which the chain is a circle.
fn record(zone: &Zone, chain: &BTreeMap<Hash, Vec<RecordType>>, name: &Name) -> Option<Record> {
    let asked = hash(name);
    let (at, types) = chain.range(..=asked).next_back().or_else(|| chain.last_key_value())?;
    let after = |hash: &&Hash| *hash > at;
    let next = chain.keys().find(after).or_else(|| chain.keys().next())?;
    let signed = (!types.is_empty()).then_some(RecordType::RRSIG);
    let nsec3 = NSEC3::new(SHA1, false, 0, Vec::new(), next.clone(), types.iter().copied().chain(signed));
    let owner = zone.origin().prepend_label(base32(at)).ok()?;
    Some(Record::from_rdata(owner, 1, RData::DNSSEC(DNSSECRData::NSEC3(nsec3))))
}

fn hash(name: &Name) -> Hash {
    SHA1.hash(&[], &name.to_lowercase(), 0).map(|digest| digest.as_ref().to_vec()).unwrap_or_default()
}

/// With the extended hexadecimal alphabet (RFC 4648 §7): five octets are eight characters, and a hash has twenty.
fn base32(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let groups = octets.chunks(5).map(|five| five.iter().fold(0_u64, |bits, octet| bits << 8 | u64::from(*octet)));
    groups
        .flat_map(|bits| (0..8).rev().map(move |place| char::from(ALPHABET[(bits >> (place * 5) & 31) as usize])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::testing::{name, zone};

    /// RFC 5155, appendix A: there with a salt and twelve iterations; the alphabet and the order are the same.
    #[test]
    fn a_hash_is_written_in_the_extended_alphabet() {
        assert_eq!(base32(&[0, 0, 0, 0, 0]), "00000000");
        assert_eq!(base32(&[0xff; 5]), "vvvvvvvv");
        let digest = SHA1.hash(&[0xaa, 0xbb, 0xcc, 0xdd], &name("example."), 12).expect("a hash");
        assert_eq!(base32(digest.as_ref()), "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom");
    }

    #[test]
    fn a_name_that_is_not_there_is_proven_by_its_encloser_and_by_what_covers_it_and_the_wildcard() {
        let zone = zone("example.test.", &[("deep.er.example.test.", "A", "192.0.2.2")]);
        assert_eq!(chain(&zone).len(), 3, "with the name that only has one below it");
        let there = proofs(&zone, &name("er.example.test."));
        let own = zone.origin().prepend_label(base32(&hash(&name("er.example.test.")))).expect("a name");
        assert_eq!(there.iter().map(|record| &record.name).collect::<Vec<_>>(), [&own]);
        let absent = proofs(&zone, &name("x.y.er.example.test."));
        assert!(absent.iter().any(|record| record.name == own), "its closest encloser: {absent:?}");
        assert!((1..=3).contains(&absent.len()));
    }
}
