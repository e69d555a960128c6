//! Parameters that are too long for a function's variables are read from a secret of the stack.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use end_to_end::Platform;
use local_cloud::{Options, wait_until};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_changes_reaches_a_process_that_is_running() -> Result<()> {
    let options = Options { schedule: "rate(23 hours)".into(), ..Options::unique() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    let secrets = &cloud.aws().secrets;
    let secret = cloud.resource("Settings")?;
    let text = secrets.get_secret_value().secret_id(secret).send().await?.secret_string.context("it has a text")?;
    ensure!(text.contains("ACME_TRUST_ANCHOR=MII"), "the private root is there: {text}");
    let poll = async || cloud.invoke("PollRenewalInfoFunction", &json!({})).await;
    ensure!(poll().await?.error.is_none(), "it runs by what the stack was deployed with");

    // What no function can start with: whoever fails has read it.
    let spoiled = text.replace("ACME_TRUST_ANCHOR=", "ACME_TRUST_ANCHOR==");
    secrets.put_secret_value().secret_id(secret).secret_string(spoiled).send().await?;
    ensure!(poll().await?.error.is_none(), "a run does not end for it");
    let patience = Duration::from_secs(100);
    wait_until("a process with the new text", patience, async || Ok(poll().await?.error.map(|_| ()))).await?;
    secrets.put_secret_value().secret_id(secret).secret_string(text).send().await?;
    wait_until("a process with the old one", patience, async || Ok(poll().await?.error.is_none().then_some(()))).await
}
