//! `add`: registers a domain and, if asked to, waits for its certificate.

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
use crate::terminal::output::{Look, shell_word};
use crate::terminal::progress::Progress;

pub(super) async fn add(api: &Api, command: &Add) -> Result<(), CliError> {
    let registration = Registration {
        domain: command.domain.clone(),
        also: command.also.clone(),
        reachability: command.reachability.chosen(),
        dns_method: command.proof.chosen(),
        tenant: command.tenant.clone(),
        listeners: command.places.listener.clone(),
        regions: command.places.region.clone(),
        role: command.places.role.clone(),
    };
    // One key for all tries: an answer that was lost on its way registers nothing twice.
    let key = IdempotencyKey::random();
    let registered = insist(async || api.register(&registration, &key).await).await?;
    if command.waiting.wait {
        wait(api, command, registered).await
    } else {
        print(command.output.format, &registered.json, |look| what_to_do(look, &registered.seen))
    }
}

fn what_to_do(look: Look, endpoint: &EndpointView) -> String {
    let name = shell_word(&endpoint.domain);
    let mut text = format!("{} is registered as {}.\n\n", endpoint.domain, endpoint.id);
    text += "Create these records in the domain's DNS:\n\n";
    text += &render::record_table(look, &endpoint.dns.records);
    if let Some(provider) = &endpoint.dns.provider {
        text += &render::provider_hint(look, provider);
    }
    text += "\nThe certificate comes by itself once they are there. To try at once:\n";
    text += &format!(
        "  managed-https renew {name} --wait\nTo see whether the records are right:\n  managed-https check {name}\n"
    );
    text + &format!("To send them to the owner of the domain as a page:\n  managed-https share {name}\n")
}

async fn wait(api: &Api, command: &Add, registered: Answer<EndpointView>) -> Result<(), CliError> {
    // By its id: whoever removes the endpoint and registers the domain anew has another one.
    let id = registered.seen.id.parse().map_err(|_| {
        CliError::new(
            format!("{} is registered, but the API gave it no usable id.", command.domain),
            registered.seen.id.clone(),
            "Look at it with: managed-https list",
        )
    })?;
    let mut progress = Progress::start();
    progress.tell(&format!("{} is registered as {}.", registered.seen.domain, registered.seen.id));
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
    // A program is given the endpoint as it stands, however it ended.
    let finished = end == Some(true);
    if finished || command.output.format == Format::Json {
        print(command.output.format, &last.json, |look| render::endpoint_page(look, endpoint, now()))?;
    }
    match end {
        Some(true) => Ok(()),
        Some(false) => Err(CliError::new(
            format!("{} is being removed: no certificate will come.", endpoint.domain),
            "",
            format!("Once it is gone from `managed-https list`: managed-https add {}", shell_word(&endpoint.domain)),
        )),
        None => Err(timed_out(command, endpoint)),
    }
}

fn failure_notice(endpoint: &EndpointView, failure: &FailureView) -> String {
    let mut text = format!(
        "Not yet: {} ({}; {} must act)\n  to do:  {}\n",
        failure.summary,
        failure.name,
        failure.actor.as_person(),
        failure.remedy
    );
    if failure.name == FailureName::RecordsNotReady {
        for record in
            records_named(failure, &endpoint.dns.records.iter().map(|checked| &checked.record).collect::<Vec<_>>())
        {
            text += &format!("  record: {}\n", render::record_line(record));
        }
    }
    if let Some(at) = endpoint.next_attempt_at {
        text += &format!("  again:  {}", timestamp(at, now()));
    }
    let name = shell_word(&endpoint.domain);
    text.trim_end().to_owned() + &format!("\n  sooner: managed-https renew {name}")
}

fn timed_out(command: &Add, endpoint: &EndpointView) -> CliError {
    let what = format!("{} has no certificate after {}.", endpoint.domain, command.waiting.timeout);
    let name = shell_word(&endpoint.domain);
    match &endpoint.failure {
        Some(failure) => CliError::new(
            what,
            format!("{} ({}; {} must act)", failure.summary, failure.name, failure.actor.as_person()),
            render::then(&failure.remedy, &format!("managed-https renew {name} --wait")),
        ),
        None => CliError::new(
            what,
            "Its attempt has not ended yet.",
            format!("It goes on by itself. See how it stands: managed-https show {name}"),
        ),
    }
}
