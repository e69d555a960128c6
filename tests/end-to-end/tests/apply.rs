//! Files of endpoints: applied, killed in the middle, applied again, exported, and applied from the export.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use end_to_end::{Platform, text};
use local_cloud::{LocalCloud, Options, wait_until};
use serde_json::Value;

const TENANTS: usize = 3;
/// Within this time another tenant has its certificate, however many lines are applied meanwhile.
const UNDELAYED: Duration = Duration::from_secs(120);

/// `managed-https`, as its user runs it.
struct Cli<'a> {
    cloud: &'a LocalCloud,
    program: PathBuf,
}

impl<'a> Cli<'a> {
    fn new(cloud: &'a LocalCloud) -> Result<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/bin/managed-https");
        ensure!(program.is_file(), "the program is missing: run make build");
        Ok(Self { cloud, program })
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().envs(self.cloud.description().environment()?).stdin(Stdio::null());
        Ok(command)
    }

    async fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command(arguments)?;
        Ok(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    /// Its result with `--format json`, and whether its exit status is 0.
    async fn json(&self, arguments: &[&str]) -> Result<(Vec<Value>, bool)> {
        let output = self.run(&[arguments, &["--format", "json"]].concat()).await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let values = serde_json::from_slice(&output.stdout).with_context(|| format!("{arguments:?}: {said}"))?;
        Ok((values, output.status.success()))
    }
}

fn line(number: usize) -> String {
    format!("n{number}.lines.test,,internal,t{}\n", number % TENANTS)
}

fn file(count: usize) -> Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("lines-{}-{count}.csv", std::process::id()));
    let lines: String = (0..count).map(line).collect();
    fs::write(&path, format!("domain,names,reachability,tenant\n{lines}"))?;
    Ok(path)
}

fn results(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.results.csv", file.display()))
}

/// The endpoints' ids by domain.
async fn registered(cli: &Cli<'_>) -> Result<BTreeMap<String, String>> {
    let (endpoints, _) = cli.json(&["list", "--sort", "domain", "--search", "lines.test"]).await?;
    let ids = endpoints.iter().map(|endpoint| (text(&endpoint["domain"]).into(), text(&endpoint["id"]).into()));
    let ids: BTreeMap<_, _> = ids.collect();
    ensure!(ids.len() == endpoints.len(), "a domain is there twice");
    Ok(ids)
}

fn outcomes(applied: &[Value]) -> BTreeMap<&str, usize> {
    applied.iter().fold(BTreeMap::new(), |mut counts, one| {
        *counts.entry(text(&one["outcome"])).or_default() += 1;
        counts
    })
}

/// Applies `count` lines, kills that when about a third is done, and applies them again.
async fn killed_and_applied_again(count: usize) -> Result<()> {
    let options = Options { schedule: "rate(23 hours)".into(), ..Options::unique() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    let cli = Cli::new(cloud)?;
    let file = file(count)?;
    let name = file.to_str().context("a path of text")?;
    let zone = cloud.create_zone("other.test").await?;

    let mut child = cli.command(&["apply", name])?.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    wait_until("a third of the lines", Duration::from_secs(600), async || {
        let written = fs::read_to_string(results(&file)).unwrap_or_default();
        Ok((written.lines().count() > count / 3).then_some(()))
    })
    .await?;
    child.kill()?;
    child.wait()?;
    let before = registered(&cli).await?;
    ensure!(before.len() < count, "it was killed too late");

    // Somebody else's certificate does not wait for the rest.
    let begun = Instant::now();
    let other = async {
        let endpoint = platform.issue(&zone, "www.other.test", &[], "internal").await?;
        Ok((endpoint, begun.elapsed()))
    };
    let again = ["apply", name];
    let ((applied, well), (other, issued)) = tokio::try_join!(cli.json(&again), other)?;
    eprintln!("{count} lines in {:.0?}; another tenant's certificate meanwhile in {issued:.0?}", begun.elapsed());
    ensure!(!other["certificate"]["arn"].is_null(), "{other:#}");
    ensure!(issued < UNDELAYED, "another tenant waited for {issued:.0?}");
    ensure!(well && applied.len() == count, "{:?}", outcomes(&applied));
    let counts = outcomes(&applied);
    ensure!(counts["registered"] + counts["unchanged"] == count && counts["unchanged"] >= count / 3, "{counts:?}");
    let after = registered(&cli).await?;
    ensure!(after.len() == count, "{} endpoints", after.len());
    ensure!(before.iter().all(|(domain, id)| after.get(domain) == Some(id)), "an endpoint was registered again");
    let (applied, well) = cli.json(&["apply", name]).await?;
    ensure!(well && outcomes(&applied)["unchanged"] == count, "{:?}", outcomes(&applied));
    let written = fs::read_to_string(results(&file))?;
    ensure!(
        written.lines().count() == count + 1 && written.contains("_acme-challenge.n0.lines.test CNAME "),
        "{written}"
    );

    // What is exported is what was applied, and applies to nothing new.
    let exported = cli.run(&["export", "--search", "lines.test"]).await?.stdout;
    let exported = String::from_utf8(exported)?;
    let domains =
        |csv: &str| csv.lines().skip(1).filter_map(|line| line.split(',').next().map(str::to_owned)).collect();
    let (of_file, of_export): (BTreeSet<String>, BTreeSet<String>) =
        (domains(&fs::read_to_string(&file)?), domains(&exported));
    ensure!(of_file == of_export, "{exported}");
    let copy = file.with_extension("copy.csv");
    fs::write(&copy, &exported)?;
    let (applied, well) = cli.json(&["apply", copy.to_str().context("a path of text")?]).await?;
    ensure!(well && outcomes(&applied)["unchanged"] == count, "{:?}", outcomes(&applied));

    // A file that says something else of what is there changes it only when that is asked for.
    fs::write(&copy, "domain,reachability,tenant\nn1.lines.test,external,t1\nnew.lines.test,external,t1\n")?;
    let other = copy.to_str().context("a path of text")?;
    let (applied, well) = cli.json(&["apply", other, "--dry-run"]).await?;
    ensure!(!well && outcomes(&applied)["not_ready"] == 2, "{applied:#?}");
    let (applied, well) = cli.json(&["apply", other]).await?;
    ensure!(!well && applied[0]["outcome"] == "differs" && applied[1]["outcome"] == "registered", "{applied:#?}");
    ensure!(text(&applied[0]["why"]).contains("reachability"), "{applied:#?}");
    let (applied, well) = cli.json(&["apply", other, "--update"]).await?;
    ensure!(well && applied[0]["outcome"] == "changed" && applied[1]["outcome"] == "unchanged", "{applied:#?}");
    ensure!(platform.endpoint("n1.lines.test").await?["reachability"] == "external", "it was not changed");
    fs::remove_file(format!("{other}.check.csv")).context("what the dry run found")?;
    for file in [&file, &copy] {
        fs::remove_file(file)?;
        fs::remove_file(results(file))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_applied_again_after_a_kill_are_registered_once() -> Result<()> {
    killed_and_applied_again(45).await
}

/// `make apply-many`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes many minutes"]
async fn five_thousand_lines_that_are_applied_again_after_a_kill_are_registered_once() -> Result<()> {
    killed_and_applied_again(5000).await
}
