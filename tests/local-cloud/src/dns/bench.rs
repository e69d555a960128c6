//! Further name servers, each with a fault of its own: what customers' zones are served by when something is wrong.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, Record, RecordType};
use tokio::task::JoinHandle;

use super::answer::{Answer, Zones, answer};
use super::route53::read_data;
use super::server::{Answers, bind, serve_answers};
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
}

/// A zone that does not change.
#[derive(Clone, Debug)]
pub struct StaticZone {
    origin: Name,
    zone: Arc<Zone>,
    /// Types that are answered with SERVFAIL, as by a server that does not know them.
    unknown: Vec<RecordType>,
}

impl StaticZone {
    /// A zone with SOA and NS, and the given records: owner, type, value as Route 53 writes it.
    pub fn new(origin: &str, records: &[(&str, &str, &str)]) -> Result<Self> {
        let zone = Arc::new(read_zone(origin, records)?);
        Ok(Self { origin: absolute(origin)?, zone, unknown: Vec::new() })
    }

    /// Answers questions for this type with SERVFAIL.
    pub fn failing_at(mut self, record_type: &str) -> Result<Self> {
        self.unknown.push(RecordType::from_str(record_type)?);
        Ok(self)
    }
}

pub(super) fn read_zone(origin: &str, records: &[(&str, &str, &str)]) -> Result<Zone> {
    let mut zone = Zone::new(absolute(origin)?);
    let own = [(origin, "SOA", "ns.test. hostmaster.test. 1 7200 900 1209600 86400"), (origin, "NS", "ns.test.")];
    for (owner, record_type, value) in own.iter().chain(records) {
        let (owner, record_type) = (absolute(owner)?, RecordType::from_str(record_type)?);
        let data = read_data(record_type, value).with_context(|| format!("{owner} {record_type} {value}"))?;
        zone.insert(&owner, record_type, RecordSet::Records(vec![Record::from_rdata(owner.clone(), 60, data)]));
    }
    Ok(zone)
}

fn absolute(name: &str) -> Result<Name> {
    let mut name = Name::from_ascii(name)?;
    name.set_fqdn(true);
    Ok(name)
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
        let task = match behaviour {
            Behaviour::Silent => tokio::spawn(async move {
                // Kept open, and never read from.
                let _sockets = (udp, tcp);
                std::future::pending().await
            }),
            behaviour => tokio::spawn(serve_answers(behaviour, udp, tcp)),
        };
        Ok(Self { task })
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Answers for Behaviour {
    async fn answer(&self, name: &Name, record_type: RecordType) -> Result<Answer> {
        let only = |code| Answer { code, authoritative: false, answers: Vec::new(), authorities: Vec::new() };
        Ok(match self {
            Self::Silent | Self::ServFail => only(ResponseCode::ServFail),
            Self::Refused => only(ResponseCode::Refused),
            Self::WithoutAuthority => only(ResponseCode::NoError),
            Self::Serving(zone) if zone.unknown.contains(&record_type) => only(ResponseCode::ServFail),
            Self::Serving(zone) => match answer(zone, name, record_type).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            },
        })
    }
}

impl Zones for StaticZone {
    type Error = Infallible;

    async fn zone_of(&self, name: &Name) -> Result<Option<Arc<Zone>>, Infallible> {
        Ok(self.origin.zone_of(name).then(|| self.zone.clone()))
    }
}
