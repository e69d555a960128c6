//! The commands: each asks the API and prints one result.

mod add;
mod apply;
mod change;
mod check;
mod checks;
mod deep;
mod doctor;
mod events;
mod export;
mod limits;
mod list;
mod look_up;
mod mute;
mod reconcile;
mod remove;
mod renew;
mod renew_many;
mod revoke;
mod share;
mod versions;
mod wait;
pub(crate) mod waiting;

use serde::Serialize;
use time::OffsetDateTime;

use crate::api::Api;
use crate::api::address::ApiAddress;
use crate::api::credentials::Token;
use crate::arguments::{Command, Format};
use crate::terminal::error::CliError;
use crate::terminal::output::{Style, json_text};
use crate::terminal::result::write_result;

/// Prints `json` for programs or, for people, what `text` makes of it.
fn print(format: Format, json: &impl Serialize, text: impl FnOnce(Style) -> String) -> Result<(), CliError> {
    match format {
        Format::Json => write_result(&json_text(json)),
        Format::Table => write_result(&text(Style::of_stdout())),
    }
}

/// Runs a command that asks the API.
pub(crate) async fn run(address: ApiAddress, token: Option<Token>, command: Command) -> Result<(), CliError> {
    if let Command::Doctor(command) = command {
        return doctor::doctor(address, token, &command).await;
    }
    let api = &Api::new(address, token).await?;
    match command {
        Command::Add(command) => add::add(api, &command).await,
        Command::Apply(command) => apply::apply(api, &command).await,
        Command::Export(command) => export::export(api, &command).await,
        Command::List(command) => list::list(api, &command).await,
        Command::Show(command) => look_up::show(api, &command).await,
        Command::Records(command) => look_up::records(api, &command).await,
        Command::History(command) => look_up::history(api, &command).await,
        Command::Check(command) => check::check(api, &command).await,
        Command::Wait(command) => wait::wait(api, &command).await,
        Command::Renew(command) => renew::renew(api, &command).await,
        Command::Change(command) => change::change(api, &command).await,
        Command::Events(command) => events::events(api, &command).await,
        Command::Mute(command) => mute::mute(api, &command).await,
        Command::Unmute(command) => mute::unmute(api, &command).await,
        Command::Share(command) => share::share(api, &command).await,
        Command::Remove(command) => remove::remove(api, &command).await,
        Command::Limits(command) => limits::limits(api, &command).await,
        Command::Reconcile(command) => reconcile::reconcile(api, &command).await,
        Command::Revoke(command) => revoke::revoke(api, &command).await,
        Command::Doctor(_) | Command::Completions(_) | Command::Man { .. } | Command::Reference => {
            unreachable!("needs no API, and was run before")
        }
    }
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
