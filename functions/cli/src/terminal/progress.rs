//! What happens while a command waits, on stderr: a spinner on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Between two lines, so that they do not fill a log.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

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

/// How much of a known number is done.
pub(crate) struct Bar {
    bar: ProgressBar,
    /// Without a terminal: when the last line was written.
    told: Option<Instant>,
}

impl Bar {
    pub(crate) fn start(length: usize) -> Self {
        let terminal = io::stderr().is_terminal();
        let style = ProgressStyle::with_template("{bar:30} {pos} of {len}, {eta} left  {wide_msg}");
        let bar = ProgressBar::with_draw_target(
            Some(length as u64),
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        let bar = bar.with_style(style.expect("the template is valid"));
        Self { bar, told: (!terminal).then(Instant::now) }
    }

    /// One more is done.
    pub(crate) fn done(&mut self, what: &str) {
        self.bar.inc(1);
        self.bar.set_message(what.to_owned());
        if self.told.is_some_and(|told| told.elapsed() >= BETWEEN_LINES) {
            line(&format!("{} of {}", self.bar.position(), self.bar.length().unwrap_or_default()));
            self.told = Some(Instant::now());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
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
    // The wait continues even if nobody reads the progress.
    let _ = writeln!(io::stderr(), "{text}");
}
