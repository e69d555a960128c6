//! One cloud, from its first process to its last.

use std::fs;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::aws::Aws;
use crate::bring_up::bring_up;
use crate::ca::{Ca, CaPorts};
use crate::description::Description;
use crate::emulators::MINISTACK;
use crate::gate;
use crate::key_scan;
use crate::late_failure::fail_at_the_end;
use crate::layout::{CloudFolder, Project};
use crate::name_servers::NameServers;
use crate::options::{DEFAULT_NAME, Options};
use crate::ports::choose;
use crate::process::{self, Process};
use crate::tls::TestTls;

/// An AWS with the stack deployed, a CA, DNS and an edge, all on loopback.
///
/// One that was started here is stopped when it is dropped; one that was attached to is left alone.
#[derive(Debug)]
pub struct LocalCloud {
    description: Description,
    aws: Aws,
    project: Project,
    folder: CloudFolder,
    owned: bool,
}

impl LocalCloud {
    /// Starts a cloud and deploys the stack to it. What was started is stopped again if that fails.
    pub async fn start(options: Options) -> Result<Self> {
        let project = Project::find()?;
        remove_orphans(&project);
        let folder = project.cloud(&options.name);
        if Process::noted(&folder).iter().any(Process::is_running) {
            bail!("the cloud {} is running already (stop it with: make down CLOUD={0})", options.name);
        }
        folder.create()?;
        match bring_up(&project, &folder, &options).await {
            Ok((description, aws)) => Ok(Self { description, aws, project, folder, owned: true }),
            Err(error) => {
                process::stop(&Process::noted(&folder))?;
                Err(error.context(format!("the logs are in {}", folder.file("logs").display())))
            }
        }
    }

    /// Uses the cloud that `local-cloud up` left running under `name`.
    pub fn attach(name: &str) -> Result<Self> {
        let project = Project::find()?;
        let folder = project.cloud(name);
        let description = Description::read(&folder).with_context(|| format!("the cloud {name} is not up"))?;
        for process in Process::noted(&folder) {
            process.expect_running(&folder)?;
        }
        let aws = Aws::new(&description.aws, &description.acm, &description.region);
        Ok(Self { description, aws, project, folder, owned: false })
    }

    /// Attaches to the cloud named by the variable LOCAL_CLOUD, else starts one that no other test has.
    pub async fn attach_or_start(options: Options) -> Result<Self> {
        match std::env::var("LOCAL_CLOUD") {
            Ok(name) => Self::attach(&name),
            Err(_) => Self::start(options).await,
        }
    }

    /// Leaves the processes running when this is dropped.
    pub fn leave_running(mut self) -> Description {
        self.owned = false;
        self.description.clone()
    }

    /// Where a private key stands in the clear, in the emulated AWS and in the logs. The cloud itself fails when it is
    /// dropped, or taken down, with any.
    pub fn keys_in_the_open(&self) -> Result<Vec<String>> {
        key_scan::keys_in_the_open(&self.folder)
    }

    /// Ends every process of the cloud. Its logs stay. Fails if AWS would have refused a call of a function.
    pub fn stop(mut self) -> Result<()> {
        self.owned = false;
        process::stop(&Process::noted(&self.folder))?;
        gate::keep_used(&self.project, &self.folder, &self.description.name)?;
        gate::expect_none_refused(&self.folder)
    }

    pub fn description(&self) -> &Description {
        &self.description
    }

    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// The CA that the stack was deployed with.
    pub fn ca(&self) -> &Ca {
        &self.description.ca
    }

    /// Physical id of a resource of the stack.
    pub fn resource(&self, logical_id: &str) -> Result<&str> {
        self.description.resource(logical_id)
    }

    /// The log of a process of the cloud: ministack, moto, pebble, unbound, serve.
    pub fn log(&self, role: &str) -> PathBuf {
        self.folder.log(role)
    }

    /// The cloud's name servers and the resolver beside them.
    pub fn name_servers(&self) -> NameServers {
        NameServers::new(self.folder.clone(), self.description.dns_port)
    }

    /// A file in the cloud's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }

    /// Starts an additional CA with the same resolver and the same port for challenges.
    pub async fn start_ca(&self, options: &crate::CaOptions) -> Result<Ca> {
        let ports = CaPorts {
            acme: choose(&self.project, &self.folder, None)?,
            management: choose(&self.project, &self.folder, None)?,
            dns: self.description.dns_port,
            http01: options.http01_port.unwrap_or(self.description.edge.port()),
        };
        let process = Ca::start(&self.project, &self.folder, &format!("pebble-{}", ports.acme), options, ports)?;
        Ca::ready(&self.folder, &process, ports).await
    }

