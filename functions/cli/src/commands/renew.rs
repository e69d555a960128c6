//! `renew`: starts an attempt now and, if asked to, waits for its end.

use vocabulary::times::{exact, timestamp};
use wire::{CertificateView, Open, Outcome};

use super::{print, renew_many};
use crate::api::Api;
use crate::arguments::{EndpointName, Format, Renew};
use crate::commands::waiting::{end_of, until};
use crate::render::{self, Person};
use crate::terminal::error::CliError;
use crate::terminal::output::{json_text, shell_word};
use crate::terminal::progress::Progress;
use crate::terminal::result::write_result;

pub(super) async fn renew(api: &Api, command: &Renew) -> Result<(), CliError> {
    match &command.endpoint {
        Some(name) => one(api, command, name).await,
        None => renew_many::renew(api, command).await,
    }
}

async fn one(api: &Api, command: &Renew, name: &EndpointName) -> Result<(), CliError> {
    let word = shell_word(name.as_str());
    let started = api.renew(name).await?;
    let number = started.seen.attempt;
    if !command.waiting.wait {
        return print(command.output.format, &started.json, |_| {
            let begun = match started.seen.expected_at {
                None => format!("attempt {number} started."),
                Some(at) => format!(
                    "attempt {number} waits until others have ended.\nIt starts automatically, expected by {}.",
                    timestamp(at, super::now())
                ),
            };
            format!("{}: {begun}\nShow its end: managed-https history {word}\n", name.as_str())
        });
    }
    let mut progress = Progress::start();
    let end = until(command.waiting.timeout, &mut progress, async |progress: &mut Progress| {
        let doing = match started.seen.expected_at {
            Some(at) if super::now() < at => format!("attempt {number} waits, expected by {}", exact(at)),
            _ => format!("attempt {number} is running"),
        };
        progress.doing(&format!("{}: {doing}", name.as_str()));
        let list = api.attempts(name).await?;
        let position = end_of(number, &list.seen.attempts)
            .and_then(|end| list.seen.attempts.iter().position(|attempt| attempt.attempt == end.attempt));
        Ok(position.map(|index| (list.json["attempts"][index].clone(), list.seen.attempts[index].clone())))
    })
    .await;
    drop(progress);
    let Some((json, attempt)) = end? else {
        return Err(CliError::new(
            format!("Attempt {number} of {} has not ended after {}.", name.as_str(), command.waiting.timeout),
            "It continues automatically.",
            format!("Show it: managed-https history {word}"),
        ));
    };
    let line = render::attempt_line(name.as_str(), &attempt);
    let good = matches!(attempt.outcome, Open::Known(Outcome::Issued | Outcome::Renewed | Outcome::Unchanged));
    if command.output.format == Format::Json {
        write_result(&json_text(&json))?;
    } else if good {
        // The attempt is over: an endpoint that can no longer be read does not make it a failure.
        let certificate = api.endpoint(name).await.map(|endpoint| endpoint.seen.certificate);
        let certificate = certificate.map_or_else(|_| String::new(), |held| certificate_lines(&held));
        write_result(&format!("{line}\n{certificate}"))?;
    }
    match attempt.failure {
        _ if good => Ok(()),
        Some(failure) => Err(CliError::new(
            line,
            format!("{} ({}, waiting on {})", failure.summary, failure.name, failure.actor.as_person()),
            render::then(&failure.remedy, &format!("managed-https renew {word} --wait")),
        )),
        None => Err(CliError::new(line, "", format!("Show what happened: managed-https history {word}"))),
    }
}

fn certificate_lines(held: &CertificateView) -> String {
    let until = held.not_after.map(|at| timestamp(at, super::now()));
    let rows = [("certificate", held.arn.as_ref()), ("serial", held.serial.as_ref()), ("expires", until.as_ref())];
    rows.into_iter().filter_map(|(name, value)| Some(format!("  {name:<11} {}\n", value?))).collect()
}
