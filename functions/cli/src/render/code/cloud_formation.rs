//! A CloudFormation template of `AWS::Route53::RecordSet`, in JSON, which a serializer writes.

use serde_json::{Map, Value, json};
use wire::RequiredRecord;

use super::{Identifiers, TTL, is_alias, subject, zone_of_target, zones};
use crate::render::character_strings;
use crate::terminal::output::json_text;

pub(crate) fn cloud_formation(records: &[&RequiredRecord]) -> String {
    let mut identifiers = Identifiers::default();
    let mut parameters = Map::new();
    let mut resources = Map::new();
    for zone in zones(records) {
        let zone_id = identifiers.unique(format!("ZoneIdOf{}", word(zone.domain)));
        let description = format!("The Route 53 hosted zone for the records of {}", zone.domain);
        parameters.insert(zone_id.clone(), json!({"Type": "AWS::Route53::HostedZone::Id", "Description": description}));
        for record in zone.records {
            let id = identifiers.unique(word(&record.name));
            let mut properties = json!({"HostedZoneId": {"Ref": zone_id}, "Name": record.name, "Type": record.kind});
            if is_alias(record) {
                let target = identifiers.unique(format!("TargetZoneIdOf{}", word(&record.name)));
                parameters.insert(target.clone(), target_parameter(record));
                properties["Type"] = json!("A");
                properties["AliasTarget"] = json!({"DNSName": record.value, "HostedZoneId": {"Ref": target}});
            } else {
                properties["TTL"] = json!(TTL.to_string());
                properties["ResourceRecords"] =
                    json!([character_strings(record, " ").unwrap_or_else(|| record.value.clone())]);
            }
            let metadata = json!({"Purpose": record.purpose});
            resources
                .insert(id, json!({"Type": "AWS::Route53::RecordSet", "Metadata": metadata, "Properties": properties}));
        }
    }
    json_text(&json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("The DNS records that {} needs for its certificate", subject(records)),
        "Parameters": parameters,
        "Resources": resources,
    }))
}

/// Route 53's own alias leads to AWS resources only; their hosted zone is not known here.
fn target_parameter(record: &RequiredRecord) -> Value {
    let description = format!(
        "The hosted zone of {}, an AWS resource such as a load balancer (its canonical hosted zone id)",
        record.value
    );
    let mut parameter = json!({"Type": "String", "Description": description});
    if let Some(known) = zone_of_target(&record.value) {
        parameter["Default"] = json!(known);
    }
    parameter
}

/// A name as a logical id, which has letters and digits only: `AcmeChallengeWwwExampleCom`.
fn word(name: &str) -> String {
    let mut word = String::new();
    for part in name.split(|c: char| !(c.is_ascii_alphanumeric() || c == '*')) {
        let part = if part == "*" { "wildcard" } else { part };
        word.extend(part.chars().take(1).map(|c| c.to_ascii_uppercase()));
        word.extend(part.chars().skip(1).filter(char::is_ascii_alphanumeric));
    }
    if word.starts_with(|c: char| c.is_ascii_alphabetic()) { word } else { format!("Name{word}") }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_template_has_each_record_and_declares_what_it_refers_to() {
        let sample = sample();
        let text = cloud_formation(&sample.iter().collect::<Vec<_>>());
        let template: Value = serde_json::from_str(&text).expect("JSON");
        let resources = template["Resources"].as_object().expect("resources");
        assert_eq!(resources.len(), sample.len());
        assert_eq!(
            resources["AcmeChallengeExampleCom"]["Properties"],
            json!({"HostedZoneId": {"Ref": "ZoneIdOfExampleCom"}, "Name": "_acme-challenge.example.com", "Type": "CNAME",
                "TTL": "300", "ResourceRecords": ["l.acme.platform.example"]})
        );
        assert_eq!(
            resources["ExampleCom"]["Properties"]["AliasTarget"],
            json!({"DNSName": "edge.platform.example", "HostedZoneId": {"Ref": "TargetZoneIdOfExampleCom"}})
        );
        assert_eq!(
            resources["ValidationPersistExampleOrg"]["Properties"]["ResourceRecords"],
            json!(["\"ca.example; accounturi=https://ca.example/7\""]),
            "Route 53 wants texts in quotes"
        );
        for (id, resource) in resources {
            assert!(id.chars().all(|c| c.is_ascii_alphanumeric()) && resource["Type"] == "AWS::Route53::RecordSet");
        }
        let references: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("\"Ref\": ")).collect();
        for reference in references {
            assert!(template["Parameters"][reference.trim_matches('"')].is_object(), "{reference}");
        }
    }

    #[test]
    fn a_target_of_cloudfront_has_its_zone_filled_in() {
        let mut sample = sample();
        sample[0].value = "d1.cloudfront.net".into();
        let text = cloud_formation(&[&sample[0]]);
        assert!(text.contains("\"Default\": \"Z2FDTNDATAQYW2\""), "{text}");
    }
}
