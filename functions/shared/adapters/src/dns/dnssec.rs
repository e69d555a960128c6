//! Whether a validating resolver would accept a zone: the DS record at its parent, the keys, and their signatures.

use diagnosis::facts::Dnssec;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, RRSIG};
use hickory_resolver::proto::dnssec::{PublicKey, Verifier};
use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType};
use time::OffsetDateTime;
use vocabulary::dns::Unanswered;
use vocabulary::text::moment;

use super::denial;
use super::exchange::plain;
use super::recursion::Recursion;
use super::zone::Zone;

impl Recursion {
    /// `now` is in seconds since 1970.
    pub(crate) async fn dnssec(&self, zone: &Zone, now: i64) -> Dnssec {
        let above = self.nearest(&zone.apex.base_name(), &[]).await.zone;
        let ds = match self.ask_any(&above, &zone.apex, RecordType::DS, false, |message| self.says(message)).await {
            Ok(message) => delegation_signers(&message, &zone.apex),
            Err(_) => return Dnssec::Unknown,
        };
        if ds.is_empty() {
            return Dnssec::Unsigned;
        }
        let (keys, soa) = tokio::join!(
            self.signed(zone, &zone.apex, RecordType::DNSKEY),
            self.signed(zone, &zone.apex, RecordType::SOA)
        );
        match (keys, soa) {
            (Ok(keys), Ok(soa)) => judge(&zone.apex, &ds, &keys, &soa, now),
            _ => Dnssec::Unknown,
        }
    }

    /// The records at `name` with their signatures, from the first server that answers.
    pub(super) async fn signed(&self, zone: &Zone, name: &Name, kind: RecordType) -> Result<Message, Unanswered> {
        self.ask_any(zone, name, kind, true, |message| self.says(message)).await
    }
}

/// What is wrong with the signatures in `message`, a response for `name` in a zone with these keys, as text that follows
/// "NAME". `None` if nothing is wrong.
pub(super) fn why_bogus(
    message: &Message,
    name: &Name,
    kind: RecordType,
    keys: &Message,
    apex: &Name,
    now: i64,
) -> Option<String> {
    if message.answers.iter().any(|record| record.record_type() == RecordType::DNAME) {
        // The CNAME synthesized from it has no signature of its own.
        return None;
    }
    let keys = zone_keys(&of(keys, apex, RecordType::DNSKEY));
    let keys: Vec<&DNSKEY> = keys.iter().collect();
    let held = [kind, RecordType::CNAME].map(|kind| (kind, of(message, name, kind)));
    if let Some((kind, records)) = held.iter().find(|(_, records)| !records.is_empty()) {
        let why = verify(name, records, &signatures(&message.answers, name, *kind), &keys, now).err()?;
        return Some(format!("has a {kind} record whose signature {why}"));
    }
    let is_proof = |record: &&Record| matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3);
    let proofs: Vec<&Record> = message.authorities.iter().filter(is_proof).collect();
    if proofs.is_empty() {
        return Some(format!("has no {kind} record, and its zone is signed, but does not prove that"));
    }
    let invalid = proofs.iter().find_map(|proof| {
        let signatures = signatures(&message.authorities, &proof.name, proof.record_type());
        verify(&proof.name, std::slice::from_ref(proof), &signatures, &keys, now).err()
    });
    if let Some(why) = invalid {
        return Some(format!("has no {kind} record, but the signature of the proof for that {why}"));
    }
    let is_of_others = !proofs.iter().any(|proof| denial::speaks_of(proof, name, apex));
    is_of_others.then(|| format!("has no {kind} record, but the proof for that is of other names"))
}

/// The records of one owner and type among the answers.
fn of(message: &Message, owner: &Name, kind: RecordType) -> Vec<Record> {
    let own = message.answers.iter().filter(|record| record.name == *owner && record.record_type() == kind);
    own.cloned().collect()
}

fn zone_keys(records: &[Record]) -> Vec<DNSKEY> {
    let keys = records.iter().filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) if key.zone_key() && !key.revoke() => Some(key.clone()),
        _ => None,
    });
    keys.collect()
}

