//! `revoke`: has the current certificate replaced, and then revoked at its CA.

use std::io::{self, IsTerminal, Write};

use wire::{Event, EventKind};

use super::print;
use crate::api::Api;
use crate::arguments::{EndpointName, Revoke};
use crate::commands::waiting::until;
use crate::render;
use crate::terminal::error::CliError;
use crate::terminal::output::shell_word;
use crate::terminal::progress::Progress;

pub(super) async fn revoke(api: &Api, command: &Revoke) -> Result<(), CliError> {
    let name = &command.named.endpoint;
    let word = shell_word(name.as_str());
    if !command.yes {
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Err(CliError::usage(
                "Nothing was revoked.",
                "A revocation must be confirmed, and this is not a terminal.",
                format!("managed-https revoke {word} --reason {} --yes", command.reason.as_str()),
            ));
        }
        if !confirmed(name) {
            return Err(CliError::new("Nothing was revoked.", "", format!("managed-https show {word}")));
        }
    }
    let asked = api.revoke(name, command.reason).await?;
    if !command.waiting.wait {
        return print(command.output.format, &asked.json, |_| {
            format!(
                "{}: a new certificate with a new key is being issued; after that the old one is revoked.\n\
                 Show the outcome: managed-https events {word}\n",
                asked.seen.domain
            )
        });
    }
    let end = wait(api, command, name).await?;
    let Some(event) = end else {
        return Err(CliError::new(
            format!("The certificate of {} is not revoked after {}.", name.as_str(), command.waiting.timeout),
            "It continues automatically.",
            format!("Show it: managed-https events {word}"),
        ));
    };
    if event.kind == EventKind::CertificateRevoked {
        return print(command.output.format, &event, |_| format!("{}\n", event.summary));
    }
    Err(CliError::new(event.summary, "", "Follow docs/how-to/revoke.md"))
}

/// The outcome, once it is known.
async fn wait(api: &Api, command: &Revoke, name: &EndpointName) -> Result<Option<Event>, CliError> {
    let mut progress = Progress::start();
    let end = until(command.waiting.timeout, &mut progress, async |progress: &mut Progress| {
        let endpoint = api.endpoint(name).await?.seen;
        progress.doing(&render::state_line(&endpoint));
        if endpoint.revocation.is_some() {
            return Ok(None);
        }
        let events = api.events(name, None).await?.seen.events;
        let of_it =
            |event: &Event| event.kind == EventKind::CertificateRevoked || event.kind == EventKind::RevocationRefused;
        Ok(events.into_iter().find(of_it))
    })
    .await;
    drop(progress);
    Ok(end?)
}

fn confirmed(name: &EndpointName) -> bool {
    eprint!(
        "Revoke the certificate of {}? A new one is issued first. Copies of the old one elsewhere stop working.\n[y/N] ",
        name.as_str()
    );
    let _ = io::stderr().flush();
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}
