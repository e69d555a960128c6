//! The commands: each asks the API and prints one result.

mod add;
mod look_up;
mod remove;
mod renew;

use serde::Serialize;
use time::OffsetDateTime;

use crate::address::ApiAddress;
use crate::api::Api;
use crate::arguments::{Command, Format};
use crate::terminal::{Look, json_text, write_result};
use crate::trouble::Trouble;

/// What all commands work with.
struct Session {
    api: Api,
    format: Format,
}

impl Session {
    /// Prints `json` for programs or, for people, what `text` makes of it.
    fn print(&self, json: &impl Serialize, text: impl FnOnce(Look) -> String) -> Result<(), Trouble> {
        match self.format {
            Format::Json => write_result(&json_text(json)),
            Format::Table => write_result(&text(Look::of_stdout())),
        }
    }
}

pub(crate) async fn run(address: ApiAddress, format: Format, command: Command) -> Result<(), Trouble> {
    let session = Session { api: Api::new(address).await?, format };
    match command {
        Command::Add(command) => add::add(&session, &command).await,
        Command::List => look_up::list(&session).await,
        Command::Show(named) => look_up::show(&session, &named.endpoint).await,
        Command::Records(named) => look_up::records(&session, &named.endpoint).await,
        Command::History(named) => look_up::history(&session, &named.endpoint).await,
        Command::Renew(command) => renew::renew(&session, &command).await,
        Command::Remove(command) => remove::remove(&session, &command).await,
    }
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
