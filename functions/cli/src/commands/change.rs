//! `change`: other additional names, another way to the host, or another challenge.

use wire::{EndpointView, Severity, WaitingOn, Wish};

use super::{now, print};
use crate::api::Api;
use crate::arguments::Change;
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
    };
    let changed = api.change(&command.named.endpoint, &wish).await?;
    // The change is made: without a check the endpoint is shown as the change left it.
    let shown = match api.check(&command.named.endpoint).await {
        Ok(checked) => checked,
        Err(_) => changed,
    };
    print(command.output.format, &shown.json, |style| what_now(style, &shown.seen))
}

fn what_now(style: Style, endpoint: &EndpointView) -> String {
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
    text + &format!("\nA new certificate is ordered automatically. Wait for it: managed-https wait {name}\n")
}
