//! The results of a file's lines.

use std::path::Path;

use super::heading;
use crate::lines::{Applied, Outcome};
use crate::terminal::output::{Style, harmless};

/// Lines with a problem that are listed one by one; the results have all.
const TOLD: usize = 20;

pub(crate) fn applied(style: Style, file: &str, all: &[Applied], results: Option<&Path>) -> String {
    let count = |outcome| all.iter().filter(|applied| applied.outcome == outcome).count();
    let counts = Outcome::ALL.into_iter().map(|outcome| (count(outcome), outcome.as_words()));
    let counts: Vec<_> =
        counts.filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
    let lines = if all.len() == 1 { "line" } else { "lines" };
    let mut text = format!("{file}: {} {lines}", all.len());
    text += &if counts.is_empty() { ".\n".into() } else { format!(", {}.\n", counts.join(", ")) };
    let unwell: Vec<_> = all.iter().filter(|applied| !applied.outcome.is_well()).collect();
    if !unwell.is_empty() {
        text += &format!("\n{}\n", heading(style, "Not done"));
    }
    for applied in unwell.iter().take(TOLD) {
        let Applied { line, domain, outcome, why, next_step, .. } = applied;
        text += &format!("\n line {line}  {} ({})\n", harmless(domain), outcome.as_words());
        for part in [why, next_step].into_iter().filter(|part| !part.is_empty()) {
            text += &format!("   {part}\n");
        }
    }
    if unwell.len() > TOLD {
        text += &format!("\n and {} more\n", unwell.len() - TOLD);
    }
    if let Some(path) = results {
        text += &format!("\nResults of all lines, with the records to create: {}\n", path.display());
    }
    text
}
