//! `sam deploy` of the built template, as to AWS.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::emulators::{ACCESS_KEY, REGION, SECRET_KEY};
use crate::layout::{CloudFolder, Project};
use crate::options::STACK_NAME;
use crate::packed::packed;
use crate::stack::ARTIFACT_BUCKET;

/// Deploys `template`. Blocks. The output is kept in the cloud's log `sam-deploy`, and its end is in the error.
pub(crate) fn deploy(
    project: &Project,
    folder: &CloudFolder,
    template: &Path,
    endpoint: &str,
    parameters: &[(String, String)],
) -> Result<()> {
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
    // The emulated AWS, away from whatever else the user has set.
    for inherited in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_ACM", "AWS_REGION"] {
        command.env_remove(inherited);
    }
    command
        .current_dir(project.root())
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().with_context(|| format!("running {}", command.get_program().display()))?;
    let log = folder.log("sam-deploy");
    std::fs::write(&log, [output.stdout, output.stderr].concat())?;
    if !output.status.success() {
        bail!("sam deploy failed:\n{}", crate::process::log_end(&log));
    }
    Ok(())
}
