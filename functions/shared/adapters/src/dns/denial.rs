//! What a proof of absence is about (RFC 4035 §5.4, RFC 5155 §8).

use std::cmp::Ordering;

use hickory_resolver::proto::dnssec::rdata::{DNSSECRData, NSEC3};
use hickory_resolver::proto::rr::{Name, RData, Record};

/// Whether an NSEC or NSEC3 record says of `name`, a name of the zone `apex`, that it exists or that it does not. A record that
/// says neither proves nothing, however well it is signed.
pub(super) fn speaks_of(proof: &Record, name: &Name, apex: &Name) -> bool {
    match &proof.data {
        RData::DNSSEC(DNSSECRData::NSEC(nsec)) => {
            // If only names below `name` exist, each of their records shows that `name` exists.
            name.zone_of(&proof.name) || is_between(&proof.name, name, nsec.next_domain_name())
        }
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => {
            let labels = usize::from(apex.num_labels()) + 1..=usize::from(name.num_labels());
            // If `name` does not exist, the proof is about its closest encloser, or about the next closer name.
            labels.into_iter().any(|labels| speaks_of_hash(proof, nsec3, &name.trim_to(labels)))
        }
        _ => false,
    }
}

/// Whether `name` lies after `owner` and before `next` in a circular order.
fn is_between<T: Ord>(owner: &T, name: &T, next: &T) -> bool {
    match owner.cmp(next) {
        Ordering::Less => owner < name && name < next,
        // The last name links to the first.
        _ => owner < name || name < next,
    }
}

fn speaks_of_hash(proof: &Record, nsec3: &NSEC3, name: &Name) -> bool {
    let Ok(hash) = nsec3.hash_algorithm().hash(nsec3.salt(), &name.to_lowercase(), nsec3.iterations()) else {
        return false;
    };
    let label = proof.name.iter().next().map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
    let (own, asked, next) = (label, base32(hash.as_ref()), base32(nsec3.next_hashed_owner_name()));
    own == asked || is_between(&own, &asked, &next)
}

/// With the extended hexadecimal alphabet (RFC 4648 §7), which keeps the order: five octets are eight characters, and a hash
/// has twenty octets.
fn base32(octets: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let groups = octets.chunks(5).map(|five| five.iter().fold(0_u64, |bits, octet| bits << 8 | u64::from(*octet)));
    groups.flat_map(|bits| (0..8).rev().map(move |place| ALPHABET[(bits >> (place * 5) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::dnssec::Nsec3HashAlgorithm::SHA1;
    use hickory_resolver::proto::dnssec::rdata::NSEC;
    use hickory_resolver::proto::rr::RecordType;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).expect("a name")
    }

    fn nsec(owner: &str, next: &str) -> Record {
        let data = NSEC::new(name(next), [RecordType::A]);
        Record::from_rdata(name(owner), 60, RData::DNSSEC(DNSSECRData::NSEC(data)))
    }

    #[test]
    fn a_record_speaks_of_its_owner_of_what_it_covers_and_of_what_is_above_it() {
        let apex = name("d.test.");
        let speaks = |owner: &str, next: &str, asked: &str| speaks_of(&nsec(owner, next), &name(asked), &apex);
        assert!(speaks("shop.d.test.", "www.d.test.", "shop.d.test."), "no such type");
        assert!(speaks("a.d.test.", "www.d.test.", "shop.d.test."), "no such name");
        assert!(speaks("www.d.test.", "d.test.", "zzz.d.test."), "behind the last");
        assert!(speaks("x.shop.d.test.", "www.d.test.", "shop.d.test."), "a name below it");
        assert!(!speaks("www.d.test.", "d.test.", "shop.d.test."));
        assert!(!speaks("a.d.test.", "b.d.test.", "shop.d.test."));
    }

    #[test]
    fn a_hashed_record_speaks_of_its_owner_and_of_what_it_covers() {
        let apex = name("d.test.");
        let hash = |text: &str| SHA1.hash(&[], &name(text), 0).expect("a hash").as_ref().to_vec();
        let record = |owner: Vec<u8>, next: Vec<u8>| {
            let data = NSEC3::new(SHA1, false, 0, Vec::new(), next, [RecordType::A]);
            let owner = apex.prepend_label(base32(&owner).as_slice()).expect("a name");
            Record::from_rdata(owner, 60, RData::DNSSEC(DNSSECRData::NSEC3(data)))
        };
        let shop = hash("shop.d.test.");
        let beside = |by: i16| {
            let mut other = shop.clone();
            let last = u16::from_be_bytes([other[0], other[1]]).saturating_add_signed(by);
            other[..2].copy_from_slice(&last.to_be_bytes());
            other
        };
        assert!(speaks_of(&record(shop.clone(), beside(9)), &name("shop.d.test."), &apex), "its own");
        assert!(speaks_of(&record(beside(-9), beside(9)), &name("shop.d.test."), &apex), "it covers");
        assert!(speaks_of(&record(beside(-9), beside(9)), &name("x.y.shop.d.test."), &apex), "what is above");
        assert!(!speaks_of(&record(beside(1), beside(9)), &name("shop.d.test."), &apex));
    }
}
