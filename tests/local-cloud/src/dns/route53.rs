//! The zones of the emulated Route 53, read anew for each question: what was written a moment ago counts.

use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use aws_sdk_route53::types::ResourceRecordSet;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tracing::warn;

use super::answer::Zones;
use super::zone::{RecordSet, Zone};

pub(crate) struct HostedZones {
    route53: aws_sdk_route53::Client,
}

impl HostedZones {
    pub(crate) fn new(route53: aws_sdk_route53::Client) -> Self {
        Self { route53 }
    }

    async fn record_sets(&self, id: &str) -> Result<Vec<ResourceRecordSet>> {
        let mut sets = Vec::new();
        let mut request = self.route53.list_resource_record_sets().hosted_zone_id(id);
        loop {
            let page = request.send().await.context("ListResourceRecordSets")?;
            sets.extend(page.resource_record_sets);
            if !page.is_truncated {
                return Ok(sets);
            }
            request = self
                .route53
                .list_resource_record_sets()
                .hosted_zone_id(id)
                .set_start_record_name(page.next_record_name)
                .set_start_record_type(page.next_record_type)
                .set_start_record_identifier(page.next_record_identifier);
        }
    }
}

impl Zones for HostedZones {
    type Error = anyhow::Error;

    async fn zone_of(&self, name: &Name) -> Result<Option<Arc<Zone>>> {
        let mut around: Vec<(Name, String)> = Vec::new();
        let mut pages = self.route53.list_hosted_zones().into_paginator().items().send();
        while let Some(hosted) = pages.next().await {
            let hosted = hosted.context("ListHostedZones")?;
            let origin = owner_of(hosted.name())?;
            if origin.zone_of(name) {
                around.push((origin, hosted.id));
            }
        }
        around.sort_by_key(|(origin, _)| origin.num_labels());
        let mut around = around.into_iter();
        let Some((origin, id)) = around.next() else { return Ok(None) };
        let mut zone = self.read(origin, &id).await?;
        // A zone below another is met by its delegation only, as everywhere in the DNS.
        for (origin, id) in around {
            if zone.delegates(&origin) {
                zone = self.read(origin, &id).await?;
            }
        }
        Ok(Some(Arc::new(zone)))
    }
}

impl HostedZones {
    async fn read(&self, origin: Name, id: &str) -> Result<Zone> {
        let mut zone = Zone::new(origin);
        for set in self.record_sets(id).await? {
            // As with a real server, one bad record does not take its zone away.
            match read_set(&set) {
                Ok((owner, record_type, records)) => zone.insert(&owner, record_type, records),
                Err(error) => warn!(name = set.name(), "left out: {error:#}"),
            }
        }
        Ok(zone)
    }
}

fn read_set(set: &ResourceRecordSet) -> Result<(Name, RecordType, RecordSet)> {
    let owner = owner_of(set.name())?;
    let record_type = RecordType::from_str(set.r#type().as_str())?;
    if let Some(alias) = set.alias_target() {
        return Ok((owner, record_type, RecordSet::Alias(owner_of(alias.dns_name())?)));
    }
    let ttl = u32::try_from(set.ttl().unwrap_or_default()).context("a TTL")?;
    let read = |value: &str| -> Result<Record> {
        let data = read_data(record_type, value).with_context(|| format!("{record_type} {value}"))?;
        Ok(Record::from_rdata(owner.clone(), ttl, data))
    };
    let records = set.resource_records().iter().map(|record| read(record.value())).collect::<Result<_>>()?;
    Ok((owner, record_type, RecordSet::Records(records)))
}

/// Reads a value as Route 53 has it, where host names are absolute with or without a dot at the end.
pub(super) fn read_data(record_type: RecordType, value: &str) -> Result<RData> {
    let names_end_it =
        matches!(record_type, RecordType::CNAME | RecordType::NS | RecordType::MX | RecordType::SRV | RecordType::PTR);
    let value = if names_end_it && !value.ends_with('.') { format!("{value}.") } else { value.to_owned() };
    if value.trim().is_empty() {
        bail!("an empty value");
    }
    Ok(RData::try_from_str(record_type, &value)?)
}

/// Route 53 writes the asterisk of a wildcard in octal.
fn owner_of(name: &str) -> Result<Name> {
    let mut name = Name::from_ascii(name.replace("\\052", "*")).with_context(|| format!("the name {name}"))?;
    name.set_fqdn(true);
    Ok(name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::{ResourceRecord, RrType};

    use super::*;

    fn set(name: &str, record_type: RrType, values: &[&str]) -> ResourceRecordSet {
        let records = values.iter().map(|value| ResourceRecord::builder().value(*value).build().unwrap());
        ResourceRecordSet::builder()
            .name(name)
            .r#type(record_type)
            .ttl(60)
            .set_resource_records(Some(records.collect()))
            .build()
            .unwrap()
    }

    #[test]
    fn a_wildcard_is_read_in_both_of_its_spellings() {
        for spelling in ["\\052.example.test.", "*.example.test"] {
            let (owner, ..) = read_set(&set(spelling, RrType::A, &["192.0.2.1"])).unwrap();
            assert!(owner.is_wildcard());
        }
    }

    #[test]
    fn a_txt_value_keeps_its_blanks_and_the_bounds_of_its_strings() {
        let RData::TXT(txt) = read_data(RecordType::TXT, "\"one two\" \"three\"").unwrap() else { panic!("no TXT") };
        assert_eq!(txt.txt_data.len(), 2);
        assert_eq!(&*txt.txt_data[0], b"one two");
    }

    #[test]
    fn a_host_name_is_absolute_without_a_dot_too() {
        let data = |value| read_data(RecordType::CNAME, value).unwrap();
        assert_eq!(data("a.example.test"), data("a.example.test."));
    }

    #[test]
    fn a_caa_record_is_read() {
        assert!(matches!(
            read_data(RecordType::CAA, "0 issue \"ca.test; validationmethods=dns-01\"").unwrap(),
            RData::CAA(_)
        ));
    }
}
