//! The CLI, run as a user runs it.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::description::Description;
use crate::layout::Project;

const POLL: Duration = Duration::from_millis(20);

pub(super) struct Cli {
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Cli {
    /// The one beside this program, else the one that `make build` installed.
    pub(super) fn find(project: &Project, cloud: &Description) -> Result<Self> {
        let own = std::env::current_exe().context("the own executable")?;
        let places = [own.with_file_name("managed-https"), project.local().join("bin/managed-https")];
        let program = places.into_iter().find(|place| place.is_file());
        Ok(Self {
            program: program.context("the program managed-https is missing: run make build")?,
            environment: cloud.environment()?,
        })
    }

    /// Runs it to its end, and returns what it printed as its result.
    ///
    /// # Errors
    ///
    /// What it said, when its exit status is not 0. Dropping the future ends the process.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<String> {
        let line = command_line(arguments);
        let mut child = Command::new(&self.program)
            .args(arguments)
            // What the user has set for AWS must not lead anywhere else.
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (*name, value.as_str())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map(Running)
            .with_context(|| format!("starting {}", self.program.display()))?;
        let stdout = child.0.stdout.take().context("stdout is piped")?;
        let stderr = child.0.stderr.take().context("stderr is piped")?;
        let (result, said) = tokio::try_join!(read(stdout), read(stderr))?;
        let status = child.end().await?;
        if !status.success() {
            bail!("`{line}` ended with {status}:\n{}", said.trim_end());
        }
        Ok(result)
    }

    /// The same with `--format json`.
    pub(super) async fn json(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.run(&[arguments, &["--format", "json"]].concat()).await?;
        serde_json::from_str(&text).with_context(|| format!("what `{}` printed", command_line(arguments)))
    }
}

/// The command as it is typed.
pub(super) fn command_line(arguments: &[&str]) -> String {
    let quoted =
        |argument: &&str| if argument.contains('*') { format!("'{argument}'") } else { (*argument).to_owned() };
    format!("managed-https {}", arguments.iter().map(quoted).collect::<Vec<_>>().join(" "))
}

/// A process that does not outlive the interest in it.
struct Running(Child);

impl Running {
    async fn end(&mut self) -> Result<ExitStatus> {
        loop {
            match self.0.try_wait().context("waiting for managed-https")? {
                Some(status) => return Ok(status),
                None => sleep(POLL).await,
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Does nothing where it has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn read(mut from: impl Read + Send + 'static) -> Result<String> {
    spawn_blocking(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).context("reading what managed-https prints")?;
        Ok(text)
    })
    .await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_quoted_as_a_shell_needs_it() {
        let line = command_line(&["add", "shop.test", "--also", "*.shop.test", "--internal"]);
        assert_eq!(line, "managed-https add shop.test --also '*.shop.test' --internal");
    }
}
