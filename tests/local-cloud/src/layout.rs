//! Where things are: the project's folders, and those of one cloud.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The project's root folder.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// Finds the project that the current folder is in, so that a built binary can be moved.
    pub(crate) fn find() -> Result<Self> {
        let here = std::env::current_dir().context("the current folder")?;
        let root = here.ancestors().find(|folder| folder.join("template.yaml").is_file());
        match root {
            Some(root) => Ok(Self { root: root.to_owned() }),
            None => bail!("{} is not in the project (no template.yaml above it)", here.display()),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What the project fetched and made for this machine.
    pub(crate) fn local(&self) -> PathBuf {
        self.root.join(".local")
    }

    /// What `sam build` made of the template.
    pub(crate) fn built_template(&self) -> PathBuf {
        self.root.join(".aws-sam/build/template.yaml")
    }

    /// A program of one of the virtual environments that set-up.sh makes.
    pub(crate) fn tool(&self, environment: &str, program: &str) -> Result<PathBuf> {
        let path = self.local().join("venvs").join(environment).join("bin").join(program);
        if !path.is_file() {
            bail!("{} is missing: run make set-up", path.display());
        }
        Ok(path)
    }

    /// The Pebble that set-up.sh found: the project's own, else the one on PATH.
    pub(crate) fn pebble(&self) -> PathBuf {
        let own = self.local().join("bin/pebble");
        if own.exists() { own } else { PathBuf::from("pebble") }
    }

    /// The validating resolver, and the folder of what it is linked with and this system lacks.
    pub(crate) fn unbound(&self) -> Unbound {
        let folder = self.local().join("unbound");
        Unbound { program: folder.join("unbound"), libraries: folder.join("lib"), redirect: folder.join("redirect.so") }
    }

    /// The Node that set-up.sh fetched.
    pub(crate) fn node(&self) -> Result<PathBuf> {
        let path = self.local().join("node");
        if !path.is_file() {
            bail!("{} is missing: run make set-up", path.display());
        }
        Ok(path)
    }

    pub(crate) fn cloud(&self, name: &str) -> CloudFolder {
        CloudFolder { path: self.local().join("clouds").join(name) }
    }

    /// Names of the clouds that have left anything behind.
    pub(crate) fn clouds(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.local().join("clouds")) else { return Vec::new() };
        let mut names: Vec<_> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

/// Where set-up.sh puts the parts of the resolver.
#[derive(Clone, Debug)]
pub(crate) struct Unbound {
    pub(crate) program: PathBuf,
    pub(crate) libraries: PathBuf,
    /// Leads its questions to the cloud's port for DNS.
    pub(crate) redirect: PathBuf,
}

/// Everything one cloud writes.
#[derive(Clone, Debug)]
pub(crate) struct CloudFolder {
    path: PathBuf,
}

impl CloudFolder {
    /// Starts with empty logs and without what an earlier cloud of this name said about itself.
    pub(crate) fn create(&self) -> Result<()> {
        if self.path.exists() {
            self.remove()?;
        }
        for folder in ["logs", "processes", "tmp"] {
            fs::create_dir_all(self.path.join(folder)).with_context(|| format!("making {}", self.path.display()))?;
        }
        Ok(())
    }

    pub(crate) fn remove(&self) -> Result<()> {
        fs::remove_dir_all(&self.path).with_context(|| format!("removing {}", self.path.display()))
    }

    pub(crate) fn log(&self, role: &str) -> PathBuf {
        self.path.join("logs").join(format!("{role}.log"))
    }

    /// One file for each process, there as soon as it is started.
    pub(crate) fn processes(&self) -> PathBuf {
        self.path.join("processes")
    }

    /// The ports that were given to the cloud's processes, one a line.
    pub(crate) fn ports(&self) -> PathBuf {
        self.path.join("ports")
    }

    /// Every hosted zone of the emulated Route 53, as the name servers read them.
    pub(crate) fn zones(&self) -> PathBuf {
        self.path.join("zones.json")
    }

    /// Where ministack says what its state contains.
    pub(crate) fn state_socket(&self) -> PathBuf {
        self.path.join("state")
    }

    /// What tests ordered of the name servers.
    pub(crate) fn dns_orders(&self) -> PathBuf {
        self.path.join("dns-orders.json")
    }

    /// The function that the edge hands challenges to.
    pub(crate) fn responder(&self) -> PathBuf {
        self.path.join("responder.json")
    }

    /// What the gate writes.
    pub(crate) fn gate(&self) -> PathBuf {
        self.path.join("gate")
    }

    /// Calls that AWS would not have taken, one a line.
    pub(crate) fn refusals(&self) -> PathBuf {
        self.gate().join("refused.jsonl")
    }

    /// `ROLE ACTION`, one a line.
    pub(crate) fn used_actions(&self) -> PathBuf {
        self.gate().join("used")
    }

    /// The cloud's description, there once it is complete.
    pub(crate) fn description(&self) -> PathBuf {
        self.path.join("cloud.json")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
