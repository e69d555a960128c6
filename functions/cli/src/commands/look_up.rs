//! The commands that only read.

use serde_json::Value;
use wire::{EndpointView, RequiredRecord};

use super::{now, print};
use crate::api::Answer;
use crate::api::{Api, Selection};
use crate::arguments::{Format, History, List, Order, RecordFormat, Records, Show, word};
use crate::render;
use crate::terminal::error::Trouble;
use crate::terminal::result::write_result;

pub(super) async fn list(api: &Api, command: &List) -> Result<(), Trouble> {
    let List { verdict, actor, reachability, tenant, search, sort, output } = command;
    let choices = [
        ("verdict", verdict.as_ref().map(word)),
        ("actor", actor.as_ref().map(word)),
        ("reachability", reachability.as_ref().map(word)),
        ("tenant", tenant.clone()),
        ("q", search.clone()),
    ];
    let selection: Selection = choices.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let filtered = !selection.is_empty();
    let mut endpoints = api.endpoints(&selection).await?;
    if *sort == Order::Attention {
        endpoints = by_attention(endpoints);
    }
    print(output.format, &endpoints.json, |look| match endpoints.seen.is_empty() {
        true => render::empty_list(filtered),
        false => render::endpoint_list(look, &endpoints.seen, now()),
    })
}

/// Sorts here what the API gives by domain: all pages are read, and for each of its own order it looks at every
/// endpoint again.
fn by_attention(endpoints: Answer<Vec<EndpointView>>) -> Answer<Vec<EndpointView>> {
    let Value::Array(objects) = endpoints.json else { return endpoints };
    let mut both: Vec<_> = endpoints.seen.into_iter().zip(objects).collect();
    // Those that do not break come last.
    both.sort_by_key(|(seen, _)| (seen.verdict.clone(), seen.breaks_at.is_none(), seen.breaks_at));
    let (seen, objects) = both.into_iter().unzip();
    Answer { seen, json: Value::Array(objects) }
}

pub(super) async fn show(api: &Api, command: &Show) -> Result<(), Trouble> {
    let endpoint = api.endpoint(&command.named.endpoint).await?;
    print(command.output.format, &endpoint.json, |look| render::endpoint_page(look, &endpoint.seen, now()))
}

pub(super) async fn records(api: &Api, command: &Records) -> Result<(), Trouble> {
    let records = api.records(&command.named.endpoint).await?;
    let code = match command.format {
        RecordFormat::Table => {
            return print(Format::Table, &(), |look| render::record_table(look, &records.seen.records));
        }
        // Read anew, so that a program gets the four fields and no more, with the texts as they are.
        RecordFormat::Json => {
            let exact: Vec<RequiredRecord> =
                serde_json::from_value(records.json["records"].clone()).expect("was read as records before");
            return print(Format::Json, &exact, |_| String::new());
        }
        RecordFormat::Bind => render::zone_lines,
        RecordFormat::Terraform => render::terraform,
        RecordFormat::Cloudformation => render::cloud_formation,
    };
    let records: Vec<_> = records.seen.records.iter().map(|checked| &checked.record).collect();
    write_result(&code(&records))
}

pub(super) async fn history(api: &Api, command: &History) -> Result<(), Trouble> {
    let attempts = api.attempts(&command.named.endpoint).await?;
    let json: &Value = &attempts.json["attempts"];
    print(command.output.format, json, |look| render::history(look, &attempts.seen.attempts))
}
