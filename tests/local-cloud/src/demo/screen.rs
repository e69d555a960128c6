//! What is shown, and how: lines that fit, colour and movement on a terminal only.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Columns that lines keep to. Names and values are never folded.
const WIDTH: usize = 100;
/// Where the text of a fact begins.
const FACT: usize = 12;

pub(super) struct Screen {
    terminal: bool,
    colour: bool,
}

impl Screen {
    pub(super) fn of_stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        // https://no-color.org: set to anything but nothing, it means no.
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { terminal: terminal && !dumb, colour: terminal && !refused && !dumb }
    }

    /// # Errors
    ///
    /// Nobody reads any more: there is nobody to play for.
    pub(super) fn line(&self, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).context("writing to the screen")
    }

    pub(super) fn heading(&self, text: &str) -> Result<()> {
        self.line(&format!("\n{}", self.bold(text)))
    }

    pub(super) fn paragraph(&self, text: &str) -> Result<()> {
        self.line(&fold(text, 0, 0))
    }

    /// The text of the stories between their commands.
    pub(super) fn print(&self, text: &str) -> Result<()> {
        self.line(&fold(text, 2, 2))
    }

    pub(super) fn command(&self, text: &str) -> Result<()> {
        self.line(&self.paint(&format!("  $ {text}"), "1;36"))
    }

    /// What a command answered.
    pub(super) fn answer(&self, text: &str) -> Result<()> {
        let text = text.trim();
        self.line(&fold(text, 4, after_gap(text).map_or(6, |gap| gap + 4)))
    }

    /// One thing that was checked, under its name.
    pub(super) fn fact(&self, name: &str, text: &str) -> Result<()> {
        self.named(name, fold(text, FACT, FACT).trim_start())
    }

    /// Something to copy: one line, however long.
    pub(super) fn to_copy(&self, name: &str, text: &str) -> Result<()> {
        self.named(name, text)
    }

    fn named(&self, name: &str, text: &str) -> Result<()> {
        self.line(&format!("  {}{text}", self.paint(&format!("{name:<width$}", width = FACT - 2), "32")))
    }

    pub(super) fn bold(&self, text: &str) -> String {
        self.paint(text, "1")
    }

    fn paint(&self, text: &str, codes: &str) -> String {
        if self.colour { format!("\u{1b}[{codes}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Something that moves while there is nothing else to see. Nothing at all where it is no terminal.
    pub(super) fn spinner(&self, text: String) -> Spinner {
        Spinner(self.terminal.then(|| {
            let style =
                ProgressStyle::with_template("  {spinner} {wide_msg} {elapsed}").expect("the template is valid");
            let target = ProgressDrawTarget::stdout();
            let spinner = ProgressBar::with_draw_target(None, target).with_style(style).with_message(text);
            spinner.enable_steady_tick(Duration::from_millis(120));
            spinner
        }))
    }
}

pub(super) struct Spinner(Option<ProgressBar>);

impl Spinner {
    pub(super) fn say(&self, text: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(text);
        }
    }

    /// Writes lines that stay, above the spinner.
    pub(super) fn above(&self, write: impl FnOnce() -> Result<()>) -> Result<()> {
        match &self.0 {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// `text` in lines of at most [`WIDTH`], the first indented by `first` and the others by `rest`.
///
/// Only blanks are broken at: a long name may stand out. Blanks within a line stay as they are.
fn fold(text: &str, first: usize, rest: usize) -> String {
    let mut lines = vec![" ".repeat(first) + text.trim_end()];
    while let Some(last) = lines.pop() {
        let indent = last.len() - last.trim_start().len();
        let fits = last.chars().count() <= WIDTH;
        let blanks = last.char_indices().filter(|(at, c)| *c == ' ' && *at > indent);
        // The last blank at which what stands before it fits; failing that, the first one at all.
        let before_fits = |at: usize| last[..at].chars().count() <= WIDTH;
        let cut = blanks.clone().rfind(|(at, _)| before_fits(*at)).or_else(|| blanks.clone().next());
        match cut {
            Some((at, _)) if !fits => {
                let after = " ".repeat(rest) + last[at..].trim_start();
                lines.push(last[..at].trim_end().to_owned());
                lines.push(after);
            }
            _ => {
                lines.push(last);
                break;
            }
        }
    }
    lines.join("\n")
}

/// Where the text begins that follows a name and a gap of blanks, as in the CLI's pages.
fn after_gap(text: &str) -> Option<usize> {
    let (name, rest) = text.split_once("  ")?;
    Some(name.chars().count() + 2 + rest.chars().take_while(|c| *c == ' ').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_at_blanks_and_indented() {
        let text = format!("{} bb {} {}", "a".repeat(93), "c".repeat(120), "d");
        let folded = fold(&text, 4, 6);
        let lines: Vec<_> = folded.lines().collect();
        assert_eq!(lines[0], format!("    {} bb", "a".repeat(93)));
        assert_eq!(lines[1], format!("      {}", "c".repeat(120)), "what cannot be folded is left whole");
        assert_eq!(lines[2], "      d");
    }

    #[test]
    fn a_line_of_exactly_the_width_is_kept() {
        let exact = format!("{} b", "a".repeat(WIDTH - 4));
        assert_eq!(fold(&exact, 2, 2), format!("  {exact}"));
        assert_eq!(fold(&format!("{exact}b"), 2, 2).lines().count(), 2);
    }

    #[test]
    fn blanks_within_a_line_stay_and_a_page_keeps_its_column() {
        assert_eq!(fold("a  b", 2, 4), "  a  b");
        assert_eq!(after_gap("To do         Create it"), Some(14));
        assert_eq!(after_gap("To do it"), None);
    }

    #[test]
    fn without_a_terminal_there_is_no_colour() {
        let plain = Screen { terminal: false, colour: false };
        assert_eq!(plain.bold("x"), "x");
        assert_ne!(Screen { terminal: true, colour: true }.bold("x"), "x");
    }
}
