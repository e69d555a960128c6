//! Whether a validating resolver would return an answer: hickory's validator, on top of our own resolution.

use std::pin::Pin;
use std::sync::Arc;

use diagnosis::facts::Dnssec;
use futures::stream::{self, Stream, StreamExt};
use hickory_resolver::net::dnssec::DnssecDnsHandle;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, DnsHandle, NetError};
use hickory_resolver::proto::dnssec::rdata::DNSSECRData;
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Message, Query};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use vocabulary::dns::Unanswered;

use super::dnssec::why_bogus;
use super::exchange::plain;
use super::recursion::Recursion;
use super::zone::{Zone, is_public_suffix};

/// How a validating resolver rates an answer (RFC 4035 §4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    Secure,
    /// The way to it is not signed.
    Insecure,
    /// The resolver answers SERVFAIL instead. Why, in words.
    Bogus(String),
    /// No answer, or none from the zones above it.
    Unknown,
}

/// What the validator sends its queries with.
#[derive(Clone)]
struct Handle(Recursion);

impl DnsHandle for Handle {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let recursion = self.0.clone();
        Box::pin(stream::once(async move {
            let query = request.queries.first().cloned().ok_or(NetError::from("a request without a question"))?;
            match recursion.signed_answer(query.name(), query.query_type()).await {
                Ok(message) => DnsResponse::from_message(message).map_err(NetError::from),
                Err(Unanswered::TimedOut) => Err(NetError::Timeout),
                Err(why) => Err(NetError::from(why.to_string())),
            }
        }))
    }
}

impl Recursion {
    /// The DNSSEC state of the zone. `now` is in seconds since 1970.
    pub(crate) async fn security(&self, zone: &Zone, now: i64) -> Dnssec {
        match self.validity(&zone.apex, RecordType::SOA, now).await {
            // No trust anchor is known: only whether the zone fits its parent can be checked.
            None => self.dnssec(zone, now).await,
            Some(Validity::Secure) => Dnssec::Intact,
            Some(Validity::Insecure) => Dnssec::Unsigned,
            Some(Validity::Unknown) => Dnssec::Unknown,
            Some(Validity::Bogus(why)) => Dnssec::Broken(why),
        }
    }

    /// How a validating resolver rates the records of one type; `None` if no key of the root is known.
    pub(crate) async fn validity(&self, name: &Name, kind: RecordType, now: i64) -> Option<Validity> {
        let anchors: Arc<TrustAnchors> = self.trust_anchors()?;
        let validator = DnssecDnsHandle::with_trust_anchor(Handle(self.clone()), anchors);
        let mut options = DnsRequestOptions::default();
        options.edns_set_dnssec_ok = true;
        let answer = validator.lookup(Query::query(name.clone(), kind), options).next().await;
        let proof = match answer {
            Some(Ok(response)) => weakest(&response.answers, name),
            Some(Err(NetError::Dns(DnsError::Nsec { proof, .. }))) => proof,
            Some(Err(_)) | None => return Some(Validity::Unknown),
        };
        Some(match proof {
            Proof::Secure => Validity::Secure,
            Proof::Insecure => Validity::Insecure,
            Proof::Bogus => match self.confirmed(name, kind, now).await {
                Some(why) => Validity::Bogus(why),
                None => Validity::Unknown,
            },
            Proof::Indeterminate => Validity::Unknown,
        })
    }

    /// Why an answer that the validator refuses is not valid, if the reason can be named. Without a named reason the answer is
    /// not blamed: the validator may be mistaken.
    async fn confirmed(&self, name: &Name, kind: RecordType, now: i64) -> Option<String> {
        let mut zone = self.nearest(name, &[]).await.zone;
        let (keys, message) =
            tokio::join!(self.signed(&zone, &zone.apex, RecordType::DNSKEY), self.signed(&zone, name, kind));
        if let Dnssec::Broken(why) = self.dnssec(&zone, now).await {
            return Some(why);
        }
        if let Some(why) = why_bogus(&message.ok()?, name, kind, &keys.ok()?, &zone.apex, now) {
            return Some(why);
        }
        // The zone is correct as seen from its parent. The parent may not be.
        while !is_public_suffix(&zone.apex) {
            zone = self.nearest(&zone.apex.base_name(), &[]).await.zone;
            if let Dnssec::Broken(why) = self.dnssec(&zone, now).await {
                return Some(format!("lies below {}, which {why}", plain(&zone.apex)));
            }
        }
        None
    }

    /// An answer with exactly the signatures and proofs that belong to it: aliases are followed one by one.
    async fn signed_answer(&self, name: &Name, kind: RecordType) -> Result<Message, Unanswered> {
        // The parent zone has the DS records (RFC 4035 §3.1.4.1).
        let around = if kind == RecordType::DS { name.base_name() } else { name.clone() };
        let zone = self.nearest(&around, &[]).await.zone;
        let mut message = self.signed(&zone, name, kind).await?;
        message.answers.retain(|record| record.name == *name);
        message.authorities.retain(|record| zone.apex.zone_of(&record.name) && is_proof(record));
        message.additionals.clear();
        Ok(message)
    }
}

/// SOA, NSEC, NSEC3 and their signatures: the proof that something does not exist.
fn is_proof(record: &Record) -> bool {
    let kind = match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => signature.input().type_covered,
        _ => record.record_type(),
    };
    matches!(kind, RecordType::SOA | RecordType::NSEC | RecordType::NSEC3)
}

/// For the records at `name`. If there are none, the validator found nothing wrong.
fn weakest(answers: &[Record], name: &Name) -> Proof {
    let own = answers.iter().filter(|record| record.name == *name && record.record_type() != RecordType::RRSIG);
    own.map(|record| record.proof).min().unwrap_or(Proof::Insecure)
}
