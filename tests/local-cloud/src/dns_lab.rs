//! The DNS of a cloud without the cloud: name servers in this process, unbound beside them.

use std::ops::Deref;
use std::sync::Mutex;

use anyhow::Result;
use tokio::task::JoinHandle;

use crate::dns::{Hosting, OWNERS_SERVERS, serve};
use crate::layout::{CloudFolder, Project};
use crate::name_servers::NameServers;
use crate::options::Options;
use crate::ports::choose;
use crate::process::{self, Process};
use crate::unbound;

/// Starts quickly, and ends when it is dropped.
#[derive(Debug)]
pub struct DnsLab {
    name_servers: NameServers,
    folder: CloudFolder,
    hosted: Mutex<Hosting>,
    serving: JoinHandle<Result<()>>,
}

impl DnsLab {
    pub async fn start() -> Result<Self> {
        let project = Project::find()?;
        let folder = project.cloud(&Options::unique().name);
        folder.create()?;
        let port = choose(&project, &folder, None)?;
        let resolver = unbound::start(&project, &folder, port)?;
        let (zones, orders) = (folder.zones(), folder.dns_orders());
        let serving = tokio::spawn(async move { serve(port, &zones, &orders).await });
        let name_servers = NameServers::new(folder.clone(), port);
        let lab = Self { name_servers, folder, hosted: Mutex::default(), serving };
        unbound::ready(&lab.folder, &resolver, port).await?;
        Ok(lab)
    }

    /// Hosts a zone with SOA and NS, and the given records: owner, type, value as Route 53 writes it.
    pub fn host(&self, origin: &str, records: &[(&str, &str, &str)]) -> Result<()> {
        let mut hosted = self.hosted.lock().expect("no panic holds it");
        let own = OWNERS_SERVERS.map(|server| (origin, "NS", server));
        let own = own.into_iter().filter(|_| !records.iter().any(|(owner, kind, _)| *owner == origin && *kind == "NS"));
        hosted.add(origin, &own.chain(records.iter().copied()).collect::<Vec<_>>());
        hosted.write(&self.folder.zones())
    }
}

impl Deref for DnsLab {
    type Target = NameServers;

    fn deref(&self) -> &NameServers {
        &self.name_servers
    }
}

impl Drop for DnsLab {
    fn drop(&mut self) {
        self.serving.abort();
        if let Err(error) = process::stop(&Process::noted(&self.folder)).and_then(|()| self.folder.remove()) {
            eprintln!("{error:#}");
        }
    }
}
