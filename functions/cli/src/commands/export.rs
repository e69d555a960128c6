//! `export`: all endpoints, as `apply` reads them.

use crate::api::Api;
use crate::arguments::{Export, ExportFormat};
use crate::lines::{Line, csv_header, csv_record};
use crate::terminal::error::CliError;
use crate::terminal::output::json_line;
use crate::terminal::result::write_result;

pub(super) async fn export(api: &Api, command: &Export) -> Result<(), CliError> {
    let is_operator = api.caller().await?.seen.operator;
    let selection = command.filter.query();
    if command.format == ExportFormat::Csv {
        write_result(&csv_header())?;
    }
    // A page at a time: a list may be longer than what fits into memory.
    let mut pages = api.endpoint_pages(&selection, None);
    while let Some(page) = pages.next().await? {
        let lines = page.seen.iter().filter(|endpoint| !endpoint.leaves());
        let lines = lines.filter_map(|endpoint| Line::of(endpoint, is_operator));
        let text: String = match command.format {
            ExportFormat::Csv => lines.map(|line| csv_record(&line)).collect(),
            ExportFormat::Json => lines.map(|line| json_line(&serde_json::json!(line)) + "\n").collect(),
        };
        write_result(&text)?;
    }
    Ok(())
}
