//! Drills: attempts that end in the middle, and commands that an operator then types.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sfn::types::ExecutionStatus;
use local_cloud::{LocalCloud, wait_until};

use crate::{Platform, text};

/// Until an attempt has its order.
const ORDERED: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A command as an operator types it in the repository, with the credentials and the region of `cloud`. Returns what it prints.
///
/// # Errors
///
/// With all that it said, if it failed.
pub async fn typed(cloud: &LocalCloud, command: &str) -> Result<String> {
    let path = format!("{}:{}", root().join(".local/bin").display(), std::env::var("PATH")?);
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", command]).current_dir(root());
    shell.envs(cloud.description().environment()?).env("PATH", path);
    let output = tokio::task::spawn_blocking(move || shell.output()).await?.context("running bash")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{command}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

impl Platform {
    /// Starts an attempt and ends it once its order is open: its key is made, it has its lease, and something may be published.
    pub async fn interrupt_attempt(&self, domain: &str) -> Result<()> {
        let id = text(&self.endpoint(domain).await?["id"]).to_owned();
        self.start_attempt(domain).await?;
        wait_until("an open order", ORDERED, async || Ok(self.has_order(&id).await?.then_some(()))).await?;
        let sfn = &self.cloud.aws().sfn;
        for execution in self.cloud.executions().await? {
            let described = sfn.describe_execution().execution_arn(&execution).send().await?;
            if described.status == ExecutionStatus::Running {
                sfn.stop_execution().execution_arn(&execution).send().await.context("StopExecution")?;
            }
        }
        self.kill_all_functions()
    }

    /// Whether an order of the endpoint with this id is open.
    pub async fn has_order(&self, id: &str) -> Result<bool> {
        let table = self.cloud.resource("EndpointsTable")?;
        let get = self.cloud.aws().dynamodb.get_item().table_name(table).consistent_read(true);
        let get = get.key("pk", AttributeValue::S(format!("ENDPOINT#{id}")));
        let item = get.key("sk", AttributeValue::S("ENDPOINT".into())).send().await?.item.context("the endpoint")?;
        Ok(item.get("order").is_some_and(AttributeValue::is_m))
    }

    /// Ends the lease by which an attempt that died holds its endpoint.
    pub async fn end_lease(&self, domain: &str) -> Result<()> {
        let id = text(&self.endpoint(domain).await?["id"]).to_owned();
        for time in ["lease_until", "due_at"] {
            self.set(&id, &format!("{time} = :value"), AttributeValue::N("1".into())).await?;
        }
        Ok(())
    }

    /// Waits until the endpoint has its certificate, and nothing runs.
    pub async fn at_rest(&self, domain: &str) -> Result<()> {
        wait_until(&format!("{domain} at rest"), Duration::from_secs(90), async || {
            Ok(crate::is_at_rest(&self.endpoint(domain).await?).then_some(()))
        })
        .await
    }
}
