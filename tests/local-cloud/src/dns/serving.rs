//! The cloud's own name servers: many addresses, one process.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use futures::future::try_join_all;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, Record, RecordType};

use super::answer::{Answer, Question, Zones, answer};
use super::hosted;
use super::internet::{Internet, SEATS, Seat, absolute};
use super::orders::{Orders, ServerEffect, ServerFault};
use super::server::{Answers, bind, serve_answers};
use super::zone::Zone;

/// Serves every zone at its servers until the process ends. `zones` is what the emulated Route 53 writes.
pub(crate) async fn serve(port: u16, zones: &Path, orders: &Path) -> Result<()> {
    let source = Arc::new(Source { zones: zones.to_owned(), orders: orders.to_owned(), read: Mutex::new(None) });
    try_join_all(SEATS.into_iter().map(async |seat| {
        let (udp, tcp) = bind(SocketAddr::from((seat.address, port))).await?;
        serve_answers(Seated { seat, source: source.clone() }, udp, tcp).await
    }))
    .await
    .map(drop)
}

/// What there is to answer from, read again when it has changed: a write counts at once.
struct Source {
    zones: PathBuf,
    orders: PathBuf,
    read: Mutex<Option<(Stamps, Arc<Known>)>>,
}

struct Known {
    internet: Internet,
    orders: Orders,
}

/// Each write makes another file.
type Stamps = [Option<(u64, i64, i64)>; 2];

impl Source {
    fn known(&self) -> Result<Arc<Known>> {
        let stamps = [&self.zones, &self.orders].map(|file| {
            let found = fs::metadata(file).ok();
            found.map(|found| (found.ino(), found.mtime(), found.mtime_nsec()))
        });
        let mut read = self.read.lock().expect("no panic holds it");
        if let Some((as_of, known)) = &*read
            && *as_of == stamps
        {
            return Ok(known.clone());
        }
        let orders = Orders::read(&self.orders)?;
        let hosted = match stamps[0] {
            Some(_) => hosted::read(&fs::read_to_string(&self.zones)?)?,
            // Route 53 has had no zone yet.
            None => Vec::new(),
        };
        let known = Arc::new(Known { internet: Internet::new(hosted, &orders).context("the zones")?, orders });
        *read = Some((stamps, known.clone()));
        Ok(known)
    }
}

/// One server.
struct Seated {
    seat: Seat,
    source: Arc<Source>,
}

impl Answers for Seated {
    fn answer(&self, question: &Question) -> Result<Option<Answer>> {
        let known = self.source.known()?;
        let zones = known.internet.seen_by(self.seat.role);
        let faults: Vec<&ServerFault> = match zones.zone_of(&question.name) {
            Some(zone) => known.orders.faults.iter().filter(|fault| self.is_hit(fault, zone.origin())).collect(),
            None => Vec::new(),
        };
        let mut good = || answer(&Spoilt { zones: &zones, faults: &faults }, question);
        for fault in &faults {
            if let Some(instead) = instead(&fault.effect, question, &mut good) {
                return Ok(instead);
            }
        }
        Ok(Some(good()))
    }
}

impl Seated {
    fn is_hit(&self, fault: &ServerFault, zone: &Name) -> bool {
        let at_this_server = fault.server.as_deref().is_none_or(|server| server == self.seat.name);
        at_this_server && absolute(&fault.zone).is_ok_and(|origin| origin == *zone)
    }
}

/// What comes in the place of a good answer, if the effect is about this question. `None` within: nothing at all.
pub(super) fn instead(
    effect: &ServerEffect,
    question: &Question,
    good: &mut impl FnMut() -> Answer,
) -> Option<Option<Answer>> {
    let only = |code| Some(Some(Answer::only(code)));
    match effect {
        ServerEffect::Silent => Some(None),
        ServerEffect::ServFail => only(ResponseCode::ServFail),
        ServerEffect::Refused => only(ResponseCode::Refused),
        ServerEffect::WithoutAuthority => only(ResponseCode::NoError),
        ServerEffect::NoEdns if question.extended => {
            Some(Some(Answer { plain: true, ..Answer::only(ResponseCode::FormErr) }))
        }
        ServerEffect::NoEdns => Some(Some(Answer { plain: true, ..good() })),
        ServerEffect::DropsEdns if question.extended => Some(None),
        ServerEffect::DropsEdns => None,
        ServerEffect::FailingAt(kind) if question.is_for(kind) => only(ResponseCode::ServFail),
        ServerEffect::RefusingAt(kind) if question.is_for(kind) => only(ResponseCode::Refused),
        ServerEffect::NotImplementingAt(kind) if question.is_for(kind) => only(ResponseCode::NotImp),
        ServerEffect::SilentAt(kind) if question.is_for(kind) => Some(None),
        ServerEffect::WithoutSoa => with_soa(good(), |_| None),
        ServerEffect::ForeignSoa => with_soa(good(), |mut soa| {
            soa.name = Name::root();
            Some(soa)
        }),
        ServerEffect::FailingAt(_)
        | ServerEffect::RefusingAt(_)
        | ServerEffect::NotImplementingAt(_)
        | ServerEffect::SilentAt(_)
        | ServerEffect::Signatures { .. }
        | ServerEffect::Denials { .. } => None,
    }
}

/// The answer with something else in the place of its SOA record, if it is an empty one.
fn with_soa(mut answer: Answer, change: fn(Record) -> Option<Record>) -> Option<Option<Answer>> {
    let is_soa = |record: &Record| record.record_type() == RecordType::SOA;
    if answer.answers.is_empty() && answer.authorities.iter().any(is_soa) {
        let authorities = answer.authorities.into_iter();
        answer.authorities =
            authorities.filter_map(|record| if is_soa(&record) { change(record) } else { Some(record) }).collect();
    }
    Some(Some(answer))
}

/// Zones with the faults of their signatures.
struct Spoilt<'a, Z> {
    zones: &'a Z,
    faults: &'a [&'a ServerFault],
}

impl<Z: Zones> Zones for Spoilt<'_, Z> {
    fn zone_of(&self, name: &Name) -> Option<Arc<Zone>> {
        let mut zone = self.zones.zone_of(name)?;
        for fault in self.faults {
            match &fault.effect {
                ServerEffect::Signatures { owner, fault } => {
                    let owner = owner.as_deref().and_then(|owner| absolute(owner).ok());
                    Arc::make_mut(&mut zone).spoil_signatures(owner, *fault);
                }
                ServerEffect::Denials { hashed, fault } => Arc::make_mut(&mut zone).deny_by(*hashed, *fault),
                _ => {}
            }
        }
        Some(zone)
    }
}
