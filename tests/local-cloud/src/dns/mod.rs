//! DNS for the whole cloud: one authoritative server for every zone, over UDP and TCP.

mod answer;
mod route53;
mod server;
mod zone;

pub(crate) use route53::HostedZones;
pub(crate) use server::{bind, serve};

#[cfg(test)]
pub(crate) mod testing {
    use std::str::FromStr;

    use hickory_proto::rr::{Name, Record, RecordType};

    use super::route53::read_data;
    use super::zone::{RecordSet, Zone};

    pub(crate) fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    /// A zone with SOA and NS, and the given records (owner, type, value).
    pub(crate) fn zone(origin: &str, records: &[(&str, &str, &str)]) -> Zone {
        let mut zone = Zone::new(name(origin));
        let own = [(origin, "SOA", "ns.test. hostmaster.test. 1 7200 900 1209600 86400"), (origin, "NS", "ns.test.")];
        for (owner, record_type, value) in own.iter().chain(records) {
            let record_type = RecordType::from_str(record_type).unwrap();
            let data = read_data(record_type, value).unwrap();
            let record = Record::from_rdata(name(owner), 60, data);
            zone.insert(&name(owner), record_type, RecordSet::Records(vec![record]));
        }
        zone
    }
}
