//! The commands that only read.

use serde_json::Value;
use wire::{RecordView, RequiredRecord};

use super::{now, print};
use crate::api::Api;
use crate::arguments::{Format, History, RecordFormat, Records, Show};
use crate::render::{self, ChangeBatchError};
use crate::terminal::error::CliError;
use crate::terminal::output::shell_word;
use crate::terminal::result::write_result;

pub(super) async fn show(api: &Api, command: &Show) -> Result<(), CliError> {
    let endpoint = api.endpoint(&command.named.endpoint).await?;
    print(command.output.format, &endpoint.json, |style| render::endpoint_page(style, &endpoint.seen, now()))
}

pub(super) async fn records(api: &Api, command: &Records) -> Result<(), CliError> {
    let records = api.records(&command.named.endpoint).await?;
    let code = match command.format {
        RecordFormat::Table => {
            return print(Format::Table, &(), |style| render::record_table(style, &records.seen.records));
        }
        // Read again, so that a program gets the four fields and no more, with the texts as they are.
        RecordFormat::Json => {
            let exact: Vec<RequiredRecord> =
                serde_json::from_value(records.json["records"].clone()).expect("was read as records before");
            return print(Format::Json, &exact, |_| String::new());
        }
        RecordFormat::Route53 => return route53(command, &records.seen.records),
        RecordFormat::Bind => render::zone_lines,
        RecordFormat::Terraform => render::terraform,
        RecordFormat::Cloudformation => render::cloud_formation,
    };
    let records: Vec<_> = records.seen.records.iter().map(|checked| &checked.record).collect();
    write_result(&code(&records))
}

fn route53(command: &Records, records: &[RecordView]) -> Result<(), CliError> {
    let records: Vec<_> = records.iter().map(|checked| &checked.record).collect();
    let again = format!("managed-https records {} --format route53", shell_word(command.named.endpoint.as_str()));
    let batch = render::change_batch(&records, command.zone.as_deref(), command.target_zone_id.as_deref());
    let batch = batch.map_err(|error| match error {
        ChangeBatchError::SeveralZones(zones) => CliError::usage(
            "No change batch was printed.",
            &format!("A batch is for one hosted zone, and the records are in several: {}.", zones.join(", ")),
            format!("Print them one by one: {again} --zone {}", zones.first().map_or("DOMAIN", String::as_str)),
        ),
        ChangeBatchError::NoSuchZone(zones) => CliError::usage(
            "No change batch was printed.",
            &format!("No record is in this zone; they are in {}.", zones.join(", ")),
            format!("{again} --zone {}", zones.first().map_or("DOMAIN", String::as_str)),
        ),
        ChangeBatchError::UnknownTarget(target) => CliError::usage(
            "No change batch was printed.",
            &format!("An alias in Route 53 needs the hosted zone id of its target {target}, for a load balancer its CanonicalHostedZoneId."),
            format!("{again} --target-zone-id ID"),
        ),
    })?;
    write_result(&batch)
}

pub(super) async fn history(api: &Api, command: &History) -> Result<(), CliError> {
    let attempts = api.attempts(&command.named.endpoint).await?;
    let json: &Value = &attempts.json["attempts"];
    print(command.output.format, json, |style| render::history(style, &attempts.seen.attempts))
}
