//! A release, unpacked elsewhere and deployed by somebody who has no compiler: `make release-test`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use end_to_end::{Platform, text};
use local_cloud::{Deployment, Options};
use reqwest::Method;

const DOMAIN: &str = "www.release.test";

/// Runs a program with no others in its reach than the system's: no cargo, no rustc.
fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .with_context(|| format!("running {program}"))?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The one file of the folder whose name has `part`.
fn file(folder: &Path, part: &str) -> Result<PathBuf> {
    let files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let mut found = files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(part)));
    found.next().with_context(|| format!("{} has no {part}", folder.display()))
}

/// As the release's README has it: with the AWS CLI alone, everything is in the bucket after it.
fn package(platform: &Platform, stack: &Path) -> Result<()> {
    let aws = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/bin/aws");
    let bucket = "released";
    let output = |arguments: &[&str]| -> Result<()> {
        let environment = platform.cloud.description().environment()?;
        let output = Command::new(&aws).args(arguments).current_dir(stack).envs(environment).output()?;
        ensure!(output.status.success(), "aws: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    output(&["s3", "mb", &format!("s3://{bucket}")])?;
    let package = ["cloudformation", "package", "--template-file", "template.yaml", "--s3-bucket", bucket];
    output(&[&package[..], &["--s3-prefix", "managed-https", "--output-template-file", "packaged.yaml"]].concat())?;
    let packaged = fs::read_to_string(stack.join("packaged.yaml"))?;
    let functions = fs::read_dir(stack.join("functions"))?.count();
    let uploaded = packaged.matches("CodeUri: s3://released/managed-https/").count();
    ensure!(functions > 15 && uploaded == functions, "{uploaded} of {functions} functions are in the bucket");
    ensure!(!packaged.contains("DefinitionUri: issue-certificate.asl.json"), "the state machine is, too");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make release-test makes the release first"]
async fn a_release_is_deployed_without_a_compiler_and_issues_a_certificate() -> Result<()> {
    let release = PathBuf::from(std::env::var("RELEASE").context("RELEASE names the folder of the releases")?);
    let release = release.join(env!("CARGO_PKG_VERSION"));
    let elsewhere = std::env::temp_dir().join(format!("managed-https-release-{}", std::process::id()));
    fs::create_dir_all(&elsewhere)?;
    for name in fs::read_dir(&release)?.flatten() {
        fs::copy(name.path(), elsewhere.join(name.file_name()))?;
    }
    run("sha256sum", &["--check", "--quiet", "SHA256SUMS"], &elsewhere)?;
    let stack = file(&elsewhere, "-stack-")?;
    run("python3", &["-m", "zipfile", "-e", &stack.display().to_string(), "stack"], &elsewhere)?;
    let cli = file(&elsewhere, "-linux-")?;
    run("tar", &["-xzf", &cli.display().to_string()], &elsewhere)?;
    let cli = PathBuf::from(cli.display().to_string().trim_end_matches(".tar.gz"));

    let options = Options {
        template: Some(elsewhere.join("stack/template.yaml")),
        deployment: Deployment::Sam,
        schedule: "rate(23 hours)".into(),
        ..Options::unique()
    };
    let platform = Platform::start(options).await?;
    let zone = platform.cloud.create_zone("release.test").await?;
    platform.issue(&zone, DOMAIN, &[], "internal").await?;
    platform.check_at_rest(DOMAIN, platform.cloud.ca()).await?;

    let said = run(&cli.join("managed-https").display().to_string(), &["--version"], &elsewhere)?;
    let seen = platform.call(Method::GET, "installation", None).await?;
    let version = text(&seen.body["version"]);
    ensure!(said.trim() == format!("managed-https {version}"), "{said} and {version}");
    let described = platform.cloud.describe_stack(local_cloud::STACK_NAME).await?;
    ensure!(described.contains(&format!("<OutputValue>{version}</OutputValue>")), "the output Version: {described}");
    package(&platform, &elsewhere.join("stack"))?;
    drop(platform);
    fs::remove_dir_all(&elsewhere)?;
    Ok(())
}
