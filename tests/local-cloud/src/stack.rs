//! Deploying the stack as it is deployed to AWS: `sam deploy` of the built template.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

use crate::emulators::{ACCESS_KEY, REGION, SECRET_KEY};
use crate::layout::{CloudFolder, Project};
use crate::options::STACK_NAME;
use crate::packed::packed;

/// Where `sam deploy` puts the functions' code.
pub(crate) const ARTIFACT_BUCKET: &str = "sam-artifacts";

/// Physical ids of a stack's resources, by their names in the template.
pub type Resources = BTreeMap<String, String>;

/// Deploys `template` and returns what it made. Blocks.
pub(crate) fn deploy(
    project: &Project,
    folder: &CloudFolder,
    template: &Path,
    endpoint: &str,
    parameters: &[(String, String)],
) -> Result<Resources> {
    if !template.is_file() {
        bail!("{} is missing: run make build", template.display());
    }
    let mut command = Command::new(project.tool("sam", "sam")?);
    command
        .arg("deploy")
        .arg("--template-file")
        .arg(packed(project, template)?)
        .args(["--stack-name", STACK_NAME, "--s3-bucket", ARTIFACT_BUCKET, "--region", REGION])
        .args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"])
        .args(["--no-resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"])
        .arg("--parameter-overrides")
        .args(parameters.iter().map(|(name, value)| format!("{name}=\"{value}\"")))
        .env("SAM_CLI_TELEMETRY", "0")
        .env("SAM_CLI_POLL_DELAY", "1");
    run(folder, "sam-deploy", on(&mut command, project, endpoint))?;
    resources(project, folder, endpoint)
}

fn resources(project: &Project, folder: &CloudFolder, endpoint: &str) -> Result<Resources> {
    let mut command = Command::new(project.tool("aws", "aws")?);
    command.args(["cloudformation", "describe-stack-resources", "--stack-name", STACK_NAME]).args([
        "--query",
        "StackResources[].[LogicalResourceId,PhysicalResourceId]",
        "--output",
        "json",
    ]);
    let output = run(folder, "describe-stack", on(&mut command, project, endpoint))?;
    let pairs: Vec<(String, String)> = serde_json::from_slice(&output.stdout).context("the stack's resources")?;
    Ok(pairs.into_iter().collect())
}

/// Points a tool at the emulated AWS, away from whatever else the user has set.
fn on<'a>(command: &'a mut Command, project: &Project, endpoint: &str) -> &'a mut Command {
    for inherited in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_ACM", "AWS_REGION"] {
        command.env_remove(inherited);
    }
    command
        .current_dir(project.root())
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

/// Runs a tool to its end. Its output is kept in the log of `role`, and is in the error.
fn run(folder: &CloudFolder, role: &str, command: &mut Command) -> Result<Output> {
    let output = command.output().with_context(|| format!("running {}", command.get_program().display()))?;
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    std::fs::write(folder.log(role), &text)?;
    if !output.status.success() {
        bail!("{role} failed:\n{}", crate::process::log_end(&folder.log(role)));
    }
    Ok(output)
}
