//! `remove`: asks, removes and, if asked to, waits until all of it is gone.

use std::io::{self, IsTerminal, Write};

use wire::{EndpointView, FailureView, WaitingOn};

use super::print;
use crate::api::Api;
use crate::arguments::{EndpointName, Remove};
use crate::commands::waiting::{Told, until};
use crate::render;
use crate::terminal::error::CliError;
use crate::terminal::output::shell_word;
use crate::terminal::progress::Progress;

pub(super) async fn remove(api: &Api, command: &Remove) -> Result<(), CliError> {
    let name = &command.named.endpoint;
    let word = shell_word(name.as_str());
    if !command.yes {
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Err(CliError::usage(
                "Nothing was removed.",
                "Removal must be confirmed, and this is not a terminal.",
                format!("managed-https remove {word} --yes"),
            ));
        }
        let endpoint = api.endpoint(name).await?.seen;
        if !confirmed(&endpoint, command.revoke.is_some()) {
            return Err(CliError::new("Nothing was removed.", "", format!("managed-https show {word}")));
        }
    }
    let removed = api.remove(name, command.revoke).await?;
    if command.waiting.wait {
        wait(api, command, &removed.seen).await?;
        return print(command.output.format, &removed.json, |_| {
            let (domain, id) = (&removed.seen.domain, &removed.seen.id);
            format!("{domain} is removed.\n{}Its history stays: managed-https events {id}\n", left_over(&removed.seen))
        });
    }
    print(command.output.format, &removed.json, |_| {
        let revoked = command.revoke.map_or("", |_| " It is revoked at its CA first; the events say so.");
        format!(
            "{} is being removed: its tokens, TXT records and certificate are deleted.{revoked}\n{}Its history stays: managed-https events {}\n",
            removed.seen.domain,
            left_over(&removed.seen),
            removed.seen.id
        )
    })
}

/// What is left to the domain owner.
fn left_over(endpoint: &EndpointView) -> String {
    let records = endpoint.dns.records.iter().map(|view| format!("  {} {}\n", view.record.name, view.record.kind));
    let records: String = records.collect();
    match records.is_empty() {
        true => String::new(),
        false => format!("Delete these records in the domain's DNS, unless another registration uses them:\n{records}"),
    }
}

fn confirmed(endpoint: &EndpointView, revoke: bool) -> bool {
    let certificate = match &endpoint.certificate.arn {
        Some(arn) if revoke => {
            format!("\nIts certificate {arn} will be revoked: clients will refuse it wherever it is used.")
        }
        Some(arn) => format!("\nIts certificate {arn} will be deleted, unless something still uses it."),
        None => String::new(),
    };
    eprint!("Remove {} ({})?{certificate}\n[y/N] ", endpoint.domain, endpoint.id);
    let _ = io::stderr().flush();
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// A removal never waits for the domain owner: what prevented a certificate is no longer a next step.
fn holds_up_a_removal(failure: &FailureView) -> bool {
    failure.actor != WaitingOn::DomainOwner
}

async fn wait(api: &Api, command: &Remove, removed: &EndpointView) -> Result<(), CliError> {
    // By its id: the domain may be registered again as soon as it is free.
    let by_id: Result<EndpointName, _> = removed.id.parse();
    let name = by_id.as_ref().unwrap_or(&command.named.endpoint);
    let mut progress = Progress::start();
    let mut told = Told::default();
    let mut last = None;
    let end = until(command.waiting.timeout, &mut progress, async |progress: &mut Progress| {
        let endpoint = match api.endpoint(name).await {
            Err(error) if error.is_gone() => return Ok(Some(())),
            other => other?.seen,
        };
        progress.doing(&render::state_line(&endpoint));
        let failure = endpoint.failure.filter(holds_up_a_removal);
        if let Some(failure) = failure.as_ref().filter(|failure| told.is_news(failure)) {
            progress.tell(&format!("Not yet: {} ({})\n  next step: {}", failure.summary, failure.name, failure.remedy));
        }
        last = failure;
        Ok(None)
    })
    .await;
    drop(progress);
    end?.ok_or_else(|| {
        let what = format!("{} is not removed after {}.", removed.domain, command.waiting.timeout);
        let word = shell_word(name.as_str());
        match last {
            Some(failure) => CliError::new(what, failure.summary, failure.remedy),
            None => CliError::new(what, "Its clean-up continues automatically.", format!("managed-https show {word}")),
        }
    })
}
