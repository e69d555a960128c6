//! AWS: ministack, and moto for ACM.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::layout::{CloudFolder, Project};
use crate::options::Options;
use crate::process::Process;
use crate::wait::wait_until;

/// What the emulated AWS is called among the processes.
pub(crate) const MINISTACK: &str = "ministack";
/// One region everywhere: moto keeps certificates by region.
pub use crate::options::REGION;
/// The account of the stack, in both emulators: moto's own.
pub const ACCOUNT: &str = "123456789012";
pub const ACCESS_KEY: &str = "test";
pub const SECRET_KEY: &str = "test";

const READY: Duration = Duration::from_secs(60);

pub(crate) fn url(port: u16) -> String {
    // Not localhost: the S3 client would resolve bucket.localhost.
    format!("http://127.0.0.1:{port}")
}

pub(crate) fn start_ministack(
    project: &Project,
    folder: &CloudFolder,
    port: u16,
    gate: &str,
    options: &Options,
) -> Result<Process> {
    let mut command = Command::new(project.tool("ministack", "python")?);
    command
        .arg(project.root().join("tests/local-cloud/start_ministack.py"))
        .env("GATEWAY_PORT", port.to_string())
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("MINISTACK_REGION", REGION)
        .env("MINISTACK_ACCOUNT_ID", ACCOUNT)
        .env("ZONES_FILE", folder.zones())
        .env("STATE_SOCKET", folder.state_socket())
        // Else it follows from the memory of this machine.
        .env("LAMBDA_ACCOUNT_CONCURRENCY", options.concurrency.to_string())
        .env("SFN_WAIT_SCALE", options.flow_waits.to_string())
        // Without this it opens a port on every interface.
        .env("IOT_MTLS_ENABLED", "0")
        // The functions inherit ministack's environment, and this is how they find AWS.
        .env("AWS_ENDPOINT_URL", gate)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_REGION", REGION)
        // The functions' code is unpacked there.
        .env("TMPDIR", folder.file("tmp"))
        .current_dir(folder.file("tmp"));
    for inherited in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_ACM", "RUST_LOG", "RUST_BACKTRACE"] {
        command.env_remove(inherited);
    }
    Process::start(folder, MINISTACK, command)
}

pub(crate) fn start_moto(project: &Project, folder: &CloudFolder, port: u16) -> Result<Process> {
    let mut command = Command::new(project.tool("moto", "moto_server")?);
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    Process::start(folder, "moto", command)
}

pub(crate) async fn ministack_ready(
    http: &reqwest::Client,
    folder: &CloudFolder,
    process: &Process,
    port: u16,
) -> Result<()> {
    answers(http, folder, process, &format!("{}/_ministack/health", url(port))).await
}

pub(crate) async fn moto_ready(
    http: &reqwest::Client,
    folder: &CloudFolder,
    process: &Process,
    port: u16,
) -> Result<()> {
    answers(http, folder, process, &format!("{}/moto-api/config", url(port))).await
}

/// Waits until `url` answers with success, or the process behind it has ended.
pub(crate) async fn answers(http: &reqwest::Client, folder: &CloudFolder, process: &Process, url: &str) -> Result<()> {
    wait_until(&format!("{} at {url}", process.role), READY, async || {
        process.expect_running(folder)?;
        let response = http.get(url).timeout(Duration::from_secs(2)).send().await;
        Ok(response.is_ok_and(|response| response.status().is_success()).then_some(()))
    })
    .await
}
