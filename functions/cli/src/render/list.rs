//! The list of endpoints.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{Cell, ColumnConstraint, Width};
use time::OffsetDateTime;
use vocabulary::times::relative;
use wire::{EndpointView, Status, WaitingOn};

use super::facts::{facts, fold};
use super::width::{cells, padded};
use super::words::{InWords, Person};
use super::{cell, colour_of, fits, heading, keep_whole, narrow, table, text_of, width_of};
use crate::terminal::output::Style;

const HEADERS: [&str; 7] = ["STATUS", "DOMAIN", "WAITING ON", "EXPIRES", "NEXT STEP", "REACHABILITY", "TENANT"];
/// Columns before the next step, which is folded where all others are not.
const SHORT: usize = 4;
/// Columns without which there is no table.
const KEPT: usize = 3;
/// The least width for the next step; with less, it is below the table.
const STEP_WIDTH: usize = 24;

/// What an empty list says, which depends on whether anything was filtered out.
pub(crate) fn empty_list(filtered: bool) -> String {
    match filtered {
        true => "No endpoint matches. Show all: managed-https list\n".into(),
        false => "No endpoints yet. Register one: managed-https add DOMAIN --external (or --internal)\n".into(),
    }
}

/// A table of endpoints that is written page by page, its columns as wide as those of the first page at the least.
pub(crate) struct EndpointTable {
    style: Style,
    now: OffsetDateTime,
    /// Of the columns of what was written.
    widths: Option<[usize; SHORT]>,
    /// What goes below the table.
    steps: String,
    /// Whether the last page was no table, but blocks.
    in_blocks: bool,
    /// Whether endpoints with one cause share a line.
    folds: bool,
    /// The commands that list each endpoint of a line which represents several.
    commands: BTreeSet<String>,
}

/// One endpoint, or several with one cause.
struct Row<'a> {
    first: &'a EndpointView,
    others: usize,
}

impl EndpointTable {
    pub(crate) fn new(style: Style, now: OffsetDateTime) -> Self {
        let (steps, commands) = (String::new(), BTreeSet::new());
        Self { style, now, widths: None, steps, in_blocks: false, folds: false, commands }
    }

    /// Folds the endpoints with one cause into one line, for people: a program gets one line for each.
    pub(crate) fn folding(self, folds: bool) -> Self {
        Self { folds: folds && self.style.width.is_some(), ..self }
    }

    /// The rows of a page that is not empty, the first time below their headers.
    pub(crate) fn rows(&mut self, endpoints: &[EndpointView]) -> String {
        let (style, now) = (self.style, self.now);
        let shown = rows_of(endpoints, self.folds);
        self.commands.extend(shown.iter().filter(|row| row.others > 0).map(Row::command));
        let rows: Vec<[String; SHORT]> = shown
            .iter()
            .map(|row| {
                let endpoint = row.first;
                [
                    endpoint.as_words().to_owned(),
                    row.names(),
                    endpoint.actor.as_word().to_owned(),
                    expires(endpoint, now),
                ]
            })
            .collect();
        let before = self.widths.unwrap_or_default();
        let widths: [usize; SHORT] = std::array::from_fn(|column| {
            rows.iter().map(|row| cells(&row[column])).max().unwrap_or(0).max(before[column])
        });
        let mut table = table(style, &HEADERS);
        for (Row { first: endpoint, .. }, row) in shown.iter().zip(rows) {
            let padded: [String; SHORT] = std::array::from_fn(|column| padded(&row[column], before[column]));
            let [status, names, actor, expires] = padded;
            table.add_row([
                cell(style, &status, colour_of(&endpoint.status)),
                Cell::new(names),
                Cell::new(actor),
                Cell::new(expires),
                Cell::new(step(endpoint, now)),
                Cell::new(&endpoint.reachability),
                Cell::new(&endpoint.tenant),
            ]);
        }
        keep_whole(&mut table, SHORT);
        let follows = self.widths.replace(widths).is_some();
        if !fits(&table, style, KEPT) {
            self.in_blocks = true;
            return format!("{}{}", if follows { "\n" } else { "" }, blocks(style, &shown, now));
        }
        narrow(&mut table, style, SHORT + 1);
        if let Some(width) = style.width {
            let left = usize::from(width).saturating_sub(width_of(&table, SHORT));
            let column = table.column_mut(SHORT).expect("it was made");
            if left < STEP_WIDTH {
                column.set_constraint(ColumnConstraint::Hidden);
                // Names that are very long leave no room for the date either.
                narrow(&mut table, style, KEPT);
                self.steps += &steps(style, &shown);
            } else {
                column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(
                    u16::try_from(left).unwrap_or(width),
                )));
            }
        }
        let text = text_of(&table);
        match follows && !std::mem::take(&mut self.in_blocks) {
            // The headers stand above already.
            true => text.split_inclusive('\n').skip(2).collect(),
            false => text,
        }
    }

    /// The text below the table.
    pub(crate) fn end(self) -> String {
        let mut text = match self.steps.is_empty() {
            true => String::new(),
            false => format!("\n{}\n{}", heading(self.style, "Next steps"), self.steps),
        };
        if !self.commands.is_empty() {
            text += &format!("\n{}\n\n", heading(self.style, "List each of them"));
            // Never folded: they are copied.
            text.extend(self.commands.iter().map(|command| format!(" {command}\n")));
        }
        text
    }
}

