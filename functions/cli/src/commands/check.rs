//! `check`: checks a domain's DNS and host now.

use std::io::{self, Write};

use clap::ValueEnum;
use wire::{
    EndpointView, Open, Preflight, PreflightView, Reachability, RecordStatus, RecordView, Severity, Status, WaitingOn,
};

use super::{now, print};
use crate::api::Api;
use crate::arguments::{Check, Format};
use crate::render::{self, Checked, Person};
use crate::terminal::error::CliError;
use crate::terminal::output::shell_word;

/// The reachability to assume for a domain that is not registered, if none is given.
const ASSUMED: Reachability = Reachability::External;

pub(super) async fn check(api: &Api, command: &Check) -> Result<(), CliError> {
    let name = &command.endpoint;
    let reachability = match command.reachability.chosen() {
        Some(reachability) => reachability,
        None => match api.check(name).await {
            Ok(answer) => return registered(command, &answer.json, &answer.seen),
            Err(error) if error.is_gone() && !name.is_id() => {
                let note = format!(
                    "{} is not registered: checked as an {} endpoint.\n(For a host that the CA cannot reach: add --internal.)",
                    name.as_str(),
                    Open::Known(ASSUMED)
                );
                // A note that cannot be written does not end the check.
                let _ = writeln!(io::stderr(), "{note}");
                ASSUMED
            }
            Err(error) => return Err(error.into()),
        },
    };
    let preflight = Preflight {
        domain: name.as_str().to_owned(),
        also: command.names.clone(),
        reachability,
        challenge: command.challenge.chosen().unwrap_or_default(),
    };
    let answer = api.preflight(&preflight).await?;
    unregistered(command, reachability, &answer.json, answer.seen)
}

fn registered(command: &Check, json: &serde_json::Value, endpoint: &EndpointView) -> Result<(), CliError> {
    let word = shell_word(&endpoint.domain);
    let well = is_well(endpoint);
    let (last, next) = match endpoint.actor.known() {
        Some(WaitingOn::Nobody) => {
            let next = format!("managed-https wait {word}");
            (format!("Wait until it is ready: {next}"), next)
        }
        _ => {
            let again = format!("managed-https check {word}");
            (format!("Check again: {again}"), render::then(&endpoint.next_step, &again))
        }
    };
    let checked = Checked {
        records: &endpoint.dns.records,
        findings: &endpoint.dns.findings,
        provider: endpoint.dns.provider.as_ref(),
        serving: &endpoint.serving,
        last,
    };
    print(command.output.format, json, |style| match well && checked.findings.is_empty() {
        true => render::ready_line(endpoint, now()),
        false => render::status_of_endpoint(style, endpoint, now()) + &checked.page(style, now()),
    })?;
    if well {
        return Ok(());
    }
    Err(CliError::new(format!("{}: {}.", endpoint.domain, render::waiting_words(endpoint)), &endpoint.reason, next)
        .unless_told(command.output.format == Format::Table))
}

/// Whether DNS is correct, without an error, and the certificate is current.
fn is_well(endpoint: &EndpointView) -> bool {
    endpoint.status == Status::Ready
        && endpoint.dns.records.iter().all(|record| record.status == Some(RecordStatus::Ok.into()))
        && endpoint.dns.findings.iter().all(|finding| finding.severity < Severity::Error.into())
}

fn unregistered(
    command: &Check,
    reachability: Reachability,
    json: &serde_json::Value,
    preflight: PreflightView,
) -> Result<(), CliError> {
    let word = shell_word(&preflight.domain);
    let names: String = command.names.iter().map(|name| format!(" --name {}", shell_word(name))).collect();
    let challenge = command.challenge.challenge.and_then(|challenge| challenge.to_possible_value());
    let challenge = challenge.map(|word| format!(" --challenge {}", word.get_name())).unwrap_or_default();
    let arguments = format!("{word} --{}{challenge}{names}", Open::Known(reachability));
    let again = format!("managed-https check {arguments}");
    let PreflightView { domain, well, report, .. } = preflight;
    let records: Vec<_> = report.records.into_iter().map(RecordView::from).collect();
    let checked = Checked {
        records: &records,
        findings: &report.findings,
        provider: report.provider.as_ref(),
        serving: &report.serving,
        last: format!("Check again: {again}"),
    };
    let add = format!("managed-https add {arguments}");
    print(command.output.format, json, |style| match well && checked.findings.is_empty() {
        true => format!("{domain} is ready for a certificate. Register it: {add}\n"),
        false => render::status_of_domain(style, &domain, well, &add) + &checked.page(style, now()),
    })?;
    if well {
        return Ok(());
    }
    let worst = report.findings.iter().max_by_key(|finding| &finding.severity);
    let (who, why, fix) = worst.map_or(("somebody", "", ""), |worst| {
        (worst.actor.as_person(), worst.explanation.as_str(), worst.fix.text.as_str())
    });
    Err(CliError::new(
        format!("{domain}: not ready for a certificate, waiting on {who}."),
        why,
        render::then(fix, &again),
    )
    .unless_told(command.output.format == Format::Table))
}
