//! What happens while a command waits, on stderr: a spinner on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

pub(crate) struct Progress {
    spinner: Option<ProgressBar>,
    doing: String,
}

impl Progress {
    pub(crate) fn start() -> Self {
        let spinner = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}").expect("the template is valid");
            let spinner = ProgressBar::new_spinner().with_style(style);
            spinner.enable_steady_tick(Duration::from_millis(120));
            spinner
        });
        Self { spinner, doing: String::new() }
    }

    /// Says what is going on now; saying the same again changes nothing.
    pub(crate) fn doing(&mut self, text: &str) {
        if self.doing == text {
            return;
        }
        text.clone_into(&mut self.doing);
        match &self.spinner {
            Some(spinner) => spinner.set_message(text.to_owned()),
            None => line(text),
        }
    }

    /// Says something that stays on the screen.
    pub(crate) fn tell(&self, text: &str) {
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| line(text)),
            None => line(text),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

fn line(text: &str) {
    // That nobody reads the progress does not end the waiting.
    let _ = writeln!(io::stderr(), "{text}");
}
