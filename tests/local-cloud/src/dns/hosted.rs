//! The zones of the emulated Route 53, as it writes them to a file with every change.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use hickory_proto::rr::{Name, Record, RecordType};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::data::read_data;
use super::zone::{RecordSet, Zone};

#[derive(Debug, Serialize, Deserialize)]
struct HostedZone {
    name: String,
    records: Vec<HostedSet>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostedSet {
    name: String,
    r#type: String,
    #[serde(rename = "TTL", default)]
    ttl: Option<String>,
    #[serde(default)]
    resource_records: Vec<String>,
    #[serde(default)]
    alias_target: Option<AliasTarget>,
}

#[derive(Debug, Serialize, Deserialize)]
struct AliasTarget {
    #[serde(rename = "DNSName")]
    dns_name: String,
}

/// Zones that are written as the emulator writes them, where there is none.
#[derive(Debug, Default)]
pub(crate) struct Hosting {
    zones: Vec<HostedZone>,
}

impl Hosting {
    /// A zone of these records: owner, type, value.
    pub(crate) fn add(&mut self, origin: &str, records: &[(&str, &str, &str)]) {
        let soa = [(origin, "SOA", "ns1.dns.test. hostmaster.dns.test. 1 7200 900 1209600 86400")];
        let mut sets: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for (owner, kind, value) in soa.iter().chain(records) {
            sets.entry((owner, kind)).or_default().push((*value).to_owned());
        }
        let records = sets.into_iter().map(|((owner, kind), resource_records)| HostedSet {
            name: owner.to_owned(),
            r#type: kind.to_owned(),
            ttl: Some("60".to_owned()),
            resource_records,
            alias_target: None,
        });
        self.zones.push(HostedZone { name: origin.to_owned(), records: records.collect() });
    }

    /// They hold for the next question.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let unfinished = file.with_extension("new");
        fs::write(&unfinished, serde_json::to_string(&self.zones)?)?;
        fs::rename(unfinished, file).with_context(|| format!("writing {}", file.display()))
    }
}

/// Reads what the emulator has written.
pub(super) fn read(text: &str) -> Result<Vec<Zone>> {
    let hosted: Vec<HostedZone> = serde_json::from_str(text).context("the zones of Route 53")?;
    hosted.iter().map(read_zone).collect()
}

fn read_zone(hosted: &HostedZone) -> Result<Zone> {
    let mut zone = Zone::new(owner_of(&hosted.name)?);
    for set in &hosted.records {
        // As with a real server, one bad record does not take its zone away.
        match read_set(set) {
            Ok((owner, record_type, records)) => zone.insert(&owner, record_type, records),
            Err(error) => warn!(name = set.name, "left out: {error:#}"),
        }
    }
    Ok(zone)
}

fn read_set(set: &HostedSet) -> Result<(Name, RecordType, RecordSet)> {
    let owner = owner_of(&set.name)?;
    let record_type = RecordType::from_str(&set.r#type)?;
    if let Some(alias) = &set.alias_target {
        return Ok((owner, record_type, RecordSet::Alias(owner_of(&alias.dns_name)?)));
    }
    let ttl = set.ttl.as_deref().unwrap_or("0").parse().context("a TTL")?;
    let read = |value: &String| -> Result<Record> {
        let data = read_data(record_type, value).with_context(|| format!("{record_type} {value}"))?;
        Ok(Record::from_rdata(owner.clone(), ttl, data))
    };
    let records = set.resource_records.iter().map(read).collect::<Result<_>>()?;
    Ok((owner, record_type, RecordSet::Records(records)))
}

/// Route 53 writes the asterisk of a wildcard in octal.
fn owner_of(name: &str) -> Result<Name> {
    let mut name = Name::from_ascii(name.replace("\\052", "*")).with_context(|| format!("the name {name}"))?;
    name.set_fqdn(true);
    Ok(name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::testing::name;
    use crate::dns::zone::Found;

    const WRITTEN: &str = r#"[{"name": "shop.test.", "records": [
        {"Name": "shop.test.", "Type": "SOA", "TTL": "900", "ResourceRecords": ["ns.test. admin.test. 1 2 3 4 5"]},
        {"Name": "\\052.shop.test.", "Type": "A", "TTL": "60", "ResourceRecords": ["192.0.2.1"]},
        {"Name": "shop.test.", "Type": "A", "AliasTarget": {"HostedZoneId": "Z", "DNSName": "edge.test."}},
        {"Name": "bad.shop.test.", "Type": "A", "TTL": "60", "ResourceRecords": ["not an address"]},
        {"Name": "good.shop.test.", "Type": "TXT", "TTL": "60", "ResourceRecords": ["\"text\""]}
    ]}]"#;

    #[test]
    fn what_the_emulator_writes_is_read_and_a_bad_record_is_left_out() {
        let zones = read(WRITTEN).unwrap();
        let found = |owner: &str, kind| zones[0].find(&name(owner), kind);
        assert!(matches!(found("any.shop.test.", RecordType::A), Found::Records(_)), "a wildcard");
        assert_eq!(found("shop.test.", RecordType::A), Found::Alias(name("edge.test.")));
        assert!(matches!(found("good.shop.test.", RecordType::TXT), Found::Records(_)));
        assert_eq!(found("bad.shop.test.", RecordType::TXT), Found::NoData, "the wildcard's");
    }
}