fn delegation_signers(message: &Message, apex: &Name) -> Vec<DS> {
    let own = message.answers.iter().filter(|record| record.name == *apex);
    let signers = own.filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds.clone()),
        _ => None,
    });
    signers.collect()
}

/// RFC 4035 §5.2: from a DS record to a key of the zone, from there to all its keys, and to its SOA record.
fn judge(apex: &Name, ds: &[DS], keys: &Message, soa: &Message, now: i64) -> Dnssec {
    let ds: Vec<&DS> =
        ds.iter().filter(|ds| ds.digest_type().is_supported() && ds.algorithm().is_supported()).collect();
    if ds.is_empty() {
        // No resolver supports what the parent has: the zone counts as unsigned.
        return Dnssec::Unsigned;
    }
    let broken = |why: String| Dnssec::Broken(why);
    let tags = ds.iter().map(|ds| ds.key_tag().to_string()).collect::<Vec<_>>().join(", ");
    let key_records = of(keys, apex, RecordType::DNSKEY);
    let zone_keys = zone_keys(&key_records);
    if zone_keys.is_empty() {
        return broken(format!("has a DS record (key {tags}) at its parent, but its servers have no DNSKEY record"));
    }
    let named = |key: &&DNSKEY| ds.iter().any(|ds| ds.covers(apex, key).unwrap_or(false));
    let anchors: Vec<&DNSKEY> = zone_keys.iter().filter(named).collect();
    if anchors.is_empty() {
        let held: Vec<String> =
            zone_keys.iter().filter_map(|key| key.calculate_key_tag().ok()).map(|tag| tag.to_string()).collect();
        return broken(format!(
            "has a DS record for key {tags} at its parent, but its servers have other keys ({})",
            held.join(", ")
        ));
    }
    if let Err(why) = verify(apex, &key_records, &signatures(&keys.answers, apex, RecordType::DNSKEY), &anchors, now) {
        return broken(format!("has keys whose signature {why}"));
    }
    let soa_records = of(soa, apex, RecordType::SOA);
    let all: Vec<&DNSKEY> = zone_keys.iter().collect();
    if let Err(why) = verify(apex, &soa_records, &signatures(&soa.answers, apex, RecordType::SOA), &all, now) {
        return broken(format!("has records (SOA) whose signature {why}"));
    }
    Dnssec::Intact
}

fn signatures(records: &[Record], owner: &Name, covered: RecordType) -> Vec<RRSIG> {
    let own = records.iter().filter(|record| record.name == *owner);
    let signatures = own.filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) if signature.input().type_covered == covered => {
            Some(signature.clone())
        }
        _ => None,
    });
    signatures.collect()
}

/// Whether one of `signatures` over `records` was made by one of `keys` and is currently valid; else why not.
fn verify(owner: &Name, records: &[Record], signatures: &[RRSIG], keys: &[&DNSKEY], now: i64) -> Result<(), String> {
    if signatures.is_empty() {
        return Err("is missing".into());
    }
    let mut why = "was made by a key that the DS record does not name".to_owned();
    for signature in signatures {
        let input = signature.input();
        // Serial number arithmetic (RFC 4034 §3.1.5).
        let until = i64::from((input.sig_expiration.get()).wrapping_sub(now as u32) as i32);
        let since = i64::from((now as u32).wrapping_sub(input.sig_inception.get()) as i32);
        for key in keys.iter().filter(|key| key.public_key().algorithm() == input.algorithm) {
            if key.calculate_key_tag().ok() != Some(input.key_tag) {
                continue;
            }
            if until < 0 {
                let at = OffsetDateTime::from_unix_timestamp(now + until).map(moment).unwrap_or_default();
                why = format!("expired {} ({at})", ago(-until));
            } else if since < 0 {
                why = "is not valid yet".into();
            } else if key.verify_rrsig(owner, DNSClass::IN, signature, records.iter()).is_err() {
                why = format!("is wrong (key {} of {})", input.key_tag, plain(&input.signer_name));
            } else {
                return Ok(());
            }
        }
    }
    Err(why)
}

fn ago(seconds: i64) -> String {
    match seconds / 86_400 {
        0 => "less than a day ago".into(),
        1 => "a day ago".into(),
        days => format!("{days} days ago"),
    }
}

#[cfg(test)]
mod tests;
