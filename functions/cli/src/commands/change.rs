//! `change`: other further names, another way to the host, or another validation.

use super::print;
use crate::api::Api;
use crate::arguments::Change;
use crate::model::{self, Endpoint};
use crate::render;
use crate::terminal::error::Trouble;
use crate::terminal::output::{Look, shell_word};

pub(super) async fn change(api: &Api, command: &Change) -> Result<(), Trouble> {
    let change = model::Change {
        also: (command.no_also || !command.also.is_empty()).then_some(command.also.as_slice()),
        reachability: command.reachability.as_str(),
        dns_method: command.proof.as_str(),
        listeners: (command.no_listeners || !command.listener.is_empty()).then_some(command.listener.as_slice()),
        regions: (command.no_regions || !command.region.is_empty()).then_some(command.region.as_slice()),
        role: command.role.as_deref().or(command.no_role.then_some("")),
    };
    let changed = api.change(&command.named.endpoint, &change).await?;
    print(command.output.format, &changed.json, |look| what_now(look, &changed.seen))
}

fn what_now(look: Look, endpoint: &Endpoint) -> String {
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
