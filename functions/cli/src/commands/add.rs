//! `add`: registers a domain and, if asked to, waits for its certificate.

use std::io::{self, Write};

use vocabulary::times::timestamp;
use wire::{EndpointView, FailureName, FailureView, Registration};

use super::{now, print};
use crate::api::Answer;
use crate::api::error::ApiError;
use crate::api::{Api, IdempotencyKey};
use crate::arguments::{Add, Format};
use crate::commands::waiting::{Standing, Told, insist, records_named, standing, until};
use crate::render::{self, Person};
use crate::terminal::error::CliError;
use crate::terminal::output::{Style, shell_word};
use crate::terminal::progress::Progress;
use crate::terminal::result::write_result;

pub(super) async fn add(api: &Api, command: &Add) -> Result<(), CliError> {
    let registration = Registration {
        domain: command.domain.clone(),
        also: command.names.clone(),
        reachability: command.reachability.chosen(),
        challenge: command.challenge.chosen(),
        tenant: command.tenant.clone(),
        listeners: command.targets.listener.clone(),
        regions: command.targets.region.clone(),
        role: command.targets.role.clone(),
        adopt: command.targets.adopt.clone(),
        label: command.label.clone(),
        tags: command.targets.tags(),
        export_key: command.targets.export_key,
    };
    // One key for all tries: an answer that was lost on its way registers nothing twice.
    let key = IdempotencyKey::random();
    let registered = insist(async || api.register(&registration, &key).await).await?;
    if command.waiting.wait {
        wait(api, command, registered).await
    } else {
        print(command.output.format, &registered.json, |style| next_steps(style, &registered.seen))
    }
}

/// The endpoint, and the records to create.
fn registered_as(style: Style, endpoint: &EndpointView) -> String {
    let mut text = format!("{} is registered as {}.\n\n", endpoint.domain, endpoint.id);
    text += "Create these records in the domain's DNS:\n\n";
    text += &render::record_table(style, &endpoint.dns.records);
    if let Some(provider) = &endpoint.dns.provider {
        text += &render::provider_hint(style, provider);
    }
    text + "\n"
}

fn next_steps(style: Style, endpoint: &EndpointView) -> String {
    let name = shell_word(&endpoint.domain);
    let mut text = registered_as(style, endpoint);
    text += "The certificate is issued automatically once they are correct. To check them:\n";
    text += &format!("  managed-https check {name}\nTo wait for the certificate:\n  managed-https wait {name}\n");
    text + &format!(
        "To send the records to the domain owner, as a page or a message:\n  managed-https share {name} --mail\n"
    )
}

async fn wait(api: &Api, command: &Add, registered: Answer<EndpointView>) -> Result<(), CliError> {
    // By its id: a domain that is removed and registered again is another endpoint.
    let id = registered.seen.id.parse().map_err(|_| {
        CliError::new(
            format!("{} is registered, but the API gave it no usable id.", command.domain),
            registered.seen.id.clone(),
            "Show it: managed-https list",
        )
    })?;
    // The records first: waiting is useless before they exist. A program gets one object, at the end.
    match command.output.format {
        Format::Table => write_result(&registered_as(Style::of_stdout(), &registered.seen))?,
        Format::Json => {
            let records = registered_as(Style { colour: false, width: None }, &registered.seen);
            let _ = io::stderr().write_all(records.as_bytes());
        }
    }
    let mut progress = Progress::start();
    let mut last = registered;
    let mut told = Told::default();
    let end = until(command.waiting.timeout, &mut progress, async |progress: &mut Progress| {
        last = api.endpoint(&id).await?;
        let endpoint = &last.seen;
        progress.doing(&render::state_line(endpoint));
        Ok::<_, ApiError>(match standing(endpoint) {
            Standing::Ready => Some(true),
            Standing::Leaving => Some(false),
            Standing::AtWork => None,
            Standing::Failing(failure) => {
                if told.is_news(failure) {
                    progress.tell(&failure_notice(endpoint, failure));
                }
                None
            }
        })
    })
    .await;
    drop(progress);
    let end = end?;
    let endpoint = &last.seen;
    // A program gets the endpoint as it is, however the wait ended.
    let finished = end == Some(true);
    if finished || command.output.format == Format::Json {
        print(command.output.format, &last.json, |style| render::endpoint_page(style, endpoint, now()))?;
    }
    match end {
        Some(true) => Ok(()),
        Some(false) => Err(CliError::new(
            format!("{} is being removed: no certificate will be issued.", endpoint.domain),
            "",
            format!("Once it is gone from `managed-https list`: managed-https add {}", shell_word(&endpoint.domain)),
        )),
        None => Err(timed_out(command, endpoint)),
    }
}

fn failure_notice(endpoint: &EndpointView, failure: &FailureView) -> String {
    let mut text = format!(
        "Not yet: {} ({}, waiting on {})\n  next step: {}\n",
        failure.summary,
        failure.name,
        failure.actor.as_person(),
        failure.remedy
    );
    if failure.name == FailureName::RecordsNotReady {
        for record in
            records_named(failure, &endpoint.dns.records.iter().map(|checked| &checked.record).collect::<Vec<_>>())
        {
            text += &format!("  record:    {}\n", render::record_line(record));
        }
    }
    if let Some(at) = endpoint.next_attempt_at {
        text += &format!("  retried:   {}", timestamp(at, now()));
    }
    let name = shell_word(&endpoint.domain);
    text.trim_end().to_owned() + &format!("\n  retry now: managed-https renew {name}")
}

fn timed_out(command: &Add, endpoint: &EndpointView) -> CliError {
    let what = format!("{} has no certificate after {}.", endpoint.domain, command.waiting.timeout);
    let name = shell_word(&endpoint.domain);
    match &endpoint.failure {
        Some(failure) if failure.summary == endpoint.reason => CliError::new(
            what,
            format!("{} ({}, waiting on {})", failure.summary, failure.name, failure.actor.as_person()),
            render::then(&failure.remedy, &format!("managed-https renew {name} --wait")),
        ),
        _ if endpoint.failure.is_some() || endpoint.next_attempt_at.is_some() => CliError::new(
            what,
            &endpoint.reason,
            format!("It continues automatically. Show it: managed-https show {name}"),
        ),
        _ => CliError::new(
            what,
            "Its attempt is still running.",
            format!("It continues automatically. Show it: managed-https show {name}"),
        ),
    }
}
