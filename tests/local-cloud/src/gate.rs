//! The gate before the emulated AWS: what AWS would refuse of a function's calls, it refuses.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::emulators::{ACCOUNT, REGION, answers, url};
use crate::layout::{CloudFolder, Project};
use crate::options::STACK_NAME;
use crate::process::Process;

/// A call of a function that AWS would not have taken.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Refusal {
    /// `denied` by IAM, `malformed` beside the service's model, `unknown` to the gate, or the gate is `broken`.
    pub kind: String,
    /// `sns:Publish`
    #[serde(default)]
    pub operation: String,
    /// Physical name of the function.
    #[serde(default)]
    pub function: String,
    pub why: String,
}

/// Starts the gate before the two emulators.
pub(crate) fn start(project: &Project, folder: &CloudFolder, port: u16, aws: &str, acm: &str) -> Result<Process> {
    fs::create_dir_all(folder.gate())?;
    let mut command = Command::new(project.node()?);
    command
        .arg(project.root().join("tests/local-cloud/gate/main.mjs"))
        .args(["--port", &port.to_string(), "--aws", aws, "--acm", acm, "--account", ACCOUNT, "--region", REGION])
        .args(["--stack", STACK_NAME])
        .arg("--roles")
        .arg(project.root().join("docs/how-to/listeners-and-regions.md"))
        .arg("--models")
        .arg(models(project)?)
        .arg("--record")
        .arg(folder.gate())
        .current_dir(project.root());
    Process::start(folder, "gate", command)
}

pub(crate) async fn ready(http: &reqwest::Client, folder: &CloudFolder, process: &Process, port: u16) -> Result<()> {
    answers(http, folder, process, &format!("{}/_gate/health", url(port))).await
}

/// AWS's service models, as moto's botocore has them.
fn models(project: &Project) -> Result<PathBuf> {
    let libraries = project.local().join("venvs/moto/lib");
    let pythons = fs::read_dir(&libraries).with_context(|| format!("reading {}", libraries.display()))?;
    let mut folders = pythons.flatten().map(|python| python.path().join("site-packages/botocore/data"));
    folders.find(|folder| folder.is_dir()).context("botocore's models are missing: run make set-up")
}

/// What was refused so far in the cloud of `folder`.
pub(crate) fn refusals(folder: &CloudFolder) -> Result<Vec<Refusal>> {
    let Ok(text) = fs::read_to_string(folder.refusals()) else { return Ok(Vec::new()) };
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

/// Fails if AWS would have refused a call that no test expected to be refused.
pub(crate) fn expect_none_refused(folder: &CloudFolder) -> Result<()> {
    let refused = refusals(folder)?;
    let lines: Vec<_> = refused.iter().map(|one| format!("{}: {}", one.operation, one.why)).collect();
    ensure!(refused.is_empty(), "AWS would have refused {} calls:\n{}", refused.len(), lines.join("\n"));
    Ok(())
}

/// Keeps which actions the roles of the cloud have used, for what `make test` says of all clouds together.
pub(crate) fn keep_used(project: &Project, folder: &CloudFolder, name: &str) -> Result<()> {
    let kept = project.local().join("gate/used");
    fs::create_dir_all(&kept)?;
    if let Ok(used) = fs::read(folder.used_actions()) {
        fs::write(kept.join(name), used)?;
    }
    Ok(())
}
