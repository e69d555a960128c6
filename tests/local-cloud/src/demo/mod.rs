//! `local-cloud demo`: five stories on a cloud of their own, from a domain name to a renewed certificate.
//!
//! What a user does is done by the CLI, what a domain's owner does by editing a hosted zone. Whatever ends the
//! stories, the cloud is stopped.

mod command;
mod evidence;
mod first_certificate;
mod interruption;
mod publications;
mod report;
mod schedule;
mod screen;
mod setup;
mod stories;

use std::time::{Duration, Instant};

use anyhow::{Error, Result, anyhow};
use tokio::time::sleep;

use crate::cloud::{self, LocalCloud};
use crate::layout::Project;
use crate::options::{CaOptions, Options};
pub use first_certificate::try_domain;
use interruption::Interruption;
use screen::Screen;

/// Renewal opens at half of it. The scan comes each minute, so it finds a certificate due, and has it renewed,
/// before it expires.
const LIFETIME: Duration = Duration::from_secs(180);
/// How long the stories may take. They take a third of it.
const LIMIT: Duration = Duration::from_secs(600);

/// Plays the stories on a fresh cloud, `NAME-demo`, and stops it, however they end.
///
/// # Errors
///
/// What went wrong first, and where the logs are.
pub async fn demo(name: &str) -> Result<()> {
    let begun = Instant::now();
    let name = format!("{name}-demo");
    let screen = Screen::of_stdout();
    let mut interruption = Interruption::listen()?;
    screen.line(&screen.bold("From a domain name to a certificate in ACM, and renewed"))?;
    screen.paragraph(
        "Starting a cloud of its own on this machine: AWS (ministack; moto for ACM), a CA (Pebble), DNS and the \
         edge. The stack is deployed to it as to AWS.",
    )?;

    let cloud = tokio::select! {
        biased;
        // It stops again what it started, and says where the logs are.
        started = LocalCloud::start(options(&name)) => started.map_err(|error| failed(&error))?,
        signal = interruption.wait() => {
            // The cloud must not keep running because nobody reads this.
            let _ = screen.line("Stopping what has started.");
            cloud::stop(&name)?;
            return Err(anyhow!("The demo was interrupted ({signal}). Everything is stopped."));
        }
    };
    let outcome = tokio::select! {
        biased;
        signal = interruption.wait() => Err(anyhow!("it was interrupted ({signal})")),
        error = first_to_end(&name) => Err(error),
        played = stories::play(&cloud, &screen) => played,
        () = sleep(LIMIT) => Err(anyhow!("it was not done after {} minutes", LIMIT.as_secs() / 60)),
    };
    let logs = cloud.log("ministack").with_file_name("");
    // Not by dropping it: its logs may be wanted.
    let _ = cloud.leave_running();
    let stopped = cloud::stop(&name);
    outcome
        .map_err(|error| anyhow!("{:#}\nEverything is stopped. The logs are in {}", failed(&error), logs.display()))?;
    stopped?;

    screen.line("")?;
    screen.paragraph(&format!(
        "All of it was right, and took {}. The cloud is stopped. For one that stays: make up; then \
         set -a; . .local/env; set +a; .local/bin/managed-https --help",
        report::span(begun.elapsed())
    ))
}

fn failed(error: &Error) -> Error {
    anyhow!("The demo failed: {error:#}")
}

fn options(name: &str) -> Options {
    // Each order validates each name again: authorizations that are reused would leave nothing to see.
    let ca = CaOptions { minutes_lifetime: LIFETIME, authz_reuse_percent: 0, ..CaOptions::default() };
    Options { name: name.to_owned(), ca, profile: Some("minutes".into()), progress: true, ..Options::default() }
}

/// Waits until a process of the cloud has ended that should not have.
async fn first_to_end(name: &str) -> Error {
    loop {
        match cloud::processes(name) {
            Err(error) => return error,
            Ok(processes) => {
                if let Some((process, _)) = processes.iter().find(|(_, running)| !running) {
                    let log = Project::find().map(|project| project.cloud(name).log(&process.role));
                    let log = log.map_or(String::new(), |log| format!(" Its log: {}", log.display()));
                    return anyhow!("{} (pid {}) has ended in the middle.{log}", process.role, process.pid);
                }
            }
        }
        sleep(Duration::from_millis(300)).await;
    }
}