/// One below the other, where a name is too long for a table.
fn blocks(style: Style, shown: &[Row<'_>], now: OffsetDateTime) -> String {
    let block = |row: &Row<'_>| {
        let endpoint = row.first;
        let status = style.paint(endpoint.as_words(), colour_of(&endpoint.status));
        let mut rows = vec![("status", status)];
        if endpoint.actor != WaitingOn::Nobody {
            rows.push(("waiting on", endpoint.actor.as_word().to_owned()));
        }
        rows.extend([("expires", expires(endpoint, now)), ("next step", step(endpoint, now))]);
        format!(" {}\n{}", row.names(), facts(style, &rows))
    };
    shown.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// The next steps, where the table has no room for them.
fn steps(style: Style, shown: &[Row<'_>]) -> String {
    let room = style.width.map(|width| usize::from(width).saturating_sub(4));
    let mut text = String::new();
    for row in shown.iter().filter(|row| row.first.actor != WaitingOn::Nobody) {
        let endpoint = row.first;
        let whom = if row.others == 0 { endpoint.title().to_owned() } else { row.names() };
        text += &format!("\n {whom} ({})\n", endpoint.actor.as_word());
        for line in fold(&endpoint.next_step, room) {
            text += &format!("   {line}\n");
        }
    }
    text
}

/// One line for each endpoint, or for all that wait on somebody for one cause. The first one, the most urgent, represents them.
fn rows_of(endpoints: &[EndpointView], folds: bool) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut known: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for endpoint in endpoints {
        let key = endpoint.at_fault.as_deref().zip(endpoint.cause.as_deref());
        let key = key.filter(|_| folds && endpoint.actor != WaitingOn::Nobody);
        let key = key.map(|(at_fault, cause)| (endpoint.actor.as_word(), cause, at_fault));
        match key.and_then(|key| known.get(&key)) {
            Some(&at) => rows[at].others += 1,
            None => {
                known.extend(key.map(|key| (key, rows.len())));
                rows.push(Row { first: endpoint, others: 0 });
            }
        }
    }
    rows
}

impl Row<'_> {
    /// Its name, and the number of its additional names, or of the other endpoints.
    fn names(&self) -> String {
        let title = self.first.title();
        match (self.others, self.first.display_names.len().saturating_sub(1)) {
            (0, 0) => title.to_owned(),
            (0, more) => format!("{title} +{more}"),
            (others, _) => format!("{} endpoints (first: {title})", others + 1),
        }
    }

    fn command(&self) -> String {
        let (cause, at_fault) = (&self.first.cause, &self.first.at_fault);
        let quoted = at_fault.as_deref().map(|at_fault| format!("'{}'", at_fault.replace('\'', "")));
        format!(
            "managed-https list --cause {} --at-fault {}",
            cause.as_deref().unwrap_or_default(),
            quoted.unwrap_or_default()
        )
    }
}

/// `2026-12-28 (30 days)`
fn expires(endpoint: &EndpointView, now: OffsetDateTime) -> String {
    let Some(at) = endpoint.certificate.not_after else { return "none yet".into() };
    let distance = relative(at, now);
    let left = if at > now { distance.trim_start_matches("in ") } else { "expired" };
    format!("{} ({left})", at.date())
}

