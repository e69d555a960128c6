//! `local-cloud try NAME`, as somebody runs it who has just cloned the repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use local_cloud::Options;

const DOMAIN: &str = "www.shop.test";

struct Newcomer {
    cloud: String,
}

impl Newcomer {
    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        let program = Self::root().join(".local/bin/local-cloud");
        let (command, rest) = arguments.split_first().context("a command")?;
        let mut local_cloud = Command::new(program);
        local_cloud.arg(command).args(["--name", &self.cloud]).args(rest).current_dir(Self::root());
        local_cloud.output().context("make build makes local-cloud")
    }

    /// What it prints.
    fn tries(&self) -> Result<String> {
        let output = self.run(&["try", DOMAIN])?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        ensure!(output.status.success(), "{said}");
        Ok(said)
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        let _ = self.run(&["down"]);
    }
}

/// The value of a line `NAME   VALUE  (note)`.
fn fact<'a>(said: &'a str, name: &str) -> Result<&'a str> {
    let line = said.lines().map(str::trim).find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = line.with_context(|| format!("no {name} in:\n{said}"))?.trim();
    Ok(value.split("  (").next().unwrap_or(value))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_leads_from_a_name_to_a_certificate_and_says_where_to_click_next() -> Result<()> {
    let newcomer = Newcomer { cloud: Options::unique().name };
    let said = newcomer.tries()?;
    for part in
        ["1  The domain owner's zone: shop.test", "2  Register", "3  Create the records", "4  Get the certificate"]
    {
        ensure!(said.contains(part), "{part} is missing:\n{said}");
    }
    // The pages open. Without a session, they lead to the sign-in.
    let endpoint = fact(&said, "Endpoint")?;
    let http = reqwest::Client::builder().tls_backend_preconfigured(adapters::tls::client_config(None)?).build()?;
    for (name, status, expected) in
        [("Dashboard", 401, "Sign in"), ("Endpoint", 401, "Sign in"), ("Owner", 200, DOMAIN)]
    {
        let url = fact(&said, name)?;
        let page = http.get(url).send().await.with_context(|| format!("{name}: {url}"))?;
        ensure!(page.status() == status, "{name}: {url}: {}", page.status());
        let html = page.text().await?;
        ensure!(html.contains(expected), "{name}: {url} does not say “{expected}”:\n{html}");
    }
    // The line for the shell is one that can be copied.
    let shell = format!("{}; managed-https show {DOMAIN} --format json", fact(&said, "Shell")?);
    let shown = Command::new("bash").args(["-euc", &shell]).current_dir(Newcomer::root()).output()?;
    ensure!(shown.status.success(), "{shell}: {}", String::from_utf8_lossy(&shown.stderr));
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout)?;
    ensure!(shown["certificate"]["state"] == "active" && shown["status"] == "ready", "{shown:#}");
    ensure!(endpoint.ends_with(shown["id"].as_str().context("an id")?), "{endpoint}");

    let again = newcomer.tries()?;
    ensure!(again.contains("It is registered already."), "it can be run again:\n{again}");
    let wrong = newcomer.run(&["try", "shop.example"])?;
    let why = String::from_utf8_lossy(&wrong.stderr).into_owned();
    ensure!(!wrong.status.success() && why.contains("try www.shop.test"), "{why}");
    Ok(())
}
