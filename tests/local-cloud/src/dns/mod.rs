//! DNS for the whole cloud: the root, registries and name servers, each at an address of its own.
//!
//! All listen at one port, on loopback. The zones are those of the emulated Route 53, below registries that are made
//! here; the root and the registries are signed, under a trust anchor that every cloud has.

mod answer;
mod bench;
mod data;
mod dname;
mod hashed;
mod hosted;
mod internet;
mod keys;
mod orders;
mod proof;
mod server;
mod serving;
mod zone;

use anyhow::Result;

pub use bench::{Behaviour, NameServer, StaticZone};
pub(crate) use hosted::Hosting;
pub(crate) use internet::{OWNERS_SERVERS, SEATS, roots};
pub use keys::{DenialFault, SignatureFault, trust_anchor};
pub(crate) use orders::Orders;
pub use orders::{ServerEffect, ServerFault};
pub(crate) use serving::serve;

/// The value of the DS record that secures the signed zone `domain`.
pub fn ds_record(domain: &str) -> Result<String> {
    keys::ds_of(&internet::absolute(domain)?)
}

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
