//! `apply`: registers the endpoints of a file, line by line, any number of times.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use vocabulary::text::counted;
use wire::{PreflightView, Severity, Wish};

use super::print;
use crate::api::error::ApiError;
use crate::api::{Api, IdempotencyKey};
use crate::arguments::{Apply, EndpointName};
use crate::lines::{Applied, Fault, Line, Numbered, Outcome, ResultFile, read};
use crate::render::{self, Person};
use crate::terminal::error::CliError;
use crate::terminal::output::harmless;
use crate::terminal::progress::Bar;

/// Faults of a file that are reported at once.
const TOLD: usize = 20;
/// How often one line is sent while no answer comes, within a minute in all.
const TRIES: u32 = 7;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

pub(super) async fn apply(api: &Api, command: &Apply) -> Result<(), CliError> {
    let file = command.file.display().to_string();
    let lines = read(&bytes(&command.file)?).map_err(|faults| not_valid(&file, &faults))?;
    // Report a wrong address or unknown credentials before the results of the last run are overwritten.
    api.caller().await?;
    let path = command.results.clone().or_else(|| beside(command));
    let mut results =
        path.as_deref().map(ResultFile::create).transpose().map_err(|e| not_written(path.as_deref(), &e))?;
    let mut bar = Bar::start(lines.len());
    let mut all: Vec<Applied> = Vec::with_capacity(lines.len());
    let mut work = stream::iter(lines).map(|line| one(api, command, line)).buffered(command.at_once.get());
    while let Some(applied) = work.next().await {
        let applied = applied.map_err(|error| stopped(error, all.len()))?;
        if let Some(results) = &mut results {
            results.write(&applied).map_err(|error| not_written(path.as_deref(), &error))?;
        }
        bar.done(&applied.domain);
        all.push(applied);
    }
    drop(bar);
    print(command.output.format, &all, |style| render::applied(style, &file, &all, path.as_deref()))?;
    match all.iter().find(|applied| !applied.outcome.is_well()) {
        None => Ok(()),
        Some(first) => {
            let count = all.iter().filter(|applied| !applied.outcome.is_well()).count();
            let what = format!(
                "Not done: {count} of {}, the first is line {}, {}.",
                counted(all.len() as u64, "line"),
                first.line,
                first.domain
            );
            Err(CliError::new(what, &first.why, &first.next_step))
        }
    }
}

fn bytes(file: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let read = match file.to_str() {
        Some("-") => io::stdin().lock().read_to_end(&mut bytes).map(|_| ()),
        _ => fs::read(file).map(|read| bytes = read),
    };
    match read {
        Ok(()) => Ok(bytes),
        Err(error) => {
            let why = format!("{}: {error}", file.display());
            Err(CliError::usage("The file cannot be read.", &why, "Give a file that exists, or - for stdin."))
        }
    }
}

/// Beside the file. A dry run does not overwrite the records that a registration has written.
fn beside(command: &Apply) -> Option<PathBuf> {
    (command.file != Path::new("-")).then(|| {
        let mut path = command.file.as_os_str().to_owned();
        path.push(if command.dry_run { ".check.csv" } else { ".results.csv" });
        path.into()
    })
}

fn not_valid(file: &str, faults: &[Fault]) -> CliError {
    let mut why: Vec<_> = faults.iter().take(TOLD).map(|fault| harmless(&fault.to_string())).collect();
    if faults.len() > TOLD {
        why.push(format!("and {} more", faults.len() - TOLD));
    }
    let lines = if faults.len() == 1 { "a line" } else { "lines" };
    let what = format!("Nothing was sent: {file} has {lines} that cannot be applied.");
    CliError::usage(&what, &why.join("\n        "), "Correct the file, then run the command again.")
}

fn not_written(path: Option<&Path>, error: &io::Error) -> CliError {
    let path = path.map_or_else(String::new, |path| path.display().to_string());
    let next = "Name another file with --results, then run the command again: what is registered is left alone.";
    CliError::new("The results cannot be written.", format!("{path}: {error}"), next)
}

/// What stops all lines: no credentials, for example, or no answer for minutes.
fn stopped(error: ApiError, done: usize) -> CliError {
    let error = CliError::from(error);
    let again = "Then run the same command again: lines that are done are left alone.";
    let what = format!("Stopped after {}. {}", counted(done as u64, "line"), error.what());
    CliError::new(what, error.why(), format!("{} {again}", error.next()))
}

