//! `reconcile`: compares ACM with the table, page by page.

use serde_json::{Value, json};
use wire::{Difference, ReconcileWish};

use super::print;
use crate::api::Api;
use crate::arguments::{Format, Reconcile};
use crate::render;
use crate::terminal::error::CliError;

pub(super) async fn reconcile(api: &Api, command: &Reconcile) -> Result<(), CliError> {
    let (mut checked, mut differences, mut json) = (0, Vec::new(), Vec::new());
    let mut wish = ReconcileWish { adopt: command.adopt, after: None };
    loop {
        let page = api.reconcile(&wish).await?;
        checked += page.seen.checked;
        differences.extend(page.seen.differences);
        json.extend(page.json["differences"].as_array().cloned().unwrap_or_default());
        match page.seen.next {
            None => break,
            // A page that is its own next one would never end.
            next if next == wish.after => break,
            next => wish.after = next,
        }
    }
    let all = json!({"checked": checked, "differences": Value::from(json)});
    print(command.output.format, &all, |style| render::reconciliation(style, checked, &differences))?;
    let left: Vec<&Difference> = differences.iter().filter(|difference| difference.action.is_some()).collect();
    let Some(first) = left.first() else { return Ok(()) };
    let what = format!("Differences left: {} of {}, the first: {}.", left.len(), differences.len(), first.domain);
    let next = first.action.clone().unwrap_or_default();
    Err(CliError::new(what, &first.detail, next).unless_told(command.output.format == Format::Table))
}
