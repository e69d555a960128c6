//! `managed-https`: registers endpoints, shows what they need, and waits for their certificates.
//!
//! Results go to stdout, everything else to stderr. Exit status: 0 done, 1 failed, 2 usage.

mod api;
mod arguments;
mod commands;
mod render;
mod terminal;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::api::credentials::Token;
use crate::arguments::{Cli, Command};
use crate::terminal::error::CliError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            trouble.print();
            ExitCode::from(trouble.status)
        }
    }
}

async fn run(cli: Cli) -> Result<(), CliError> {
    match &cli.command {
        Command::Completions(command) => return arguments::reference::print_completions(command.shell),
        Command::Man { directory } => return arguments::reference::write_manual(directory),
        Command::Reference => return arguments::reference::print_reference(),
        _ => {}
    }
    // Not a required argument of clap's: those cannot be global.
    let Some(address) = cli.api else {
        let text = "the API's address is missing: give --api URL, or set MANAGED_HTTPS_API (the stack's output ApiUrl; \
                    on the local cloud: set -a; source .local/env)";
        Cli::command().error(ErrorKind::MissingRequiredArgument, text).exit()
    };
    commands::run(address, cli.token.and_then(Token::given), cli.command).await
}
