//! `change`: other further names, another way to the host, or another validation.

use wire::{EndpointView, Wish};

use super::print;
use crate::api::Api;
use crate::arguments::Change;
use crate::render;
use crate::terminal::error::CliError;
use crate::terminal::output::{Look, shell_word};

pub(super) async fn change(api: &Api, command: &Change) -> Result<(), CliError> {
    let all = |none: bool, given: &[String]| (none || !given.is_empty()).then(|| given.to_vec());
    let wish = Wish {
        also: all(command.no_also, &command.also),
        reachability: command.reachability.chosen(),
        dns_method: command.proof.chosen(),
        listeners: all(command.no_listeners, &command.listener),
        regions: all(command.no_regions, &command.region),
        role: command.role.clone().or(command.no_role.then(String::new)),
    };
    let changed = api.change(&command.named.endpoint, &wish).await?;
    print(command.output.format, &changed.json, |look| what_now(look, &changed.seen))
}

fn what_now(look: Look, endpoint: &EndpointView) -> String {
    let name = shell_word(&endpoint.domain);
    let mut text = format!(
        "{} is changed: {}, {}.\n\n",
        endpoint.domain,
        endpoint.display_names.join(", "),
        endpoint.reachability
    );
    text += "It needs these records in the domain's DNS:\n\n";
    text += &render::record_table(look, &endpoint.dns.records);
    text += "\nA certificate that fits comes by itself once they are there. To try at once:\n";
    text + &format!(
        "  managed-https renew {name} --wait\nTo see whether the records are right:\n  managed-https check {name}\n"
    )
}
