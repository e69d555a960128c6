//! The gate before the emulated AWS: what AWS would refuse of a function's calls, it refuses.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cloud::LocalCloud;
use crate::emulators::{ACCOUNT, REGION, answers, url};
use crate::layout::{CloudFolder, Project};
use crate::options::STACK_NAME;
use crate::process::Process;
use crate::stack::query;

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

/// Limits of AWS that the gate plays. `None` and empty ones do not limit anything.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AwsLimits {
    /// Of all operations of Route 53 together. AWS takes 5 for an account.
    pub route53_calls_per_second: Option<u32>,
    /// A zone refuses a change while the one before is worked on, as `PriorRequestNotComplete`.
    pub prior_request_seconds: Option<f64>,
    /// A change is `PENDING` so long. AWS needs up to a minute.
    pub insync_seconds: Option<f64>,
    pub acm_imports_per_minute: Option<u32>,
    /// A load balancer does not find a certificate so long after its import.
    pub elb_delay_seconds: Option<f64>,
    /// Operations that are throttled, and how often.
    pub throttle: Vec<Throttle>,
}

/// The next calls of one operation are answered as throttled.
#[derive(Clone, Debug, Serialize)]
pub struct Throttle {
    /// `kms:Encrypt`
    pub operation: &'static str,
    pub times: u32,
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

impl LocalCloud {
    /// Sets all limits of AWS anew.
    pub async fn limit(&self, limits: &AwsLimits) -> Result<()> {
        let url = format!("{}/_gate/limits", self.description().gate);
        let body = serde_json::to_string(limits)?;
        self.http_client()?.put(url).body(body).send().await?.error_for_status().context("setting limits")?;
        Ok(())
    }

    /// Allows the function `logical_id` one more action, as a parameter does that the stack was not deployed with.
    pub async fn allow(&self, logical_id: &str, action: &str, resource: &str) -> Result<()> {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let role = self.resource(&format!("{logical_id}Role"))?;
        let fields = [
            ("Action", "PutRolePolicy"),
            ("Version", "2010-05-08"),
            ("RoleName", role),
            ("PolicyName", "of-a-test"),
            ("PolicyDocument", &document),
        ];
        query(&self.http_client()?, &self.description().aws, "iam", &fields).await.map(drop)
    }

    /// Takes those refusals out of the record that a test has provoked: any that is left fails it when the cloud ends.
    pub fn take_refusals(&self, provoked: impl Fn(&Refusal) -> bool) -> Result<Vec<Refusal>> {
        let file = self.folder().refusals();
        let text = fs::read_to_string(&file)?;
        let (mut taken, mut left) = (Vec::new(), String::new());
        for line in text.lines() {
            let refusal: Refusal = serde_json::from_str(line)?;
            match provoked(&refusal) {
                true => taken.push(refusal),
                false => left = left + line + "\n",
            }
        }
        fs::write(&file, left)?;
        Ok(taken)
    }
}
