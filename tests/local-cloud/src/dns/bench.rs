//! Additional name servers, each with a fault of its own: what customers' zones are served by when something is wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, Record, RecordType};
use tokio::task::JoinHandle;

use super::answer::{Answer, Question, Zones, answer};
use super::data::read_data;
use super::internet::absolute;
use super::keys::SignatureFault;
use super::orders::ServerEffect;
use super::server::{Answers, bind, serve_answers};
use super::serving::instead;
use super::zone::{RecordSet, Zone};

/// How a name server behaves.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Takes every question, and answers none.
    Silent,
    /// SERVFAIL, whatever is asked.
    ServFail,
    /// REFUSED, whatever is asked: it does not serve the zone.
    Refused,
    /// An empty answer with the AA bit clear, as from a resolver.
    WithoutAuthority,
    Serving(StaticZone),
    /// Answers questions without EDNS, and FORMERR to those with it.
    WithoutEdns(StaticZone),
    /// Answers questions without EDNS, and nothing to those with it.
    DroppingEdns(StaticZone),
    /// Takes so long for each answer.
    Slow(StaticZone, Duration),
    /// Cuts every answer over UDP short.
    Truncating(StaticZone),
    /// Over UDP drops every third question and cuts every third answer short, as servers do that limit their answers.
    Limiting(StaticZone, Arc<AtomicUsize>),
    /// Counts what it is asked, sent again or not, and answers like another.
    Counted(Box<Self>, Arc<AtomicUsize>),
    /// NXDOMAIN for names that have only names below them, which RFC 8020 forbids.
    DenyingBetween(StaticZone),
    /// Answers in capital letters, whatever letters the question had (draft-vixie-dnsext-dns0x20).
    Shouting(StaticZone),
}

/// A zone that does not change.
#[derive(Clone, Debug)]
pub struct StaticZone {
    zone: Arc<Zone>,
    effects: Vec<ServerEffect>,
}

impl StaticZone {
    /// A zone with SOA and NS, and the given records: owner, type, value as Route 53 writes it.
    pub fn new(origin: &str, records: &[(&str, &str, &str)]) -> Result<Self> {
        Ok(Self { zone: Arc::new(read_zone(origin, records)?), effects: Vec::new() })
    }

    /// Answers questions for this type with SERVFAIL.
    pub fn failing_at(self, record_type: &str) -> Result<Self> {
        record_type.parse::<RecordType>()?;
        Ok(self.with(ServerEffect::FailingAt(record_type.to_owned())))
    }

    /// Answers with this effect as well.
    pub fn with(mut self, effect: ServerEffect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Signs the zone. Its DS record is [`crate::ds_record`].
    pub fn signed(mut self) -> Result<Self> {
        Arc::make_mut(&mut self.zone).sign()?;
        Ok(self)
    }

    /// Spoils the signatures at `owner`, or all of them.
    pub fn with_signatures(mut self, owner: Option<&str>, fault: SignatureFault) -> Result<Self> {
        let owner = owner.map(absolute).transpose()?;
        Arc::make_mut(&mut self.zone).spoil_signatures(owner, fault);
        Ok(self)
    }
}

pub(super) fn read_zone(origin: &str, records: &[(&str, &str, &str)]) -> Result<Zone> {
    let mut zone = Zone::new(absolute(origin)?);
    let own = [(origin, "SOA", "ns.test. hostmaster.test. 1 7200 900 1209600 86400"), (origin, "NS", "ns.test.")];
    let mut sets: BTreeMap<(Name, RecordType), Vec<Record>> = BTreeMap::new();
    let is_given = |kind: &str| records.iter().any(|(owner, given, _)| given == &kind && same(owner, origin));
    for (owner, record_type, value) in own.iter().filter(|own| !is_given(own.1)).chain(records) {
        let (owner, record_type) = (absolute(owner)?, record_type.parse::<RecordType>()?);
        let data = read_data(record_type, value).with_context(|| format!("{owner} {record_type} {value}"))?;
        sets.entry((owner.clone(), record_type)).or_default().push(Record::from_rdata(owner, 60, data));
    }
    for ((owner, record_type), set) in sets {
        zone.insert(&owner, record_type, RecordSet::Records(set));
    }
    Ok(zone)
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

/// A name server, until it is dropped.
#[derive(Debug)]
pub struct NameServer {
    task: JoinHandle<Result<()>>,
}

impl NameServer {
    /// Binds UDP and TCP at `address`.
    pub async fn start(address: SocketAddr, behaviour: Behaviour) -> Result<Self> {
        let (udp, tcp) = bind(address).await?;
        let task = tokio::spawn(serve_answers(behaviour, udp, tcp));
        Ok(Self { task })
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Answers for Behaviour {
    fn delay(&self) -> Duration {
        match self {
            Self::Slow(_, delay) => *delay,
            Self::Counted(inner, _) => inner.delay(),
            _ => Duration::ZERO,
        }
    }

    fn answer(&self, question: &Question) -> Result<Option<Answer>> {
        let (zone, effects) = match self {
            Self::Serving(zone) | Self::Slow(zone, _) => (zone, zone.effects.clone()),
            Self::Truncating(zone) => return Ok(Some(Answer { truncated: true, ..answer(zone, question) })),
            Self::Shouting(zone) => return Ok(Some(Answer { shouted: true, ..answer(zone, question) })),
            Self::Limiting(zone, _) if question.over_tcp => return Ok(Some(answer(zone, question))),
            Self::Limiting(zone, asked) => {
                return Ok(match asked.fetch_add(1, Ordering::Relaxed) % 3 {
                    0 => None,
                    turn => Some(Answer { truncated: turn == 1, ..answer(zone, question) }),
                });
            }
            Self::Counted(inner, asked) => {
                asked.fetch_add(1, Ordering::Relaxed);
                return inner.answer(question);
            }
            Self::DenyingBetween(zone) => {
                let good = answer(zone, question);
                let between = good.answers.is_empty()
                    && good.authoritative
                    && zone.zone.types_of(&question.name.to_lowercase()).is_empty();
                return Ok(Some(if between { Answer { code: ResponseCode::NXDomain, ..good } } else { good }));
            }
            Self::DroppingEdns(zone) => (zone, [vec![ServerEffect::DropsEdns], zone.effects.clone()].concat()),
            Self::WithoutEdns(zone) => (zone, [vec![ServerEffect::NoEdns], zone.effects.clone()].concat()),
            Self::Silent => return Ok(None),
            Self::ServFail => return Ok(only(&ServerEffect::ServFail, question)),
            Self::Refused => return Ok(only(&ServerEffect::Refused, question)),
            Self::WithoutAuthority => return Ok(only(&ServerEffect::WithoutAuthority, question)),
        };
        let mut good = || answer(zone, question);
        let instead = effects.iter().find_map(|effect| instead(effect, question, &mut good));
        Ok(instead.unwrap_or_else(|| Some(good())))
    }
}

fn only(effect: &ServerEffect, question: &Question) -> Option<Answer> {
    instead(effect, question, &mut || Answer::only(ResponseCode::ServFail)).flatten()
}

impl Zones for StaticZone {
    fn zone_of(&self, name: &Name) -> Option<Arc<Zone>> {
        self.zone.origin().zone_of(name).then(|| self.zone.clone())
    }
}
