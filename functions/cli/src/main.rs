//! `managed-https`: registers endpoints, shows what they need, and waits for their certificates.
//!
//! Results go to stdout, everything else to stderr. Exit status: 0 done, 1 failed, 2 usage.

mod api;
mod arguments;
mod commands;
mod lines;
mod render;
mod terminal;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::api::credentials::Token;
use crate::arguments::{Cli, Command};
use crate::terminal::error::CliError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut matches = Cli::command().get_matches();
    let empty_token = has_empty_token(&matches);
    let cli = Cli::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit());
    if empty_token {
        let text = "--token is empty: give a token, or leave the option out to sign with AWS credentials";
        Cli::command().error(ErrorKind::InvalidValue, text).exit()
    }
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            trouble.print();
            ExitCode::from(trouble.status)
        }
    }
}

/// An empty option is a mistake, mostly of a script whose variable is not set: the command would run as somebody else. An
/// empty environment variable counts as not set.
fn has_empty_token(matches: &ArgMatches) -> bool {
    let given = matches.value_source("token") == Some(ValueSource::CommandLine);
    given && matches.get_one::<Token>("token").is_some_and(|token| token.clone().given().is_none())
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