/// The next step or, where nobody is waited on, the renewal.
fn step(endpoint: &EndpointView, now: OffsetDateTime) -> String {
    match (endpoint.status.known(), endpoint.actor.known(), endpoint.certificate.renews_at.or(endpoint.next_attempt_at))
    {
        (Some(Status::Ready), Some(WaitingOn::Nobody), Some(at)) => format!("renewal {}", relative(at, now)),
        _ => endpoint.next_step.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::endpoint;
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-02 00:00 UTC);

    fn endpoint_list(style: Style, endpoints: &[EndpointView], now: OffsetDateTime) -> String {
        let mut table = EndpointTable::new(style, now);
        table.rows(endpoints) + &table.end()
    }

    #[test]
    fn pages_make_one_table_with_one_head_and_the_columns_of_the_first_page() {
        let mut long = endpoint();
        long.display_names = vec!["a-longer-name.example.com".into()];
        for width in [None, Some(200), Some(80)] {
            let style = Style { colour: false, width };
            let mut table = EndpointTable::new(style, NOW);
            let (first, second) = (table.rows(&[long.clone()]), table.rows(&[endpoint()]));
            assert_eq!(first.lines().count(), 3, "{first}");
            assert_eq!(second.lines().count(), 1, "{second}");
            let place = |line: &str| line.find("domain owner").expect("who is waited on");
            assert_eq!(place(first.lines().nth(2).expect("a row")), place(&second), "{first}{second}");
            let below = table.end();
            assert_eq!(below.matches("Next steps").count(), usize::from(width == Some(80)), "{below}");
        }
    }

    fn list(width: Option<u16>) -> String {
        endpoint_list(Style { colour: false, width }, &[endpoint()], NOW)
    }

    #[test]
    fn a_program_gets_one_line_for_each_endpoint_with_all_columns() {
        let text = endpoint_list(Style { colour: false, width: None }, &[endpoint(), endpoint()], NOW);
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("*.example.com +1") && text.contains("create it"), "{text}");
        assert_eq!(HEADERS.map(|header| text.contains(header)), [true; 7]);
    }

    #[test]
    fn on_a_narrow_terminal_the_list_leaves_columns_out_rather_than_folding_names() {
        let shown = |width| HEADERS.map(|header| list(width).contains(header));
        assert_eq!(shown(Some(200)), [true; 7]);
        assert_eq!(shown(Some(100)), [true, true, true, true, true, false, false]);
        assert_eq!(shown(Some(80)), [true, true, true, true, false, false, false]);
        assert_eq!(shown(Some(56)), [true, true, true, false, false, false, false]);
        assert!(
            list(Some(80)).ends_with("\nNext steps\n\n *.example.com (domain owner)\n   create it\n"),
            "{}",
            list(Some(80))
        );
        for width in [56, 80, 100, 200] {
            let text = list(Some(width));
            assert!(text.lines().all(|line| cells(line) <= usize::from(width)), "{text}");
        }
    }

    #[test]
    fn endpoints_with_one_cause_are_one_row_on_a_terminal_and_a_command_lists_each() {
        let failing = |name: &str, at_fault: &str| EndpointView {
            display_names: vec![name.into()],
            cause: Some("servers-silent".into()),
            at_fault: Some(at_fault.into()),
            ..endpoint()
        };
        let bulk = (0..134).map(|number| failing(&format!("h{number:03}.bulk.test"), "bulk.test"));
        let own = EndpointView { at_fault: None, ..failing("own.test", "") };
        let all: Vec<_> = bulk.chain([failing("other.test", "other.test"), own.clone(), own]).collect();
        let list = |width, folds| {
            let mut table = EndpointTable::new(Style { colour: false, width }, NOW).folding(folds);
            table.rows(&all) + &table.end()
        };
        let command = "managed-https list --cause servers-silent --at-fault 'bulk.test'";
        let text = list(Some(160), true);
        assert!(text.contains("134 endpoints (first: h000.bulk.test)"), "{text}");
        assert_eq!((text.matches("bulk.test").count(), text.matches("own.test").count()), (2, 2), "{text}");
        assert!(text.lines().any(|line| line.trim() == command), "{text}");
        let narrow = list(Some(80), true);
        assert!(narrow.lines().any(|line| line.trim() == command), "{narrow}");
        assert!(narrow.contains("134 endpoints (first: h000.bulk.test) (domain owner)"), "{narrow}");
        for each in [list(Some(160), false), list(None, true)] {
            assert_eq!((each.matches(".bulk.test").count(), each.contains("List each")), (134, false));
        }
    }

    #[test]
    fn a_name_that_is_too_long_for_a_table_is_not_folded() {
        let mut endpoint = endpoint();
        let long = format!("{0}.{0}.例え.example", "a".repeat(60));
        endpoint.display_names = vec![long.clone()];
        for width in [40, 80, 120] {
            let text = endpoint_list(Style { colour: false, width: Some(width) }, &[endpoint.clone()], NOW);
            assert!(text.lines().any(|line| line.trim() == long), "{width}: {text}");
            let others = || text.lines().filter(|line| line.trim() != long);
            assert!(others().all(|line| cells(line) <= usize::from(width)), "{width}: {text}");
            assert!(text.contains("waiting on   domain owner\n expires      2026-04-01 (89 days)\n"), "{text}");
        }
        let wide = endpoint_list(Style { colour: false, width: Some(200) }, &[endpoint], NOW);
        assert!(wide.starts_with(" STATUS"), "{wide}");
    }
}
