//! What `Fn::GetAtt` finds.

use std::collections::BTreeMap;

use serde::Serialize;
use vocabulary::names::domain_name::{CHALLENGE_LABEL, STANDING_LABEL};
use wire::{EndpointView, RecordView};

/// Flat, as CloudFormation wants them. Each of the fixed ones is always there, empty where there is nothing to say: a
/// template that asks for one that is absent fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Attributes {
    #[serde(flatten)]
    fixed: BTreeMap<&'static str, String>,
    #[serde(flatten, serialize_with = "numbered")]
    records: Vec<[String; 3]>,
}

impl Attributes {
    pub(crate) fn of(endpoint: &EndpointView) -> Self {
        let records = &endpoint.dns.records;
        let at = |name: String| records.iter().find(|record| record.record.name == name);
        let below = |label: &str| at(format!("{label}.{}", endpoint.domain.trim_start_matches("*.")));
        let (delegation, persistent) = (below(CHALLENGE_LABEL), below(STANDING_LABEL));
        let host = at(endpoint.domain.clone());
        let part = |record: Option<&RecordView>, part: fn(&RecordView) -> &String| record.map(part).cloned();
        let name = |record: Option<&RecordView>| part(record, |it| &it.record.name).unwrap_or_default();
        let value = |record: Option<&RecordView>| part(record, |it| &it.record.value).unwrap_or_default();
        let fixed = BTreeMap::from([
            ("EndpointId", endpoint.id.clone()),
            ("CertificateArn", endpoint.certificate.arn.clone().unwrap_or_default()),
            ("DelegationName", name(delegation)),
            ("DelegationTarget", value(delegation)),
            ("PersistentName", name(persistent)),
            ("PersistentValue", value(persistent)),
            ("HostName", name(host)),
            ("HostType", part(host, |it| &it.record.kind).unwrap_or_default()),
            ("HostTarget", value(host)),
            ("RecordCount", records.len().to_string()),
        ]);
        let parts = |it: &RecordView| [it.record.name.clone(), it.record.kind.clone(), it.record.value.clone()];
        Self { fixed, records: records.iter().map(parts).collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fixed.is_empty() && self.records.is_empty()
    }

    /// Whether there was one.
    pub(crate) fn drop_last_record(&mut self) -> bool {
        self.records.pop().is_some()
    }
}

fn numbered<S: serde::Serializer>(records: &[[String; 3]], serializer: S) -> Result<S::Ok, S::Error> {
    let named = records.iter().zip(1..).flat_map(|([name, kind, value], number)| {
        [("Name", name), ("Type", kind), ("Value", value)]
            .map(|(part, text)| (format!("Record{number}{part}"), text.as_str()))
    });
    serializer.collect_map(named)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn with_records(count: usize) -> Attributes {
        let record = |n: usize| [format!("_acme-challenge.n{n}.example.com"), "CNAME".into(), "t".repeat(50)];
        let fixed = BTreeMap::from([("RecordCount", count.to_string())]);
        Attributes { fixed, records: (1..=count).map(record).collect() }
    }
}
