//! DNS for the whole cloud: one authoritative server for every zone, over UDP and TCP.

mod answer;
mod bench;
mod route53;
mod server;
mod zone;

pub use bench::{Behaviour, NameServer, StaticZone};
pub(crate) use route53::HostedZones;
pub(crate) use server::{bind, serve};

#[cfg(test)]
pub(crate) mod testing {
    use hickory_proto::rr::Name;

    use super::zone::Zone;

    pub(crate) fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    /// A zone with SOA and NS, and the given records (owner, type, value).
    pub(crate) fn zone(origin: &str, records: &[(&str, &str, &str)]) -> Zone {
        super::bench::read_zone(origin, records).unwrap()
    }
}