    /// Ends a CA: from then on nothing answers at its address.
    pub fn stop_ca(&self, ca: &Ca) -> Result<()> {
        ca.stop(&self.folder)
    }

    /// A folder for a test's own files. It goes with the cloud.
    pub fn scratch(&self, name: &str) -> Result<PathBuf> {
        let folder = self.file(name);
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(folder)
    }

    /// What CloudFormation says of a stack, as XML.
    pub async fn describe_stack(&self, name: &str) -> Result<String> {
        self.cloudformation("DescribeStacks", name, &[]).await
    }

    /// Calls CloudFormation about the stack `name`, and returns the answer's XML.
    pub async fn cloudformation(&self, action: &str, name: &str, fields: &[(String, String)]) -> Result<String> {
        let Description { aws, region, .. } = &self.description;
        crate::stack::cloudformation(&self.http_client()?, aws, region, action, name, fields).await
    }

    /// Trusts the TLS root of the cloud's CAs and proxies, and no other.
    pub fn http_client(&self) -> Result<reqwest::Client> {
        self.tls().client()
    }

    /// Another stack on the same processes, which are left alone when it is dropped.
    pub(crate) fn beside(&self, description: Description, aws: Aws) -> Self {
        Self { description, aws, project: self.project.clone(), folder: self.folder.clone(), owned: false }
    }

    pub(crate) fn description_mut(&mut self) -> &mut Description {
        &mut self.description
    }

    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    pub(crate) fn folder(&self) -> &CloudFolder {
        &self.folder
    }

    pub(crate) fn tls(&self) -> TestTls {
        TestTls::new(&self.folder)
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        if !self.owned {
            return;
        }
        // A test that has failed already has its own reason.
        let custody = if thread::panicking() { Ok(()) } else { key_scan::expect_no_keys(&self.folder) };
        let stopped = process::stop(&Process::noted(&self.folder));
        let kept = gate::keep_used(&self.project, &self.folder, &self.description.name);
        let refused = gate::expect_none_refused(&self.folder);
        // The logs are kept where they may explain something.
        match stopped.and(kept).and(refused).and(custody) {
            Ok(()) if !thread::panicking() => drop(self.folder.remove()),
            Ok(()) => eprintln!("the cloud's logs are in {}", self.folder.file("logs").display()),
            // A test that passed in spite of it has not passed.
            Err(error) if !thread::panicking() => fail_at_the_end(&error),
            Err(error) => eprintln!("{error:#}"),
        }
    }
}

/// Stops the cloud `name`, whether it came up or not. Says whether there was anything to stop.
///
/// # Errors
///
/// A process does not end; AWS would have refused a call of a function; or a private key stood in the clear in what the
/// cloud kept. It is stopped then, too.
pub fn stop(name: &str) -> Result<bool> {
    let project = Project::find()?;
    let folder = project.cloud(name);
    let running: Vec<_> = Process::noted(&folder).into_iter().filter(Process::is_running).collect();
    // One that never came up has no state.
    let was_up = folder.description().is_file() && running.iter().any(|process| process.role == MINISTACK);
    let custody = if was_up { key_scan::expect_no_keys(&folder) } else { Ok(()) };
    process::stop(&Process::noted(&folder))?;
    // What it said about itself is no longer true.
    let _ = fs::remove_file(folder.description());
    if name == DEFAULT_NAME {
        let _ = fs::remove_file(project.local().join("env"));
    }
    if !running.is_empty() {
        gate::keep_used(&project, &folder, name)?;
        gate::expect_none_refused(&folder)?;
    }
    custody.map(|()| !running.is_empty())
}

/// The processes of the cloud `name`, with whether each runs.
pub fn processes(name: &str) -> Result<Vec<(Process, bool)>> {
    let processes = Process::noted(&Project::find()?.cloud(name));
    Ok(processes.into_iter().map(|process| (process.clone(), process.is_running())).collect())
}

/// Stops the clouds of tests that were killed before they could do it.
fn remove_orphans(project: &Project) {
    for name in project.clouds() {
        let owner = name.strip_prefix("test-").and_then(|rest| rest.split('-').next());
        let Some(owner) = owner else { continue };
        let folder = project.cloud(&name);
        if !PathBuf::from(format!("/proc/{owner}")).exists() && !Process::noted(&folder).is_empty() {
            let _ = process::stop(&Process::noted(&folder));
        }
    }
}
