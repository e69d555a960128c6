//! `make deploy`, without its build: a person answers questions, and what they answered once is kept.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use documentation::Template;
use local_cloud::{LocalCloud, Options};

/// Beside the stack that every local cloud has.
const STACK: &str = "second";

/// A person with an AWS account, in front of the questions.
struct Operator {
    cloud: LocalCloud,
    template: PathBuf,
    answers: PathBuf,
    /// In the order in which they are asked for.
    parameters: Vec<String>,
}

impl Operator {
    /// Answers what `given` names, and else presses Enter. Returns what was said.
    fn deploy(&self, given: &[(&str, &str)]) -> Result<String> {
        let answer = |name: &str| given.iter().find(|(one, _)| *one == name).map_or("", |(_, answer)| answer);
        let mut lines = vec![answer("stack"), answer("region")];
        lines.extend(self.parameters.iter().map(|name| answer(name)));
        // Confirm changes, let it make roles, roll back, save the answers, in which file, in which part of it; then the
        // changes themselves.
        lines.extend(["", "", "", "", "", "", "y"]);

        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let tools = [".local/bin", ".local/venvs/sam/bin"].map(|folder| root.join(folder).display().to_string());
        let path = format!("{}:{}", tools.join(":"), std::env::var("PATH")?);
        let mut sam = Command::new(root.join("infra/deploy.sh"))
            .arg(&self.template)
            .envs(self.cloud.description().environment()?)
            .env("DEPLOYMENT_ANSWERS", &self.answers)
            .env("PATH", path)
            .env("SAM_CLI_TELEMETRY", "0")
            .env("SAM_CLI_POLL_DELAY", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting infra/deploy.sh")?;
        let mut stdin = sam.stdin.take().context("it reads answers")?;
        stdin.write_all((lines.join("\n") + "\n").as_bytes())?;
        drop(stdin);
        let output = sam.wait_with_output()?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        ensure!(output.status.success(), "{said}");
        Ok(said)
    }

    /// Parameters of the stack, as AWS has them.
    async fn deployed(&self) -> Result<BTreeMap<String, String>> {
        let described = self.cloud.describe_stack(STACK).await?;
        let entries = described.split("<ParameterKey>").skip(1).filter_map(|rest| {
            let (key, rest) = rest.split_once("</ParameterKey>")?;
            let value = rest.split_once("<ParameterValue>").and_then(|(_, rest)| rest.split_once("</ParameterValue>"));
            Some((key.to_owned(), value.map_or("", |(value, _)| value).to_owned()))
        });
        Ok(entries.collect())
    }
}

/// The built template with functions of a few bytes: nothing runs them here, and they are uploaded.
fn with_small_functions(folder: &Path) -> Result<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.aws-sam/build");
    let text = fs::read_to_string(built.join("template.yaml")).context("run make build first")?;
    for line in text.lines().map(str::trim) {
        if let Some(function) = line.strip_prefix("CodeUri: ") {
            fs::create_dir_all(folder.join(function))?;
            let program = folder.join(function).join("bootstrap");
            fs::write(&program, "#!/bin/sh\nexit 1\n")?;
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        }
    }
    // It names files of the repository by where it stands itself.
    let root = built.join("../..").canonicalize()?;
    let template = folder.join("template.yaml");
    fs::write(&template, text.replace("../../", &format!("{}/", root.display())))?;
    Ok(template)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_kept_for_the_next_deployment_and_one_is_changed() -> Result<()> {
    let cloud = LocalCloud::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let folder = cloud.scratch("deploy")?;
    let parameters = Template::read()?.parameters.into_iter().map(|parameter| parameter.name).collect();
    let zone = cloud.description().delegation_zone_id.clone();
    let template = with_small_functions(&folder)?;
    let operator = Operator { template, answers: folder.join("deployment.toml"), cloud, parameters };

    let first = operator.deploy(&[
        ("stack", STACK),
        ("region", local_cloud::REGION),
        ("AcmeContact", "operations@platform.example"),
        ("DelegationZone", "acme.platform.test"),
        ("DelegationHostedZoneId", &zone),
        ("EndpointTarget", "edge.platform.test"),
        ("Schedule", "rate(23 hours)"),
        ("DeletionProtection", "no"),
    ])?;
    ensure!(first.contains("Your answers are kept in"), "{first}");
    let before = operator.deployed().await?;
    ensure!(before["AcmeContact"] == "operations@platform.example" && before["TenantShare"] == "50", "{before:?}");

    // What a build leaves of its folder is none of the answers' business.
    let again = operator.deploy(&[("TenantShare", "70")])?;
    ensure!(again.contains("Your last answers are in"), "{again}");
    let mut expected = before.clone();
    expected.insert("TenantShare".into(), "70".into());
    ensure!(operator.deployed().await? == expected, "one has changed and no other: {:?}", operator.deployed().await?);

    ensure!(!again.contains("has changed"), "the CA is the same: {again}");

    let third = operator.deploy(&[])?;
    ensure!(third.contains("No changes to deploy"), "{third}");
    ensure!(operator.deployed().await? == expected, "kept: {:?}", operator.deployed().await?);
    ensure!(!third.contains("has changed"), "{third}");

    let fourth = operator.deploy(&[("AcmeProfile", "tlsserver")])?;
    ensure!(fourth.contains("The CA or its profile has changed") && fourth.contains("a new ARN"), "{fourth}");
    ensure!(operator.deployed().await?["AcmeProfile"] == "tlsserver");
    Ok(())
}
