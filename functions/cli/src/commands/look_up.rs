//! The commands that only read.

use std::num::NonZeroUsize;

use serde_json::Value;
use wire::{EndpointView, RecordView, RequiredRecord, WaitingOn};

use super::{now, print};
use crate::api::{Answer, Api, PAGE};
use crate::arguments::{Format, History, List, Order, RecordFormat, Records, Show};
use crate::render::{self, ChangeBatchError};
use crate::terminal::error::CliError;
use crate::terminal::output::shell_word;
use crate::terminal::result::write_result;

pub(super) async fn list(api: &Api, command: &List) -> Result<(), CliError> {
    let List { filter, sort, limit, output } = command;
    let mut selection = filter.query();
    let filtered = !selection.is_empty();
    let most = limit.map(NonZeroUsize::get);
    let endpoints = match (sort, most) {
        (Order::Domain, most) => api.endpoints(&selection, most).await?,
        // As many as one page has, the API sorts; for each further page it would read every endpoint again.
        (Order::Attention, Some(most)) if most <= PAGE => {
            selection.push(("sort", "attention".to_owned()));
            api.endpoints(&selection, Some(most)).await?
        }
        (Order::Attention, most) => first(by_attention(api.endpoints(&selection, None).await?), most),
    };
    print(output.format, &endpoints.json, |style| match endpoints.seen.is_empty() {
        true => render::empty_list(filtered),
        false => render::endpoint_list(style, &endpoints.seen, now()),
    })
}

fn first(mut endpoints: Answer<Vec<EndpointView>>, most: Option<usize>) -> Answer<Vec<EndpointView>> {
    if let (Some(most), Value::Array(objects)) = (most, &mut endpoints.json) {
        objects.truncate(most);
        endpoints.seen.truncate(most);
    }
    endpoints
}

/// Sorts here what the API gives by domain.
fn by_attention(endpoints: Answer<Vec<EndpointView>>) -> Answer<Vec<EndpointView>> {
    let Value::Array(objects) = endpoints.json else { return endpoints };
    let mut both: Vec<_> = endpoints.seen.into_iter().zip(objects).collect();
    // What waits on the operator comes first: it often is why others wait. Those that do not break come last.
    both.sort_by_key(|(seen, _)| {
        (seen.actor != WaitingOn::Operator, seen.status.clone(), seen.breaks_at.is_none(), seen.breaks_at)
    });
    let (seen, objects) = both.into_iter().unzip();
    Answer { seen, json: Value::Array(objects) }
}

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
