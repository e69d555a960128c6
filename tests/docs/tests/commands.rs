//! The commands of the AWS CLI in README and docs, by the CLI's own tables.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use documentation::{commands, pages, root};

/// Made by `make set-up`, pinned in `infra/requirements/aws.txt`.
const PYTHON: &str = ".local/venvs/aws/bin/python";

#[test]
fn every_command_of_the_aws_cli_is_one_that_it_takes() -> Result<()> {
    let found = commands(&pages()?, "aws");
    ensure!(found.len() > 60, "the commands were found: {}", found.len());
    let words: Vec<&[String]> = found.iter().map(|command| &command.words[1..]).collect();
    let mut python = Command::new(root().join(PYTHON))
        .arg(root().join("tests/docs/aws_commands.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("make set-up makes it")?;
    python.stdin.take().context("it was asked for")?.write_all(&serde_json::to_vec(&words)?)?;
    let output = python.wait_with_output()?;
    ensure!(output.status.success(), "the script failed");
    let wrong: Vec<String> = String::from_utf8(output.stdout)?
        .lines()
        .filter_map(|line| {
            let (number, why) = line.split_once(' ')?;
            let command = found.get(number.parse::<usize>().ok()?)?;
            Some(format!("{}:{}: {why}: {}", command.page.display(), command.line, command.words.join(" ")))
        })
        .collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
