//! Tables and pages for people. Texts come disarmed from [`crate::api::Answer`].

mod applied;
mod check;
mod code;
mod doctor;
mod endpoint;
mod events;
mod facts;
mod history;
mod limits;
mod list;
mod reconciliation;
mod records;
#[cfg(test)]
pub(crate) mod sample;
mod shares;
mod sheet;
mod width;
mod words;

pub(crate) use applied::applied;
pub(crate) use check::{Checked, provider_hint, ready_line, status_of_domain, status_of_endpoint, waiting_words};
pub(crate) use code::{ChangeBatchError, change_batch, cloud_formation, terraform, zone_lines};
pub(crate) use doctor::{doctor_page, has_failed};
pub(crate) use endpoint::{endpoint_page, muted_words, state_line};
pub(crate) use events::{Trail, event_line, events};
pub(crate) use history::{attempt_line, history};
pub(crate) use limits::limits;
pub(crate) use list::{EndpointTable, empty_list};
pub(crate) use reconciliation::reconciliation;
pub(crate) use records::{character_strings, record_line, record_table};
pub(crate) use shares::{mail, new_share, shares};
pub(crate) use sheet::{csv_head, csv_row};
pub(crate) use words::{InWords, Person};

use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};
use wire::{Open, Outcome, RecordStatus, Status};

use crate::terminal::output::{Colour, Style};

/// Columns without lines: what is read can be copied, and `awk` can read it too.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

fn table(style: Style, headers: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    match style.width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        // Lines that a program reads are never folded.
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    // Whether there is colour was decided already, by more than the stream.
    if style.colour {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table.set_header(headers.iter().map(|text| match style.colour {
        true => Cell::new(text).add_attribute(Attribute::Bold),
        false => Cell::new(text),
    }));
    table
}

/// The width that the first `columns` need to have no cell folded.
fn width_of(table: &Table, columns: usize) -> usize {
    // Padding on either side, and one between the columns.
    table.column_max_content_widths().iter().take(columns).map(|width| usize::from(*width) + 3).sum()
}

/// Keeps the cells of the first `columns` on one line, so that they can be copied.
fn keep_whole(table: &mut Table, columns: usize) {
    for column in table.column_iter_mut().take(columns) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

/// Whether the first `columns` fit into the terminal without a cell being folded.
fn fits(table: &Table, style: Style, columns: usize) -> bool {
    style.width.is_none_or(|width| width_of(table, columns) <= usize::from(width))
}

/// Leaves columns out from the right, as many as it takes to fold no other, but for the first `kept`.
fn narrow(table: &mut Table, style: Style, kept: usize) {
    for column in kept..table.column_count() {
        if !fits(table, style, column + 1) {
            let column = table.column_mut(column).expect("it was counted");
            column.set_constraint(ColumnConstraint::Hidden);
        }
    }
}

/// A step that people take, and the command to run after it. No dot ends what may be a command or a name to copy.
pub(crate) fn then(step: &str, command: &str) -> String {
    match step.trim_end_matches('.') {
        "" => command.to_owned(),
        step => format!("{step}; then: {command}"),
    }
}

fn text_of(table: &Table) -> String {
    format!("{}\n", table.trim_fmt())
}

fn number(value: u64) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

fn cell(style: Style, text: &str, colour: Colour) -> Cell {
    let colour = match colour {
        Colour::Red => comfy_table::Color::Red,
        Colour::Green => comfy_table::Color::Green,
        Colour::Yellow => comfy_table::Color::Yellow,
        Colour::Cyan => comfy_table::Color::Cyan,
    };
    if style.colour { Cell::new(text).fg(colour) } else { Cell::new(text) }
}

fn heading(style: Style, text: &str) -> String {
    if style.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

fn colour_of(status: &Open<Status>) -> Colour {
    match status.known() {
        Some(Status::Ready) => Colour::Green,
        Some(Status::ActionRequired) => Colour::Red,
        Some(Status::Degraded | Status::Paused) | None => Colour::Yellow,
        Some(Status::Retrying | Status::WaitingForDns | Status::Issuing) => Colour::Cyan,
    }
}

fn colour_of_status(status: &Open<RecordStatus>) -> Colour {
    match status.known() {
        Some(RecordStatus::Ok) => Colour::Green,
        Some(RecordStatus::Unreachable) | None => Colour::Yellow,
        Some(RecordStatus::Missing | RecordStatus::Mismatch | RecordStatus::Conflict) => Colour::Red,
    }
}

fn colour_of_outcome(outcome: &Open<Outcome>) -> Colour {
    match outcome.known() {
        Some(Outcome::Issued | Outcome::Renewed | Outcome::Unchanged) => Colour::Green,
        Some(Outcome::Failed) => Colour::Red,
        Some(Outcome::Removed) | None => Colour::Yellow,
        Some(Outcome::Running) => Colour::Cyan,
    }
}
