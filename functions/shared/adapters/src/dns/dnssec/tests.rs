use hickory_resolver::proto::dnssec::crypto::EcdsaSigningKey;
use hickory_resolver::proto::dnssec::rdata::sig::SigInput;
use hickory_resolver::proto::dnssec::{Algorithm, DigestType, DnssecSigner, PublicKeyBuf, SigningKey, TBS};
use hickory_resolver::proto::op::{Message, OpCode};
use hickory_resolver::proto::rr::SerialNumber;
use hickory_resolver::proto::rr::rdata::SOA;

use super::*;

const NOW: i64 = 1_795_521_600;
const DAY: i64 = 86_400;

/// A zone with one key that signs everything.
struct Signed {
    apex: Name,
    public: PublicKeyBuf,
    signer: DnssecSigner,
}

impl Signed {
    fn new() -> Self {
        let algorithm = Algorithm::ECDSAP256SHA256;
        let pkcs8 = EcdsaSigningKey::generate_pkcs8(algorithm).expect("randomness");
        let key = EcdsaSigningKey::from_pkcs8(&pkcs8, algorithm).expect("its own key");
        let public = key.to_public_key().expect("a public key");
        let dnskey = DNSKEY::from_key(&public);
        let apex = Name::from_ascii("example.com.").expect("a name");
        let signer = DnssecSigner::new(dnskey, Box::new(key), apex.clone(), std::time::Duration::from_secs(1));
        Self { apex, public, signer }
    }

    fn ds(&self) -> DS {
        DS::from_key(&self.public, &self.apex, DigestType::SHA256).expect("a digest")
    }

    fn keys(&self) -> Record {
        Record::from_rdata(self.apex.clone(), 60, RData::DNSSEC(DNSSECRData::DNSKEY(DNSKEY::from_key(&self.public))))
    }

    fn soa(&self) -> Record {
        let name = || Name::from_ascii("ns.example.com.").expect("a name");
        Record::from_rdata(self.apex.clone(), 60, RData::SOA(SOA::new(name(), name(), 1, 2, 3, 4, 5)))
    }

    /// `record` with its signature, valid from `since` until `until`.
    fn sign(&self, record: Record, since: i64, until: i64) -> Message {
        let input = SigInput {
            type_covered: record.record_type(),
            algorithm: self.signer.key().algorithm(),
            num_labels: self.apex.num_labels(),
            original_ttl: record.ttl,
            sig_expiration: SerialNumber::new(until as u32),
            sig_inception: SerialNumber::new(since as u32),
            key_tag: self.signer.calculate_key_tag().expect("a tag"),
            signer_name: self.apex.clone(),
        };
        let tbs = TBS::from_input(&self.apex, DNSClass::IN, &input, [&record].into_iter()).expect("signable");
        let signature = RRSIG::from_sig(input, self.signer.sign(&tbs).expect("signs"));
        let signature = RData::DNSSEC(DNSSECRData::RRSIG(signature));
        answer(vec![record, Record::from_rdata(self.apex.clone(), 60, signature)])
    }

    fn judge(&self, ds: &[DS], keys: &Message, soa: &Message) -> Dnssec {
        judge(&self.apex, ds, keys, soa, NOW)
    }
}

fn answer(records: Vec<Record>) -> Message {
    let mut message = Message::response(0, OpCode::Query);
    message.insert_answers(records);
    message
}

fn why(state: Dnssec) -> String {
    match state {
        Dnssec::Broken(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_chain_of_signatures_from_the_ds_record_to_the_soa_record_is_intact() {
    let zone = Signed::new();
    let keys = zone.sign(zone.keys(), NOW - DAY, NOW + DAY);
    let soa = zone.sign(zone.soa(), NOW - DAY, NOW + DAY);
    assert_eq!(zone.judge(&[zone.ds()], &keys, &soa), Dnssec::Intact);
    let stranger = Signed::new();
    assert_eq!(zone.judge(&[stranger.ds(), zone.ds()], &keys, &soa), Dnssec::Intact, "one DS record is enough");
}

#[test]
fn each_break_of_the_chain_is_named() {
    let (zone, stranger) = (Signed::new(), Signed::new());
    let keys = zone.sign(zone.keys(), NOW - DAY, NOW + DAY);
    let soa = zone.sign(zone.soa(), NOW - DAY, NOW + DAY);
    assert!(why(zone.judge(&[zone.ds()], &answer(Vec::new()), &soa)).contains("no DNSKEY record"));
    assert!(why(zone.judge(&[stranger.ds()], &keys, &soa)).contains("have other keys"));
    let unsigned = answer(vec![zone.keys()]);
    assert!(why(zone.judge(&[zone.ds()], &unsigned, &soa)).contains("keys whose signature is missing"));
    let unsigned = answer(vec![zone.soa()]);
    assert!(why(zone.judge(&[zone.ds()], &keys, &unsigned)).contains("records (SOA) whose signature is missing"));
    let foreign = stranger.sign(zone.soa(), NOW - DAY, NOW + DAY);
    assert!(why(zone.judge(&[zone.ds()], &keys, &foreign)).contains("does not name"));
    let mut forged = zone.sign(zone.soa(), NOW - DAY, NOW + DAY);
    forged.answers[0] =
        Record::from_rdata(zone.apex.clone(), 60, RData::SOA(SOA::new(Name::root(), Name::root(), 9, 9, 9, 9, 9)));
    assert!(why(zone.judge(&[zone.ds()], &keys, &forged)).contains("is wrong"));
}

#[test]
fn a_signature_is_good_up_to_its_last_second_and_from_its_first() {
    let zone = Signed::new();
    let keys = zone.sign(zone.keys(), NOW - DAY, NOW + DAY);
    let judge = |since, until| zone.judge(&[zone.ds()], &keys, &zone.sign(zone.soa(), since, until));
    assert_eq!(judge(NOW, NOW), Dnssec::Intact);
    assert!(why(judge(NOW - 9 * DAY, NOW - 1)).contains("expired less than a day ago"));
    assert!(why(judge(NOW - 9 * DAY, NOW - 3 * DAY)).contains("expired 3 days ago"));
    assert!(why(judge(NOW + 1, NOW + DAY)).contains("not valid yet"));
}

#[test]
fn a_ds_record_that_nobody_can_use_leaves_the_zone_unsigned() {
    let zone = Signed::new();
    let unknown = DS::new(1, Algorithm::Unknown(200), DigestType::SHA256, vec![0; 32]);
    assert_eq!(zone.judge(&[unknown], &answer(Vec::new()), &answer(Vec::new())), Dnssec::Unsigned);
}
