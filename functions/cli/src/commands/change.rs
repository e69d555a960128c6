//! `change`: other additional names, another way to the host, or another challenge.

use wire::{EndpointView, Severity, WaitingOn, Wish};

use super::{now, print};
use crate::api::Api;
use crate::arguments::{Change, Switch};
use crate::render::{self, Checked};
use crate::terminal::error::CliError;
use crate::terminal::output::{Style, shell_word};

pub(super) async fn change(api: &Api, command: &Change) -> Result<(), CliError> {
    let all = |none: bool, given: &[String]| (none || !given.is_empty()).then(|| given.to_vec());
    let wish = Wish {
        also: all(command.no_names, &command.names),
        reachability: command.reachability.chosen(),
        challenge: command.challenge.chosen(),
        listeners: all(command.no_listeners, &command.listener),
        regions: all(command.no_regions, &command.region),
        role: command.role.clone().or(command.no_role.then(String::new)),
        adopt: command.adopt.clone().or(command.no_adopt.then(String::new)),
        tags: (command.no_tags || !command.tags.is_empty()).then(|| command.tags.iter().cloned().collect()),
        export_key: command.export_key.map(Switch::is_on),
    };
    let changed = api.change(&command.named.endpoint, &wish).await?;
    // The change is done: if the check fails, the endpoint is shown as the change left it.
    let (shown, unchecked) = match api.check(&command.named.endpoint).await {
        Ok(checked) => (checked, None),
        Err(error) => (changed, Some(CliError::from(error))),
    };
    // Another certificate is needed for other names, for another way of validation, and for a key that can be exported.
    let of_the_certificate = wish.also.is_some() || wish.reachability.is_some() || wish.challenge.is_some();
    let of_the_certificate = of_the_certificate || wish.export_key == Some(true);
    print(command.output.format, &shown.json, |style| {
        let mut text = what_now(style, &shown.seen, of_the_certificate);
        text += &wish.export_key.map(|on| what_it_gives_up(&shown.seen, on)).unwrap_or_default();
        if let Some(error) = &unchecked {
            text += &format!("Its records could not be checked after that: {} {}\n", error.what(), error.why());
        }
        text
    })
}

/// What leaves the installation, and to whom.
fn what_it_gives_up(endpoint: &EndpointView, on: bool) -> String {
    let name = endpoint.deployment.export.as_ref().map_or("", |export| export.name.as_str());
    match on {
        true => format!(
            "\nThe private key of each certificate from now on leaves the installation: it is written to the secret {name}, \
             which the role ExportRoleArn can read and copy. CloudTrail names who reads it, not who gets a copy from there. \
             To stop the export: managed-https change {} --export-key off\n",
            shell_word(&endpoint.domain)
        ),
        false => "\nThe next attempt deletes the secret with the private key for good; until then it can be read. Whoever has \
                  read it still has the key: to make that worthless, revoke the certificate (managed-https revoke).\n"
            .to_owned(),
    }
}

fn what_now(style: Style, endpoint: &EndpointView, of_the_certificate: bool) -> String {
    let name = shell_word(&endpoint.domain);
    let mut text = format!(
        "{} is changed: {}, {}.\n\n",
        endpoint.domain,
        endpoint.display_names.join(", "),
        endpoint.reachability
    );
    text += "It needs these records in the domain's DNS:\n\n";
    text += &render::record_table(style, &endpoint.dns.records);
    let wrong = endpoint.dns.findings.iter().any(|finding| finding.severity >= Severity::Error.into());
    if wrong && endpoint.actor != WaitingOn::Nobody {
        let checked = Checked {
            records: &[],
            findings: &endpoint.dns.findings,
            provider: endpoint.dns.provider.as_ref(),
            serving: &endpoint.serving,
            last: format!("Check again: managed-https check {name}"),
        };
        return text + &checked.page(style, now());
    }
    let next = match of_the_certificate {
        true => "A new certificate is ordered automatically. Wait for it",
        false => "The next attempt makes the change, automatically. Show it",
    };
    let command = if of_the_certificate { "wait" } else { "show" };
    text + &format!("\n{next}: managed-https {command} {name}\n")
}
