//! A change batch of Route 53 (`ChangeResourceRecordSets`), as `aws route53 change-resource-record-sets` takes it.

use serde_json::{Value, json};
use wire::RequiredRecord;

use super::{TTL, is_alias, subject, zone_of_target, zones};
use crate::render::character_strings;
use crate::terminal::output::json_text;

/// Why there is no batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ChangeBatchError {
    /// A batch is of one hosted zone, and the records are in these.
    SeveralZones(Vec<String>),
    /// No record is below this domain; they are below these.
    NoSuchZone(Vec<String>),
    /// The alias to this target needs the hosted zone that the target is in.
    UnknownTarget(String),
}

/// The records below `zone`, or all of them if they have one registrable domain. `target_zone` is of the ALIAS.
pub(crate) fn change_batch(
    records: &[&RequiredRecord],
    zone: Option<&str>,
    target_zone: Option<&str>,
) -> Result<String, ChangeBatchError> {
    let domains = || zones(records).iter().map(|zone| zone.domain.to_owned()).collect::<Vec<_>>();
    let chosen: Vec<_> = match zone {
        Some(zone) => records.iter().copied().filter(|record| is_below(&record.name, zone)).collect(),
        None if domains().len() > 1 => return Err(ChangeBatchError::SeveralZones(domains())),
        None => records.to_vec(),
    };
    if chosen.is_empty() {
        return Err(ChangeBatchError::NoSuchZone(domains()));
    }
    let changes: Result<Vec<_>, _> = chosen.iter().map(|record| change(record, target_zone)).collect();
    let comment = format!("The DNS records that {} needs for its certificate", subject(&chosen));
    // Longer ones are refused; a name may have 253 characters.
    let comment: String = comment.chars().take(256).collect();
    Ok(json_text(&json!({"Comment": comment, "Changes": changes?})))
}

fn is_below(name: &str, zone: &str) -> bool {
    let (name, zone) = (name.to_ascii_lowercase(), zone.trim_end_matches('.').to_ascii_lowercase());
    name == zone || name.strip_suffix(&zone).is_some_and(|rest| rest.ends_with('.'))
}

fn change(record: &RequiredRecord, target_zone: Option<&str>) -> Result<Value, ChangeBatchError> {
    let mut set = json!({"Name": record.name, "Type": record.kind});
    if is_alias(record) {
        let zone = zone_of_target(&record.value).or(target_zone);
        let zone = zone.ok_or_else(|| ChangeBatchError::UnknownTarget(record.value.clone()))?;
        set["Type"] = json!("A");
        set["AliasTarget"] = json!({"HostedZoneId": zone, "DNSName": record.value, "EvaluateTargetHealth": false});
    } else {
        let value = character_strings(record, " ").unwrap_or_else(|| record.value.clone());
        set["TTL"] = json!(TTL);
        set["ResourceRecords"] = json!([{"Value": value}]);
    }
    // An existing record is replaced if it is of the same type, and refused by Route 53 otherwise.
    Ok(json!({"Action": "UPSERT", "ResourceRecordSet": set}))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn batch(zone: Option<&str>, target_zone: Option<&str>) -> Result<Value, ChangeBatchError> {
        let sample = sample();
        let text = change_batch(&sample.iter().collect::<Vec<_>>(), zone, target_zone)?;
        Ok(serde_json::from_str(&text).expect("JSON"))
    }

    #[test]
    fn a_batch_has_the_records_of_one_zone() {
        let all = ["example.com", "example.co.uk", "example.org"].map(str::to_owned).to_vec();
        assert_eq!(batch(None, None), Err(ChangeBatchError::SeveralZones(all.clone())));
        assert_eq!(batch(Some("ample.com"), None), Err(ChangeBatchError::NoSuchZone(all)));
        let names = |batch: &Value| {
            let changes = batch["Changes"].as_array().expect("changes").clone();
            changes.iter().map(|one| one["ResourceRecordSet"]["Name"].as_str().expect("a name").to_owned()).collect()
        };
        let co_uk: Vec<String> = names(&batch(Some("Example.co.uk."), None).expect("two records"));
        assert_eq!(co_uk, ["a-b.example.co.uk", "_acme-challenge.a-b.example.co.uk"]);
        let sub: Vec<String> = names(&batch(Some("a-b.example.co.uk"), None).expect("a zone of its own"));
        assert_eq!(sub.len(), 2);
    }

    #[test]
    fn a_change_is_what_route_53_takes() {
        assert_eq!(
            batch(Some("example.org"), None).expect("one record"),
            json!({"Comment": "The DNS records that example.org needs for its certificate", "Changes": [
                {"Action": "UPSERT", "ResourceRecordSet": {"Name": "_validation-persist.example.org", "Type": "TXT",
                    "TTL": 300, "ResourceRecords": [{"Value": "\"ca.example; accounturi=https://ca.example/7\""}]}}]})
        );
    }

    #[test]
    fn an_alias_needs_the_zone_of_its_target() {
        let unknown = Err(ChangeBatchError::UnknownTarget("edge.platform.example".into()));
        assert_eq!(batch(Some("example.com"), None), unknown);
        let given = batch(Some("example.com"), Some("Z1")).expect("a zone");
        let alias = &given["Changes"][0]["ResourceRecordSet"];
        assert_eq!((&alias["Type"], &alias["AliasTarget"]["HostedZoneId"]), (&json!("A"), &json!("Z1")));
        assert!(alias["TTL"].is_null() && alias["ResourceRecords"].is_null(), "{alias}");
    }
}
