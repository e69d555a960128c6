//! Every command in README and docs is one that the program takes.

use clap::CommandFactory;
use clap::error::ErrorKind;

use crate::arguments::Cli;

#[test]
fn every_documented_command_parses() {
    let pages = documentation::pages().expect("the pages can be read");
    let commands = documentation::commands(&pages, "managed-https");
    assert!(commands.len() > 100, "the commands were found: {}", commands.len());
    let mut wrong = Vec::new();
    for command in commands {
        // `managed-https COMMAND --help` stands for all of them.
        if command.words.get(1).is_some_and(|word| word == "COMMAND") {
            continue;
        }
        // `managed-https check` in a sentence is the command's name.
        let is_name = command.words.len() == 2;
        if let Err(error) = Cli::command().try_get_matches_from(&command.words)
            && !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
            && !(is_name && error.kind() == ErrorKind::MissingRequiredArgument)
        {
            wrong.push(format!("{}:{}: {}\n{error}", command.page.display(), command.line, command.words.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
