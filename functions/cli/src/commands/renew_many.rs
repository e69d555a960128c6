//! `renew` with filters: an attempt for each endpoint that matches, one after another.

use std::io::{self, IsTerminal, Write};

use serde_json::json;
use time::format_description::well_known::Rfc3339;
use vocabulary::text::counted;
use vocabulary::times::timestamp;
use wire::{EndpointView, StartedView};

use super::print;
use crate::api::Api;
use crate::api::error::ApiError;
use crate::arguments::{EndpointName, Renew};
use crate::commands::waiting::insist;
use crate::terminal::error::CliError;
use crate::terminal::progress::Progress;

/// The result for one endpoint.
struct Started {
    endpoint: String,
    domain: String,
    attempt: Result<StartedView, ApiError>,
}

#[expect(clippy::disallowed_methods, reason = "a person waits at the terminal, and no function")]
pub(super) async fn renew(api: &Api, command: &Renew) -> Result<(), CliError> {
    if command.waiting.wait {
        return Err(CliError::usage(
            "Nothing was started.",
            "--wait is for one endpoint.",
            "Leave --wait out, and follow what happens: managed-https events --all --follow",
        ));
    }
    let endpoints = api.endpoints(&command.filter.query()).await?.seen;
    // Nothing more can be done with one that is being removed.
    let endpoints: Vec<_> = endpoints.into_iter().filter(|endpoint| !endpoint.leaves()).collect();
    if endpoints.is_empty() {
        return print(command.output.format, &json!([]), |_| {
            "No endpoint matches. Show all: managed-https list\n".into()
        });
    }
    if !command.yes {
        confirm(&endpoints)?;
    }
    let mut progress = Progress::start();
    let mut all = Vec::new();
    for (index, EndpointView { id, domain, .. }) in endpoints.iter().enumerate() {
        if index > 0 {
            tokio::time::sleep(command.pace.0).await;
        }
        progress.doing(&format!("{} of {}: {domain}", index + 1, endpoints.len()));
        let name: EndpointName = id
            .parse()
            .map_err(|error: String| CliError::new("Nothing more was started.", error, "managed-https list"))?;
        let attempt = insist(async || api.renew(&name).await).await.map(|started| started.seen);
        all.push(Started { endpoint: id.clone(), domain: domain.clone(), attempt });
    }
    drop(progress);
    report(command, all)
}

fn confirm(endpoints: &[EndpointView]) -> Result<(), CliError> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(CliError::usage(
            "Nothing was started.",
            "Attempts for several endpoints must be confirmed, and this is not a terminal.",
            format!("Add --yes to start {}.", counted(endpoints.len() as u64, "attempt")),
        ));
    }
    let first: Vec<_> = endpoints.iter().take(5).map(EndpointView::title).collect();
    let more = if endpoints.len() > first.len() { ", …" } else { "" };
    let all = counted(endpoints.len() as u64, "endpoint");
    eprint!("Start an attempt for each of {all} ({}{more})?\n[y/N] ", first.join(", "));
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let said =
        io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    match said {
        true => Ok(()),
        false => Err(CliError::new("Nothing was started.", "", "managed-https list")),
    }
}

/// An attempt that is running already is no failure: it is what was asked for.
fn report(command: &Renew, all: Vec<Started>) -> Result<(), CliError> {
    let mut objects = Vec::new();
    let mut lines = String::new();
    let (mut started, mut waiting, mut running, mut failed) = (0, 0, 0, None);
    for Started { endpoint, domain, attempt } in all {
        let expected_at = attempt.as_ref().ok().and_then(|started| started.expected_at);
        let (number, error) = match attempt {
            Ok(StartedView { attempt, expected_at: None, .. }) => {
                started += 1;
                lines += &format!(" {domain}: attempt {attempt} started\n");
                (Some(attempt), None)
            }
            Ok(StartedView { attempt, expected_at: Some(at), .. }) => {
                waiting += 1;
                let by = timestamp(at, super::now());
                lines += &format!(" {domain}: attempt {attempt} waits until others have ended, expected by {by}\n");
                (Some(attempt), None)
            }
            Err(error) if error.is_conflict() => {
                running += 1;
                lines += &format!(" {domain}: an attempt is running already\n");
                (None, Some("an attempt is running already".to_owned()))
            }
            Err(error) => {
                let error = CliError::from(error);
                let words = format!("{} {}", error.what(), error.why()).trim_end().to_owned();
                lines += &format!(" {domain}: {words}\n");
                failed.get_or_insert((domain.clone(), error, 0)).2 += 1;
                (None, Some(words))
            }
        };
        let mut object = json!({"endpoint": endpoint, "domain": domain, "attempt": number, "error": error});
        if let Some(at) = expected_at.and_then(|at| at.format(&Rfc3339).ok()) {
            object["expected_at"] = json!(at);
        }
        objects.push(object);
    }
    let failures = failed.as_ref().map_or(0, |(_, _, count)| *count);
    print(command.output.format, &objects, |_| {
        let waiting = if waiting > 0 { format!("{waiting} waiting, ") } else { String::new() };
        format!("{lines}\n{started} started, {waiting}{running} running already, {failures} failed.\n")
    })?;
    match failed {
        None => Ok(()),
        Some((domain, error, count)) => Err(CliError::new(
            format!(
                "{count} of {} {} not started, the first: {domain}.",
                counted(objects.len() as u64, "attempt"),
                if count == 1 { "was" } else { "were" }
            ),
            format!("{} {}", error.what(), error.why()).trim_end(),
            error.next(),
        )),
    }
}
