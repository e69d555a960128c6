//! What the stories need: the platform's CLI, the domain owner's zone, and checks of the results.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_route53::types::RrType;
use serde_json::Value;
use tokio::time::sleep;

use super::command::{Cli, command_line};
use super::screen::Screen;
use crate::cloud::LocalCloud;
use crate::layout::Project;
use crate::zones::OwnerZone;

/// How long a first attempt may take that fails for a missing record.
const FIRST_ATTEMPT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(250);

pub(super) struct Setup<'a> {
    pub cloud: &'a LocalCloud,
    pub screen: &'a Screen,
    pub cli: Cli,
    zone: OwnerZone,
}

impl<'a> Setup<'a> {
    pub(super) async fn create(cloud: &'a LocalCloud, screen: &'a Screen, domain: &str) -> Result<Self> {
        Self::over(cloud, screen, cloud.create_zone(domain).await?)
    }

    /// The same over a zone that is there already.
    pub(super) fn over(cloud: &'a LocalCloud, screen: &'a Screen, zone: OwnerZone) -> Result<Self> {
        let cli = Cli::find(&Project::find()?, cloud.description())?;
        Ok(Self { cloud, screen, cli, zone })
    }

    /// Runs a command of the CLI, and shows it.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<String> {
        let line = command_line(arguments);
        self.screen.command(&line)?;
        let _spinner = self.screen.spinner(line);
        self.cli.run(arguments).await
    }

    /// The same with `--format json`.
    pub(super) async fn query(&self, arguments: &[&str]) -> Result<Value> {
        let line = command_line(&[arguments, &["--format", "json"]].concat());
        self.screen.command(&line)?;
        let _spinner = self.screen.spinner(line);
        self.cli.json(arguments).await
    }

    /// Registers an endpoint, and shows the first line of the answer.
    pub(super) async fn add(&self, arguments: &[&str]) -> Result<()> {
        let answer = self.run(&[&["add"], arguments].concat()).await?;
        self.screen.answer(answer.lines().next().unwrap_or_default())
    }

    /// Creates a record in the zone of the domain's owner.
    pub(super) async fn create_record(&self, name: &str, kind: &str, value: &str) -> Result<()> {
        self.screen.fact("DNS zone", &format!("{name} {kind} {value}"))?;
        self.zone.upsert(name, RrType::from(kind), &[value]).await
    }

    /// The records that the endpoint asks for, shown as the CLI lists them.
    pub(super) async fn records(&self, domain: &str) -> Result<Vec<Record>> {
        let listed = self.query(&["records", domain]).await?;
        let records: Vec<Record> = serde_json::from_value(listed).context("the records of an endpoint")?;
        for record in &records {
            self.screen.answer(&record.line())?;
        }
        Ok(records)
    }

    /// Starts an attempt, waits for its end, and shows how it ended.
    pub(super) async fn renew(&self, domain: &str) -> Result<()> {
        let answer = self.run(&["renew", domain, "--wait"]).await?;
        self.screen.answer(answer.lines().next().unwrap_or_default())
    }

    /// The endpoint's first attempt, which a registration starts at once, when it has ended.
    pub(super) async fn first_attempt(&self, domain: &str) -> Result<Value> {
        let _spinner = self.screen.spinner(format!("the first attempt for {domain}"));
        let begun = Instant::now();
        loop {
            let attempts = self.cli.json(&["history", domain]).await?;
            let ended = |attempt: &&Value| attempt["attempt"] == 1 && !attempt["finished_at"].is_null();
            if let Some(attempt) = attempts.as_array().into_iter().flatten().find(ended) {
                return Ok(attempt.clone());
            }
            if begun.elapsed() > FIRST_ATTEMPT {
                bail!("the first attempt for {domain} has not ended after {} s", FIRST_ATTEMPT.as_secs());
            }
            sleep(POLL).await;
        }
    }
}

/// A DNS record to create, as the CLI lists it.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Record {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
}

impl Record {
    pub(super) fn line(&self) -> String {
        format!("{} {} {}", self.name, self.kind, self.value)
    }

    /// Whether it delegates a challenge.
    pub(super) fn is_delegation(&self) -> bool {
        self.name.starts_with("_acme-challenge.")
    }
}

/// The text of a JSON value; empty if it is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What the steps of an attempt used, all together.
pub(super) fn used(attempt: &Value, what: &str) -> u64 {
    let steps = attempt["steps"].as_array().into_iter().flatten();
    steps.filter_map(|step| step[what].as_u64()).sum()
}
