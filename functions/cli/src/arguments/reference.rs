//! What the help texts are made into: the page `docs/reference/cli.md`, manual pages, completions.

use std::io;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::arguments::{Cli, HELP_WIDTH};
use crate::terminal::error::CliError;
use crate::terminal::result::write_result;

const NAME: &str = "managed-https";

const HEAD: &str = "\
# The CLI

`managed-https` is a client of the [API](api.md). `make build` puts it at `.local/bin/managed-https`.

This page is what `managed-https COMMAND --help` prints. After a change of the help texts, renew it:

```sh
make build && .local/bin/managed-https reference > docs/reference/cli.md
```

Manual pages and shell completions have the same texts: `managed-https man DIRECTORY`,
`managed-https completions bash`.
";

/// The page of all commands; ends with one line break.
pub(crate) fn reference() -> String {
    let mut command = command();
    let mut page = format!("{HEAD}\n{}", help(&mut command));
    for sub in command.get_subcommands_mut().filter(|sub| is_shown(sub)) {
        let name = sub.get_name().to_owned();
        page += &format!("\n## {name}\n\n{}", help(sub));
    }
    page
}

fn help(command: &mut Command) -> String {
    let help = command.render_long_help().to_string();
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    format!("```text\n{}\n```\n", lines.join("\n").trim())
}

/// Those that are made for users; `help` of itself tells nothing new.
fn is_shown(command: &Command) -> bool {
    !command.is_hide_set() && command.get_name() != "help"
}

/// As wide on any terminal.
fn command() -> Command {
    let mut command = Cli::command().term_width(HELP_WIDTH);
    command.build();
    command
}

pub(crate) fn print_reference() -> Result<(), CliError> {
    write_result(&reference())
}

pub(crate) fn print_completions(shell: Shell) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    write_result(&String::from_utf8_lossy(&script))
}

/// Writes `managed-https.1`, and one page for each command: `managed-https-add.1`.
pub(crate) fn write_manual(directory: &Path) -> Result<(), CliError> {
    let written = std::fs::create_dir_all(directory).and_then(|()| pages(directory));
    written.map_err(|error| {
        CliError::new(
            format!("The manual pages could not be written to {}.", directory.display()),
            error.to_string(),
            format!("Give a directory that can be written: {NAME} man DIRECTORY"),
        )
    })
}

fn pages(directory: &Path) -> io::Result<()> {
    let command = command();
    clap_mangen::Man::new(command.clone()).generate_to(directory)?;
    for sub in command.get_subcommands().filter(|sub| is_shown(sub)) {
        let name: &'static str = format!("{NAME}-{}", sub.get_name()).leak();
        clap_mangen::Man::new(sub.clone().name(name).display_name(name)).generate_to(directory)?;
    }
    Ok(())
}
