//! Why a command failed, for a person: what happened, why, and the next step.

use std::io::{self, Write};

use crate::terminal::output::{Colour, Style, colour_wanted};

/// All three parts are required, so that every error has a next step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CliError {
    what: String,
    why: String,
    next: String,
    /// The exit status.
    pub(crate) status: u8,
    /// Whether the result on stdout says all of it.
    told: bool,
}

impl CliError {
    pub(crate) fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), next: next.into(), status: 1, told: false }
    }

    /// The command itself is to be changed.
    pub(crate) fn usage(what: &str, why: &str, next: impl Into<String>) -> Self {
        Self { status: 2, ..Self::new(what, why, next) }
    }

    /// Leaves the message to the result, if `told`: a page that people read, with the next command at its end.
    pub(crate) fn unless_told(self, told: bool) -> Self {
        Self { told, ..self }
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn why(&self) -> &str {
        &self.why
    }

    pub(crate) fn next(&self) -> &str {
        &self.next
    }

    pub(crate) fn print(&self) {
        if self.told {
            return;
        }
        let mut err = io::stderr().lock();
        let style = Style { colour: colour_wanted(&err), width: None };
        // If stderr is gone, there is nowhere left to report it.
        let _ = err.write_all(self.text(style).as_bytes());
    }

    fn text(&self, style: Style) -> String {
        let mut text = format!("{} {}\n", style.paint("error:", Colour::Red), self.what);
        if !self.why.is_empty() {
            text += &format!("  why:  {}\n", self.why);
        }
        text + &format!("  next: {}\n", self.next)
    }
}
