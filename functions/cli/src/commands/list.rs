//! `list`: the endpoints, page by page as they come.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use serde_json::Value;
use wire::{EndpointView, WaitingOn};

use super::now;
use crate::api::{Answer, Api, EndpointPages, PAGE};
use crate::arguments::{List, ListFormat, Order};
use crate::render::{EndpointTable, csv_head, csv_row, empty_list};
use crate::terminal::error::CliError;
use crate::terminal::output::{Style, json_item};
use crate::terminal::result::write_result;

pub(super) async fn list(api: &Api, command: &List) -> Result<(), CliError> {
    let List { filter, sort, limit, format } = command;
    let selection = filter.query();
    let most = limit.map(NonZeroUsize::get);
    let mut listing = Listing::new(*format, !selection.is_empty(), most);
    let mut urgent = selection.clone();
    urgent.push(("sort", "attention".to_owned()));
    match (sort, most) {
        (Order::Domain, most) => listing.write_all(api.endpoint_pages(&selection, most)).await?,
        (Order::Attention, Some(most)) if most <= PAGE => {
            listing.write_all(api.endpoint_pages(&urgent, Some(most))).await?;
        }
        (Order::Attention, _) => {
            let mut pages = api.endpoint_pages(&selection, None);
            let first = pages.next().await?.unwrap_or_else(nothing);
            if pages.is_done() {
                listing.write(by_attention(first))?;
            } else {
                // The API sorts one page. For each additional one in this order it may read every endpoint again.
                let most_urgent = api.endpoint_pages(&urgent, Some(PAGE)).next().await?.unwrap_or_else(nothing);
                let above = most_urgent.seen.iter().map(|seen| seen.id.clone()).collect();
                listing.write(most_urgent)?;
                listing.skip = above;
                listing.write(first)?;
                listing.write_all(pages).await?;
            }
        }
    }
    listing.end()
}

/// A list that is written as it comes: what was written is kept no longer.
struct Listing {
    filtered: bool,
    /// How many more are wanted; without a number, all.
    left: Option<usize>,
    format: ListFormat,
    table: EndpointTable,
    empty: bool,
    /// Ids of endpoints that are listed above, outside the order of the rest.
    skip: HashSet<String>,
}

impl Listing {
    fn new(format: ListFormat, filtered: bool, most: Option<usize>) -> Self {
        let table = EndpointTable::new(Style::of_stdout(), now()).folding(!filtered);
        Self { filtered, left: most, format, table, empty: true, skip: HashSet::new() }
    }

    async fn write_all(&mut self, mut pages: EndpointPages<'_>) -> Result<(), CliError> {
        while self.left != Some(0) {
            let Some(page) = pages.next().await? else { break };
            self.write(page)?;
        }
        Ok(())
    }

    fn write(&mut self, page: Answer<Vec<EndpointView>>) -> Result<(), CliError> {
        let Value::Array(objects) = page.json else { return Ok(()) };
        let mut both: Vec<_> = page.seen.into_iter().zip(objects).collect();
        both.retain(|(seen, _)| !self.skip.contains(&seen.id));
        both.truncate(self.left.unwrap_or(usize::MAX));
        self.left = self.left.map(|left| left - both.len());
        let (seen, objects): (Vec<_>, Vec<_>) = both.into_iter().unzip();
        if seen.is_empty() {
            return Ok(());
        }
        let is_first = std::mem::take(&mut self.empty);
        write_result(&match self.format {
            ListFormat::Table => self.table.rows(&seen),
            ListFormat::Csv => {
                let head = if is_first { csv_head() } else { String::new() };
                head + &seen.iter().map(csv_row).collect::<String>()
            }
            ListFormat::Json => {
                let first = if is_first { "[\n" } else { ",\n" };
                let items: Vec<_> = objects.iter().map(json_item).collect();
                format!("{first}{}", items.join(",\n"))
            }
        })
    }

    fn end(self) -> Result<(), CliError> {
        write_result(&match (self.format, self.empty) {
            (ListFormat::Json, true) => "[]\n".to_owned(),
            (ListFormat::Json, false) => "\n]\n".to_owned(),
            (ListFormat::Csv, true) => csv_head(),
            (ListFormat::Csv, false) => String::new(),
            (ListFormat::Table, true) => empty_list(self.filtered),
            (ListFormat::Table, false) => self.table.end(),
        })
    }
}

fn nothing() -> Answer<Vec<EndpointView>> {
    Answer { json: Value::Array(Vec::new()), seen: Vec::new() }
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