/// Does one line. An error concerns more than this line.
async fn one(api: &Api, command: &Apply, line: Numbered) -> Result<Applied, ApiError> {
    let Numbered { number, line } = line;
    let mut applied = Applied::begin(number, &line);
    let done = match command.dry_run {
        true => check(api, &line, &mut applied).await,
        false => register(api, command, &line, &mut applied).await,
    };
    match done {
        Err(error) if error.is_of_the_request() => {
            let error = CliError::from(error);
            applied.outcome = Outcome::Failed;
            applied.why = format!("{} {}", error.what(), error.why());
            applied.next_step = error.next().to_owned();
            Ok(applied)
        }
        done => done.map(|()| applied),
    }
}

async fn check(api: &Api, line: &Line, applied: &mut Applied) -> Result<(), ApiError> {
    let preflight = line.preflight();
    let PreflightView { well, report, .. } = patiently(async || api.preflight(&preflight).await).await?.seen;
    applied.outcome = if well { Outcome::Ready } else { Outcome::NotReady };
    let worst = report.findings.iter().max_by_key(|finding| &finding.severity);
    if let Some(worst) = worst.filter(|worst| worst.severity > Severity::Notice.into()) {
        applied.why = format!("{} (waiting on {})", worst.explanation, worst.actor.as_person());
        applied.next_step.clone_from(&worst.fix.text);
    }
    Ok(())
}

async fn register(api: &Api, command: &Apply, line: &Line, applied: &mut Applied) -> Result<(), ApiError> {
    let (registration, key) = (line.registration(), IdempotencyKey::random());
    let refused = match patiently(async || api.register(&registration, &key).await).await {
        Ok(answer) => {
            applied.end(Outcome::Registered, &answer.seen);
            return Ok(());
        }
        Err(error) => error,
    };
    let Some(id) = refused.endpoint_there().and_then(|id| id.parse::<EndpointName>().ok()) else { return Err(refused) };
    let there = patiently(async || api.endpoint(&id).await).await?.seen;
    // An additional name of another endpoint, or one that is being removed.
    if !line.is_of(&there) || there.leaves() {
        return Err(refused);
    }
    let wish = line.wish(&there);
    if line.has_other_label(&there) {
        applied.end(Outcome::Differs, &there);
        applied.why = "It is registered with another label, which cannot be changed.".to_owned();
        applied.next_step =
            "Leave the label out; or, if the domain's records lead to that label and the endpoint is not needed, \
                             remove the endpoint, then run the command again."
                .to_owned();
    } else if wish == Wish::default() {
        applied.end(Outcome::Unchanged, &there);
    } else if command.update {
        let changed = patiently(async || api.change(&id, &wish).await).await?.seen;
        applied.end(Outcome::Changed, &changed);
    } else {
        applied.end(Outcome::Differs, &there);
        applied.why = format!("It is registered with other values: {}.", said_by(&wish).join(", "));
        applied.next_step = "To change it to what the file says, run the command with --update.".to_owned();
    }
    Ok(())
}

/// The columns that differ.
fn said_by(wish: &Wish) -> Vec<&'static str> {
    let Wish { also, reachability, challenge, listeners, regions, role, adopt, tags, export_key } = wish;
    let said = [
        ("names", also.is_some()),
        ("reachability", reachability.is_some()),
        ("challenge", challenge.is_some()),
        ("listeners", listeners.is_some()),
        ("regions", regions.is_some()),
        ("role", role.is_some()),
        ("adopt_arn", adopt.is_some()),
        ("tags", tags.is_some()),
        ("export_key", export_key.is_some()),
    ];
    said.into_iter().filter_map(|(column, differs)| differs.then_some(column)).collect()
}

/// Retries temporary errors, `TRIES` tries in all, and a rate limit for as long as it takes.
#[expect(clippy::disallowed_methods, reason = "a person waits at the terminal, and no function")]
async fn patiently<T>(mut ask: impl AsyncFnMut() -> Result<T, ApiError>) -> Result<T, ApiError> {
    let (mut tries, mut pause) = (1, FIRST_PAUSE);
    loop {
        match ask().await {
            Err(error) if error.is_passing() && (tries < TRIES || error.too_many().is_some()) => {
                tokio::time::sleep(error.too_many().flatten().unwrap_or(pause)).await;
                (tries, pause) = (tries + 1, (pause * 2).min(LONGEST_PAUSE));
            }
            end => return end,
        }
    }
}
